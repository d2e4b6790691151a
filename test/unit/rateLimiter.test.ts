/* eslint-disable @n8n/community-nodes/no-restricted-imports, @n8n/community-nodes/no-restricted-globals */
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';

import { createRateLimiter, resetTime } from '../../nodes/shared/transport/rateLimiter';
import type { Clock, RateLimiter } from '../../nodes/shared/transport/rateLimiter';
import { backoff, namedWait } from '../../nodes/shared/transport/retryPolicy';
import { createLimiter } from '../../server/limiter.mjs';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 40);

interface Timer {
	at: number;
	wake: () => void;
}

/** A clock that stands still while anything can go on, and then jumps to the next moment that is waited for. */
class VirtualClock implements Clock {
	private time = 0;
	private readonly timers = new Set<Timer>();

	/** @param lateness how many ms a timer comes too late */
	constructor(private readonly lateness: () => number = () => 0) {}

	readonly now = (): number => this.time;

	readonly wait = async (ms: number, signal: AbortSignal): Promise<void> => {
		if (signal.aborted) return;
		await new Promise<void>((resolve) => {
			const wake = () => {
				this.timers.delete(timer);
				signal.removeEventListener('abort', wake);
				resolve();
			};
			const timer: Timer = { at: this.time + ms + this.lateness(), wake };
			this.timers.add(timer);
			signal.addEventListener('abort', wake, { once: true });
		});
	};

	/** Lets time pass until the work is done. */
	async run<T>(work: Promise<T>): Promise<T> {
		let isDone = false;
		const end = () => {
			isDone = true;
		};
		work.then(end, end);
		for (;;) {
			await turn();
			if (isDone) return await work;
			let next: Timer | undefined;
			for (const timer of this.timers) if (next === undefined || timer.at < next.at) next = timer;
			if (next === undefined) throw new Error('Everything stands still');
			this.time = Math.max(this.time, next.at);
			next.wake();
		}
	}
}

const never = new AbortController().signal;

/** What a server answers to a request. */
interface Reply {
	status?: number;
	headers?: Record<string, string>;
}

interface Crowd {
	clock: VirtualClock;
	gate: RateLimiter;
	/** Requests to be sent. */
	count: number;
	/** How many of them are on their way or wait at the gate at a time. */
	concurrency: number;
	/** Ms from a start to its answer; the server decides at its end. */
	latency: () => number;
	/** Ms of computing that each request takes, one at a time. */
	computing?: number;
	maxRetries?: number;
	reply: (time: number, attempt: number) => Reply;
}

/** Sends requests through a gate as the client does: after a refusal each waits and comes again. */
async function send(crowd: Crowd) {
	const { clock, gate, count, concurrency, latency, computing = 0, maxRetries = 3, reply } = crowd;
	const starts: number[] = [];
	/** How often each request was refused. */
	const refusals = new Array<number>(count).fill(0);
	let next = 0;
	let failed = 0;
	let idleFrom = 0;

	const attempt = async (
		retriesMade: number,
	): Promise<{ isRateLimit: boolean; pause: number | undefined }> => {
		const startedAt = await gate.start(never);
		starts.push(clock.now());
		idleFrom = Math.max(idleFrom, clock.now()) + computing;
		await clock.wait(idleFrom - clock.now() + latency(), never);
		const { status = 200, headers = {} } = reply(clock.now(), retriesMade);
		const isRateLimit = status === 429;
		const pause = status === 429 || status === 503 ? namedWait(headers, 0) : undefined;
		gate.observe({ startedAt, status, headers, isRateLimit, namedWait: pause });
		return { isRateLimit: status >= 400, pause };
	};
	const worker = async () => {
		while (next < count) {
			const index = next++;
			for (let retriesMade = 0; ; retriesMade++) {
				const { isRateLimit, pause } = await attempt(retriesMade);
				if (!isRateLimit) break;
				refusals[index] = (refusals[index] ?? 0) + 1;
				if (retriesMade === maxRetries) {
					failed++;
					break;
				}
				await gate.pause(pause ?? backoff(retriesMade, 0.5), never);
			}
		}
	};
	await clock.run(Promise.all(Array.from({ length: concurrency }, worker)));
	return {
		starts,
		failed,
		refused: refusals.reduce((sum, each) => sum + each, 0),
		mostRefusals: Math.max(...refusals),
		requests: starts.length,
		tookMs: clock.now(),
	};
}

