import { createAdaptivePace } from './adaptivePace';
import type { Clock } from './clock';
import { headerPace } from './rateLimitHeaders';
import type { HeaderPace } from './rateLimitHeaders';

/** After a refusal that names no wait, or a shorter one, a run pauses for this many ms. */
const SHORTEST_HOLD_MS = 200;

/**
 * Requests start a little apart, so that those in flight are spread over some ms: what comes in one
 * bunch goes out in one bunch, and each then waits for all others of it.
 */
const SPREAD_MS = 25;
const LARGEST_GAP_MS = 2.5;
/** The first ones of a run start further apart, about as far as n8n's work on one takes, so that the first refusal meets few … */
const OPENING_GAP_MS = 5;
/** … and for longer than it takes to empty a bucket of 60 that regains 60 a second (86 requests at that pace). */
const OPENING_REQUESTS = 140;
/** With fewer than this in flight, a refusal meets few in any case. */
const FEW_IN_FLIGHT = 10;

/** How late a start may be, in ms, without the next one being later too: what timers are off by. */
const TIMER_SLACK_MS = 5;

/** Holds of more than this many ms are reported. */
const LONG_HOLD_MS = 5_000;

const NOTHING_REMAINS = 'the API said that no request remains';
const REFUSED_FASTER = 'the API refused requests that came faster';

/** One attempt's answer, as far as the rate limiter depends on it. */
export interface Observation {
	/** When the attempt started: the value that `start` returned. */
	startedAt: number;
	/** Undefined when there was no answer. */
	status: number | undefined;
	/** Names in lower case. */
	headers: Readonly<Record<string, unknown>>;
	/** Whether the answer says that too many requests came, so that the run must slow down. */
	isRateLimit: boolean;
	/** The wait that the server named for a refusal, in ms. */
	namedWait: number | undefined;
}

/** Decides when each request of a run may start. */
export interface RateLimiter {
	/**
	 * Resolves with the start time when the next request may start, or at once when the signal fires.
	 * @param isFollowUp whether it goes before all requests that follow up on nothing
	 */
	start(signal: AbortSignal, isFollowUp?: boolean): Promise<number>;
	/** Tells what became of a start; to be called once for each. */
	observe(observation: Observation): void;
	/** Waits before a retry, less when the signal fires. */
	pause(ms: number, signal: AbortSignal): Promise<void>;
	/** In how many ms of the run at least one request was kept waiting, here or in `pause`. */
	readonly waitedMs: number;
}

export interface RateLimiterOptions {
	/** 0: no limit. */
	maxRequestsPerMinute: number;
	clock: Clock;
	/** Called when the API makes the run wait for more than 5 s. */
	onLongHold?: (hold: { ms: number; reason: string }) => void;
}

/** Measures the time in which at least one of several overlapping waits was under way. */
function createStopwatch(now: () => number) {
	let running = 0;
	let since = 0;
	let total = 0;
	return {
		async time<T>(work: Promise<T>): Promise<T> {
			if (running++ === 0) since = now();
			return await work.finally(() => {
				if (--running === 0) total += now() - since;
			});
		},
		get totalMs() {
			return total + (running > 0 ? now() - since : 0);
		},
	};
}

/** What the newest request with limit headers was told, carried on to `time`. */
interface KnownLimit extends HeaderPace {
	startedAt: number;
	time: number;
	/** Requests that may still start; below 0 when more are on their way than the API has left. */
	spare: number;
}

/** One request stays in reserve, because networks and timers are not exact. */
const spareAt = (known: KnownLimit, time: number): number =>
	Math.min(Math.max(1, known.limit - 1), known.spare + (time - known.time) / known.msPerRequest);

/** Whether an answer to an earlier request shows that the server counted that one after the later one. */
const isCountedLater = (told: HeaderPace | undefined, known: KnownLimit): boolean =>
	told !== undefined && known.remaining > 0 && told.remaining <= known.remaining;

