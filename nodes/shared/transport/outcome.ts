import type { JsonObject, JsonValue } from '../values/json';
import { isJsonObject, isTooDeep } from '../values/json';
import type { RetriesSpent } from './advice';
import {
	adviceForStatus,
	adviceForTimeout,
	causeForStatus,
	NOT_THE_API,
	REDIRECTED,
	UNEXPECTED,
} from './advice';
import type { Attempt } from './attempt';
import type { ApiErrorBody } from './apiError';
import type { FailureDetails } from './failures';
import { isConversationLocked, isQuota, parseApiError } from './apiError';
import { RequestFailure } from './failures';
import { describeNetworkError } from './networkError';
import type { ApiRequest, RequestSettings, WireAnswer } from './request';
import { backoff, namedWait } from './retryDelay';
import { headerText } from './request';

/** Why an attempt is worth repeating, in the user's words. */
export type RetryReason =
	| 'rate limit'
	| 'server error'
	| 'conversation busy'
	| 'connection'
	| 'asked for by the server';

/** What a judgement depends on beside the attempt itself. */
export interface Situation {
	request: Pick<ApiRequest, 'method' | 'idempotent' | 'verify' | 'check' | 'lockWait'>;
	/** The request's address. */
	url: string;
	settings: Pick<RequestSettings, 'maxRetries' | 'retryNetworkErrors'>;
	/** 0 for the first attempt. */
	retriesMade: number;
	/** How many times the request was sent so far, this attempt included. */
	attempts: number;
	/** Unix time in ms. */
	now: number;
	/** From 0 up to 1. */
	random: number;
}

export interface Success {
	kind: 'success';
	answer: JsonObject;
}

export interface Failed {
	kind: 'failed';
	failure: RequestFailure;
	/** Whether the request may have been carried out all the same. */
	outcomeUnknown: boolean;
	/** Whether the API itself has come to the end of the request: what it has not done by now it will not do. */
	isFinal: boolean;
	/** Whether another request is working on the conversation. */
	isLocked: boolean;
	/** What the answer asks of all requests of the run; undefined: nothing. */
	pause: { isRateLimit: boolean; namedWait: number | undefined } | undefined;
	/** Why and after how many ms the request may be repeated; undefined: it may not. */
	retry: { reason: RetryReason; waitMs: number } | undefined;
}

/** What came of an attempt, and what may be done about it. */
export type Outcome = Success | Failed;

/** Statuses that always mean a redirect. */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Statuses after which what was asked for may still go on. */
const ONGOING_STATUSES = new Set([408, 502, 504]);

/** The JSON value in a body; undefined when it is no JSON in UTF-8. */
function parseBody(body: unknown): JsonValue | undefined {
	try {
		const text = Buffer.isBuffer(body)
			? new TextDecoder('utf-8', { fatal: true }).decode(body)
			: body;
		if (typeof text !== 'string') return undefined;
		const parsed: JsonValue = JSON.parse(text);
		return parsed;
	} catch {
		return undefined;
	}
}

/** What kind of thing a body is that should have been a JSON object. */
function bodyKind(body: unknown, parsed: JsonValue | undefined): string {
	if (parsed !== undefined) {
		if (isTooDeep(parsed)) return 'JSON that is nested too deeply';
		if (Array.isArray(parsed)) return 'a JSON list';
		return parsed === null ? 'an empty JSON value (null)' : `a JSON ${typeof parsed}`;
	}
	const text = Buffer.isBuffer(body) ? body.subarray(0, 500).toString('latin1') : body;
	const start = (typeof text === 'string' ? text : '').trimStart().toLowerCase();
	if (start === '') return 'nothing';
	if (start.startsWith('<!doctype html') || start.startsWith('<html')) return 'a web page (HTML)';
	return start.startsWith('{') ? 'broken JSON' : 'something that is not JSON';
}

