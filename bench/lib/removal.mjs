import { Failure } from '../../sandbox/index.mjs';
import { atLeast } from './goals.mjs';
import { ourOperation } from './peers.mjs';
import { seconds, spread, table } from './report.mjs';
import { summaryOf } from './statistics.mjs';

/** @import { Goal } from './goals.mjs' */
/** @import { Say, Scale } from './part.mjs' */
/** @import { Stage } from './stage.mjs' */
/** @import { Summary } from './statistics.mjs' */

/** @typedef {Array<{ inFlight: number, maxInFlight: number, requests: number, summary: Summary }>} RemovalResults */

const LATENCY_MS = 50;

/** One turn is a message and its reply. */
const ITEMS_PER_TURN = 2;

/**
 * @typedef {object} Removal An operation that removes items of one conversation.
 * @property {string} operation
 * @property {Record<string, unknown>} parameters
 * @property {number} turnsKept
 * @property {number} conversationsKept
 */

/**
 * 1,000 items of one conversation removed, one by one (once, since that takes a minute) and side by side.
 *
 * @param {Stage} stage
 * @param {Removal} removal
 * @param {Scale} scale
 * @param {Say} say
 * @returns {Promise<RemovalResults>}
 */
export async function measureRemoval(
	{ api, publishPeer, call, lastRun },
	{ operation, parameters, turnsKept, conversationsKept },
	{ rounds, some },
	say,
) {
	/** @param {number} maxConcurrency @param {number} removed @param {number} latencyMs */
	const once = async (maxConcurrency, removed, latencyMs) => {
		const job = await publishPeer(
			ourOperation('conversation', operation, parameters, { maxConcurrency }),
		);
		await api.reset({ latencyMs });
		const turns = Array.from({ length: removed / ITEMS_PER_TURN + turnsKept }, (_, n) => [
			{ role: 'user', content: `message ${n}` },
			{ role: 'assistant', content: `reply ${n}` },
		]);
		const [id] = await api.seed(1, turns.flat());
		await call(job, [{ id }]);
		const { requests, maxInFlight, conversations, items } = await api.stats();
		if (conversations !== conversationsKept || items !== turnsKept * ITEMS_PER_TURN) {
			throw new Failure(
				`Of ${turns.length * ITEMS_PER_TURN} items ${items} were left, in ${conversations} conversations.`,
			);
		}
		return { ms: (await lastRun(job)).executionTime, requests, maxInFlight };
	};

	say('warming up');
	await once(10, some(100), 0);
	/** @type {RemovalResults} */
	const results = [];
	for (const { inFlight, times } of [
		{ inFlight: 1, times: 1 },
		{ inFlight: 10, times: rounds },
		{ inFlight: 32, times: rounds },
	]) {
		const runs = [];
		for (let round = 0; round < times; round++) {
			say(`${inFlight} in flight, round ${round + 1} of ${times}`);
			runs.push(await once(inFlight, some(1_000), LATENCY_MS));
		}
		results.push({
			inFlight,
			maxInFlight: Math.max(...runs.map(({ maxInFlight }) => maxInFlight)),
			requests: Math.max(...runs.map(({ requests }) => requests)),
			summary: summaryOf(runs.map(({ ms }) => ms)),
		});
	}
	return results;
}

/** @param {RemovalResults} results */
const oneByOneMs = (results) =>
	results.find(({ inFlight }) => inFlight === 1)?.summary.median ?? NaN;

/**
 * @param {string} name of the operation
 * @param {RemovalResults} results
 * @returns {Goal[]}
 */
export const removalGoals = (name, results) =>
	results
		.filter(({ inFlight }) => inFlight > 1)
		.map(({ inFlight, summary }) =>
			atLeast(
				`${name}, 1,000 items, 50 ms: ${inFlight} in flight, faster than one by one`,
				oneByOneMs(results) / summary.median,
				8,
			),
		);

/** @param {RemovalResults} results */
export const removalTable = (results) =>
	table(
		['in flight', 'most in flight', 'requests', 'time', 'faster than one by one'],
		results.map(({ inFlight, maxInFlight, requests, summary }) => [
			inFlight,
			maxInFlight,
			requests,
			spread(summary, seconds),
			`${(oneByOneMs(results) / summary.median).toFixed(1)} ×`,
		]),
	);
