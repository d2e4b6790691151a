/* eslint-disable @n8n/community-nodes/no-restricted-imports, @n8n/community-nodes/no-restricted-globals */
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';

import { createRateLimiter } from '../../nodes/shared/transport/rateLimiter';
import type { Observation, RateLimiter } from '../../nodes/shared/transport/rateLimiter';
import { FakeClock, seeded } from '../support/fakeClock';
import { never, simulateRun } from '../support/simulatedRun';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 40);

const gapsOf = (times: readonly number[]): number[] =>
	times.slice(1).map((time, index) => time - (times[index] ?? 0));

const limiterOf = (clock: FakeClock, maxRequestsPerMinute = 0): RateLimiter =>
	createRateLimiter({ maxRequestsPerMinute, clock });

/** An answer with this status; whatever else matters is given. */
const answer = (startedAt: number, more: Partial<Observation> = {}): Observation => ({
	startedAt,
	status: 200,
	headers: {},
	isRateLimit: more.status === 429,
	namedWait: undefined,
	...more,
});

describe('A rate limiter without limits', () => {
	it('should let requests pass one at a time without any wait', async () => {
		const clock = new FakeClock();
		const limiter = limiterOf(clock);
		const { tookMs } = await simulateRun({
			clock,
			limiter,
			count: 200,
			concurrency: 1,
			latency: () => 1,
			reply: () => ({}),
		});
		expect(tookMs).toBe(200);
		expect(limiter.waitedMs).toBe(0);
	});

	it('should let 500 requests start in less than a second, a little apart at first', async () => {
		const clock = new FakeClock();
		const { starts } = await simulateRun({
			clock,
			limiter: limiterOf(clock),
			count: 500,
			concurrency: 100,
			latency: () => 50,
			reply: () => ({}),
		});
		expect(gapsOf(starts.slice(0, 20)).every((gap) => gap >= 2)).toBe(true);
		expect(starts[99]).toBeLessThan(550);
		expect(starts.at(-1)).toBeLessThan(1_000);
	});

	it('should hardly keep apart the first of a run where only a few are on their way at a time', async () => {
		const clock = new FakeClock();
		const { tookMs } = await simulateRun({
			clock,
			limiter: limiterOf(clock),
			count: 200,
			concurrency: 10,
			latency: () => 10,
			reply: () => ({}),
		});
		// A gap of 5 ms would make it a second.
		expect(tookMs).toBeLessThan(600);
	});

	it('should go on when the answers are failures of other kinds', async () => {
		const clock = new FakeClock();
		const { starts } = await simulateRun({
			clock,
			limiter: limiterOf(clock),
			count: 50,
			concurrency: 1,
			latency: () => 1,
			maxRetries: 0,
			reply: () => ({ status: 500 }),
		});
		expect(starts.at(-1)).toBe(49);
	});
});

describe('Max Requests per Minute', () => {
	it.each([
		[60, 1_000],
		[600, 100],
		[7_000, 60_000 / 7_000],
	])('should space the starts of %d a minute evenly', async (perMinute, spacing) => {
		const clock = new FakeClock(() => 1);
		const { starts } = await simulateRun({
			clock,
			limiter: limiterOf(clock, perMinute),
			count: 61,
			concurrency: 10,
			latency: () => 30,
			reply: () => ({}),
		});
		const gaps = gapsOf(starts);
		expect(Math.min(...gaps)).toBeGreaterThanOrEqual(spacing - 3);
		expect(Math.max(...gaps)).toBeLessThanOrEqual(spacing + 3);
		// What timers are late by does not add up.
		expect((starts.at(-1) ?? 0) - (starts[0] ?? 0)).toBeLessThan(60 * spacing + 5);
	});

	it('should never allow more in a minute, however the requests come', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 30, max: 3_000 }),
				fc.integer({ min: 1, max: 20 }),
				fc.integer(),
				async (perMinute, concurrency, seed) => {
					const random = seeded(seed);
					const clock = new FakeClock(random);
					const { starts } = await simulateRun({
						clock,
						limiter: limiterOf(clock, perMinute),
						count: 100,
						concurrency,
						latency: () => 300 * random(),
						reply: () => ({}),
					});
					const span = 60_000 / perMinute;
					for (const [index, start] of starts.entries()) {
						const tenLater = starts[index + 10];
						if (tenLater !== undefined) expect(tenLater - start).toBeGreaterThan(10 * span - 6);
					}
				},
			),
			{ numRuns },
		);
	});

	it('should hold for retries too', async () => {
		const clock = new FakeClock();
		const { starts } = await simulateRun({
			clock,
			limiter: limiterOf(clock, 600),
			count: 10,
			concurrency: 5,
			latency: () => 5,
			reply: (_time, attempt) => (attempt === 0 ? { status: 500 } : {}),
		});
		expect(starts).toHaveLength(20);
		expect(Math.min(...gapsOf(starts))).toBeGreaterThanOrEqual(99);
	});
});

