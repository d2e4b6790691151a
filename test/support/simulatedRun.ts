import { createRateLimiter } from '../../nodes/shared/transport/rateLimiter';
import type { RateLimiter } from '../../nodes/shared/transport/rateLimiter';
import { backoff, namedWait } from '../../nodes/shared/transport/retryDelay';
import { createLimiter } from '../../server/limiter.mjs';
import { FakeClock, seeded } from './fakeClock';

/** A signal that does not fire. */
export const never = new AbortController().signal;

/** What a server answers to a request. */
export interface Reply {
	status?: number;
	headers?: Record<string, string>;
}

export interface SimulatedRun {
	clock: FakeClock;
	limiter: RateLimiter;
	/** Requests to be sent. */
	count: number;
	/** How many of them are on their way or wait to start at a time. */
	concurrency: number;
	/** Ms from a start to its answer; the server decides half-way. */
	latency: () => number;
	/** Ms of computing that each request takes, one at a time. */
	computing?: number;
	maxRetries?: number;
	reply: (time: number, attempt: number) => Reply;
}

/** Sends requests through a rate limiter as the client does: after a refusal each waits and comes again. */
export async function simulateRun(run: SimulatedRun) {
	const { clock, limiter, count, concurrency, latency, computing = 0, maxRetries = 3 } = run;
	const starts: number[] = [];
	/** How often each request was refused. */
	const refusals = new Array<number>(count).fill(0);
	let next = 0;
	let failed = 0;
	let idleFrom = 0;

	/** @returns the wait before the next attempt, in ms; undefined when there is none to come */
	const attempt = async (retriesMade: number): Promise<number | undefined> => {
		const startedAt = await limiter.start(never);
		starts.push(clock.now());
		idleFrom = Math.max(idleFrom, clock.now()) + computing;
		const ms = latency();
		await clock.wait(idleFrom - clock.now() + ms / 2);
		const { status = 200, headers = {} } = run.reply(clock.now(), retriesMade);
		await clock.wait(ms / 2);
		const named = status === 429 || status === 503 ? namedWait(headers, 0) : undefined;
		limiter.observe({ startedAt, status, headers, isRateLimit: status === 429, namedWait: named });
		return status >= 400 ? (named ?? backoff(retriesMade, 0.5)) : undefined;
	};

	const worker = async () => {
		while (next < count) {
			const index = next++;
			for (let retriesMade = 0; ; retriesMade++) {
				const pause = await attempt(retriesMade);
				if (pause === undefined) break;
				refusals[index] = (refusals[index] ?? 0) + 1;
				if (retriesMade === maxRetries) {
					failed++;
					break;
				}
				await limiter.pause(pause, never);
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

export interface TokenBucket {
	/** Requests that the bucket regains in a second. */
	perSecond: number;
	/** Requests that it holds when it is full, as it is at first. */
	burst: number;
	/** How a 429 names its wait. */
	retryAfter: 'ms' | 'seconds' | 'none';
	/** Whether answers carry `x-ratelimit-…`. */
	hasLimitHeaders: boolean;
	count: number;
	concurrency: number;
	/** Ms, give or take a tenth. */
	latency: number;
	computing?: number;
	maxRetries?: number;
	seed?: number;
	onLongHold?: (hold: { ms: number; reason: string }) => void;
}

/**
 * Sends requests to a server with a token bucket.
 * @returns what became of them, how many times the ideal time it took, and which share was refused
 */
export async function simulateTokenBucket(bucket: TokenBucket) {
	const { perSecond, burst, retryAfter, hasLimitHeaders, count, concurrency, onLongHold } = bucket;
	const { latency, computing = 2, maxRetries = 3, seed = 1 } = bucket;
	const random = seeded(seed);
	const clock = new FakeClock(() => 1.2 * random());
	const server = createLimiter({ perSecond, burst, retryAfter }, clock.now);
	const limiter = createRateLimiter({
		maxRequestsPerMinute: 0,
		clock,
		...(onLongHold && { onLongHold }),
	});
	const result = await simulateRun({
		clock,
		limiter,
		count,
		concurrency,
		maxRetries,
		computing,
		latency: () => latency * (0.9 + 0.2 * random()),
		reply() {
			const refusal = server.take();
			const usual = hasLimitHeaders ? server.headers() : [];
			return {
				status: refusal === undefined ? 200 : 429,
				headers: Object.fromEntries([...usual, ...(refusal ?? [])]),
			};
		},
	});
	const idealMs = Math.max(
		((count - burst) * 1_000) / perSecond,
		(count * (latency + computing)) / concurrency,
		count * computing,
	);
	return {
		...result,
		times: result.tookMs / idealMs,
		share: result.refused / result.requests,
		waitedMs: limiter.waitedMs,
	};
}
