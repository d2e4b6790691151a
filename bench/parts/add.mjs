import { Failure } from '../../sandbox/index.mjs';
import { atLeast } from '../lib/goals.mjs';
import { httpRequestNode, ourOperation } from '../lib/peers.mjs';
import { seconds, spread, table } from '../lib/report.mjs';
import { summaryOf } from '../lib/statistics.mjs';

/** @import { Part } from '../lib/part.mjs' */
/** @import { Summary } from '../lib/statistics.mjs' */

/** Items that one call may bring. */
const PER_CALL = 20;

/**
 * 1,000 messages to one conversation with our node; and as a user has to do it without: a loop in the workflow with one
 * call per message, since the HTTP Request node keeps no order.
 *
 * @type {Part<{ latencyMs: number, count: number, requests: number, ours: Summary, looped: number, oneCallEachMs: number }>}
 */
export const add = {
	title: '1,000 messages',

	async measure({ api, publish, publishPeer, call, lastRun }, { rounds, some }, say) {
		const count = some(1_000);
		const looped = some(200);
		const latencyMs = 50;
		const ours = await publishPeer(
			ourOperation('item', 'add', {
				itemsInput: 'fields',
				messages: { values: [{ role: 'user', text: '={{ $json.text }}' }] },
			}),
		);
		const httpRequest = httpRequestNode(api);
		const loop = await publish({
			nodes: [
				{
					name: 'Loop',
					type: 'n8n-nodes-base.splitInBatches',
					typeVersion: 3,
					parameters: { batchSize: 1, options: {} },
				},
				{
					name: 'Add',
					...httpRequest,
					parameters: {
						...httpRequest.parameters,
						url: `=${api.url}/conversations/{{ $json.id }}/items`,
						jsonBody:
							'={{ JSON.stringify({ items: [{ type: "message", role: "user", content: $json.text }] }) }}',
					},
				},
			],
			extraConnections: {
				Loop: { main: [[], [{ node: 'Add', type: 'main', index: 0 }]] },
				Add: { main: [[{ node: 'Loop', type: 'main', index: 0 }]] },
			},
		});

		/** @param {number} messages */
		const begin = async (messages) => {
			await api.reset({ latencyMs });
			const [id = ''] = await api.seed(1);
			const items = Array.from({ length: messages }, (_, n) => ({ id, text: `message ${n}.` }));
			return { id, items };
		};
		/** @param {string} id @param {number} messages */
		const check = async (id, messages) => {
			const text = JSON.stringify(await api.conversation(id));
			const found = [...text.matchAll(/message (\d+)\./g)].map(([, n]) => Number(n));
			if (found.length !== messages || found.some((n, place) => n !== place)) {
				throw new Failure(`Of ${messages} messages ${found.length} arrived, or in another order.`);
			}
		};

		/** @type {number[]} */
		const oursMs = [];
		let requests = 0;
		for (let round = 0; round < rounds; round++) {
			say(`round ${round + 1} of ${rounds}`);
			const { id, items } = await begin(count);
			await call(ours, items);
			oursMs.push((await lastRun(ours)).executionTime);
			await check(id, count);
			({ requests } = await api.stats());
		}
		say('one call per message');
		const { id, items } = await begin(looped);
		const loopMs = await call(loop, items);
		await check(id, looped);
		return {
			latencyMs,
			count,
			requests,
			ours: summaryOf(oursMs),
			looped,
			oneCallEachMs: (loopMs * count) / looped,
		};
	},

	goals: ({ oneCallEachMs, ours }) => [
		atLeast(
			'1,000 messages to one conversation, 50 ms: faster than one call per message',
			oneCallEachMs / ours.median,
			40,
		),
	],

	section({ latencyMs, count, requests, ours, looped, oneCallEachMs }) {
		const calls = Math.ceil(count / PER_CALL);
		return `## 1,000 messages to one conversation, ${latencyMs} ms per answer

${table(
	['', 'requests', 'time'],
	[
		['this node, Item: Add', requests, spread(ours, seconds)],
		[
			'Loop Over Items and the HTTP Request node, one call per message',
			count,
			`${seconds(oneCallEachMs)} (from ${looped} messages)`,
		],
	],
)}

The API takes at most ${PER_CALL} items per call, so 1,000 messages in order need ${calls} calls one after the other: at ${latencyMs} ms that alone is ${seconds(calls * latencyMs)}. Nothing that keeps the order can be more than ${(oneCallEachMs / (calls * latencyMs)).toFixed(1)} times faster than one call per message here.`;
	},
};
