import { headerText, LONGEST_NAMED_WAIT_MS } from './retryPolicy';
import { wait } from './wait';

/** The longest time that requests hold for an announced reset of the rate limit, in ms. */
const LONGEST_RESET_MS = 10 * 60_000;

/** After a hold the second start follows the first by this many ms; every further gap is shorter. */
const FIRST_GAP_MS = 40;
const GAP_SHRINKS_BY = 0.85;
/** Below this many ms the gaps of a resume are over. */
const SHORTEST_GAP_MS = 1;

/** Starts per second after a 429, as a share of those before it, until the accepted rate is known. */
const FIRST_CUT = 0.7;
/** Share of the rate that the server was seen to accept which is used after a further 429. */
const MARGIN = 0.97;
/** So many answers between two 429s tell the accepted rate well enough. */
const ENOUGH_ANSWERS = 8;
/** The rate grows by 1 % per second times the seconds since the last 429: slowly near the limit, then faster. */
const GROWTH_PER_SECOND = 0.01;
/** From here on pacing has no effect on requests that take a network round trip. */
const UNPACED_PER_SECOND = 2_000;

/** One attempt's answer, as far as pacing depends on it. */
export interface Observation {
	/** When the attempt started: the value that `start` returned. */
	startedAt: number;
	status: number | undefined;
	headers: Readonly<Record<string, unknown>>;
	/** The wait that the server named, in ms, for a 429 or 503. */
	namedWait: number | undefined;
}

/** Decides when each request of a run may start. Times are `now()`'s, in ms. */
export interface Gate {
	/** Resolves with the start time when the next request may start, or at once when the signal fires. */
	start(signal: AbortSignal): Promise<number>;
	observe(observation: Observation): void;
	/** How long requests have stood at the gate in all, in ms. */
	readonly waitedMs: number;
}

export interface GateOptions {
	/** 0: no limit. */
	maxRequestsPerMinute: number;
	/** A clock that never goes back, in ms. */
	now: () => number;
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

/**
 * One gate for all requests of a run. It spaces starts evenly (`maxRequestsPerMinute`), lets no
 * request start before a wait that the server named is over, holds when the server says that no
 * request remains, resumes with one request and ever shorter gaps, and after a 429 paces the run
 * to what the server was seen to accept.
 */
export function createGate({ maxRequestsPerMinute, now }: GateOptions): Gate {
	const spacing = maxRequestsPerMinute > 0 ? 60_000 / maxRequestsPerMinute : 0;
	let waited = 0;
	let lastStart = -Infinity;
	/** Starts stand in line: only the first looks at the clock, the next one waits for it. */
	let line: Promise<void> = Promise.resolve();
	/** Makes the first in line look again before its time. */
	let lookAgain = () => {};

	let heldUntil = -Infinity;
	let resumeGap = 0;

	/** Requests on their way, and how many more the server says it will take (Infinity: it did not say). */
	let inFlight = 0;
	let remaining = Infinity;
	let resetAt = -Infinity;

	/** Starts per second that a 429 has led to; undefined while there was none. */
	let pace: number | undefined;
	let cutAt = -Infinity;
	let firstStart: number | undefined;
	let accepted = 0;

	const hold = (until: number) => {
		if (until <= heldUntil) return;
		heldUntil = until;
		resumeGap = FIRST_GAP_MS;
	};

	const paceAt = (time: number): number => {
		if (pace === undefined) return Infinity;
		const seconds = Math.max(0, time - cutAt) / 1_000;
		const grown = pace * (1 + GROWTH_PER_SECOND * seconds) ** seconds;
		return grown > UNPACED_PER_SECOND ? Infinity : grown;
	};

	const earliestStart = (time: number): number => {
		const gap = Math.max(spacing, resumeGap, 1_000 / paceAt(time));
		const exhausted = remaining <= 0 && time < resetAt ? resetAt : -Infinity;
		return Math.max(heldUntil, exhausted, lastStart + gap);
	};

	const slowDown = (startedAt: number, time: number) => {
		// Requests that were on their way at the last cut say nothing about the pace set then.
		if (startedAt <= cutAt) return;
		const since = Math.max(time - Math.max(cutAt, firstStart ?? time), 1) / 1_000;
		const seen = accepted / since;
		const current = Math.min(paceAt(time), Math.max(seen, 1));
		pace =
			pace !== undefined && accepted >= ENOUGH_ANSWERS
				? Math.min(current, seen) * MARGIN
				: current * FIRST_CUT;
		cutAt = time;
		accepted = 0;
	};

	/** Waits until the time is over, the signal fires or an answer changes what is known. */
	const nap = async (ms: number, signal: AbortSignal): Promise<void> => {
		const awake = new AbortController();
		lookAgain = () => awake.abort();
		signal.addEventListener('abort', lookAgain, { once: true });
		await wait(ms, awake.signal);
		signal.removeEventListener('abort', lookAgain);
		lookAgain = () => {};
	};

	return {
		get waitedMs() {
			return waited;
		},

		async start(signal) {
			const before = line;
			let leave = () => {};
			line = new Promise((resolve) => {
				leave = resolve;
			});
			const arrived = now();
			try {
				await before;
				for (;;) {
					const ahead = earliestStart(now()) - now();
					if (ahead <= 0 || signal.aborted) break;
					await nap(Math.ceil(ahead), signal);
				}
			} finally {
				leave();
			}
			const started = now();
			waited += started - arrived;
			lastStart = started;
			firstStart ??= started;
			inFlight += 1;
			remaining -= 1;
			if (started >= heldUntil && resumeGap > 0) {
				resumeGap = resumeGap > SHORTEST_GAP_MS ? resumeGap * GAP_SHRINKS_BY : 0;
			}
			return started;
		},

		observe({ startedAt, status, headers, namedWait }) {
			const time = now();
			inFlight -= 1;
			lookAgain();
			if (namedWait !== undefined) hold(time + Math.min(namedWait, LONGEST_NAMED_WAIT_MS));
			if (status === 429) slowDown(startedAt, time);
			else if (status !== undefined && status < 400) accepted += 1;

			const left = headerText(headers, 'x-ratelimit-remaining-requests');
			const reset = resetTime(headerText(headers, 'x-ratelimit-reset-requests'));
			if (left === undefined || !/^\d+$/.test(left) || reset === undefined) return;
			// Requests still on their way may not be in the server's count yet.
			remaining = Number(left) - inFlight;
			resetAt = reset <= LONGEST_RESET_MS ? time + reset : -Infinity;
			if (Number(left) === 0 && reset > 0 && reset <= LONGEST_RESET_MS) hold(time + reset);
		},
	};
}
