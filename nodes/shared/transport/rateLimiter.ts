import { headerText } from './retryDelay';
import { wait } from '../n8n/wait';

/** The longest time that requests hold for an announced reset of the rate limit, in ms. */
const LONGEST_RESET_MS = 10 * 60_000;

/** How long a run holds after a 429 that names no wait, in ms: as long as the first backoff. */
const UNNAMED_WAIT_MS = 1_000;

/** After a hold starts are a little less than this many ms apart, and every gap is shorter than the one before. */
const RESUME_GAP_MS = 20;
const GAP_SHRINKS_BY = 0.85;
/** Below this many ms the gaps of a resume are over. */
const SHORTEST_GAP_MS = 1;

/**
 * While the rate is not known a run holds at least this many ms after a 429. What the server
 * regains in that time tells its rate when the next 429 comes.
 */
const SHORTEST_HOLD_MS = 200;
/** So many answers between two 429s, or so many ms between them, tell the rate well enough. */
const ENOUGH_ANSWERS = 12;
const ENOUGH_MS = 5_000;
/** A named wait up to this many ms is taken for the time in which the server regains one request. */
const LONGEST_TOKEN_WAIT_MS = 50;
/** Share of the rate that the server accepts which is used. */
const MARGIN = 0.95;
/** A known rate is kept so many seconds (or named waits, where these are longer) before more is tried. */
const STEADY_STEPS = 15;
/** An unknown rate starts here, and is multiplied so every second (or named wait). */
const SEARCH_START_PER_SECOND = 20;
const SEARCH_GROWTH = 4;
/** From here on pacing has no effect on requests that take a network round trip. */
const UNPACED_PER_SECOND = 2_000;

/**
 * The first starts of a run are this many ms apart, which is about as fast as n8n can send. So the
 * first 429 of a server with little to give meets fewer others on their way, which it would refuse
 * too.
 */
const OPENING_GAP_MS = 2.5;
const OPENING_STARTS = 100;

/** How late a start may be, in ms, without the next one being later too: what timers are off by. */
const TIMER_SLACK_MS = 5;

/** One attempt's answer, as far as pacing depends on it. */
export interface Observation {
	/** When the attempt started: the value that `start` returned. */
	startedAt: number;
	/** Undefined when there was no answer. */
	status: number | undefined;
	headers: Readonly<Record<string, unknown>>;
	/** Whether the answer says that too many requests came, so that the run must slow down. */
	isRateLimit: boolean;
	/** The wait that the server named for a refusal, in ms. */
	namedWait: number | undefined;
}

/** Decides when each request of a run may start. */
export interface RateLimiter {
	/** Resolves with the start time when the next request may start, or at once when the signal fires. */
	start(signal: AbortSignal): Promise<number>;
	/** Tells what became of a start; to be called once for each. */
	observe(observation: Observation): void;
	/** Waits before a retry, less when the signal fires. */
	pause(ms: number, signal: AbortSignal): Promise<void>;
	/** In how many ms of the run at least one request was kept waiting, here or in `pause`. */
	readonly waitedMs: number;
}

