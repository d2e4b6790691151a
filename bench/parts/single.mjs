import { compare } from '../lib/compare.mjs';
import { atMost, ratio } from '../lib/goals.mjs';
import { bareLoop, openAiNode, ourNode } from '../lib/peers.mjs';
import { milliseconds, spread, table } from '../lib/report.mjs';

/** @import { PeerResult } from '../lib/compare.mjs' */
/** @import { Part } from '../lib/part.mjs' */

const COUNT = 500;

/** @type {Part<Record<string, PeerResult>>} */
export const single = {
	title: '500 items, 0 ms, one at a time',

	async measure(stage, { rounds, some }, say) {
		const peers = {
			openAi: openAiNode(),
			ours1: ourNode('this node, 1 in flight', { maxConcurrency: 1 }),
			bare1: bareLoop(stage.api, 1),
		};
		const job = { items: some(COUNT), latencyMs: 0, rounds: rounds + 2, warmUp: some(100) };
		return await compare(stage, peers, job, say);
	},

	goals: ({ ours1, openAi }) => [
		atMost('0 ms, one at a time: the time of n8n’s OpenAI node', ratio(ours1?.ms, openAi?.ms), 0.5),
	],

	section: (results) => `## 500 conversations updated, no latency, one at a time

${table(
	['', 'time per item'],
	Object.values(results).map(({ label, summary }) => [
		label,
		spread(summary, (ms) => milliseconds(ms / COUNT)),
	]),
)}`,
};
