import { headerText } from './request';

/** The longest wait that a server may ask for, in ms. PSOpenAI's Get-RetryDelay and openai-node use the same 60 s. */
export const LONGEST_NAMED_WAIT_MS = 60_000;

/** PSOpenAI's Get-RetryDelay: 1 s, doubled with every retry, varied by 20 %, at most 129 s. */
const BACKOFF_START_MS = 1_000;
export const LONGEST_BACKOFF_MS = 129_000;
const BACKOFF_VARIATION = 0.2;

/** A locked conversation is asked again after 0.5 s, then after twice as long each time, up to 5 s. */
const LOCK_START_MS = 500;
const LOCK_LIMIT_MS = 5_000;

const DECIMAL = /^\d+(\.\d+)?$/;

/** An HTTP date has letters; what has none is a number that `DECIMAL` has turned down. */
const DATE = /[A-Za-z]{3}/;

/**
 * The wait that the server names, in ms: `retry-after-ms`, else `retry-after` in seconds or as a
 * date. Undefined when it names none, or one that is not over 0 and at most 60 s.
 * @param now Unix time in ms
 */
export function namedWait(
	headers: Readonly<Record<string, unknown>>,
	now: number,
): number | undefined {
	const milliseconds = headerText(headers, 'retry-after-ms') ?? '';
	const after = headerText(headers, 'retry-after') ?? '';
	const candidates = [
		DECIMAL.test(milliseconds) ? Number(milliseconds) : NaN,
		DECIMAL.test(after) ? Number(after) * 1_000 : NaN,
		DATE.test(after) ? Date.parse(after) - now : NaN,
	];
	const named = candidates.find((ms) => !Number.isNaN(ms));
	return named !== undefined && named > 0 && named <= LONGEST_NAMED_WAIT_MS ? named : undefined;
}

/**
 * The wait before retry number `retriesMade` + 1 when the server names none, in ms.
 * @param random a number from 0 up to 1
 */
export function backoff(retriesMade: number, random: number): number {
	const variation = 1 - BACKOFF_VARIATION + 2 * BACKOFF_VARIATION * random;
	return Math.min(BACKOFF_START_MS * 2 ** retriesMade * variation, LONGEST_BACKOFF_MS);
}

/** A wait doubled this many times, in ms, but no longer than a backoff may be. */
export const longerBackoff = (waitMs: number, times: number): number =>
	Math.min(waitMs * 2 ** times, LONGEST_BACKOFF_MS);

/** The wait before a locked conversation is asked for the (`waits` + 2)th time, in ms. */
export const lockBackoff = (waits: number): number =>
	Math.min(LOCK_START_MS * 2 ** waits, LOCK_LIMIT_MS);