export interface Clock {
	/** Milliseconds; never goes back. */
	now(): number;
	/** Waits `ms` milliseconds, or less if the signal fires. Never rejects. */
	wait(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = { now: () => performance.now(), wait };

export interface RateLimiterOptions {
	/** 0: no limit. */
	maxRequestsPerMinute: number;
	clock?: Clock;
	/** Told of each wait of over 5 s that all requests share, with its reason. */
	onLongHold?: (hold: { ms: number; reason: string }) => void;
}

const RESET_PART = /(\d+(?:\.\d+)?)(ms|h|m|s)/g;
const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads `x-ratelimit-reset-requests`, such as `20ms`, `1s` or `6m0s`, in ms; undefined for anything else. */
export function resetTime(text: string | undefined): number | undefined {
	if (text === undefined || !/^(?:\d+(?:\.\d+)?(?:ms|h|m|s))+$/.test(text)) return undefined;
	return [...text.matchAll(RESET_PART)].reduce(
		(sum, [, amount, unit]) => sum + Number(amount) * (MS_PER_UNIT[unit ?? ''] ?? 0),
		0,
	);
}

/** Time in which at least one of several overlapping waits was under way. */
function createStopwatch(now: () => number) {
	let running = 0;
	let since = 0;
	let total = 0;
	return {
		enter() {
			if (running++ === 0) since = now();
		},
		leave() {
			if (--running === 0) total += now() - since;
		},
		get totalMs() {
			return total + (running > 0 ? now() - since : 0);
		},
	};
}

/**
 * The rate that 429s have led to. Each of them marks a moment at which the server had nothing left
 * to give, so what it accepted from one such moment to the next is its rate. That, less a margin,
 * is used from then on. Before there are two, a short named wait tells it: the server regains one
 * request in that time. After a long one the run begins slowly and soon goes faster.
 */
function createPace() {
	let perSecond = Infinity;
	let state: 'unknown' | 'named' | 'measured' = 'unknown';
	/** The last 429 that tells something new: those of requests that started before it do not. */
	let cutAt = -Infinity;
	let resumedAt = -Infinity;
	/** In which time the rate may grow by a step, in ms. */
	let stepMs = 1_000;
	let accepted = 0;

	const rateAt = (time: number): number => {
		const steps = Math.max(0, time - resumedAt) / stepMs;
		const beyond = Math.max(0, steps - STEADY_STEPS);
		const growth = state === 'unknown' ? SEARCH_GROWTH ** steps : (1 + 0.01 * beyond) ** beyond;
		const rate = perSecond * growth;
		return rate > UNPACED_PER_SECOND ? Infinity : rate;
	};

	const cut = (time: number, waitMs: number, tokenRate: number | undefined) => {
		const before = rateAt(time);
		const seen = (accepted * 1_000) / (time - cutAt);
		const isMeasured = accepted >= ENOUGH_ANSWERS || (accepted > 0 && time - cutAt >= ENOUGH_MS);
		if (isMeasured && seen > 0) {
			state = 'measured';
			perSecond = Math.min(before, seen * MARGIN);
		} else if (tokenRate !== undefined) {
			state = 'named';
			perSecond = Math.min(before * MARGIN, tokenRate);
		} else {
			state = 'unknown';
			const slowest = 1_000 / Math.max(waitMs, 1_000);
			perSecond = Math.max(Math.min(before / 2, SEARCH_START_PER_SECOND), slowest);
		}
		cutAt = time;
		accepted = 0;
		stepMs = Math.max(waitMs, 1_000);
	};

	return {
		/** Ms from one start to the next. */
		gapAt: (time: number): number => 1_000 / rateAt(time),

		accept() {
			accepted += 1;
		},

		/**
		 * @param startedAt when the refused request started
		 * @param time when the refusal came
		 * @param waitMs the wait that it names
		 * @returns how long the run is to hold, in ms
		 */
		refuse(startedAt: number, time: number, waitMs: number): number {
			const tokenRate = waitMs <= LONGEST_TOKEN_WAIT_MS ? (1_000 / waitMs) * MARGIN : undefined;
			if (startedAt > cutAt) cut(time, waitMs, tokenRate);
			// One of the same moment: the longest of their waits is the whole time for one request.
			else if (state === 'named' && tokenRate !== undefined)
				perSecond = Math.min(perSecond, tokenRate);
			const hold = state === 'measured' ? waitMs : Math.max(waitMs, SHORTEST_HOLD_MS);
			resumedAt = Math.max(resumedAt, time + hold);
			return hold;
		},
	};
}

/**
 * One gate for all requests of a run. It spaces starts evenly (`maxRequestsPerMinute`), lets no
 * request start before a wait that the server named is over, holds when the server says that no
 * request remains, resumes with one request and ever shorter gaps, and after a 429 paces the run
 * to what the server accepts.
 */
export function createRateLimiter({
	maxRequestsPerMinute,
	clock = systemClock,
}: RateLimiterOptions): RateLimiter {
	const { now } = clock;
	const spacing = maxRequestsPerMinute > 0 ? 60_000 / maxRequestsPerMinute : 0;
	const pace = createPace();
	const stopwatch = createStopwatch(now);

	/** Starts stand in line: only the first looks at the clock, the next one waits for it. */
	let line: Promise<void> = Promise.resolve();
	/** Makes the first in line look again before its time. */
	let lookAgain = () => {};

	/** The last start, by plan. */
	let lastSlot = -Infinity;
	let heldUntil = -Infinity;
	let resumeGap = 0;

	/** Requests on their way, and how many more the server says it will take (Infinity: it did not say). */
	let inFlight = 0;
	let starts = 0;
	let remaining = Infinity;
	let resetAt = -Infinity;

	const holdEnd = () => Math.max(heldUntil, remaining <= 0 ? resetAt : -Infinity);

	const hold = (until: number) => {
		if (until <= now()) return;
		heldUntil = Math.max(heldUntil, until);
		resumeGap = RESUME_GAP_MS;
	};

	/** When the next request may start. */
	const nextSlot = (time: number): number => {
		const opening = inFlight > 0 && starts < OPENING_STARTS ? OPENING_GAP_MS : 0;
		const gap = Math.max(spacing, opening, resumeGap, pace.gapAt(time));
		return Math.max(holdEnd(), lastSlot + gap);
	};

	/** Waits until the time is over, the signal fires or an answer changes what is known. */
	const nap = async (ms: number, signal: AbortSignal): Promise<void> => {
		const awake = new AbortController();
		lookAgain = () => awake.abort();
		signal.addEventListener('abort', lookAgain);
		await clock.wait(ms, awake.signal);
		signal.removeEventListener('abort', lookAgain);
		lookAgain = () => {};
	};

	/** Waits for the next slot. */
	const stand = async (signal: AbortSignal): Promise<void> => {
		for (;;) {
			const time = now();
			const slot = nextSlot(time);
			if (signal.aborted) return;
			if (slot <= time) {
				lastSlot = time - slot < TIMER_SLACK_MS ? slot : time;
				return;
			}
			if (holdEnd() > time) resumeGap = RESUME_GAP_MS;
			await nap(Math.ceil(slot - time), signal);
		}
	};

	return {
		get waitedMs() {
			return stopwatch.totalMs;
		},

		async start(signal) {
			const before = line;
			let leave = () => {};
			line = new Promise((resolve) => {
				leave = resolve;
			});
			stopwatch.enter();
			try {
				await before;
				await stand(signal);
			} finally {
				leave();
				stopwatch.leave();
			}
			resumeGap = resumeGap > SHORTEST_GAP_MS ? resumeGap * GAP_SHRINKS_BY : 0;
			starts += 1;
			inFlight += 1;
			remaining -= 1;
			return now();
		},

		async pause(ms, signal) {
			stopwatch.enter();
			await clock.wait(ms, signal);
			stopwatch.leave();
		},

		observe({ startedAt, status, headers, isRateLimit, namedWait }) {
			const time = now();
			inFlight -= 1;
			if (isRateLimit) hold(time + pace.refuse(startedAt, time, namedWait ?? UNNAMED_WAIT_MS));
			else if (namedWait !== undefined) hold(time + namedWait);
			else if (status !== undefined && status < 500) pace.accept();

			const left = headerText(headers, 'x-ratelimit-remaining-requests');
			const reset = resetTime(headerText(headers, 'x-ratelimit-reset-requests'));
			if (left !== undefined && /^\d+$/.test(left) && reset !== undefined) {
				// Requests still on their way may not be in the server's count yet.
				remaining = Number(left) - inFlight;
				resetAt = reset <= LONGEST_RESET_MS ? time + reset : -Infinity;
				if (Number(left) === 0) hold(resetAt);
			}
			lookAgain();
		},
	};
}