describe('A wait that the server names', () => {
	const refusal: Array<[number, Record<string, string>, number]> = [
		[429, { 'retry-after': '2' }, 2_000],
		[429, { 'retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
		[503, { 'retry-after': '3' }, 3_000],
		[503, { 'retry-after-ms': '700' }, 700],
	];

	it.each(refusal)('should hold everyone after a %d with %j', async (status, headers, ms) => {
		const clock = new FakeClock();
		let refusedAt: number | undefined;
		const { starts } = await simulateRun({
			clock,
			limiter: limiterOf(clock),
			count: 40,
			concurrency: 8,
			latency: () => 10,
			reply(time) {
				if (refusedAt !== undefined || time < 25) return {};
				refusedAt = time;
				return { status, headers };
			},
		});
		const from = (refusedAt ?? NaN) + 5;
		expect(starts.filter((start) => start > from && start < from + ms)).toEqual([]);
		expect(starts.filter((start) => start >= from + ms).length).toBeGreaterThan(20);
	});

	it('should pause for a fifth of a second after a 429 that names no wait', async () => {
		const clock = new FakeClock();
		let refusedAt: number | undefined;
		const { starts } = await simulateRun({
			clock,
			limiter: limiterOf(clock),
			count: 20,
			concurrency: 4,
			latency: () => 10,
			reply(time) {
				if (refusedAt !== undefined) return {};
				refusedAt = time;
				return { status: 429 };
			},
		});
		const heardAt = (refusedAt ?? NaN) + 5;
		expect(Math.min(...starts.filter((start) => start > heardAt))).toBe(heardAt + 200);
	});

	it('should not hold for a refusal that is no rate limit and names no wait', async () => {
		const clock = new FakeClock();
		const limiter = limiterOf(clock);
		for (let sent = 0; sent < 100; sent++) {
			const startedAt = await clock.run(limiter.start(never));
			limiter.observe(answer(startedAt, { status: 429, isRateLimit: false }));
		}
		expect(clock.now()).toBe(0);
	});

	it('should hold for the longest of the waits that are named', async () => {
		const clock = new FakeClock();
		const limiter = limiterOf(clock);
		const first = await clock.run(limiter.start(never));
		const second = await clock.run(limiter.start(never));
		const from = clock.now();
		limiter.observe(answer(second, { status: 429, namedWait: 3_000 }));
		limiter.observe(answer(first, { status: 429, namedWait: 1_000 }));
		expect(await clock.run(limiter.start(never))).toBe(from + 3_000);
	});

	/** The starts of a run of which so many requests are refused, from the 100th ms on, with a wait of a second. */
	const startsWith = async (refusals: number, status: number) => {
		const clock = new FakeClock();
		let refused = 0;
		const { starts } = await simulateRun({
			clock,
			limiter: limiterOf(clock),
			count: 300,
			concurrency: 32,
			latency: () => 50,
			reply: (time) =>
				time > 100 && refused++ < refusals ? { status, headers: { 'retry-after': '1' } } : {},
		});
		const resumed = starts.filter((start) => start > 1_000);
		const first = resumed[0] ?? 0;
		return (from: number, to: number) =>
			resumed.filter((start) => start >= first + from && start < first + to).length;
	};

	it.each([429, 503])('should resume gradually after several of status %d', async (status) => {
		const startsBetween = await startsWith(8, status);
		expect(startsBetween(0, 100)).toBeLessThanOrEqual(4);
		expect(startsBetween(0, 1_000)).toBeLessThan(60);
		expect(startsBetween(1_000, 2_000)).toBeGreaterThan(70);
	});

	it('should go on as before after one that stood alone', async () => {
		const startsBetween = await startsWith(1, 429);
		expect(startsBetween(0, 1_000)).toBeGreaterThan(200);
	});

	it.each([
		{ count: 10, limit: 3, msPerRequest: 20_000 },
		{ count: 100, limit: 100, msPerRequest: 600 },
	])(
		'should not wait for more than comes back where the newest answer is the first: %j',
		async ({ count, limit, msPerRequest }) => {
			const clock = new FakeClock();
			const limiter = limiterOf(clock);
			const starts: number[] = [];
			for (let started = 0; started < count; started++) {
				starts.push(await clock.run(limiter.start(never)));
			}
			const headers = {
				'x-ratelimit-limit-requests': String(limit),
				'x-ratelimit-remaining-requests': '0',
				'x-ratelimit-reset-requests': `${limit * msPerRequest}ms`,
			};
			for (const startedAt of starts.toReversed()) limiter.observe(answer(startedAt, { headers }));
			const from = clock.now();
			expect((await clock.run(limiter.start(never))) - from).toBeLessThan(2.5 * msPerRequest);
		},
	);

	it('should let requests that follow up on others go first', async () => {
		const clock = new FakeClock();
		const limiter = limiterOf(clock);
		const order: string[] = [];
		const start = async (name: string, isFollowUp: boolean) => {
			await limiter.start(never, isFollowUp);
			order.push(name);
		};
		await clock.run(
			Promise.all([
				start('first', false),
				start('new 1', false),
				start('new 2', false),
				start('follow-up 1', true),
				start('follow-up 2', true),
			]),
		);
		expect(order).toEqual(['first', 'follow-up 1', 'follow-up 2', 'new 1', 'new 2']);
	});

	it('should take a request for one that follows up on nothing when that is not said', async () => {
		const clock = new FakeClock();
		const limiter = limiterOf(clock);
		const order: string[] = [];
		await limiter.start(never);
		const plain = limiter.start(never).then(() => order.push('plain'));
		const followUp = limiter.start(never, true).then(() => order.push('follow-up'));
		await clock.run(Promise.all([plain, followUp]));
		expect(order).toEqual(['follow-up', 'plain']);
	});

	it('should say during a wait how long it has lasted', async () => {
		const clock = new FakeClock();
		const limiter = limiterOf(clock, 600);
		await limiter.start(never);
		const next = limiter.start(never);
		await clock.run(clock.wait(60));
		expect(limiter.waitedMs).toBe(60);
		await clock.run(next);
		expect(limiter.waitedMs).toBe(100);
	});

	it('should keep the requests in flight apart, by less the more there are', async () => {
		const gapsOf = async (concurrency: number) => {
			const clock = new FakeClock();
			const { starts } = await simulateRun({
				clock,
				limiter: limiterOf(clock),
				count: 300,
				concurrency,
				latency: () => 50,
				reply: () => ({}),
			});
			const later = starts.slice(150);
			return (Math.max(...later) - Math.min(...later)) / (later.length - 1);
		};
		// 50 ms for as many as are in flight, and no more than the spread makes of it.
		expect(await gapsOf(10)).toBeLessThan(6);
		expect(await gapsOf(50)).toBeLessThan(1.2);
	});

	it('should not be slowed down twice by 429s of requests that were on their way together', async () => {
		const clock = new FakeClock();
		const limiter = limiterOf(clock);
		const started: number[] = [];
		for (let sent = 0; sent < 11; sent++) started.push(await clock.run(limiter.start(never)));
		for (const startedAt of started)
			limiter.observe(answer(startedAt, { status: 429, namedWait: 20 }));
		const first = await clock.run(limiter.start(never));
		for (let more = 0; more < 10; more++) await clock.run(limiter.start(never));
		// 30 a second at first.
		expect(clock.now() - first).toBeLessThan(10 * 34);
	});

	it('should never come to a standstill, whatever the server refuses', async () => {
		const clock = new FakeClock();
		const limiter = limiterOf(clock);
		for (let refusals = 0; refusals < 100; refusals++) {
			const startedAt = await clock.run(limiter.start(never));
			await clock.run(clock.wait(10));
			limiter.observe(answer(startedAt, { status: 429, namedWait: 30 }));
			if (refusals % 5 !== 0) continue;
			const accepted = await clock.run(limiter.start(never));
			limiter.observe(answer(accepted));
		}
		const from = clock.now();
		const last = await clock.run(limiter.start(never));
		expect(last - from).toBeLessThanOrEqual(5_000);
	});
});

describe('Remaining requests, as the headers tell them', () => {
	const told = (limit: number | string, remaining: number | string, reset: string) => ({
		headers: {
			'x-ratelimit-limit-requests': String(limit),
			'x-ratelimit-remaining-requests': String(remaining),
			'x-ratelimit-reset-requests': reset,
		},
	});

	/** A run with this many requests on their way, all of them started within a few ms. */
	async function runWith(inFlight: number) {
		const clock = new FakeClock();
		const limiter = limiterOf(clock);
		const started: number[] = [];
		for (let sent = 0; sent < inFlight; sent++) started.push(await clock.run(limiter.start(never)));
		const from = clock.now();
		return {
			clock,
			limiter,
			started,
			/** For how many ms the next request is kept waiting. */
			nextWait: async () => (await clock.run(limiter.start(never))) - from,
		};
	}

	it('should make the next request wait until one comes back, not until the whole limit does', async () => {
		const { limiter, started, nextWait } = await runWith(1);
		limiter.observe(answer(started[0] ?? NaN, told(10, 0, '10s')));
		expect(await nextWait()).toBe(1_000);
	});

	it('should count requests on their way against what remains', async () => {
		const { limiter, started, nextWait } = await runWith(5);
		limiter.observe(answer(started[0] ?? NaN, told(20, 5, '15s')));
		// Four are on their way, so one more may go.
		expect(await nextWait()).toBeLessThan(5);
		expect(Math.round((await nextWait()) / 10)).toBe(100);
		expect(Math.round((await nextWait()) / 10)).toBe(200);
	});

	it('should not wait for requests that were answered without headers', async () => {
		const { limiter, started, nextWait } = await runWith(2);
		limiter.observe(answer(started[0] ?? NaN, told(10, 1, '9s')));
		limiter.observe(answer(started[1] ?? NaN));
		expect(await nextWait()).toBeLessThan(5);
	});

	it('should let no more than the limit go at once after a long rest', async () => {
		const { clock, limiter, started } = await runWith(1);
		limiter.observe(answer(started[0] ?? NaN, told(3, 0, '3s')));
		await clock.run(clock.wait(60_000));
		const starts: number[] = [];
		for (let sent = 0; sent < 5; sent++) starts.push(await clock.run(limiter.start(never)));
		expect((starts[1] ?? NaN) - 60_000).toBeLessThan(10);
		expect((starts[2] ?? NaN) - 60_000).toBeGreaterThanOrEqual(1_000);
	});

	it('should go on as soon as a later answer says that requests remain', async () => {
		const { clock, limiter, started } = await runWith(2);
		const from = clock.now();
		limiter.observe(answer(started[0] ?? NaN, told(60, 1, '50m')));
		const next = limiter.start(never);
		await turn();
		limiter.observe(answer(started[1] ?? NaN, told(60, 9, '50m')));
		expect((await clock.run(next)) - from).toBeLessThan(5);
	});

	it('should not listen to the late answer of an earlier request', async () => {
		const { limiter, started, nextWait } = await runWith(2);
		limiter.observe(answer(started[1] ?? NaN, told(10, 0, '10s')));
		limiter.observe(answer(started[0] ?? NaN, told(10, 1, '9s')));
		// More remained then, so the earlier request is in the count of the later one's answer.
		expect(await nextWait()).toBe(1_000);
	});

	it('should still count an earlier request that the server counted later', async () => {
		const { limiter, started, nextWait } = await runWith(2);
		limiter.observe(answer(started[1] ?? NaN, told(10, 2, '8s')));
		limiter.observe(answer(started[0] ?? NaN, told(10, 1, '9s')));
		expect(await nextWait()).toBeLessThan(5);
		expect(Math.round((await nextWait()) / 10)).toBe(100);
	});

	it('should hold for a named wait besides, and need no slower pace after it', async () => {
		const { clock, limiter, started, nextWait } = await runWith(2);
		const refusal = { status: 429, namedWait: 50, isRateLimit: true };
		limiter.observe(answer(started[1] ?? NaN, { ...told(10, 0, '1s'), ...refusal }));
		limiter.observe(answer(started[0] ?? NaN, { ...told(10, 0, '1s'), ...refusal }));
		expect(await nextWait()).toBe(100);
		await clock.run(clock.wait(1_000));
		const from = clock.now();
		for (let sent = 0; sent < 8; sent++) await clock.run(limiter.start(never));
		expect(clock.now() - from).toBeLessThan(30);
	});

	it('should slow down for a 429 although requests remain, because another limit must be meant', async () => {
		const { limiter, started, nextWait } = await runWith(1);
		limiter.observe(answer(started[0] ?? NaN, { ...told(500, 499, '120ms'), status: 429 }));
		expect(await nextWait()).toBe(200);
		expect(await nextWait()).toBeGreaterThan(230);
	});

	it.each([
		[
			'without a limit',
			{ headers: { ...told('', 0, '8m').headers, 'x-ratelimit-limit-requests': undefined } },
		],
		['without a reset', told(10, 0, '')],
		['with a reset in a form of its own', told(10, 0, 'soon')],
		['with a request that comes back in more than a minute', told(10, 0, '10m1s')],
		['with numbers that are none', told(10, '-1', '1s')],
	])('should not hold for headers %s', async (_what, headers) => {
		const { limiter, started, nextWait } = await runWith(1);
		limiter.observe(answer(started[0] ?? NaN, headers));
		expect(await nextWait()).toBe(0);
	});
});

describe('A hold of more than five seconds', () => {
	async function holdsAfter(observations: Array<Partial<Observation>>, requests = 1) {
		const clock = new FakeClock();
		const holds: Array<{ ms: number; reason: string }> = [];
		const limiter = createRateLimiter({
			maxRequestsPerMinute: 0,
			clock,
			onLongHold: (hold) => holds.push(hold),
		});
		const started: number[] = [];
		while (started.length < observations.length)
			started.push(await clock.run(limiter.start(never)));
		for (const [index, observation] of observations.entries())
			limiter.observe(answer(started[index] ?? NaN, observation));
		await clock.run(Promise.all(Array.from({ length: requests }, () => limiter.start(never))));
		return holds;
	}

	it('should be reported once with its reason, however many requests wait', async () => {
		const holds = await holdsAfter(
			[
				{ status: 429, namedWait: 20_000 },
				{ status: 429, namedWait: 20_010 },
			],
			5,
		);
		expect(holds).toEqual([{ ms: 20_010, reason: 'the API answered 429 and asked for a pause' }]);
	});

	it('should be reported when the headers are the reason', async () => {
		const headers = {
			'x-ratelimit-limit-requests': '3',
			'x-ratelimit-remaining-requests': '0',
			'x-ratelimit-reset-requests': '1m',
		};
		expect(await holdsAfter([{ headers }])).toEqual([
			{ ms: 20_000, reason: 'the API said that no request remains' },
		]);
	});

	it('should name a 503 that asked for it', async () => {
		expect(await holdsAfter([{ status: 503, namedWait: 6_000 }])).toEqual([
			{ ms: 6_000, reason: 'the API answered 503 and asked for a pause' },
		]);
	});

	it('should not be reported when it is shorter, or when Max Requests per Minute asks for it', async () => {
		expect(await holdsAfter([{ status: 429, namedWait: 5_000 }])).toEqual([]);
		const clock = new FakeClock();
		const onLongHold = jest.fn();
		const limiter = createRateLimiter({ maxRequestsPerMinute: 1, clock, onLongHold });
		await clock.run(limiter.start(never));
		await clock.run(limiter.start(never));
		expect(clock.now()).toBe(60_000);
		expect(onLongHold).not.toHaveBeenCalled();
	});
});

describe('The time spent waiting', () => {
	it('should count waits that overlap once, and one that is not over', async () => {
		const clock = new FakeClock();
		const limiter = limiterOf(clock, 60);
		await clock.run(limiter.start(never));
		expect(limiter.waitedMs).toBe(0);
		const waiting = Promise.all([
			limiter.start(never),
			limiter.pause(400, never),
			limiter.pause(700, never),
		]);
		await clock.run(clock.wait(300, never));
		expect(limiter.waitedMs).toBe(300);
		await clock.run(waiting);
		expect(limiter.waitedMs).toBe(1_000);
		await clock.run(clock.wait(5_000, never));
		expect(limiter.waitedMs).toBe(1_000);
	});

	it('should be that of a pause, which lasts as long as it is told', async () => {
		const clock = new FakeClock();
		const limiter = limiterOf(clock);
		await clock.run(limiter.pause(250, never));
		expect([clock.now(), limiter.waitedMs]).toEqual([250, 250]);
	});
});

describe('A signal that fires', () => {
	/** A limiter of one request a minute, and requests that wait behind the first, each with a signal of its own. */
	async function waiting(count: number) {
		const clock = new FakeClock();
		const limiter = limiterOf(clock, 1);
		await clock.run(limiter.start(never));
		const stops = Array.from({ length: count }, () => new AbortController());
		const ended: number[] = [];
		const all = stops.map(async ({ signal }, index) => {
			await limiter.start(signal);
			ended.push(index);
		});
		await turn();
		return { clock, limiter, stops, ended, all: Promise.all(all) };
	}

	it('should end every wait at once', async () => {
		const { clock, limiter, stops, all } = await waiting(3);
		for (const stop of stops) stop.abort();
		await all;
		await limiter.pause(60_000, AbortSignal.abort());
		expect(clock.now()).toBe(0);
	});

	it('should end a wait in the middle of the queue at once, and leave the order of the others', async () => {
		const { clock, stops, ended, all } = await waiting(4);
		stops[1]?.abort();
		await turn();
		expect(ended).toEqual([1]);
		await clock.run(all);
		expect(ended).toEqual([1, 0, 2, 3]);
		expect(clock.now()).toBe(3 * 60_000);
	});

	it('should hand the place of the first in the queue to the next', async () => {
		const { clock, stops, ended, all } = await waiting(2);
		stops[0]?.abort();
		await clock.run(all);
		expect(ended).toEqual([0, 1]);
		expect(clock.now()).toBe(60_000);
	});

	it('should have been listened to no longer than the wait', async () => {
		const clock = new FakeClock();
		const limiter = limiterOf(clock, 600);
		const { signal } = new AbortController();
		const added = jest.spyOn(signal, 'addEventListener');
		const removed = jest.spyOn(signal, 'removeEventListener');
		await clock.run(Promise.all(Array.from({ length: 20 }, () => limiter.start(signal))));
		expect(added).toHaveBeenCalled();
		expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
			expect.arrayContaining(added.mock.calls.map(([, listener]) => listener)),
		);
	});
});

it('should start requests in the order in which they asked', async () => {
	const clock = new FakeClock(() => 3);
	const limiter = limiterOf(clock, 6_000);
	const order: number[] = [];
	await clock.run(
		Promise.all(
			Array.from({ length: 30 }, async (_, index) => {
				await limiter.start(never);
				order.push(index);
				limiter.observe(answer(clock.now()));
			}),
		),
	);
	expect(order).toEqual(Array.from({ length: 30 }, (_, index) => index));
});
