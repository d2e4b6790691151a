import { readAnswer } from './answer';
import type { WireAnswer } from './answer';
import type { Send, WireRequest } from './attempt';
import { sendOnce } from './attempt';
import type { ApiErrorBody } from './failures';
import { Cancelled, NotContinued, RequestFailure } from './failures';
import type { RateLimiter } from './rateLimiter';
import type { JsonObject } from '../values/json';
import type { Redactor } from './redact';
import type { RetryReason, RetryRules } from './retryPolicy';
import { backoff, isQuota, namedWait, retryReason } from './retryPolicy';

/** One request to the API. */
export interface ApiRequest {
	method: WireRequest['method'];
	/** Path segments after the base URL; each one is encoded. */
	path: readonly string[];
	/** Query parameters in order; a name may come more than once. */
	query?: Query;
	/** JSON body, for POST. */
	body?: JsonObject;
	/** Whether the user's Additional Body is laid over the body. */
	extensible?: boolean;
	/**
	 * Whether sending it twice has the same effect as sending it once. One that is not repeatable is
	 * sent again only when the server's answer rules out that it was carried out, or `findOut` does.
	 */
	repeatable: boolean;
	/** For one that is not repeatable: looks whether it was carried out, when the answer leaves that open. */
	findOut?: () => Promise<Finding>;
}

/** What a look at the server shows of a request. */
export type Finding =
	/** It was carried out; `answer` is what the server would have answered. */
	| { kind: 'done'; answer: JsonObject }
	/** So far it was not. */
	| { kind: 'notDone' }
	| { kind: 'unclear' };

export type Query = ReadonlyArray<readonly [name: string, value: string]>;

/** What the options and the credential settle for the requests of one item. */
export interface RequestSettings extends RetryRules {
	/** Without a trailing slash. */
	baseUrl: string;
	/** Domains that the credential is restricted to, as n8n lists them; undefined: no restriction. */
	allowedDomains: string | undefined;
	/** Seconds one attempt may take; 0: no limit. */
	timeout: number;
	additionalHeaders: Readonly<Record<string, string>>;
	additionalQuery: Query;
	/** Members laid over the body of a POST. */
	additionalBody: JsonObject;
}

/** Counts what happened in a run, for the summary that the user sees. */
export interface Tally {
	requests: number;
	retries: Map<RetryReason, number>;
}

/** What all requests of a run share. */
export interface ClientParts {
	send: Send;
	gate: RateLimiter;
	redactor: Redactor;
	tally: Tally;
	/** Fires when the execution is stopped. */
	cancelled: AbortSignal;
	/** Fires when nothing new may start: the execution is stopped, or another item has ended the run. */
	ended: AbortSignal;
	/** From 0 up to 1. */
	random: () => number;
}

/** Calls the API for one item. */
export interface ApiClient {
	/**
	 * Sends the request, with retries, and returns the JSON object that a 2xx answer holds.
	 * @throws {RequestFailure} when there is no such answer
	 * @throws {Cancelled} when the execution is stopped
	 * @throws {NotContinued} when the run has ended and this item has not changed anything yet
	 */
	call(request: ApiRequest): Promise<JsonObject>;
}

const NO_HEADERS: WireAnswer['headers'] = {};

function toWire(request: ApiRequest, settings: RequestSettings): WireRequest {
	const path = request.path.map((segment) => encodeURIComponent(segment)).join('/');
	const query = [...(request.query ?? []), ...settings.additionalQuery]
		.map(([name, value]) => `${encodeName(name)}=${encodeURIComponent(value)}`)
		.join('&');
	const headers: Record<string, string> = {
		Accept: 'application/json',
		...settings.additionalHeaders,
	};
	const wire: WireRequest = {
		method: request.method,
		url: `${settings.baseUrl}/${path}${query === '' ? '' : `?${query}`}`,
		headers,
	};
	if (settings.allowedDomains !== undefined) wire.allowedDomains = settings.allowedDomains;
	if (request.method === 'POST') {
		headers['Content-Type'] = 'application/json';
		const additional = request.extensible === true ? settings.additionalBody : {};
		wire.body = JSON.stringify({ ...request.body, ...additional });
	}
	return wire;
}

