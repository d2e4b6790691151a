import { Failure } from '../../sandbox/index.mjs';
import { atMost, percent } from '../lib/goals.mjs';
import { ourNode } from '../lib/peers.mjs';
import { seconds, table } from '../lib/report.mjs';

/** @import { Part } from '../lib/part.mjs' */

/** @typedef {{ concurrency: number, hasLimitHeaders: boolean, ms: number, times: number, refused: number, share: number }} BucketResult */

const PER_SECOND = 60;

/**
 * A server with a real token bucket.
 *
 * @type {Part<{ perSecond: number, burst: number, count: number, idealMs: number, results: BucketResult[] }>}
 */
export const bucket = {
	title: 'Token bucket',

	async measure({ api, publishPeer, call, lastRun }, { some }, say) {
		const rateLimit = { perSecond: PER_SECOND, burst: some(60) };
		const count = some(1_000);
		const idealMs = ((count - rateLimit.burst) / rateLimit.perSecond) * 1_000;
		/** @type {BucketResult[]} */
		const results = [];
		for (const { concurrency, hasLimitHeaders } of [
			{ concurrency: 10, hasLimitHeaders: false },
			{ concurrency: 32, hasLimitHeaders: false },
			{ concurrency: 32, hasLimitHeaders: true },
		]) {
			say(`${concurrency} in flight, ${hasLimitHeaders ? 'with' : 'without'} x-ratelimit headers`);
			const job = await publishPeer(ourNode('', { maxConcurrency: concurrency, maxRetries: 3 }));
			await api.reset({ latencyMs: 50, rateLimit });
			if (!hasLimitHeaders) {
				const names = ['limit', 'remaining', 'reset'].map((part) => [
					`x-ratelimit-${part}-requests`,
					'-',
				]);
				await api.fault({ times: 'Infinity', headers: Object.fromEntries(names) });
			}
			const ids = await api.seed(count);
			await call(
				job,
				ids.map((id) => ({ id })),
			);
			const { executionTime: ms } = await lastRun(job);
			const { requests } = await api.stats();
			const updated = await api.countUpdated();
			if (updated !== count)
				throw new Failure(`Only ${updated} of ${count} items succeeded against the token bucket.`);
			const refused = requests - count;
			results.push({
				concurrency,
				hasLimitHeaders,
				ms,
				times: ms / idealMs,
				refused,
				share: refused / requests,
			});
		}
		return { ...rateLimit, count, idealMs, results };
	},

	goals: ({ perSecond, results }) =>
		results.flatMap(({ concurrency, hasLimitHeaders, times, share }) => {
			const what = `token bucket of ${perSecond} a second, ${concurrency} in flight, ${hasLimitHeaders ? 'with' : 'without'} x-ratelimit headers:`;
			return [
				atMost(`${what} the ideal time`, times, 1.15),
				atMost(`${what} requests refused`, share, 0.03, percent),
			];
		}),

	section: ({
		perSecond,
		burst,
		idealMs,
		results,
	}) => `## A server that takes ${perSecond} requests a second

A token bucket with a burst of ${burst}; a 429 names its wait in \`retry-after-ms\`. 1,000 items, Max Retries 3, 50 ms per answer. The ideal time is ${seconds(idealMs)}.

${table(
	['in flight', 'x-ratelimit headers', 'time', 'of the ideal', 'requests refused'],
	results.map(({ concurrency, hasLimitHeaders, ms, times, refused, share }) => [
		concurrency,
		hasLimitHeaders ? 'sent' : 'not sent',
		seconds(ms),
		`${times.toFixed(2)} ×`,
		`${refused} (${percent(share)})`,
	]),
)}`,
};
