import { compare } from '../lib/compare.mjs';
import { atLeast, atMost, ratio } from '../lib/goals.mjs';
import { bareLoop, httpRequestNode, openAiNode, ourNode } from '../lib/peers.mjs';
import { seconds, spread, table } from '../lib/report.mjs';

/** @import { PeerResult } from '../lib/compare.mjs' */
/** @import { Part } from '../lib/part.mjs' */

const JOB = '500 items, 50 ms:';

/** @type {Part<Record<string, PeerResult>>} */
export const update = {
	title: '500 items, 50 ms',

	async measure(stage, { rounds, some }, say) {
		const peers = {
			openAi: openAiNode(),
			httpRequest: httpRequestNode(stage.api),
			ours10: ourNode('this node, default options (10 in flight)', {}),
			ours32: ourNode('this node, 32 in flight', { maxConcurrency: 32 }),
			bare32: bareLoop(stage.api, 32),
		};
		const job = { items: some(500), latencyMs: 50, rounds, warmUp: some(100) };
		return await compare(stage, peers, job, say);
	},

	goals(results) {
		/** @param {string} slow @param {string} fast */
		const faster = (slow, fast) => ratio(results[slow]?.ms, results[fast]?.ms);
		return [
			atLeast(`${JOB} 32 in flight, faster than n8n’s OpenAI node`, faster('openAi', 'ours32'), 15),
			atLeast(
				`${JOB} 32 in flight, faster than the HTTP Request node`,
				faster('httpRequest', 'ours32'),
				1.3,
			),
			atMost(`${JOB} 32 in flight, the time of the bare loop`, faster('ours32', 'bare32'), 1.25),
			atLeast(
				`${JOB} default options, faster than n8n’s OpenAI node`,
				faster('openAi', 'ours10'),
				9,
			),
		];
	},

	section(results) {
		const theirs = results['openAi']?.summary.median ?? NaN;
		return `## 500 conversations updated, 50 ms per answer

![500 conversations, 50 ms per answer](results.svg)

${table(
	['', 'time', 'faster than n8n’s OpenAI node', 'most in flight', 'connections'],
	Object.values(results).map(({ label, summary, maxInFlight, connections }) => [
		label,
		spread(summary, seconds),
		`${(theirs / summary.median).toFixed(1)} ×`,
		maxInFlight,
		connections,
	]),
)}

The bare loop reads the same parameters from n8n for each item, then calls \`fetch\` on connections that stay open. A verified community node may not do that: it has to use n8n's request helper, which brings n8n's proxy settings and its guard against internal addresses, and opens a connection for each request.`;
	},

	plot: (results, note) => ({
		title: 'Update the metadata of 500 conversations',
		note: `Seconds, each answer after 50 ms; ${note}`,
		unit: 's',
		bars: Object.entries(results).map(([name, { label, summary }]) => ({
			label,
			value: summary.median / 1_000,
			least: summary.least / 1_000,
			most: summary.most / 1_000,
			isOurs: name.startsWith('ours'),
		})),
	}),
};