/** `include[]` stays readable, as the official SDKs send it. */
const encodeName = (name: string): string =>
	encodeURIComponent(name).replace(/%5B/g, '[').replace(/%5D/g, ']');

export function createClient(parts: ClientParts, settings: RequestSettings): ApiClient {
	const { send, gate, redactor, tally, cancelled, ended, random } = parts;
	/** Whether a write of this item has succeeded, so that leaving now would leave it half done. */
	let changedSomething = false;

	/** An item that has changed something is finished, even if the run has ended meanwhile. */
	const stop = () => (changedSomething ? cancelled : ended);
	const mayStart = () => {
		if (cancelled.aborted) throw new Cancelled();
		if (stop().aborted) throw new NotContinued();
	};

	const attempt = async (wire: WireRequest, attempts: number) => {
		const startedAt = await gate.start(stop());
		let status: number | undefined;
		let headers = NO_HEADERS;
		let error: ApiErrorBody | undefined;
		try {
			mayStart();
			tally.requests += 1;
			const answer = await sendOnce(send, wire, settings.timeout, cancelled, redactor);
			if (cancelled.aborted) throw new Cancelled();
			if (answer instanceof RequestFailure) return { result: answer.with({ attempts }), headers };
			({ status, headers } = answer);
			const result = readAnswer(answer, redactor, wire.url, attempts);
			if (result instanceof RequestFailure) error = result.details;
			return { result, headers };
		} finally {
			// A quota that is used up concerns every request alike, and no pause cures it.
			const isRateLimit = status === 429 && !isQuota(status, error);
			const pause = isRateLimit || status === 503 ? namedWait(headers, Date.now()) : undefined;
			gate.observe({ startedAt, status, headers, isRateLimit, namedWait: pause });
		}
	};

	const pauseFor = async (ms: number, reason: RetryReason) => {
		tally.retries.set(reason, (tally.retries.get(reason) ?? 0) + 1);
		await gate.pause(ms, stop());
	};

	return {
		async call(request) {
			const wire = toWire(request, settings);
			const isRead = request.method === 'GET';
			let ambiguous = false;
			mayStart();
			for (let retriesMade = 0; ; retriesMade++) {
				const { result, headers } = await attempt(wire, retriesMade + 1);
				if (!(result instanceof RequestFailure)) {
					if (!isRead) changedSomething = true;
					return result;
				}

				const { kind, status, code, param, message, settled } = result.details;
				const isOpen = result.details.mayHaveHappened && !isRead;
				const findOut = isOpen && !request.repeatable ? request.findOut : undefined;
				const reason =
					kind === 'answer' || kind === 'timeout' || kind === 'network'
						? retryReason(
								{
									retriesMade,
									status,
									headers,
									error: kind === 'answer' ? { code, param, message } : undefined,
									mayHaveHappened: isOpen,
									repeatable: request.repeatable || findOut !== undefined,
								},
								settings,
							)
						: undefined;
				ambiguous ||= isOpen;
				const failure = result.with({ mayHaveHappened: ambiguous, repeatable: request.repeatable });
				if (reason === undefined || stop().aborted) throw failure;

				await pauseFor(namedWait(headers, Date.now()) ?? backoff(retriesMade, random()), reason);
				if (cancelled.aborted) throw new Cancelled();
				if (stop().aborted) throw failure;

				if (findOut === undefined) continue;
				const finding = await findOut().catch((error: unknown) => {
					if (error instanceof RequestFailure || error instanceof NotContinued) throw failure;
					throw error;
				});
				if (finding.kind === 'done') {
					changedSomething = true;
					return finding.answer;
				}
				// What is not there yet may still come, unless the server is through with it.
				if (finding.kind === 'unclear' || settled !== true) throw failure;
				ambiguous = false;
			}
		},
	};
}