const gapsOf = (times: readonly number[]): number[] =>
	times.slice(1).map((time, index) => time - (times[index] ?? 0));

/** Numbers from 0 up to 1 that follow from a seed (mulberry32). */
function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

const open = (clock: Clock, maxRequestsPerMinute = 0): RateLimiter =>
	createRateLimiter({ maxRequestsPerMinute, clock });

describe('The gate without limits', () => {
	it('should let requests pass one at a time without any wait', async () => {
		const clock = new VirtualClock();
		const gate = open(clock);
		const { tookMs } = await send({
			clock,
			gate,
			count: 200,
			concurrency: 1,
			latency: () => 1,
			reply: () => ({}),
		});
		expect(tookMs).toBe(200);
		expect(gate.waitedMs).toBe(0);
	});

	it('should let all of a run start within a fifth of a second, a little apart at first', async () => {
		const clock = new VirtualClock();
		const { starts } = await send({
			clock,
			gate: open(clock),
			count: 500,
			concurrency: 100,
			latency: () => 50,
			reply: () => ({}),
		});
		expect(gapsOf(starts.slice(0, 20)).every((gap) => gap >= 2)).toBe(true);
		expect(starts[99]).toBeLessThan(300);
		expect(starts.at(-1)).toBeLessThan(500);
	});

	it('should go on when the answers are failures of other kinds', async () => {
		const clock = new VirtualClock();
		const { starts } = await send({
			clock,
			gate: open(clock),
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
		const clock = new VirtualClock(() => 1);
		const { starts } = await send({
			clock,
			gate: open(clock, perMinute),
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
					const clock = new VirtualClock(random);
					const { starts } = await send({
						clock,
						gate: open(clock, perMinute),
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
		const clock = new VirtualClock();
		const { starts } = await send({
			clock,
			gate: open(clock, 600),
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
		const clock = new VirtualClock();
		let refusedAt: number | undefined;
		const { starts } = await send({
			clock,
			gate: open(clock),
			count: 40,
			concurrency: 8,
			latency: () => 10,
			reply(time) {
				if (refusedAt !== undefined || time < 25) return {};
				refusedAt = time;
				return { status, headers };
			},
		});
		const from = refusedAt ?? NaN;
		expect(starts.filter((start) => start > from && start < from + ms)).toEqual([]);
		expect(starts.filter((start) => start >= from + ms).length).toBeGreaterThan(20);
	});

	it('should hold a second for a 429 that names no wait', async () => {
		const clock = new VirtualClock();
		let refusedAt: number | undefined;
		const { starts } = await send({
			clock,
			gate: open(clock),
			count: 20,
			concurrency: 4,
			latency: () => 10,
			reply(time) {
				if (refusedAt !== undefined) return {};
				refusedAt = time;
				return { status: 429 };
			},
		});
		const from = refusedAt ?? NaN;
		expect(Math.min(...starts.filter((start) => start > from))).toBe(from + 1_000);
	});

	it('should not hold for a refusal that is no rate limit and names no wait', async () => {
		const clock = new VirtualClock();
		const gate = open(clock);
		for (let sent = 0; sent < 100; sent++) {
			const startedAt = await clock.run(gate.start(never));
			gate.observe({
				startedAt,
				status: 429,
				headers: {},
				isRateLimit: false,
				namedWait: undefined,
			});
		}
		expect(clock.now()).toBe(0);
	});

	it.each([429, 503])(
		'should resume gradually after a %d, faster with every request',
		async (status) => {
			const clock = new VirtualClock();
			let refused = 0;
			const { starts } = await send({
				clock,
				gate: open(clock),
				count: 200,
				concurrency: 32,
				latency: () => 50,
				reply: (time) =>
					time > 100 && refused++ === 0 ? { status, headers: { 'retry-after': '1' } } : {},
			});
			const resumed = starts.filter((start) => start > 1_000);
			const first = resumed[0] ?? 0;
			expect(resumed.filter((start) => start < first + 50).length).toBeLessThanOrEqual(4);
			const gaps = gapsOf(resumed).slice(0, 12);
			expect(gaps[0]).toBeGreaterThanOrEqual(15);
			expect(gaps.at(-1)).toBeLessThanOrEqual(status === 429 ? 50 : 5);
		},
	);

	it('should not let a 429 of a request that started before slow the run down twice', async () => {
		const clock = new VirtualClock();
		const gate = open(clock);
		const startOne = async () => await clock.run(gate.start(never));
		const startedAt = await startOne();
		for (let others = 0; others < 10; others++) await startOne();
		const refusal = { startedAt, status: 429, headers: {}, isRateLimit: true, namedWait: 20 };
		for (let refusals = 0; refusals < 11; refusals++) gate.observe(refusal);
		await startOne();
		const first = clock.now();
		for (let more = 0; more < 10; more++) await startOne();
		// 20 ms each, and the margin.
		expect(clock.now() - first).toBeLessThan(10 * 25);
	});

	it('should never come to a standstill, whatever the server refuses', async () => {
		const clock = new VirtualClock();
		const gate = open(clock);
		for (let refusals = 0; refusals < 100; refusals++) {
			const startedAt = await clock.run(gate.start(never));
			gate.observe({ startedAt, status: 429, headers: {}, isRateLimit: true, namedWait: 30 });
		}
		expect(clock.now()).toBeLessThan(100 * 2_000);
	});
});

describe('x-ratelimit-remaining-requests', () => {
	const limits = (left: number | string, reset: string) => ({
		'x-ratelimit-remaining-requests': String(left),
		'x-ratelimit-reset-requests': reset,
	});

	it('should hold requests until the reset when none remains', async () => {
		const clock = new VirtualClock();
		let answers = 0;
		const { starts } = await send({
			clock,
			gate: open(clock),
			count: 30,
			concurrency: 5,
			latency: () => 10,
			reply: () => (++answers === 10 ? { headers: limits(0, '2s') } : {}),
		});
		const heldAt = starts.findIndex((start, index) => start - (starts[index - 1] ?? start) > 1_900);
		expect(heldAt).toBeGreaterThan(9);
		expect(heldAt).toBeLessThan(16);
		const resumed = starts.slice(heldAt);
		expect(gapsOf(resumed)[0]).toBeGreaterThanOrEqual(15);
	});

	it('should count requests on their way against what remains', async () => {
		const clock = new VirtualClock();
		const gate = open(clock);
		const first = await clock.run(gate.start(never));
		for (let others = 0; others < 4; others++) await clock.run(gate.start(never));
		gate.observe({
			startedAt: first,
			status: 200,
			headers: limits(5, '1s'),
			isRateLimit: false,
			namedWait: undefined,
		});
		const before = clock.now();
		// Four are on their way, so one more may go.
		await clock.run(gate.start(never));
		expect(clock.now() - before).toBeLessThan(5);
		await clock.run(gate.start(never));
		const resumed = clock.now();
		expect(resumed - before).toBeGreaterThan(990);
		await clock.run(gate.start(never));
		expect(clock.now() - resumed).toBeGreaterThanOrEqual(15);
	});

	it('should hold until the reset once the server said that none remains, whatever an answer says that comes late', async () => {
		const clock = new VirtualClock();
		const gate = open(clock);
		const first = await clock.run(gate.start(never));
		const second = await clock.run(gate.start(never));
		const before = clock.now();
		gate.observe({
			startedAt: second,
			status: 200,
			headers: limits(0, '1s'),
			isRateLimit: false,
			namedWait: undefined,
		});
		gate.observe({
			startedAt: first,
			status: 200,
			headers: limits(1, '1s'),
			isRateLimit: false,
			namedWait: undefined,
		});
		await clock.run(gate.start(never));
		expect(clock.now() - before).toBe(1_000);
	});

	it('should hold for a reset in exactly ten minutes', async () => {
		const clock = new VirtualClock();
		const gate = open(clock);
		const startedAt = await clock.run(gate.start(never));
		gate.observe({
			startedAt,
			status: 200,
			headers: limits(0, '10m'),
			isRateLimit: false,
			namedWait: undefined,
		});
		await clock.run(gate.start(never));
		expect(clock.now()).toBe(600_000);
	});

	it('should go on as soon as a later answer says that requests remain', async () => {
		const clock = new VirtualClock();
		const gate = open(clock);
		const first = await clock.run(gate.start(never));
		const second = await clock.run(gate.start(never));
		const before = clock.now();
		gate.observe({
			startedAt: first,
			status: 200,
			headers: limits(1, '1m'),
			isRateLimit: false,
			namedWait: undefined,
		});
		const third = gate.start(never);
		await turn();
		gate.observe({
			startedAt: second,
			status: 200,
			headers: limits(9, '1m'),
			isRateLimit: false,
			namedWait: undefined,
		});
		await clock.run(third);
		expect(clock.now() - before).toBeLessThan(100);
	});

	it.each([
		['no reset', { 'x-ratelimit-remaining-requests': '0' }],
		['a reset that is over', limits(0, '0s')],
		['a reset in a form of its own', limits(0, 'soon')],
		['a reset in more than ten minutes', limits(0, '23h59m')],
		['a number that is none', limits('-1', '1s')],
		['a number with more behind it', limits('0 of 60', '1s')],
	])('should not hold for %s', async (_what, headers) => {
		const clock = new VirtualClock();
		const gate = open(clock);
		const startedAt = await clock.run(gate.start(never));
		gate.observe({ startedAt, status: 200, headers, isRateLimit: false, namedWait: undefined });
		await clock.run(gate.start(never));
		expect(clock.now()).toBe(0);
	});

	it.each<[string, number | undefined]>([
		['1s', 1_000],
		['20ms', 20],
		['6m0s', 360_000],
		['1.5s', 1_500],
		['1h2m3s', 3_723_000],
		['1.25s', 1_250],
		['1.25ms', 1.25],
		['0s', 0],
		['', undefined],
		['1', undefined],
		['s', undefined],
		['1s ago', undefined],
		['in 1s', undefined],
	])('should read the reset "%s" as %s ms', (text, ms) => {
		expect(resetTime(text)).toBe(ms);
	});
});

describe('The pace after 429s', () => {
	/** A gate that has met a 429 naming a wait of 100 ms, at the time 0 of the test, and whose 30 earlier requests are still on their way. */
	async function refusedOnce() {
		const clock = new VirtualClock();
		const gate = open(clock);
		const starts: number[] = [];
		const start = async () => await clock.run(gate.start(never));
		for (let n = 0; n < 31; n++) starts.push(await start());
		const zero = clock.now();
		const observe = (startedAt: number, status: number | undefined, namedWait?: number) =>
			gate.observe({ startedAt, status, headers: {}, isRateLimit: status === 429, namedWait });
		observe(starts.at(-1) ?? NaN, 429, 100);
		return {
			start,
			/** The answer to one of the earlier requests. */
			answer: (status: number | undefined, namedWait?: number) =>
				observe(starts.pop() ?? NaN, status, namedWait),
			/** A request that is refused, at once or so many ms after the first 429. */
			async refuse(namedWait: number, afterMs?: number) {
				const startedAt = await start();
				if (afterMs !== undefined) await clock.run(clock.wait(zero + afterMs - clock.now(), never));
				observe(startedAt, 429, namedWait);
			},
			/** How long the run holds now, and the time from the first start to the one after. */
			async next(): Promise<{ hold: number; gap: number }> {
				const from = clock.now();
				const first = await start();
				return { hold: first - from, gap: (await start()) - first };
			},
		};
	}

	it('should begin with 20 a second after at least 200 ms where nothing is known', async () => {
		const run = await refusedOnce();
		expect(await run.next()).toEqual({ hold: 200, gap: 50 });
	});

	it.each<
		[
			string,
			{ accepted: number; afterMs: number; namedWait: number; status?: number | undefined },
			{ hold: number; gap: number },
		]
	>([
		[
			'the rate of 12 answers, less 5 %',
			{ accepted: 12, afterMs: 1_000, namedWait: 100 },
			{ hold: 100, gap: 1_000 / (12 * 0.95) },
		],
		[
			'the rate of 30 answers, too',
			{ accepted: 30, afterMs: 3_000, namedWait: 1_500 },
			{ hold: 1_500, gap: 1_000 / (10 * 0.95) },
		],
		[
			'nothing for 11 answers',
			{ accepted: 11, afterMs: 1_000, namedWait: 100 },
			{ hold: 200, gap: 50 },
		],
		[
			'the rate of a single one within 5 s',
			{ accepted: 1, afterMs: 5_000, namedWait: 100 },
			{ hold: 464, gap: 5_000 / 0.95 },
		],
		[
			'nothing for a single one within less',
			{ accepted: 1, afterMs: 4_999, namedWait: 100 },
			{ hold: 200, gap: 50 },
		],
		[
			'nothing for none within 5 s',
			{ accepted: 0, afterMs: 5_000, namedWait: 100 },
			{ hold: 200, gap: 50 },
		],
		[
			'refusals of other kinds as answers',
			{ accepted: 12, afterMs: 1_000, namedWait: 100, status: 404 },
			{ hold: 100, gap: 1_000 / (12 * 0.95) },
		],
		[
			'nothing for faults of the server',
			{ accepted: 12, afterMs: 1_000, namedWait: 100, status: 500 },
			{ hold: 200, gap: 50 },
		],
		[
			'nothing for broken connections',
			{ accepted: 12, afterMs: 1_000, namedWait: 100, status: undefined },
			{ hold: 200, gap: 50 },
		],
		[
			'a wait of 40 ms as the time for one, less 5 %',
			{ accepted: 11, afterMs: 1_000, namedWait: 40 },
			{ hold: 200, gap: 40 / 0.95 },
		],
		[
			'a wait of 50 ms, too',
			{ accepted: 0, afterMs: 1_000, namedWait: 50 },
			{ hold: 200, gap: 50 / 0.95 },
		],
		[
			'a wait of 51 ms no more',
			{ accepted: 0, afterMs: 1_000, namedWait: 51 },
			{ hold: 200, gap: 50 },
		],
	])(
		'should after the second take %s',
		async (_what, { accepted, afterMs, namedWait, ...rest }, expected) => {
			const run = await refusedOnce();
			for (let n = 0; n < accepted; n++) run.answer('status' in rest ? rest.status : 200);
			await run.refuse(namedWait, afterMs);
			const { hold, gap } = await run.next();
			expect(hold).toBe(expected.hold);
			// Timers hold whole milliseconds.
			expect(Math.abs(gap - expected.gap)).toBeLessThan(1);
		},
	);

	it.each([
		[1_000, [100, 200, 400, 800, 1_000, 1_000]],
		[5_000, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]],
	])(
		'should be halved by each that names %d ms, down to one request in that time',
		async (namedWait, expected) => {
			for (const [index, gap] of expected.entries()) {
				const run = await refusedOnce();
				for (let n = 0; n <= index; n++) await run.refuse(namedWait);
				expect(await run.next()).toEqual({ hold: namedWait, gap });
			}
		},
	);

	it('should be halved down to one request a second by those that name less', async () => {
		const run = await refusedOnce();
		for (let n = 0; n < 8; n++) await run.refuse(500);
		const { hold, gap } = await run.next();
		expect(hold + gap).toBeGreaterThan(1_200);
	});

	it('should take the longest of the short waits that are named at the same moment', async () => {
		const run = await refusedOnce();
		await run.refuse(20, 1_000);
		for (const wait of [45, 30, 100]) run.answer(429, wait);
		const { gap } = await run.next();
		expect(Math.abs(gap - 45 / 0.95)).toBeLessThan(1);
	});

	it('should not be changed by others of the same moment where it does not rest on a short wait', async () => {
		const run = await refusedOnce();
		for (const wait of [10, 45, 100]) run.answer(429, wait);
		expect(await run.next()).toEqual({ hold: 200, gap: 50 });
	});
});

describe('The time spent waiting', () => {
	it('should count waits that overlap once, and one that is not over', async () => {
		const clock = new VirtualClock();
		const gate = open(clock, 60);
		await clock.run(gate.start(never));
		expect(gate.waitedMs).toBe(0);
		const waiting = Promise.all([
			gate.start(never),
			gate.pause(400, never),
			gate.pause(700, never),
		]);
		await clock.run(clock.wait(300, never));
		expect(gate.waitedMs).toBe(300);
		await clock.run(waiting);
		expect(gate.waitedMs).toBe(1_000);
		await clock.run(clock.wait(5_000, never));
		expect(gate.waitedMs).toBe(1_000);
	});

	it('should be that of a pause, which lasts as long as it is told', async () => {
		const clock = new VirtualClock();
		const gate = open(clock);
		await clock.run(gate.pause(250, never));
		expect([clock.now(), gate.waitedMs]).toEqual([250, 250]);
	});
});

describe('A server with a token bucket', () => {
	interface Bucket {
		perSecond?: number;
		burst?: number;
		retryAfter?: 'ms' | 'seconds' | 'none';
		hasLimitHeaders?: boolean;
		count?: number;
		concurrency: number;
		latency: number;
		computing?: number;
		maxRetries?: number;
		seed?: number;
	}

	async function drain(bucket: Bucket) {
		const {
			perSecond = 60,
			burst = 60,
			retryAfter = 'ms',
			hasLimitHeaders = false,
			count = 1_000,
		} = bucket;
		const { latency, computing = 1.5, seed = 1, ...rest } = bucket;
		const random = seeded(seed);
		const clock = new VirtualClock(() => 1.2 * random());
		const limiter = createLimiter({ perSecond, burst, retryAfter }, clock.now);
		const gate = open(clock);
		const result = await send({
			...rest,
			clock,
			gate,
			count,
			computing,
			latency: () => latency * (0.9 + 0.2 * random()),
			reply() {
				const refusal = limiter.take();
				const usual = hasLimitHeaders ? limiter.headers() : [];
				return {
					status: refusal === undefined ? 200 : 429,
					headers: Object.fromEntries([...usual, ...(refusal ?? [])]),
				};
			},
		});
		const byRate = ((count - burst) * 1_000) / perSecond;
		const byLatency = (count * (latency + computing)) / rest.concurrency;
		return {
			...result,
			times: result.tookMs / Math.max(byRate, byLatency),
			share: result.refused / result.requests,
			waitedMs: gate.waitedMs,
		};
	}

	it('should do 1,000 requests within 1.15 times the ideal time, with fewer than 3 % refused', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.constantFrom(1, 10, 32),
				fc.constantFrom(0.5, 5, 20, 50, 100),
				fc.constantFrom(0.3, 1.5, 3),
				fc.boolean(),
				fc.integer(),
				async (concurrency, latency, computing, hasLimitHeaders, seed) => {
					const { times, share, failed, mostRefusals } = await drain({
						concurrency,
						latency,
						computing,
						hasLimitHeaders,
						seed,
					});
					expect(failed).toBe(0);
					expect(times).toBeLessThan(1.15);
					expect(share).toBeLessThan(0.03);
					// One refusal must not burn every retry.
					expect(mostRefusals).toBeLessThanOrEqual(2);
				},
			),
			{ numRuns },
		);
	}, 120_000);

	it('should meet no refusal at all where the headers say what remains', async () => {
		for (const concurrency of [10, 32]) {
			const { refused, times } = await drain({ concurrency, latency: 50, hasLimitHeaders: true });
			expect(refused).toBe(0);
			expect(times).toBeLessThan(1.05);
		}
	});

	it.each<[string, Bucket, number, number]>([
		[
			'5,000 a minute',
			{ perSecond: 83, burst: 5_000, count: 8_000, concurrency: 32, latency: 50 },
			1.05,
			0.01,
		],
		['waits in whole seconds', { retryAfter: 'seconds', concurrency: 32, latency: 50 }, 1.35, 0.04],
		['no named wait', { retryAfter: 'none', concurrency: 32, latency: 50 }, 1.35, 0.04],
		[
			'10 a second',
			{ perSecond: 10, burst: 10, count: 300, concurrency: 32, latency: 50 },
			1.15,
			0.15,
		],
		[
			'3 a minute',
			{ perSecond: 0.05, burst: 3, count: 20, concurrency: 10, latency: 50, maxRetries: 4 },
			1.2,
			0.6,
		],
	])('should get through with %s', async (_what, bucket, times, share) => {
		const result = await drain(bucket);
		expect(result.failed).toBe(0);
		expect(result.times).toBeLessThan(times);
		expect(result.share).toBeLessThan(share);
		expect(result.mostRefusals).toBeLessThanOrEqual(4);
	});

	it('should find its way up again when the server accepts more than before', async () => {
		const clock = new VirtualClock();
		const { starts } = await send({
			clock,
			gate: open(clock),
			count: 3_000,
			concurrency: 32,
			latency: () => 50,
			reply: (time) =>
				time > 200 && time < 260 ? { status: 429, headers: { 'retry-after-ms': '40' } } : {},
		});
		expect(starts.at(-1)).toBeLessThan(45_000);
	});

	it('should tell in how much of the time requests were kept waiting', async () => {
		const { waitedMs, tookMs } = await drain({ concurrency: 10, latency: 50 });
		expect(waitedMs).toBeGreaterThan(0.9 * tookMs);
		expect(waitedMs).toBeLessThanOrEqual(tookMs);
	});
});

describe('A signal that fires', () => {
	it('should end every wait at the gate at once', async () => {
		const clock = new VirtualClock();
		const gate = open(clock, 1);
		const stop = new AbortController();
		await clock.run(gate.start(stop.signal));
		const waiting = Promise.all([
			gate.start(stop.signal),
			gate.start(stop.signal),
			gate.start(stop.signal),
		]);
		await turn();
		stop.abort();
		await waiting;
		await gate.pause(60_000, stop.signal);
		expect(clock.now()).toBe(0);
	});

	it('should let others through that have a signal of their own', async () => {
		const clock = new VirtualClock();
		const gate = open(clock, 60);
		const stop = new AbortController();
		await clock.run(gate.start(never));
		const first = gate.start(stop.signal);
		const second = gate.start(never);
		await turn();
		stop.abort();
		await first;
		await clock.run(second);
		expect(clock.now()).toBeGreaterThanOrEqual(1_000);
	});
});
