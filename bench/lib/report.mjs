/** @import { Goal, Measured } from './goals.mjs' */
/** @import { Summary } from './measure.mjs' */

/**
 * @typedef {object} Machine
 * @property {string} cpu
 * @property {number} cores
 * @property {number} memoryGB
 * @property {string} system
 * @property {string} node
 * @property {string} n8n
 */

/** @param {number} ms */
export const seconds = (ms) => `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;

/** @param {Summary} summary @param {(value: number) => string} say */
const spread = ({ median, least, most }, say) => `${say(median)} (${say(least)} to ${say(most)})`;

/** @param {number} ms */
const milliseconds = (ms) => `${ms.toFixed(2)} ms`;

/**
 * @param {string[]} head
 * @param {Array<Array<string | number>>} rows
 */
const table = (head, rows) =>
	[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/**
 * @param {{ machine: Machine, rounds: number, measured: Measured, goals: Goal[], tookMs: number }} report
 * @returns {string} Markdown
 */
export function markdown({ machine, rounds, measured, goals, tookMs }) {
	const { fiveHundred, oneAtATime, messages, timeAtScale, memoryAtScale, tokenBucket, loading } =
		measured;
	const theirs = fiveHundred['openAi']?.summary.median ?? NaN;
	return `# Measured: this node and what else one could use

\`npm run bench\` on ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGB} GB, ${machine.system}; n8n ${machine.n8n}, Node ${machine.node}. It took ${seconds(tookMs)}. Absolute times move with the machine, ratios within a run are what counts.

A real n8n runs each job behind a webhook, against the embedded API server in a process of its own, which answers after a set time. Times are those that n8n reports for the node alone: the median of ${rounds} rounds and, in brackets, the least and the most. Rounds are interleaved, and the order changes from one to the next; the ratios among the goals are medians of the rounds' own ratios, so that a machine that is slower for a while does not count. After each run the server's own count is compared with what should have happened.

![500 conversations, 50 ms per answer](results.svg)

## Goals

${table(
	['goal', 'wanted', 'measured', ''],
	goals.map(({ goal, wanted, measured: value, met }) => [
		goal,
		wanted,
		value,
		met ? 'met' : '**missed**',
	]),
)}

## 500 conversations updated, 50 ms per answer

${table(
	['', 'time', 'faster than n8n’s OpenAI node', 'most in flight', 'connections'],
	Object.values(fiveHundred).map(({ label, summary, maxInFlight, connections }) => [
		label,
		spread(summary, seconds),
		`${(theirs / summary.median).toFixed(1)} ×`,
		maxInFlight,
		connections,
	]),
)}

The bare loop reads the same parameters from n8n for each item, then calls \`fetch\` on connections that stay open. A verified community node may not do that: it has to use n8n's request helper, which brings n8n's proxy settings and its guard against internal addresses, and opens a connection for each request.

## 500 conversations updated, no latency, one at a time

${table(
	['', 'time per item'],
	Object.values(oneAtATime).map(({ label, summary }) => [
		label,
		spread(
			{ median: summary.median / 500, least: summary.least / 500, most: summary.most / 500 },
			milliseconds,
		),
	]),
)}

## 1,000 messages to one conversation, ${messages.latencyMs} ms per answer

${table(
	['', 'requests', 'time'],
	[
		['this node, Item: Add', messages.requests, spread(messages.ours, seconds)],
		[
			'Loop Over Items and the HTTP Request node, one call per message',
			messages.count,
			`${seconds(messages.oneCallEachMs)} (from ${messages.looped} messages)`,
		],
	],
)}

The API takes at most 20 items per call, so 1,000 messages in order need 50 calls one after the other: at ${messages.latencyMs} ms that alone is ${seconds(50 * messages.latencyMs)}. Nothing that keeps the order can be more than ${(messages.oneCallEachMs / (50 * messages.latencyMs)).toFixed(1)} times faster than one call per message here.

## Many items, no latency, 32 in flight

${table(
	['items', 'time per item', 'own memory per item'],
	timeAtScale.map(({ count, msPerItem }) => {
		const own = memoryAtScale.find((each) => each.count === count)?.ownBytesPerItem;
		return [
			count.toLocaleString('en-US'),
			spread(msPerItem, milliseconds),
			own === undefined ? '' : `${Math.round(own).toLocaleString('en-US')} bytes`,
		];
	}),
)}

The time per item falls with their number, and the bare loop's does alike: what n8n does once for each run is shared by more items.

Own memory: the last item is answered late. What n8n's process uses at that moment, after a garbage collection, less what it uses when the following node runs and only input and output are left.

## A server that takes ${tokenBucket.perSecond} requests a second

A token bucket with a burst of ${tokenBucket.burst}; a 429 names its wait in \`retry-after-ms\`. 1,000 items, Max Retries 3, 50 ms per answer. The ideal time is ${seconds(tokenBucket.idealMs)}.

${table(
	['in flight', 'x-ratelimit headers', 'time', 'of the ideal', 'requests refused'],
	tokenBucket.results.map(({ concurrency, hasLimitHeaders, ms, times, refused, share }) => [
		concurrency,
		hasLimitHeaders ? 'sent' : 'not sent',
		seconds(ms),
		`${times.toFixed(2)} ×`,
		`${refused} (${(100 * share).toFixed(1)} %)`,
	]),
)}

## Loading

\`require\` of the built node takes ${spread(loading.nodeMs, milliseconds)} after \`n8n-workflow\`, which itself takes ${milliseconds(loading.workflowMs)}.
`;
}