/** A redirect's target without user name, query string and fragment, which may hold secrets. */
function redirectTarget(location: string, url: string): string {
	const target = location
		.replace(/[?#].*$/s, '')
		.replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/@]*@/i, '$1//');
	if (/^https?:\/\//i.test(target) || target.startsWith('//')) return target;
	if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return `${target.slice(0, target.indexOf(':') + 1)}…`;
	return target.startsWith('/') ? new URL(url).origin + target : target;
}

type Described = Omit<FailureDetails, 'attempts' | 'idempotent' | 'outcomeUnknown'> & {
	/** Whether what was asked for may have been carried out, if it was a write. */
	mayBeDone: boolean;
	isFinal?: boolean;
};

const retriesSpent = ({ request, settings, retriesMade }: Situation): RetriesSpent => ({
	made: retriesMade,
	allowed: settings.maxRetries,
	ofNetworkErrors: settings.retryNetworkErrors,
	safeToRetry: request.idempotent || request.verify !== undefined,
	withLockWait: request.lockWait !== undefined,
});

function describeRefusal(
	{ status, body }: WireAnswer,
	isFromApi: boolean,
	situation: Situation,
): Described {
	const parsed = parseBody(body);
	const error = parseApiError(isJsonObject(parsed) ? parsed : undefined);
	const isApiError = isJsonObject(parsed) && isJsonObject(parsed.error);
	return {
		kind: 'answer',
		message:
			error?.message ??
			`The server answered with status ${status} and ${bodyKind(body, parsed)} instead of a reason`,
		advice: adviceForStatus(status, error, retriesSpent(situation)),
		cause: causeForStatus(status, error),
		code: error?.code,
		param: error?.param,
		type: error?.type,
		isApiError,
		mayBeDone: status === 408 || status >= 500,
		isFinal: isApiError && isFromApi && !ONGOING_STATUSES.has(status),
	};
}

function describeAnswer(answer: WireAnswer, situation: Situation): Described | Success {
	const { status, headers, body } = answer;
	const location = headerText(headers, 'location');
	if (REDIRECTS.has(status) || (status >= 300 && status < 400 && location !== undefined)) {
		const where = location === undefined ? '' : ` to ${redirectTarget(location, situation.url)}`;
		return {
			kind: 'redirect',
			message: `The server redirected the request${where} (status ${status})`,
			advice: REDIRECTED,
			cause: REDIRECTED,
			// "See Other" is how a server answers a write that it has carried out.
			mayBeDone: status === 303,
		};
	}
	// A gateway's own errors copy the form of the API's, but not this header.
	const isFromApi = headerText(headers, 'openai-processing-ms') !== undefined;
	if (status < 200 || status >= 300) return describeRefusal(answer, isFromApi, situation);
	const parsed = parseBody(body);
	const isObject = isJsonObject(parsed) && !isTooDeep(parsed);
	const advice = isObject ? UNEXPECTED : NOT_THE_API;
	const objection = isObject ? situation.request.check?.(parsed) : undefined;
	if (isObject && objection === undefined) return { kind: 'success', answer: parsed };
	return {
		kind: 'malformedAnswer',
		message: isObject
			? `The server answered with success, but ${objection}`
			: `The server answered with ${bodyKind(body, parsed)} instead of the JSON object that the API promises (status ${status})`,
		advice,
		cause: advice,
		mayBeDone: true,
	};
}

function describeAttempt(attempt: Attempt, situation: Situation): Described | Success {
	if (attempt.kind === 'answer') return describeAnswer(attempt.answer, situation);
	const { host } = new URL(situation.url);
	if (attempt.kind === 'timeout') {
		return {
			kind: 'timeout',
			message: `No complete response from ${host} within ${attempt.seconds} ${attempt.seconds === 1 ? 'second' : 'seconds'}`,
			advice: adviceForTimeout(retriesSpent(situation)),
			mayBeDone: true,
		};
	}
	const { outcomeUnknown: mayBeDone, ...described } = describeNetworkError(
		attempt.error,
		host,
		retriesSpent(situation),
	);
	return { ...described, mayBeDone };
}

/** Why the attempt may be repeated, or undefined when it must not be. */
function retryReason(
	{ kind, status, mayBeDone, code, param, message }: Described,
	headers: WireAnswer['headers'],
	{ request, settings, retriesMade }: Situation,
): RetryReason | undefined {
	if (kind !== 'answer' && kind !== 'timeout' && kind !== 'network') return undefined;
	if (retriesMade >= settings.maxRetries) return undefined;

	const shouldRetry = headerText(headers, 'x-should-retry')?.toLowerCase();
	if (shouldRetry === 'false') return undefined;

	// Before everything that speaks for a retry: what may have happened is repeated only where a
	// second time does no harm, or where it can be found out.
	const isUnknown = mayBeDone && request.method !== 'GET';
	if (isUnknown && !request.idempotent && request.verify === undefined) return undefined;

	// The server knows best, so its word comes before the status.
	if (shouldRetry === 'true') return 'asked for by the server';
	const error: ApiErrorBody = { code, param, message };
	if (isConversationLocked(status, error)) return 'conversation busy';
	if (status === 429) return isQuota(status, error) ? undefined : 'rate limit';
	if (status === undefined) return settings.retryNetworkErrors ? 'connection' : undefined;
	return status >= 500 && status <= 599 ? 'server error' : undefined;
}

/** A quota that is used up concerns every request alike, and no pause cures it. */
function pauseFor(
	status: number | undefined,
	error: ApiErrorBody,
	wait: number | undefined,
): Failed['pause'] {
	const isRateLimit = status === 429 && !isQuota(status, error);
	return isRateLimit || status === 503 ? { isRateLimit, namedWait: wait } : undefined;
}

/**
 * Decides what came of an attempt: a success, or a failure with whether and when the request may be
 * repeated and whether it may have been carried out. Pure: all rules for the retries of one request are
 * here, but for three: which answers mean that a conversation is locked (apiError), which codes of a
 * failed response are worth another try (sendMessage), and how many failed looks at a running one are
 * (awaitResponse).
 */
export function judge(attempt: Attempt, situation: Situation): Outcome {
	const described = describeAttempt(attempt, situation);
	if (described.kind === 'success') return described;

	const { request, attempts, retriesMade, now, random } = situation;
	const answer = attempt.kind === 'answer' ? attempt.answer : undefined;
	const headers = answer?.headers ?? {};
	const withStatus = { ...described, status: answer?.status };
	const { mayBeDone, isFinal = false, ...details } = withStatus;
	const outcomeUnknown = mayBeDone && request.method !== 'GET';
	const reason = retryReason(withStatus, headers, situation);
	const wait = namedWait(headers, now);
	return {
		kind: 'failed',
		failure: new RequestFailure({
			...details,
			requestId: headerText(headers, 'x-request-id') ?? headerText(headers, 'apim-request-id'),
			attempts,
			outcomeUnknown,
			idempotent: request.idempotent,
		}),
		outcomeUnknown,
		isFinal,
		isLocked: isConversationLocked(details.status, details),
		pause: pauseFor(details.status, details, wait),
		retry:
			reason === undefined ? undefined : { reason, waitMs: wait ?? backoff(retriesMade, random) },
	};
}
