import { atMost, percent } from '../lib/goals.mjs';
import { ourNode } from '../lib/peers.mjs';
import { milliseconds, spread, table, thousands } from '../lib/report.mjs';
import { summaryOf } from '../lib/statistics.mjs';

/** @import { Part } from '../lib/part.mjs' */
/** @import { Summary } from '../lib/statistics.mjs' */

/** Mixed, so that what n8n learns or gathers on the way weighs on all of them alike; the first one warms up. */
const COUNTS = [5_000, 1_000, 5_000, 1_000, 1_000, 20_000, 1_000, 5_000, 1_000];

/**
 * Time per item for ever more items.
 *
 * @type {Part<Array<{ count: number, msPerItem: Summary }>>}
 */
export const time = {
	title: 'Many items',

	async measure({ api, inspector, publishPeer, call, lastRun }, { some }, say) {
		const job = await publishPeer(ourNode('', { maxConcurrency: 32 }));
		/** @type {Map<number, number[]>} */
		const times = new Map();
		for (const [round, count] of COUNTS.map(some).entries()) {
			say(`${thousands(count)} items`);
			await api.reset();
			const ids = await api.seed(count);
			await inspector.usedHeap();
			await call(
				job,
				ids.map((id) => ({ id })),
			);
			const ms = (await lastRun(job)).executionTime / count;
			if (round > 0) times.set(count, [...(times.get(count) ?? []), ms]);
		}
		return [...times]
			.sort(([a], [b]) => a - b)
			.map(([count, ms]) => ({ count, msPerItem: summaryOf(ms) }));
	},

	goals(results) {
		const perItem = results.map(({ msPerItem }) => msPerItem.median);
		return [
			atMost(
				'1,000, 5,000, 20,000 items: spread of the time per item',
				Math.max(...perItem) / Math.min(...perItem) - 1,
				0.15,
				percent,
			),
		];
	},

	section: (results) => `## Many items, no latency, 32 in flight

${table(
	['items', 'time per item'],
	results.map(({ count, msPerItem }) => [thousands(count), spread(msPerItem, milliseconds)]),
)}

The time per item falls with their number, and the bare loop's does alike: what n8n does once for each run is shared by more items.`,
};
