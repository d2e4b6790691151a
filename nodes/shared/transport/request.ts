import type { JsonObject } from '../values/json';

/** Query parameters in order; a name may come more than once. */
export type Query = ReadonlyArray<readonly [name: string, value: string]>;

/** What a look at the server shows of a request whose outcome is unknown. */
export type Verification =
	/** It was carried out; `answer` is what the server would have answered. */
	| { kind: 'done'; answer: JsonObject }
	/** There is no trace of it so far. */
	| { kind: 'notDone' }
	/** There is something that may be its trace or somebody else's. */
	| { kind: 'unclear' };

/** One request to the API. */
export interface ApiRequest {
	method: 'GET' | 'POST' | 'DELETE';
	/** Path segments after the base URL; each one is encoded. */
	path: readonly string[];
	query?: Query;
	/** JSON body, for POST. */
	body?: JsonObject;
	/**
	 * Whether sending it twice has the same effect as sending it once. One that is not idempotent is
	 * sent again only when the answer rules out that it was carried out, or `verify` does.
	 */
	idempotent: boolean;
	/** For one that is not idempotent: looks whether it was carried out, when its outcome is unknown. */
	verify?: () => Promise<Verification>;
	/** Whether to verify even where the settings allow no retry. Needs `verify`. */
	verifyAlways?: boolean;
	/** Whether an answer means that something was written; left out: every success of a write does. */
	hasWritten?: (answer: JsonObject) => boolean;
	/**
	 * For what goes on at the server when the execution is stopped: the answer is awaited for some
	 * seconds more, and given to this.
	 */
	afterStop?: (answer: JsonObject) => Promise<void>;
	/** Says what is wrong with a successful answer, continuing "The server answered with success, but"; undefined: nothing. */
	check?: (answer: JsonObject) => string | undefined;
	/**
	 * Seconds to wait for a conversation that is locked, not counted as retries. Left out: a locked
	 * conversation is a retry like others.
	 */
	lockWait?: number;
	/**
	 * Called after a wait for a locked conversation, before the request is sent again: somebody has
	 * written to it meanwhile, so what was known of it is out of date. Gives the answer where that was
	 * an earlier attempt of this request, which is then not sent again.
	 */
	afterLock?: () => Promise<JsonObject | undefined>;
}

/** What the options and the credential settle for the requests of one item. */
export interface RequestSettings {
	/** Without a trailing slash. */
	baseUrl: string;
	/** Domains that the credential is restricted to, as n8n lists them; undefined: no restriction. */
	allowedDomains: string | undefined;
	/** Seconds that one attempt may take; 0: no limit. */
	timeout: number;
	/** A whole number, 0 to 100. */
	maxRetries: number;
	/** Whether retries also cover timeouts and refused or broken connections. */
	retryNetworkErrors: boolean;
	additionalHeaders?: Readonly<Record<string, string>>;
	additionalQuery?: Query;
}

/** What goes to n8n's request helper. */
export interface WireRequest {
	method: ApiRequest['method'];
	url: string;
	headers: Record<string, string>;
	body?: string;
	/** Domains that the credential is restricted to, as n8n lists them. */
	allowedDomains?: string;
}

/** What came back, whatever its status. */
export interface WireAnswer {
	status: number;
	/** Names in lower case. */
	headers: Readonly<Record<string, unknown>>;
	/** The body's bytes, or what the helper made of them. */
	body: unknown;
}

/** The text of a header, or undefined when it is missing or was sent in several values. */
export function headerText(
	headers: Readonly<Record<string, unknown>>,
	name: string,
): string | undefined {
	const value = headers[name];
	return typeof value === 'string' ? value.trim() : undefined;
}

/** Sends a request once; rejects when no complete answer came. */
export type Send = (request: WireRequest, signal: AbortSignal) => Promise<WireAnswer>;

/** `include[]` stays readable, as the official SDKs send it. */
const encodeName = (name: string): string =>
	encodeURIComponent(name).replace(/%5B/g, '[').replace(/%5D/g, ']');

/** The request as it goes over the wire. */
export function toWire(request: ApiRequest, settings: RequestSettings): WireRequest {
	const { baseUrl, allowedDomains, additionalHeaders = {}, additionalQuery = [] } = settings;
	const path = request.path.map((segment) => encodeURIComponent(segment)).join('/');
	const query = [...(request.query ?? []), ...additionalQuery]
		.map(([name, value]) => `${encodeName(name)}=${encodeURIComponent(value)}`)
		.join('&');
	const isPost = request.method === 'POST';
	return {
		method: request.method,
		url: `${baseUrl}/${path}${query === '' ? '' : `?${query}`}`,
		headers: {
			Accept: 'application/json',
			...additionalHeaders,
			...(isPost ? { 'Content-Type': 'application/json' } : {}),
		},
		...(isPost ? { body: JSON.stringify(request.body ?? {}) } : {}),
		...(allowedDomains === undefined ? {} : { allowedDomains }),
	};
}
