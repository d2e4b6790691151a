import { createRateLimiter } from '../../nodes/shared/transport/rateLimiter';
import { FakeClock, seeded } from '../support/fakeClock';
import { simulateRun, simulateTokenBucket } from '../support/simulatedRun';

/** Every combination of these. */
const combinations = (concurrency: number, rates: readonly number[]) =>
	rates.flatMap((perSecond) =>
		[10, 60, 500].flatMap((burst) =>
			[true, false].flatMap((hasLimitHeaders) =>
				(['ms', 'seconds', 'none'] as const).map((retryAfter) => ({
					concurrency,
					perSecond,
					burst,
					hasLimitHeaders,
					retryAfter,
				})),
			),
		),
	);

describe('A run against a token bucket, in simulated time', () => {
	it.each([...combinations(10, [2, 10, 20, 60]), ...combinations(32, [20, 60])])(
		'should end within 1.15 times the ideal time, with fewer than 3 % refused: %j',
		async (bucket) => {
			const { failed, times, share } = await simulateTokenBucket({
				...bucket,
				count: 2_000,
				latency: 50,
			});
			expect(failed).toBe(0);
			expect(share).toBeLessThan(0.03);
			expect(times).toBeLessThan(1.15);
		},
		30_000,
	);

	it.each([
		{ concurrency: 10, computing: 2 },
		{ concurrency: 32, computing: 2 },
		// As much as n8n needs for a request, so that those in flight stand in line.
		{ concurrency: 32, computing: 5 },
	])(
		'should do so with 1,000 requests at 60 a second, whatever the seed: %j',
		async ({ concurrency, computing }) => {
			for (const retryAfter of ['ms', 'seconds', 'none'] as const)
				for (const latency of [5, 20, 50])
					for (const seed of [1, 2]) {
						const bucket = { perSecond: 60, burst: 60, hasLimitHeaders: false, count: 1_000 };
						const run = { ...bucket, concurrency, computing, latency, retryAfter, seed };
						const { failed, times, share, mostRefusals } = await simulateTokenBucket(run);
						expect(failed).toBe(0);
						expect(times).toBeLessThan(1.15);
						expect(share).toBeLessThan(0.03);
						// One refusal must not burn every retry.
						expect(mostRefusals).toBeLessThanOrEqual(2);
					}
		},
		60_000,
	);

	it('should meet no refusal at all where the headers say what remains', async () => {
		for (const concurrency of [10, 32]) {
			const { refused, times } = await simulateTokenBucket({
				perSecond: 60,
				burst: 60,
				retryAfter: 'ms',
				hasLimitHeaders: true,
				count: 1_000,
				concurrency,
				latency: 50,
			});
			expect(refused).toBe(0);
			expect(times).toBeLessThan(1.05);
		}
	});

	it('should do 11 requests in about a second where a bucket of 10 regains one a second', async () => {
		const { refused, tookMs } = await simulateTokenBucket({
			perSecond: 1,
			burst: 10,
			retryAfter: 'seconds',
			hasLimitHeaders: true,
			count: 11,
			concurrency: 10,
			latency: 50,
		});
		expect(refused).toBe(0);
		expect(tookMs).toBeLessThan(1_300);
	});

	it.each([
		// Seven of the first ten are refused before the first answer is there.
		[true, 0.3],
		[false, 0.65],
	])(
		'should get through where 3 a minute are allowed (headers: %s)',
		async (hasLimitHeaders, most) => {
			const result = await simulateTokenBucket({
				perSecond: 0.05,
				burst: 3,
				retryAfter: 'ms',
				hasLimitHeaders,
				count: 20,
				concurrency: 10,
				latency: 50,
				maxRetries: 8,
			});
			expect(result.failed).toBe(0);
			expect(result.times).toBeLessThan(1.2);
			expect(result.share).toBeLessThan(most);
		},
	);

	it('should tell in how much of the time requests were kept waiting', async () => {
		const { waitedMs, tookMs } = await simulateTokenBucket({
			perSecond: 60,
			burst: 60,
			retryAfter: 'ms',
			hasLimitHeaders: false,
			count: 500,
			concurrency: 10,
			latency: 50,
		});
		expect(waitedMs).toBeGreaterThan(0.8 * tookMs);
		expect(waitedMs).toBeLessThanOrEqual(tookMs);
	});

	it.each([
		{ concurrency: 10, most: 2 },
		{ concurrency: 30, most: 3.5 },
	])(
		'should mostly not be slowed down for long by refusals that come by chance: %j',
		async ({ concurrency, most }) => {
			const count = 5_000;
			const latency = 50;
			const times: number[] = [];
			for (let seed = 1; seed <= 9; seed++) {
				const random = seeded(seed);
				const clock = new FakeClock(() => 1.2 * random());
				const { failed, tookMs } = await simulateRun({
					clock,
					limiter: createRateLimiter({ maxRequestsPerMinute: 0, clock }),
					count,
					concurrency,
					computing: 1.5,
					latency: () => latency,
					reply: () => (random() < 0.006 ? { status: 429 } : {}),
				});
				expect(failed).toBe(0);
				times.push((tookMs * concurrency) / (count * latency));
			}
			const [median] = times.toSorted((a, b) => a - b).slice(4);
			// The pauses after 30 refusals are in it, of a fifth of a second each.
			expect(median).toBeLessThan(most);
		},
		30_000,
	);
});
