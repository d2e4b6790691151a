import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../../sandbox/index.mjs';
import { atMost } from '../lib/goals.mjs';
import { ourNode } from '../lib/peers.mjs';
import { table, thousands } from '../lib/report.mjs';

/** @import { Part } from '../lib/part.mjs' */

/** Long enough for all other items to be over and for the garbage collections. */
const LATE_MS = 10_000;

/** @param {number} bytes */
const inBytes = (bytes) => `${thousands(Math.round(bytes))} bytes`;

/**
 * The node's own memory. The last of the items is answered late: while it is awaited, what the process uses after a
 * garbage collection is input, output and all that the node keeps. It is measured again in the node that follows, when
 * input and output still are there but nothing else of the node is. The difference is the node's own.
 *
 * @type {Part<Array<{ count: number, ownBytesPerItem: number }>>}
 */
export const heap = {
	title: 'The node’s own memory',

	async measure({ api, inspector, publishPeer, call }, { some }, say) {
		const after = {
			name: 'After',
			type: 'n8n-nodes-base.httpRequest',
			typeVersion: 4.2,
			executeOnce: true,
			parameters: {
				url: `${api.url}/conversations/conv_after`,
				options: { response: { response: { neverError: true } } },
			},
		};
		const job = await publishPeer(ourNode('', { maxConcurrency: 32 }), [after]);
		/** @type {Array<{ count: number, ownBytesPerItem: number }>} */
		const memory = [];
		for (const count of [5_000, 20_000].map(some)) {
			say(`${thousands(count)} items`);
			await api.reset();
			const ids = await api.seed(count);
			await api.fault({ match: { path: `/conversations/${ids.at(-1)}` }, delayMs: LATE_MS });
			await api.fault({
				match: { path: '/conversations/conv_after' },
				delayMs: LATE_MS,
				status: 404,
			});
			const running = call(
				job,
				ids.map((id) => ({ id })),
			);
			/** @param {number} requests */
			const reached = async (requests) => {
				for (;;) {
					const now = await api.stats();
					if (now.requests === requests && now.inFlight === 1) return;
					if (now.requests > requests)
						throw new Failure('The last item was answered before it was looked at.');
					await Promise.race([wait(50), running]);
				}
			};
			await reached(count);
			const during = await inspector.usedHeap();
			await reached(count + 1);
			const afterwards = await inspector.usedHeap();
			await running;
			memory.push({ count, ownBytesPerItem: (during - afterwards) / count });
		}
		return memory;
	},

	goals: (results) => [
		atMost(
			'20,000 items: the node’s own memory per item',
			results.at(-1)?.ownBytesPerItem ?? NaN,
			1_000,
			inBytes,
		),
	],

	section: (results) => `## The node’s own memory, 32 in flight

${table(
	['items', 'own memory per item'],
	results.map(({ count, ownBytesPerItem }) => [thousands(count), inBytes(ownBytesPerItem)]),
)}

The last item is answered late. Own memory is what n8n's process uses at that moment, after a garbage collection, less what it uses when the following node runs and only input and output are left.`,
};
