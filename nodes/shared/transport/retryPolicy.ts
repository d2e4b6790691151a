import type { ApiErrorBody } from './failures';

/** What one attempt led to, as far as a retry depends on it. */
export interface Attempt {
	/** 0 for the first attempt, so also the number of retries made so far. */
	retriesMade: number;
	/** HTTP status; undefined when there was no answer (timeout, refused or broken connection). */
	status: number | undefined;
	/** Header names in lower case. */
	headers: Readonly<Record<string, unknown>>;
	error: ApiErrorBody | undefined;
	/** Whether the attempt may have changed something although it did not succeed. */
	mayHaveHappened: boolean;
	/** Whether sending the same request again has the same effect as sending it once. */
	repeatable: boolean;
}

export interface RetryRules {
	/** Whole number, 0 to 100. */
	maxRetries: number;
	retryNetworkErrors: boolean;
}

/** Why an attempt is worth repeating, in the user's words. */
export type RetryReason =
	| 'rate limit'
	| 'server error'
	| 'conversation busy'
	| 'connection'
	| 'server request';

/** The longest wait that a server may ask for, in ms. PSOpenAI's Get-RetryDelay and openai-node use the same 60 s. */
export const LONGEST_NAMED_WAIT_MS = 60_000;

/** PSOpenAI's Get-RetryDelay: 1 s, doubled with every retry, varied by 20 %, at most 129 s. */
const BACKOFF_START_MS = 1_000;
const BACKOFF_LIMIT_MS = 129_000;
const BACKOFF_VARIATION = 0.2;

/** The text of a header, or undefined when it is missing or was sent in several values. */
export function headerText(
	headers: Readonly<Record<string, unknown>>,
	name: string,
): string | undefined {
	const value = headers[name];
	return typeof value === 'string' ? value.trim() : undefined;
}

const DECIMAL = /^\d+(\.\d+)?$/;

/** An HTTP date has letters; what has none is a number that `DECIMAL` has turned down. */
const DATE = /[A-Za-z]{3}/;

/**
 * The wait that the server names, in ms: `retry-after-ms`, else `retry-after` in seconds or as a
 * date. Undefined when it names none, or one that is not over 0 and at most 60 s.
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
	return Math.min(BACKOFF_START_MS * 2 ** retriesMade * variation, BACKOFF_LIMIT_MS);
}

/** A 429 that no wait will cure: the account has run out of credit, or its limit is reached. */
export function isQuota(status: number | undefined, error: ApiErrorBody | undefined): boolean {
	if (status !== 429 || error === undefined) return false;
	return error.code === 'insufficient_quota' || /\bquota\b/i.test(error.message ?? '');
}

/** Another request is working on the conversation. It comes as a 400, or as a 409 from gateways. */
export function isConversationLocked(
	status: number | undefined,
	error: ApiErrorBody | undefined,
): boolean {
	if ((status !== 400 && status !== 409) || error === undefined) return false;
	return (
		error.code === 'conversation_locked' ||
		(error.param === 'conversation' && /retry in a few seconds/i.test(error.message ?? ''))
	);
}

/** Why the attempt may be repeated, or undefined when it must not be. Pure. */
export function retryReason(attempt: Attempt, rules: RetryRules): RetryReason | undefined {
	const { status, headers, error } = attempt;
	if (attempt.retriesMade >= rules.maxRetries) return undefined;

	// The server knows best, so its word comes before the status.
	const shouldRetry = headerText(headers, 'x-should-retry')?.toLowerCase();
	if (shouldRetry === 'false') return undefined;
	if (shouldRetry === 'true' && status !== undefined && status >= 400) return 'server request';

	if (isConversationLocked(status, error)) return 'conversation busy';
	if (status === 429) return isQuota(status, error) ? undefined : 'rate limit';

	// What may have happened is repeated only where a second time does no harm.
	if (attempt.mayHaveHappened && !attempt.repeatable) return undefined;
	if (status === undefined) return rules.retryNetworkErrors ? 'connection' : undefined;
	return status >= 500 && status <= 599 ? 'server error' : undefined;
}
