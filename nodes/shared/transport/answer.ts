import type { ApiErrorBody, FailureDetails } from './failures';
import { readApiError, RequestFailure } from './failures';
import type { JsonObject, JsonValue } from '../values/json';
import { isJsonObject, isTooDeep } from '../values/json';
import type { Redactor } from './redact';
import { headerText, isConversationLocked, isQuota } from './retryPolicy';

/** What came back, whatever its status. */
export interface WireAnswer {
	status: number;
	/** Names in lower case. */
	headers: Readonly<Record<string, unknown>>;
	/** The body's bytes, or what the helper made of them. */
	body: unknown;
}

/** Longest message and longest code, type or param of an error answer that is shown, in characters. */
const MESSAGE_LIMIT = 1_000;
const WORD_LIMIT = 200;

/** Statuses that always mean a redirect. */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Statuses that a gateway sends for what may still go on behind it. */
const OPEN_STATUSES = new Set([408, 502, 504]);

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
function nameOf(body: unknown, parsed: JsonValue | undefined): string {
	if (parsed !== undefined) {
		if (isTooDeep(parsed)) return 'JSON that is nested too deeply';
		if (Array.isArray(parsed)) return 'a JSON list';
		return parsed === null ? 'an empty JSON value (null)' : `a JSON ${typeof parsed}`;
	}
	const start = (
		Buffer.isBuffer(body) ? body.subarray(0, 500).toString('latin1') : String(body ?? '')
	)
		.trimStart()
		.toLowerCase();
	if (start === '') return 'nothing';
	if (start.startsWith('<!doctype html') || start.startsWith('<html')) return 'a web page (HTML)';
	return start.startsWith('{') ? 'broken JSON' : 'something that is not JSON';
}

/** Half a character at the end, such as a cut leaves. */
const HALF = /[\uD800-\uDBFF]$/;

const clip = (text: string, limit: number): string =>
	text.length > limit ? `${text.slice(0, limit).replace(HALF, '')}…` : text;

/** An error answer's own words, clipped and without the key. */
function cleaned(error: ApiErrorBody, { text }: Redactor): ApiErrorBody {
	const clean = (value: string | undefined, limit: number) =>
		// Clipped again after the redaction, which sees more than is shown lest a cut hides a run of the key.
		value === undefined ? undefined : clip(text(clip(value, 2 * limit)), limit);
	return {
		message: clean(error.message, MESSAGE_LIMIT),
		type: clean(error.type, WORD_LIMIT),
		param: clean(error.param, WORD_LIMIT),
		code: clean(error.code, WORD_LIMIT),
	};
}

const NOT_THE_API =
	'Something between n8n and the API may have answered in its place. Check Base URL in the credential and in the options: its path usually ends in /v1.';

/** What the user can do about an error answer. */
function adviceFor(status: number, error: ApiErrorBody | undefined): string {
	if (isQuota(status, error)) {
		return 'The account has no credit left or has reached its limit, so trying again will not help. Check plan and billing of the OpenAI account, then run the workflow again.';
	}
	if (isConversationLocked(status, error)) {
		return 'Another request is working on this conversation, such as a response that is being written. Set Max Retries in the options to wait for it, or run the workflow again in a few seconds.';
	}
	if (status === 401) {
		return 'The API did not accept the key. Check API Key and Authentication in the credential, and that the key belongs to the server in Base URL.';
	}
	if (status === 403) {
		return 'The key is not allowed to do this. Check its permissions in the OpenAI dashboard, and Organization ID and Project ID in the credential.';
	}
	if (status === 404) {
		return /invalid url/i.test(error?.message ?? '') || error === undefined
			? 'The server does not know this address. Check Base URL in the credential and in the options: its path usually ends in /v1.'
			: 'Check the ID. The conversation or item may have been deleted, or it belongs to another project than the API key.';
	}
	if (status === 429) {
		return 'Too many requests were sent in a short time. Set Max Retries in the options, and Max Requests per Minute when many items are processed.';
	}
	if (status >= 500 && status <= 599) {
		return 'The server could not answer; the request itself may be right. Run the workflow again later, or set Max Retries in the options.';
	}
	if (status === 408) {
		return 'The server gave up waiting; the request itself may be right. Run the workflow again later.';
	}
	if (error?.message === undefined) return NOT_THE_API;
	return 'Correct what the message names, then run the workflow again.';
}

/** A redirect's target without user name, query string and fragment, which may hold secrets. */
function targetOf(location: string, url: string): string | undefined {
	try {
		const { origin, pathname, protocol } = new URL(location, url);
		return origin === 'null' ? `${protocol}…` : origin + pathname;
	} catch {
		return undefined;
	}
}

function redirectFailure(
	status: number,
	location: string | undefined,
	url: string,
	redactor: Redactor,
): Pick<FailureDetails, 'kind' | 'message' | 'advice'> {
	// Cleaned before it is taken apart, which would change letters of the key in a host's name.
	const target = location === undefined ? undefined : targetOf(redactor.text(location), url);
	const where = target === undefined ? '' : ` to ${clip(redactor.text(target), WORD_LIMIT)}`;
	return {
		kind: 'redirect',
		message: `The server redirected the request${where} (status ${status})`,
		advice:
			'Redirects are not followed, because that would hand the API key to another address. Check Base URL in the credential and in the options: https instead of http, no missing or extra path, the address that your provider names.',
	};
}

/**
 * The JSON object in a 2xx answer, without the key; for every other answer the failure to report.
 * @param url the request's address, to resolve a redirect against
 * @param attempts how many times the request was sent so far
 */
export function readAnswer(
	{ status, headers, body }: WireAnswer,
	redactor: Redactor,
	url: string,
	attempts: number,
): JsonObject | RequestFailure {
	const id = headerText(headers, 'x-request-id') ?? headerText(headers, 'apim-request-id');
	const requestId = id === undefined ? undefined : clip(redactor.text(id), WORD_LIMIT);
	const common = { status, requestId, attempts };

	const location = headerText(headers, 'location');
	if (REDIRECTS.has(status) || (status >= 300 && status < 400 && location !== undefined)) {
		const details = redirectFailure(status, location, url, redactor);
		return new RequestFailure({ ...common, ...details, mayHaveHappened: false });
	}

	const parsed = parseBody(body);
	if (status >= 200 && status < 300) {
		if (isJsonObject(parsed) && !isTooDeep(parsed)) {
			const clean = redactor.data(parsed);
			if (isJsonObject(clean)) return clean;
		}
		return new RequestFailure({
			...common,
			kind: 'malformedAnswer',
			message: `The server answered with ${nameOf(body, parsed)} instead of the JSON object that the API promises (status ${status})`,
			advice: NOT_THE_API,
			mayHaveHappened: true,
		});
	}

	const found = readApiError(isJsonObject(parsed) ? parsed : undefined);
	const error = found === undefined ? undefined : cleaned(found, redactor);
	return new RequestFailure({
		...common,
		kind: 'answer',
		message:
			error?.message ??
			`The server answered with status ${status} and ${nameOf(body, parsed)} instead of a reason`,
		advice: adviceFor(status, error),
		code: error?.code,
		param: error?.param,
		type: error?.type,
		settled: isJsonObject(parsed) && isJsonObject(parsed.error) && !OPEN_STATUSES.has(status),
		mayHaveHappened: status === 408 || status >= 500,
	});
}