/**
 * A queue for all requests of a run. The next request starts as soon as these allow it: the even
 * spacing of `maxRequestsPerMinute`, the wait that the server named, what it said of remaining
 * requests, and the rate that its refusals have led to.
 */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
	const { maxRequestsPerMinute, clock, onLongHold } = options;
	const spacing = maxRequestsPerMinute > 0 ? 60_000 / maxRequestsPerMinute : 0;
	const pace = createAdaptivePace();
	const stopwatch = createStopwatch(clock.now);

	/** Requests that wait to start, in order. */
	const queue: Array<{ isFollowUp: boolean; wake: () => void }> = [];
	let startCount = 0;
	let inFlight = 0;
	/** When the last request should have started; timers may have made it a little later. */
	let lastSlot = -Infinity;
	let hold = { until: -Infinity, reason: '' };
	let limit: KnownLimit | undefined;
	let reportedUntil = -Infinity;

	/** When the next request may start, and what the API said if that is the reason to wait. */
	const nextSlot = (time: number): { at: number; reason?: string } => {
		const isOpening = startCount < OPENING_REQUESTS && inFlight >= FEW_IN_FLIGHT;
		const spread = isOpening ? OPENING_GAP_MS : Math.min(LARGEST_GAP_MS, SPREAD_MS / inFlight);
		const gap = inFlight === 0 ? 0 : spread;
		const slots: Array<{ at: number; reason?: string }> = [
			{ at: lastSlot + Math.max(spacing, gap) },
			{ at: lastSlot + pace.gapAt(time), reason: REFUSED_FASTER },
			{ at: hold.until, reason: hold.reason },
		];
		if (limit !== undefined) {
			const missing = 1 - spareAt(limit, time);
			if (missing > 0)
				slots.push({ at: time + missing * limit.msPerRequest, reason: NOTHING_REMAINS });
		}
		return slots.reduce((latest, slot) => (slot.at > latest.at ? slot : latest));
	};

	const report = (time: number, { at, reason }: { at: number; reason?: string }) => {
		if (reason === undefined || at - Math.max(time, reportedUntil) <= LONG_HOLD_MS) return;
		reportedUntil = at;
		onLongHold?.({ ms: at - time, reason });
	};

	/** Resolves when it is this request's turn, or when the signal fires. */
	const waitForTurn = async (signal: AbortSignal, isFollowUp: boolean): Promise<void> => {
		const place = { isFollowUp, wake: () => {} };
		const behind = isFollowUp ? queue.findIndex((other) => !other.isFollowUp) : -1;
		const [overtaken] = queue;
		queue.splice(behind < 0 ? queue.length : behind, 0, place);
		if (queue[0] === place) overtaken?.wake();
		while (!signal.aborted) {
			const time = clock.now();
			const slot = nextSlot(time);
			const isFirst = queue[0] === place;
			if (isFirst && slot.at <= time) {
				lastSlot = time - slot.at < TIMER_SLACK_MS ? slot.at : time;
				break;
			}
			if (isFirst) {
				report(time, slot);
				if (slot.reason === REFUSED_FASTER) pace.held();
			}
			const woken = new AbortController();
			place.wake = () => woken.abort();
			signal.addEventListener('abort', place.wake);
			await clock.wait(isFirst ? Math.ceil(slot.at - time) : Infinity, woken.signal);
			signal.removeEventListener('abort', place.wake);
		}
		queue.splice(queue.indexOf(place), 1);
		startCount += 1;
		inFlight += 1;
		const time = clock.now();
		if (limit !== undefined) limit = { ...limit, spare: spareAt(limit, time) - 1, time };
		queue[0]?.wake();
	};

	return {
		get waitedMs() {
			return stopwatch.totalMs;
		},

		async start(signal, isFollowUp = false) {
			await stopwatch.time(waitForTurn(signal, isFollowUp));
			return clock.now();
		},

		async pause(ms, signal) {
			await stopwatch.time(clock.wait(ms, signal));
		},

		observe({ startedAt, status, headers, isRateLimit, namedWait }) {
			const time = clock.now();
			inFlight -= 1;
			const told = headerPace(headers);
			// Requests on their way may not be in the server's count yet.
			if (told !== undefined && startedAt >= (limit?.startedAt ?? -Infinity))
				limit = { ...told, startedAt, time, spare: told.remaining - inFlight };
			// This one was taken for a request that the server had yet to count.
			else if (limit !== undefined && !isCountedLater(told, limit)) limit.spare += 1;

			if (isRateLimit || namedWait !== undefined) {
				// Where the headers say that nothing remains, they also tell the pace.
				const isToldPace = told?.remaining === 0;
				const ms = isToldPace ? (namedWait ?? 0) : Math.max(namedWait ?? 0, SHORTEST_HOLD_MS);
				if (!isToldPace) pace.refused(startedAt, time, ms);
				const reason = `the API answered ${status} and asked for a pause`;
				if (time + ms > hold.until) hold = { until: time + ms, reason };
			} else if (status !== undefined && status < 500) pace.accepted(startedAt);
			queue[0]?.wake();
		},
	};
}
