import { at, Failure } from '../../sandbox/index.mjs';
import { atMost } from '../lib/goals.mjs';
import { ourOperation } from '../lib/peers.mjs';
import { seconds, spread, table } from '../lib/report.mjs';
import { summaryOf } from '../lib/statistics.mjs';

/** @import { Part } from '../lib/part.mjs' */
/** @import { Summary } from '../lib/statistics.mjs' */

const IN_FLIGHT = 50;
const MODEL_MS = 1_000;

/**
 * A message to each of many conversations, and its reply.
 *
 * @type {Part<{ count: number, inFlight: number, maxInFlight: number, modelMs: number, idealMs: number, requests: number, summary: Summary }>}
 */
export const send = {
	title: 'Send Message, 500 conversations',

	async measure({ api, publishPeer, call, lastRun }, { rounds, some }, say) {
		const job = await publishPeer(
			ourOperation(
				'conversation',
				'send',
				{
					model: { __rl: true, mode: 'id', value: 'gpt-5-mini' },
					itemsInput: 'fields',
					text: '={{ $json.text }}',
				},
				{ maxConcurrency: IN_FLIGHT },
			),
		);
		/** @param {number} count @param {number} modelMs */
		const once = async (count, modelMs) => {
			await api.reset({ modelMs });
			const ids = await api.seed(count);
			await call(
				job,
				ids.map((id) => ({ id, text: `message to ${id}.` })),
			);
			const { requests, maxInFlight } = await api.stats();
			for (const id of ids) {
				const items = at(await api.conversation(id), 'items');
				const [message, reply, ...others] = Array.isArray(items) ? items : [];
				const isSent = JSON.stringify(message).includes(`message to ${id}.`);
				if (!isSent || at(reply, 'role') !== 'assistant' || others.length > 0) {
					throw new Failure(`${id} does not hold one message and its reply.`);
				}
			}
			return { ms: (await lastRun(job)).executionTime, requests, maxInFlight };
		};

		say('warming up');
		await once(some(100), 0);
		const count = some(500);
		const runs = [];
		for (let round = 0; round < rounds; round++) {
			say(`round ${round + 1} of ${rounds}`);
			runs.push(await once(count, MODEL_MS));
		}
		return {
			count,
			inFlight: IN_FLIGHT,
			maxInFlight: Math.max(...runs.map(({ maxInFlight }) => maxInFlight)),
			modelMs: MODEL_MS,
			idealMs: Math.ceil(count / IN_FLIGHT) * MODEL_MS,
			requests: Math.max(...runs.map(({ requests }) => requests)),
			summary: summaryOf(runs.map(({ ms }) => ms)),
		};
	},

	goals: ({ inFlight, idealMs, summary }) => [
		atMost(
			`500 messages to 500 conversations, 1 s of model time, ${inFlight} in flight: the ideal time`,
			summary.median / idealMs,
			1.1,
		),
	],

	section: ({
		inFlight,
		maxInFlight,
		modelMs,
		idealMs,
		requests,
		summary,
	}) => `## Send Message: 500 messages to 500 conversations

The model takes ${seconds(modelMs)} for each reply. With ${inFlight} in flight the ideal time is ${seconds(idealMs)}.

${table(
	['in flight', 'most in flight', 'requests', 'time', 'of the ideal'],
	[
		[
			inFlight,
			maxInFlight,
			requests,
			spread(summary, seconds),
			`${(summary.median / idealMs).toFixed(2)} ×`,
		],
	],
)}

Two requests for each message: the node reads the end of the conversation before it sends, so that it can find out later what became of a message whose answer was lost.`,
};
