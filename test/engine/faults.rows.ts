/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { INodeParameters } from 'n8n-workflow';

import { conversationLocked, insufficientQuota } from '../../server/index.mjs';
import type { FaultRule, RequestRecord } from '../../server/types.mjs';
import { API_KEY, pairs } from '../support/engine';

// Rows of operations that may be sent twice. What must not be written twice is in exactlyOnce.test.ts.

/** Addresses that a row's faults may speak of, and the conversation it works on. */
export interface Place {
	/** The server's own address, with `/v1`. */
	url: string;
	/** Another server's address, with `/v1`. */
	elsewhere: string;
	conversation: string;
}

/** What the user gets when the request fails. */
export interface Failure {
	/** All of the message, or a part of it. */
	message: string | RegExp;
	attempts: number;
	/** What else is told; what is not named here must not be told. */
	status?: number;
	code?: string;
	param?: string;
	type?: string;
	/** A part of what to do. */
	advice?: string;
	mayHaveHappened?: boolean;
}

/** One fault: what is asked, what goes wrong, what the server must have seen, what the user gets. */
export interface Row {
	what: string;
	/** Default: Set, with `{ topic: 'x' }` on a conversation that has `{ old: '1' }`. */
	parameters?: (conversation: string) => INodeParameters;
	options?: INodeParameters | ((place: Place) => INodeParameters);
	/** What the server does, in order; then it works. */
	faults?: readonly FaultRule[] | ((place: Place) => FaultRule[]);
	/** Instead of the server: what a bare socket answers, one text for each request, the last one again and again. */
	raw?: ReadonlyArray<string | Buffer>;
	/** The statuses that the server sent, in order; `-` where it sent none, `+` behind each that was applied. */
	seen: string;
	gets: 'success' | 'canceled' | Failure;
	/** Between each request and the one before, at least and at most, in ms. */
	pauses?: ReadonlyArray<readonly [atLeast: number, atMost: number]>;
	/** The whole run, at least and at most, in ms. */
	took?: readonly [atLeast: number, atMost: number];
	/** Stops the execution once this holds. */
	stopWhen?: (requests: readonly RequestRecord[]) => boolean;
	/** A part of the execution hint. */
	hint?: string;
	/** Needs the machine for itself. */
	alone?: true;
}

/** A wait that the server names, so that a row is soon over. */
const SOON = { 'retry-after-ms': '20' };

const HANG = { hang: true } as const;

const wordsOf = (status: number): string =>
	status === 429
		? 'Rate limit reached'
		: status === 503
			? 'overloaded'
			: status >= 500
				? 'The server had an error'
				: '';

/** A status in the API's usual form. */
const status = (code: number, headers: Record<string, string> = SOON, times = 1): FaultRule => ({
	status: code,
	headers,
	times,
});

const refusal = (
	code: number,
	error: unknown,
	headers: Record<string, string> = SOON,
): FaultRule => ({
	status: code,
	headers,
	body: { error },
});

/** The genuine answer, with something about it changed. */
const genuine = (change: Omit<FaultRule, 'respond'> & { status?: number } = {}): FaultRule => {
	const { status: code = 200, ...rest } = change;
	return { ...rest, respond: (_request, answer) => ({ status: code, body: answer().body }) };
};

/** The genuine answer, packed. */
const packed = (encoding: string, pack: (body: Buffer) => Buffer): FaultRule => ({
	headers: { 'content-encoding': encoding },
	respond: (_request, answer) => ({ status: 200, body: pack(Buffer.from(answer().body)) }),
});

/** What a server answers that is not the API, but applies the request before. */
const instead = (body: string | Buffer | null, more: Partial<FaultRule> = {}): FaultRule => ({
	status: 200,
	body: body === null ? Buffer.from('null') : body,
	apply: true,
	...more,
});

const { body: locked } = conversationLocked();
const { body: quota } = insufficientQuota();

const notJson = (what: string, code = 200): Failure => ({
	message: `The server answered with ${what} instead of the JSON object that the API promises (status ${code})`,
	status: code,
	attempts: 1,
	advice: 'Check Base URL',
});

const noConversation: Failure = {
	message: 'The server answered with success, but not with a conversation',
	status: 200,
	attempts: 1,
	advice: 'Check Base URL',
};

const noReason = (code: number, what: string, attempts = 1): Failure => ({
	message: `The server answered with status ${code} and ${what} instead of a reason`,
	status: code,
	attempts,
});

const broke = (code: string, attempts = 1): Failure => ({
	message: new RegExp(
		`^The connection to 127\\.0\\.0\\.1:\\d+ broke before the response was complete \\(${code}\\)$`,
	),
	code,
	attempts,
	advice: 'turn on Retry Network Errors',
});

const unreadable = (code: string): Failure => ({
	message: new RegExp(`^The response from 127\\.0\\.0\\.1:\\d+ could not be read \\(${code}\\)$`),
	code,
	attempts: 1,
	advice: 'turn on Retry Network Errors',
});

const late = (seconds: number, attempts = 1): Failure => ({
	message: new RegExp(`^No complete response from 127\\.0\\.0\\.1:\\d+ within ${seconds} second`),
	attempts,
	advice: 'Raise Timeout',
});

const http = (head: string, body = ''): string =>
	`HTTP/1.1 ${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;

const CONVERSATION =
	'{"id":"conv_raw","object":"conversation","created_at":1,"metadata":{"topic":"x"}}';
const OK = http('200 OK', CONVERSATION);
const BUSY = http('503 Busy\r\nretry-after-ms: 20', '{"error":{"message":"Busy"}}');

const successes: Row[] = [
	...[201, 202, 203, 206, 226, 299].map(
		(code): Row => ({
			what: `status ${code} with the conversation`,
			faults: [genuine({ status: code })],
			seen: `${code}+`,
			gets: 'success',
		}),
	),
	{
		what: 'a byte order mark before the JSON',
		faults: [{ respond: (_r, answer) => ({ status: 200, body: `\ufeff${answer().body}` }) }],
		seen: '200+',
		gets: 'success',
	},
	{
		what: 'white space around the JSON',
		faults: [{ respond: (_r, answer) => ({ status: 200, body: `\r\n ${answer().body}\n\n` }) }],
		seen: '200+',
		gets: 'success',
	},
	{
		what: 'a content type that is none of JSON',
		faults: [genuine({ headers: { 'content-type': 'text/plain' } })],
		seen: '200+',
		gets: 'success',
	},
	{
		what: 'a content type of another character set',
		faults: [genuine({ headers: { 'content-type': 'application/json; charset=iso-8859-1' } })],
		seen: '200+',
		gets: 'success',
	},
	{ what: 'gzip', faults: [packed('gzip', gzipSync)], seen: '200+', gets: 'success' },
	{ what: 'deflate', faults: [packed('deflate', deflateSync)], seen: '200+', gets: 'success' },
	{ what: 'brotli', faults: [packed('br', brotliCompressSync)], seen: '200+', gets: 'success' },
	{
		what: 'an encoding that is unknown, over plain JSON',
		faults: [packed('x-none', (body) => body)],
		seen: '200+',
		gets: 'success',
	},
	{ what: 'chunks', faults: [{ chunked: true }], seen: '200+', gets: 'success' },
	{
		what: 'chunks of one byte',
		faults: [{ chunked: true, dripBody: { everyMs: 1, bytes: 1 } }],
		seen: '200+',
		gets: 'success',
	},
	{
		what: 'a connection that is closed though it was to be kept',
		faults: [{ closeKeepAlive: true }],
		seen: '200+',
		gets: 'success',
	},
	{
		what: 'headers that drip, without a timeout',
		faults: [{ dripHeaders: { everyMs: 5, bytes: 8 } }],
		seen: '200+',
		gets: 'success',
	},
	{
		what: 'a body that drips, without a timeout',
		faults: [{ dripBody: { everyMs: 5, bytes: 8 } }],
		seen: '200+',
		gets: 'success',
	},
	{
		what: 'a body that drips, within the timeout',
		options: { timeout: 5 },
		faults: [{ dripBody: { everyMs: 5, bytes: 16 } }],
		seen: '200+',
		gets: 'success',
	},
	{
		what: 'an answer that takes its time, without a timeout',
		faults: [{ delayMs: 700 }],
		seen: '200+',
		gets: 'success',
	},
	{
		what: 'an answer that takes its time, with a timeout of 30 days',
		options: { timeout: 2_592_000 },
		faults: [{ delayMs: 300 }],
		seen: '200+',
		gets: 'success',
	},
	{
		what: 'x-should-retry: true on a success',
		options: { maxRetries: 3 },
		faults: [genuine({ headers: { 'x-should-retry': 'true' } })],
		seen: '200+',
		gets: 'success',
	},
	{
		what: 'retry-after on a success',
		options: { maxRetries: 3 },
		faults: [genuine({ headers: { 'retry-after': '30' } })],
		seen: '200+',
		gets: 'success',
		took: [0, 1_000],
	},
	{
		what: '100 Continue before the answer',
		raw: [`HTTP/1.1 100 Continue\r\n\r\n${OK}`],
		seen: '.',
		gets: 'success',
	},
	{
		what: '102 Processing before the answer',
		raw: [`HTTP/1.1 102 Processing\r\n\r\n${OK}`],
		seen: '.',
		gets: 'success',
	},
	{
		what: '103 Early Hints before the answer',
		raw: [`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}`],
		seen: '.',
		gets: 'success',
	},
	{
		what: 'HTTP/1.0 with neither length nor chunks',
		raw: [`HTTP/1.0 200 OK\r\n\r\n${CONVERSATION}`],
		seen: '.',
		gets: 'success',
	},
	{
		what: 'a status without a reason',
		raw: [http('200 ', CONVERSATION)],
		seen: '.',
		gets: 'success',
	},
	{
		what: 'the same header many times',
		raw: [
			http(
				`200 OK\r\n${'set-cookie: a=b\r\n'.repeat(20)}x-request-id: a\r\nx-request-id: b`,
				CONVERSATION,
			),
		],
		seen: '.',
		gets: 'success',
	},
	{
		what: '50 MB',
		faults: [{ bodySize: 50_000_000 }],
		seen: '200+',
		gets: 'success',
		took: [0, 10_000],
		alone: true,
	},
];

const malformed: Row[] = [
	{
		what: 'a web page',
		faults: [instead('<!doctype html><title>Log in</title>')],
		seen: '200+',
		gets: notJson('a web page (HTML)'),
	},
	{
		what: 'a web page that claims to be JSON',
		faults: [instead('<html></html>', { headers: { 'content-type': 'application/json' } })],
		seen: '200+',
		gets: notJson('a web page (HTML)'),
	},
	{
		what: 'a web page, though there are retries',
		options: { maxRetries: 3, retryNetworkErrors: true },
		faults: [instead('<html></html>')],
		seen: '200+',
		gets: notJson('a web page (HTML)'),
	},
	{ what: 'nothing', faults: [instead('')], seen: '200+', gets: notJson('nothing') },
	{
		what: '204 No Content',
		faults: [{ status: 204, apply: true }],
		seen: '204+',
		gets: notJson('nothing', 204),
	},
	{
		what: '205 Reset Content',
		faults: [{ status: 205, apply: true }],
		seen: '205+',
		gets: notJson('nothing', 205),
	},
	{
		what: 'a list',
		faults: [instead('[{"id":"conv_1"}]')],
		seen: '200+',
		gets: notJson('a JSON list'),
	},
	{
		what: 'null',
		faults: [instead(null)],
		seen: '200+',
		gets: notJson('an empty JSON value (null)'),
	},
	{ what: 'a number', faults: [instead('42')], seen: '200+', gets: notJson('a JSON number') },
	{ what: 'a text', faults: [instead('"conv_1"')], seen: '200+', gets: notJson('a JSON string') },
	{ what: 'true', faults: [instead('true')], seen: '200+', gets: notJson('a JSON boolean') },
	{
		what: 'JSON that is cut off',
		faults: [instead('{"id":"conv_1","metad')],
		seen: '200+',
		gets: notJson('broken JSON'),
	},
	{
		what: 'two JSON objects',
		faults: [instead('{"id":"conv_1"}{}')],
		seen: '200+',
		gets: notJson('broken JSON'),
	},
	{
		what: 'an event stream',
		faults: [instead('data: {"id":"conv_1"}\n\n')],
		seen: '200+',
		gets: notJson('something that is not JSON'),
	},
	{
		what: 'bytes that are no UTF-8',
		faults: [{ invalidUtf8: true }],
		seen: '200+',
		gets: notJson('broken JSON'),
	},
	{
		what: 'UTF-16',
		faults: [instead(Buffer.from('{"id":"conv_1"}', 'utf16le'))],
		seen: '200+',
		gets: notJson('broken JSON'),
	},
	{
		what: 'JSON nested a million levels deep',
		faults: [instead(`{"id":"conv_1","x":${'['.repeat(1e6)}${']'.repeat(1e6)}}`)],
		seen: '200+',
		gets: notJson('JSON that is nested too deeply'),
	},
	{
		what: 'a packed answer that is cut off',
		faults: [
			{
				headers: { 'content-encoding': 'gzip' },
				respond: (_r, answer) => ({ status: 200, body: gzipSync(answer().body).subarray(0, 40) }),
			},
		],
		seen: '200+',
		gets: { ...notJson(''), message: /^The server answered with (?:broken JSON|nothing) instead/ },
	},
	{
		what: 'an object that is no conversation',
		faults: [instead('{"ok":true}')],
		seen: '200+',
		gets: noConversation,
	},
	{
		what: 'an error in the form of a success',
		faults: [{ status: 200, body: { error: { message: 'No' } } }],
		seen: '200',
		gets: noConversation,
	},
	{
		what: 'a conversation whose ID is a number',
		faults: [instead('{"id":5,"metadata":{}}')],
		seen: '200+',
		gets: noConversation,
	},
	{
		what: '50 MB of a web page',
		faults: [instead('<html>', { bodySize: 50_000_000 })],
		seen: '200+',
		gets: notJson('a web page (HTML)'),
		took: [0, 10_000],
		alone: true,
	},
];

const redirects: Row[] = [
	...[301, 302, 303, 307, 308].flatMap((code): Row[] => [
		{
			what: `${code} to another origin, with secrets in its address`,
			options: { maxRetries: 3, retryNetworkErrors: true },
			faults: ({ elsewhere }) => [
				{
					status: code,
					headers: {
						...SOON,
						location: `${elsewhere.replace('://', '://me:hunter2@')}/models?token=hunter2#hunter2`,
					},
				},
			],
			seen: `${code}`,
			gets: {
				message: new RegExp(
					`^The server redirected the request to http://127\\.0\\.0\\.1:\\d+/v1/models \\(status ${code}\\)$`,
				),
				status: code,
				attempts: 1,
				advice:
					'Redirects are not followed, because that would hand the API key to another address.',
			},
		},
		{
			what: `${code} to itself`,
			faults: ({ url, conversation }) => [
				{ status: code, headers: { location: `${url}/conversations/${conversation}` } },
			],
			seen: `${code}`,
			gets: {
				message: new RegExp(
					`^The server redirected the request to http://127\\.0\\.0\\.1:\\d+/v1/conversations/conv_\\w+ \\(status ${code}\\)$`,
				),
				status: code,
				attempts: 1,
			},
		},
	]),
	{
		what: '302 to a path',
		faults: [{ status: 302, headers: { location: '/login?return=secret' } }],
		seen: '302',
		gets: {
			message:
				/^The server redirected the request to http:\/\/127\.0\.0\.1:\d+\/login \(status 302\)$/,
			status: 302,
			attempts: 1,
		},
	},
	{
		what: '302 to nowhere',
		faults: [{ status: 302 }],
		seen: '302',
		gets: { message: 'The server redirected the request (status 302)', status: 302, attempts: 1 },
	},
	{
		what: '302 to an address that is none',
		faults: [{ status: 302, headers: { location: 'http://[' } }],
		seen: '302',
		gets: {
			message: 'The server redirected the request to http://[ (status 302)',
			status: 302,
			attempts: 1,
		},
	},
	{
		what: '302 to another scheme',
		faults: [{ status: 302, headers: { location: 'file:///etc/passwd' } }],
		seen: '302',
		gets: {
			message: 'The server redirected the request to file:… (status 302)',
			status: 302,
			attempts: 1,
		},
	},
	{
		what: '302 with the conversation in its body',
		faults: [
			{
				status: 302,
				headers: { location: '/x' },
				respond: (_r, answer) => ({ status: 302, body: answer().body }),
			},
		],
		seen: '302+',
		gets: { message: /redirected the request to .*\/x/, status: 302, attempts: 1 },
	},
	{
		what: '302 with x-should-retry: true',
		options: { maxRetries: 3 },
		faults: [{ status: 302, headers: { location: '/x', 'x-should-retry': 'true' } }],
		seen: '302',
		gets: { message: /redirected/, status: 302, attempts: 1 },
	},
	{
		what: '300 with a location',
		faults: [{ status: 300, headers: { location: '/a' } }],
		seen: '300',
		gets: { message: /redirected the request to .*\/a \(status 300\)$/, status: 300, attempts: 1 },
	},
	{
		what: '300 without one',
		faults: [{ status: 300 }],
		seen: '300',
		gets: noReason(300, 'nothing'),
	},
	{
		what: '304, which is no redirect',
		faults: [{ status: 304 }],
		seen: '304',
		gets: noReason(304, 'nothing'),
	},
];

const refusals: Row[] = [
	...[
		400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 413, 414, 415, 418, 421, 422, 423,
		424, 425, 426, 428, 431, 451, 499,
	].map(
		(code): Row => ({
			what: `${code}, once, though there are retries`,
			options: { maxRetries: 3, retryNetworkErrors: true },
			faults: [
				refusal(code, {
					message: `Refused with ${code}`,
					type: 'invalid_request_error',
					param: null,
					code: null,
				}),
			],
			seen: `${code}`,
			gets: {
				message: `Refused with ${code}`,
				status: code,
				type: 'invalid_request_error',
				attempts: 1,
			},
		}),
	),
	...[600, 799, 999].map(
		(code): Row => ({
			what: `${code}, a status that HTTP does not know`,
			options: { maxRetries: 3 },
			faults: [refusal(code, { message: 'Odd' })],
			seen: `${code}`,
			gets: { message: 'Odd', status: code, attempts: 1 },
		}),
	),
	{
		what: "400 with the API's own words, code, param and type",
		faults: [
			refusal(400, {
				message: 'Too long',
				type: 'invalid_request_error',
				param: 'metadata.topic',
				code: 'string_above_max_length',
			}),
		],
		seen: '400',
		gets: {
			message: 'Too long',
			status: 400,
			type: 'invalid_request_error',
			param: 'metadata.topic',
			code: 'string_above_max_length',
			attempts: 1,
			advice: 'Correct what the message points out',
		},
	},
	{
		what: '401 of a wrong key',
		faults: [refusal(401, { message: 'Incorrect API key provided', code: 'invalid_api_key' })],
		seen: '401',
		gets: {
			message: 'Incorrect API key provided',
			status: 401,
			code: 'invalid_api_key',
			attempts: 1,
			advice: 'Check API Key',
		},
	},
	{
		what: '401 with a challenge to authenticate',
		faults: [
			{ status: 401, headers: { 'www-authenticate': 'Digest realm="x", nonce="y", qop="auth"' } },
		],
		seen: '401',
		gets: {
			message: /Incorrect API key/,
			status: 401,
			type: 'invalid_request_error',
			code: 'invalid_api_key',
			attempts: 1,
		},
	},
	{
		what: '403',
		faults: [refusal(403, { message: 'No access' })],
		seen: '403',
		gets: { message: 'No access', status: 403, attempts: 1, advice: 'Check its permissions' },
	},
	{
		what: '404 of a conversation',
		faults: [refusal(404, { message: "Conversation with id 'conv_1' not found." })],
		seen: '404',
		gets: { message: /not found/, status: 404, attempts: 1, advice: 'Check the ID' },
	},
	{
		what: '404 of an address',
		faults: [refusal(404, { message: 'Invalid URL (POST /v1/x)' })],
		seen: '404',
		gets: { message: /Invalid URL/, status: 404, attempts: 1, advice: 'Check Base URL' },
	},
	{
		what: '404 as a web page',
		faults: [{ status: 404, body: '<html>404' }],
		seen: '404',
		gets: { ...noReason(404, 'a web page (HTML)'), advice: 'Check Base URL' },
	},
	{
		what: '400 with an error that is a text',
		faults: [refusal(400, 'Just no')],
		seen: '400',
		gets: { message: 'Just no', status: 400, attempts: 1 },
	},
	{
		what: '400 with a message alone',
		faults: [{ status: 400, body: { message: 'Just no', statusCode: 400 } }],
		seen: '400',
		gets: { message: 'Just no', status: 400, attempts: 1 },
	},
	{
		what: '400 with a detail',
		faults: [{ status: 400, body: { detail: 'Just no' } }],
		seen: '400',
		gets: { message: 'Just no', status: 400, attempts: 1 },
	},
	{
		what: '400 with an empty message',
		faults: [refusal(400, { message: '' })],
		seen: '400',
		gets: noReason(400, 'a JSON object'),
	},
	{
		what: '400 with a message that is an object',
		faults: [refusal(400, { message: { a: 1 }, code: 7 })],
		seen: '400',
		gets: { ...noReason(400, 'a JSON object'), code: '7' },
	},
	{
		what: '400 with a list of errors',
		faults: [{ status: 400, body: [{ error: { message: 'm' } }] }],
		seen: '400',
		gets: noReason(400, 'a JSON list'),
	},
	{
		what: '400 with nothing',
		faults: [{ status: 400, body: '' }],
		seen: '400',
		gets: { ...noReason(400, 'nothing'), advice: 'Check Base URL' },
	},
	{
		what: '400 with broken JSON',
		faults: [{ status: 400, body: '{"error":' }],
		seen: '400',
		gets: noReason(400, 'broken JSON'),
	},
	{
		what: '400 with an error nested a million levels deep',
		faults: [{ status: 400, body: `{"error":${'['.repeat(1e6)}${']'.repeat(1e6)}}` }],
		seen: '400',
		gets: noReason(400, 'JSON that is nested too deeply'),
	},
	{
		what: '400 with a message of 5 MB',
		faults: [refusal(400, { message: 'm'.repeat(5_000_000) })],
		seen: '400',
		gets: { message: /^m{1000}…$/, status: 400, attempts: 1 },
	},
	{
		what: '400 with a message that n8n has a text of its own for',
		faults: [refusal(400, { message: 'connect ECONNREFUSED 10.0.0.1' })],
		seen: '400',
		gets: { message: 'connect ECONNREFUSED 10.0.0.1', status: 400, attempts: 1 },
	},
	{
		what: '400 packed with gzip',
		faults: [
			{
				status: 400,
				headers: { 'content-encoding': 'gzip' },
				body: gzipSync('{"error":{"message":"Packed"}}'),
			},
		],
		seen: '400',
		gets: { message: 'Packed', status: 400, attempts: 1 },
	},
];

const serverErrors: Row[] = [
	...[
		500, 501, 502, 503, 504, 505, 507, 508, 509, 511, 520, 521, 522, 523, 524, 525, 526, 529, 530,
		598, 599, 429,
	].map(
		(code): Row => ({
			what: `${code} twice, with retries`,
			options: { maxRetries: 2 },
			faults: [status(code, SOON, 2)],
			seen: `${code} ${code} 200+`,
			pauses: [
				[18, 790],
				[18, 790],
			],
			gets: 'success',
			hint: code === 429 ? 'rate limit: 2' : 'server error: 2',
		}),
	),
	...[429, 500, 502, 503].map(
		(code): Row => ({
			what: `${code}, without retries`,
			faults: [status(code)],
			seen: `${code}`,
			gets: {
				message: new RegExp(wordsOf(code)),
				status: code,
				type:
					code === 429 ? 'requests' : code === 503 ? 'service_unavailable_error' : 'server_error',
				...(code === 429 ? { code: 'rate_limit_exceeded' } : {}),
				attempts: 1,
				advice: 'Max Retries',
			},
		}),
	),
	{
		what: '502 as a web page, with retries',
		options: { maxRetries: 1 },
		faults: [{ status: 502, headers: SOON, body: '<html>Bad gateway' }],
		seen: '502 200+',
		gets: 'success',
	},
	{
		what: '502 as a web page, to the end',
		options: { maxRetries: 1 },
		faults: [{ status: 502, headers: SOON, body: '<html>Bad gateway', times: 2 }],
		seen: '502 502',
		gets: noReason(502, 'a web page (HTML)', 2),
	},
	{
		what: '500 after it was applied, with retries',
		options: { maxRetries: 1 },
		faults: [{ status: 500, headers: SOON, apply: true }],
		seen: '500+ 200+',
		gets: 'success',
	},
	{
		what: '500, then 429, then 503, each counted',
		options: { maxRetries: 3 },
		faults: [status(500), status(429), status(503)],
		seen: '500 429 503 200+',
		gets: 'success',
		hint: '3 retries',
	},
	{
		what: '500, then 400, which ends it',
		options: { maxRetries: 3 },
		faults: [status(500), refusal(400, { message: 'No' })],
		seen: '500 400',
		gets: { message: 'No', status: 400, attempts: 2 },
	},
	{
		what: '500, then a redirect, which ends it',
		options: { maxRetries: 3 },
		faults: [status(500), { status: 302, headers: { location: '/x' } }],
		seen: '500 302',
		gets: { message: /redirected/, status: 302, attempts: 2 },
	},
	{
		what: '500, then a web page with 200, which ends it',
		options: { maxRetries: 3 },
		faults: [status(500), instead('<html>')],
		seen: '500 200+',
		gets: { ...notJson('a web page (HTML)'), attempts: 2 },
	},
	{
		what: '500 twice, then an object that is no conversation with 200, which ends it',
		options: { maxRetries: 3 },
		faults: [status(500, SOON, 2), instead('{"ok":true}')],
		seen: '500 500 200+',
		gets: { ...noConversation, attempts: 3 },
	},
	...[500, 503].map(
		(code): Row => ({
			what: `${code} of a gateway in the API's form, with retries`,
			options: { maxRetries: 1 },
			faults: [{ status: code, headers: SOON, gateway: true, apply: true }],
			seen: `${code}+ 200+`,
			gets: 'success',
		}),
	),
];

const retryAfter = (
	what: string,
	headers: Record<string, string>,
	atLeast: number,
	atMost: number,
): Row => ({
	what,
	options: { maxRetries: 1 },
	faults: [status(429, headers)],
	seen: '429 200+',
	pauses: [[atLeast, atMost]],
	gets: 'success',
});

/** The default wait before the first retry is 0.8 to 1.2 s. */
const byDefault = (what: string, headers: Record<string, string>): Row =>
	retryAfter(`${what}: waits as if there were none`, headers, 795, 1_700);

const waits: Row[] = [
	retryAfter('retry-after-ms: 50', { 'retry-after-ms': '50' }, 48, 550),
	retryAfter('retry-after-ms with a fraction', { 'retry-after-ms': '40.5' }, 38, 540),
	retryAfter('retry-after in seconds', { 'retry-after': '1' }, 995, 1_500),
	retryAfter('retry-after in a fraction of a second', { 'retry-after': '0.2' }, 195, 700),
	retryAfter(
		'retry-after-ms before retry-after',
		{ 'retry-after-ms': '30', 'retry-after': '40' },
		28,
		530,
	),
	retryAfter(
		'retry-after where retry-after-ms is garbage',
		{ 'retry-after-ms': 'soon', 'retry-after': '0.1' },
		95,
		600,
	),
	{
		what: 'retry-after as a date',
		options: { maxRetries: 1 },
		faults: [
			{
				respond: () => ({
					status: 429,
					headers: { 'retry-after': new Date(Date.now() + 2_000).toUTCString() },
					body: {},
				}),
			},
		],
		seen: '429 200+',
		pauses: [[995, 2_500]],
		gets: 'success',
	},
	byDefault('no header', {}),
	byDefault('retry-after: 0', { 'retry-after': '0' }),
	byDefault('a negative retry-after', { 'retry-after': '-5' }),
	byDefault('retry-after of more than 60 s', { 'retry-after': '61' }),
	byDefault('retry-after of a day', { 'retry-after': '86400' }),
	byDefault('retry-after beyond every number', { 'retry-after': '9'.repeat(400) }),
	byDefault('retry-after that is garbage', { 'retry-after': 'soon' }),
	byDefault('retry-after in scientific notation', { 'retry-after': '1e3' }),
	byDefault('an empty retry-after', { 'retry-after': '' }),
	byDefault('retry-after as a date that is past', {
		'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT',
	}),
	byDefault('retry-after as a date in many years', {
		'retry-after': 'Wed, 21 Oct 2099 07:28:00 GMT',
	}),
	byDefault('retry-after-ms: 0', { 'retry-after-ms': '0' }),
	byDefault('retry-after-ms of more than 60 s', { 'retry-after-ms': '60001' }),
	byDefault('two values in one header', { 'retry-after-ms': '20, 30' }),
	{
		what: 'two headers of the same name: waits as if there were none',
		options: { maxRetries: 1 },
		faults: [
			{
				status: 429,
				headers: [
					['retry-after-ms', '20'],
					['retry-after-ms', '30'],
				],
			},
		],
		seen: '429 200+',
		pauses: [[795, 1_700]],
		gets: 'success',
	},
	{
		what: 'two retry-after, of which HTTP takes the first',
		options: { maxRetries: 1 },
		faults: [
			{
				status: 429,
				headers: [
					['retry-after', '0.1'],
					['retry-after', '40'],
				],
			},
		],
		seen: '429 200+',
		pauses: [[95, 600]],
		gets: 'success',
	},
	{
		what: 'no header, twice: the wait doubles',
		options: { maxRetries: 2 },
		faults: [status(500, {}, 2)],
		seen: '500 500 200+',
		pauses: [
			[795, 1_700],
			[1_595, 2_900],
		],
		gets: 'success',
	},
	{
		what: 'retry-after on a 500',
		options: { maxRetries: 1 },
		faults: [status(500, { 'retry-after': '0.1' })],
		seen: '500 200+',
		pauses: [[95, 600]],
		gets: 'success',
	},
];

const shouldRetry: Row[] = [
	...(['true', 'TRUE', 'True'] as const).map(
		(value): Row => ({
			what: `x-should-retry: ${value} on a 400`,
			options: { maxRetries: 1 },
			faults: [refusal(400, { message: 'No' }, { ...SOON, 'x-should-retry': value })],
			seen: '400 200+',
			gets: 'success',
			hint: 'asked for by the server: 1',
		}),
	),
	...[401, 404, 408, 409, 422, 499].map(
		(code): Row => ({
			what: `x-should-retry: true on a ${code}`,
			options: { maxRetries: 1 },
			faults: [status(code, { ...SOON, 'x-should-retry': 'true' })],
			seen: `${code} 200+`,
			gets: 'success',
		}),
	),
	{
		what: 'x-should-retry: true on a quota',
		options: { maxRetries: 1 },
		faults: [{ status: 429, headers: { ...SOON, 'x-should-retry': 'true' }, body: quota }],
		seen: '429 200+',
		gets: 'success',
	},
	...[429, 500, 503].map(
		(code): Row => ({
			what: `x-should-retry: false on a ${code}`,
			options: { maxRetries: 3 },
			faults: [refusal(code, { message: 'No' }, { ...SOON, 'x-should-retry': 'false' })],
			seen: `${code}`,
			gets: { message: 'No', status: code, attempts: 1 },
		}),
	),
	{
		what: 'x-should-retry: false on a busy conversation',
		options: { maxRetries: 3 },
		faults: [{ status: 400, headers: { ...SOON, 'x-should-retry': 'FALSE' }, body: locked }],
		seen: '400',
		gets: {
			message: /Please retry in a few seconds/,
			status: 400,
			type: 'invalid_request_error',
			param: 'conversation',
			code: 'conversation_locked',
			attempts: 1,
		},
	},
	{
		what: 'x-should-retry with another word goes by the status',
		options: { maxRetries: 3 },
		faults: [
			status(500, { ...SOON, 'x-should-retry': 'maybe' }),
			refusal(400, { message: 'No' }, { 'x-should-retry': '1' }),
		],
		seen: '500 400',
		gets: { message: 'No', status: 400, attempts: 2 },
	},
	{
		what: 'x-should-retry: true without retries',
		faults: [refusal(503, { message: 'No' }, { 'x-should-retry': 'true' })],
		seen: '503',
		gets: { message: 'No', status: 503, attempts: 1 },
	},
];

const special: Row[] = [
	{
		what: 'a quota that is used up, by its code',
		options: { maxRetries: 5 },
		faults: [{ status: 429, headers: SOON, body: quota }],
		seen: '429',
		gets: {
			message: /^You exceeded your current quota/,
			status: 429,
			type: 'insufficient_quota',
			code: 'insufficient_quota',
			attempts: 1,
			advice: 'Check plan and billing',
		},
	},
	{
		what: 'a quota that is used up, by its message alone',
		options: { maxRetries: 5 },
		faults: [refusal(429, { message: 'Your QUOTA is used up.' })],
		seen: '429',
		gets: {
			message: 'Your QUOTA is used up.',
			status: 429,
			attempts: 1,
			advice: 'Check plan and billing',
		},
	},
	{
		what: "a rate limit with Azure's link to raise the limit",
		options: { maxRetries: 1 },
		faults: [
			refusal(429, { code: '429', message: 'Rate limit. See https://aka.ms/oai/quotaincrease.' }),
		],
		seen: '429 200+',
		gets: 'success',
	},
	...[400, 409].map(
		(code): Row => ({
			what: `a busy conversation with ${code}, with retries`,
			options: { maxRetries: 2 },
			faults: [{ status: code, headers: SOON, body: locked, times: 2 }],
			seen: `${code} ${code} 200+`,
			gets: 'success',
			hint: 'conversation busy: 2',
		}),
	),
	{
		what: 'a busy conversation by its param and text alone, as users report it',
		options: { maxRetries: 1 },
		faults: [
			refusal(400, {
				message:
					'Another process is currently operating on this conversation. Please retry in a few seconds.',
				type: 'invalid_request_error',
				param: 'conversation',
				code: null,
			}),
		],
		seen: '400 200+',
		gets: 'success',
	},
	{
		what: 'a busy conversation, without retries',
		faults: [{ status: 400, headers: SOON, body: locked }],
		seen: '400',
		gets: {
			message: /Please retry in a few seconds/,
			status: 400,
			type: 'invalid_request_error',
			param: 'conversation',
			code: 'conversation_locked',
			attempts: 1,
			advice: 'The conversation is busy with another request',
		},
	},
	{
		what: 'a 400 about the conversation that is not busy',
		options: { maxRetries: 3 },
		faults: [refusal(400, { message: 'Bad conversation', param: 'conversation' })],
		seen: '400',
		gets: { message: 'Bad conversation', param: 'conversation', status: 400, attempts: 1 },
	},
	{
		what: 'a 409 that says nothing of a busy conversation',
		options: { maxRetries: 3 },
		faults: [refusal(409, { message: 'Conflict' })],
		seen: '409',
		gets: { message: 'Conflict', status: 409, attempts: 1 },
	},
];

const exhausted: Row[] = [
	...[1, 2, 3, 7].map(
		(maxRetries): Row => ({
			what: `${maxRetries} ${maxRetries === 1 ? 'retry' : 'retries'}, all of which failed`,
			options: { maxRetries },
			faults: [refusal(503, { message: 'Busy' })].map((rule) => ({ ...rule, times: Infinity })),
			seen: Array.from({ length: maxRetries + 1 }, () => '503').join(' '),
			gets: { message: 'Busy', status: 503, attempts: maxRetries + 1 },
		}),
	),
	{
		what: 'no wait after the last attempt, though the server names one',
		options: { maxRetries: 1 },
		faults: [
			{ ...refusal(503, { message: 'Busy' }, { 'retry-after-ms': '500' }), times: Infinity },
		],
		seen: '503 503',
		gets: { message: 'Busy', status: 503, attempts: 2 },
		took: [495, 980],
	},
	{
		what: 'no wait at all without retries, though the server names one',
		faults: [refusal(503, { message: 'Busy' }, { 'retry-after': '30' })],
		seen: '503',
		gets: { message: 'Busy', status: 503, attempts: 1 },
		took: [0, 700],
	},
	{
		what: 'no wait for a failure that is not retried, though the server names one',
		options: { maxRetries: 3 },
		faults: [refusal(400, { message: 'No' }, { 'retry-after': '30' })],
		seen: '400',
		gets: { message: 'No', status: 400, attempts: 1 },
		took: [0, 700],
	},
	{
		what: 'busy to the end',
		options: { maxRetries: 2 },
		faults: [{ status: 400, headers: SOON, body: locked, times: 3 }],
		seen: '400 400 400',
		gets: {
			message: /Please retry/,
			status: 400,
			type: 'invalid_request_error',
			param: 'conversation',
			code: 'conversation_locked',
			attempts: 3,
		},
	},
	{
		what: 'as many retries as 100',
		options: { maxRetries: 100 },
		faults: [status(500, { 'retry-after-ms': '1' }, 100)],
		seen: `${'500 '.repeat(100)}200+`,
		gets: 'success',
		hint: '100 retries',
	},
];

interface Break {
	what: string;
	rule: FaultRule;
	/** What the server sent, and whether it was applied. */
	seen: string;
	code: string;
}

const breaks: Break[] = [
	{
		what: 'a connection that is reset before the answer',
		rule: { reset: 'before-headers' },
		seen: '-',
		code: 'ECONNRESET',
	},
	{
		what: 'a connection that is reset before the answer, though applied',
		rule: { reset: 'before-headers', apply: true },
		seen: '-+',
		code: 'ECONNRESET',
	},
	{
		what: 'a connection that is reset behind the headers',
		rule: { reset: 'after-headers' },
		seen: '200+',
		code: 'ECONNRESET',
	},
	{
		what: 'a connection that is reset in the middle of the body',
		rule: { reset: 'mid-body' },
		seen: '200+',
		code: 'ECONNRESET',
	},
	{
		what: 'a connection that is closed before the answer',
		rule: { close: 'before-headers' },
		seen: '-',
		code: 'ECONNRESET',
	},
	{
		what: 'a connection that is closed behind the headers',
		rule: { close: 'after-headers' },
		seen: '200+',
		code: 'ERR_BAD_RESPONSE',
	},
	{
		what: 'a connection that is closed in the middle of the body',
		rule: { close: 'mid-body' },
		seen: '200+',
		code: 'ERR_BAD_RESPONSE',
	},
	{
		what: 'a body shorter than its content-length',
		rule: { contentLength: 5_000 },
		seen: '200+',
		code: 'ERR_BAD_RESPONSE',
	},
	{
		what: 'a body that is cut off',
		rule: { truncate: 20 },
		seen: '200+',
		code: 'ERR_BAD_RESPONSE',
	},
	{
		what: 'chunks that are cut off',
		rule: { chunked: true, truncate: 20 },
		seen: '200+',
		code: 'ERR_BAD_RESPONSE',
	},
];

const network: Row[] = [
	...breaks.flatMap(({ what, rule, seen, code }): Row[] => [
		{
			what: `${what}, once, though there are retries`,
			options: { maxRetries: 3 },
			faults: [rule],
			seen,
			gets: broke(code),
		},
		{
			what: `${what}, with Retry Network Errors`,
			options: { maxRetries: 1, retryNetworkErrors: true },
			faults: [rule],
			seen: `${seen} 200+`,
			pauses: [[795, 1_800]],
			gets: 'success',
			hint: 'connection: 1',
		},
	]),
	{
		what: 'connections that are reset to the end',
		options: { maxRetries: 1, retryNetworkErrors: true },
		faults: [{ reset: 'before-headers', times: 2 }],
		seen: '- -',
		gets: { ...broke('ECONNRESET', 2), advice: 'raise Max Retries' },
	},
	{
		what: 'an error answer that is cut off',
		options: { maxRetries: 2 },
		faults: [{ status: 500, truncate: 10 }],
		seen: '500',
		gets: broke('ERR_BAD_RESPONSE'),
	},
	{
		what: 'a body longer than its content-length',
		faults: [{ contentLength: 10 }],
		seen: '200+',
		gets: unreadable('HPE_INVALID_CONSTANT'),
	},
	{
		what: 'a packed answer that is not packed',
		faults: [packed('gzip', (body) => body)],
		seen: '200+',
		gets: unreadable('Z_DATA_ERROR'),
	},
	{
		what: 'a packed answer that is not packed, with Retry Network Errors',
		options: { maxRetries: 1, retryNetworkErrors: true },
		faults: [packed('gzip', (body) => body)],
		seen: '200+ 200+',
		gets: 'success',
	},
	{
		what: 'brotli that is none',
		faults: [packed('br', (body) => body)],
		seen: '200+',
		gets: unreadable('ERR_\\w+'),
	},
	{
		what: 'an answer that is no HTTP',
		raw: ['SSH-2.0-OpenSSH_9.2\r\n'],
		seen: '.',
		gets: unreadable('HPE_INVALID_CONSTANT'),
	},
	{
		what: 'status 0',
		raw: [http('0 Nothing', CONVERSATION)],
		seen: '.',
		gets: unreadable('HPE_INVALID_STATUS'),
	},
	{
		what: 'a status that is no number',
		raw: [http('OK', CONVERSATION)],
		seen: '.',
		gets: unreadable('HPE_INVALID_STATUS'),
	},
	{
		what: 'a header with a line break in its name',
		raw: [http('200 OK\r\nx y: 1\r\n z', CONVERSATION)],
		seen: '.',
		gets: unreadable('HPE_INVALID_HEADER_TOKEN'),
	},
	{
		what: 'headers beyond all measure',
		raw: [http(`200 OK\r\nx-a: ${'a'.repeat(200_000)}`, CONVERSATION)],
		seen: '.',
		gets: unreadable('HPE_HEADER_OVERFLOW'),
	},
	{
		what: 'a content-length that is no number',
		raw: ['HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}'],
		seen: '.',
		gets: unreadable('HPE_INVALID_CONTENT_LENGTH'),
	},
	{
		what: 'two content-lengths',
		raw: [http(`200 OK\r\ncontent-length: 5`, CONVERSATION)],
		seen: '.',
		gets: unreadable('HPE_UNEXPECTED_CONTENT_LENGTH'),
	},
	{
		what: 'a chunk whose size is no number',
		raw: ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
		seen: '.',
		gets: unreadable('HPE_INVALID_CHUNK_SIZE'),
	},
	{
		what: '101 Switching Protocols, after which Node.js says nothing more: the timeout ends it',
		options: { timeout: 0.3 },
		raw: ['HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'],
		seen: '.',
		gets: late(0.3),
		took: [295, 550],
	},
	{
		what: 'a 503 from a bare socket, then success',
		options: { maxRetries: 1 },
		raw: [BUSY, OK],
		seen: '..',
		gets: 'success',
	},
	{
		what: 'a connection that is refused',
		options: { baseUrl: 'http://127.0.0.1:9/v1', maxRetries: 3 },
		seen: '',
		gets: {
			message: 'The connection to 127.0.0.1:9 was refused (ECONNREFUSED)',
			code: 'ECONNREFUSED',
			attempts: 1,
			advice: 'Check Base URL',
		},
	},
	{
		what: 'a connection that is refused, with Retry Network Errors',
		options: { baseUrl: 'http://127.0.0.1:9/v1', maxRetries: 1, retryNetworkErrors: true },
		seen: '',
		gets: {
			message: 'The connection to 127.0.0.1:9 was refused (ECONNREFUSED)',
			code: 'ECONNREFUSED',
			attempts: 2,
		},
		took: [795, 2_000],
	},
	{
		what: 'an address that does not exist',
		options: { baseUrl: 'http://nowhere.invalid/v1' },
		seen: '',
		gets: {
			message: /^The address nowhere\.invalid could not be found \((?:ENOTFOUND|EAI_AGAIN)\)$/,
			code: 'E*',
			attempts: 1,
			advice: 'Check Base URL',
		},
	},
	{
		what: 'https spoken to a port that speaks http',
		options: ({ url }) => ({ baseUrl: url.replace('http:', 'https:') }),
		seen: '',
		gets: {
			message: /^No secure connection to 127\.0\.0\.1:\d+ could be made \(\w+\)$/,
			code: 'E*',
			attempts: 1,
			advice: 'the port may be for http, not https',
		},
	},
];

const hangs: Array<[string, FaultRule, string]> = [
	['never answers', HANG, '-'],
	['never answers, though it applied the request', { hang: true, apply: true }, '-+'],
	['stops in the middle of its headers', { hang: 'headers' }, '200+'],
	['stops in the middle of its body', { hang: 'body' }, '200+'],
	['drips its headers', { dripHeaders: { everyMs: 60, bytes: 1 } }, '200+'],
	['drips its body', { dripBody: { everyMs: 60, bytes: 1 } }, '200+'],
	['drips its chunks', { chunked: true, dripBody: { everyMs: 60, bytes: 1 } }, '200+'],
	['takes longer', { delayMs: 5_000 }, '-'],
	['drips a refusal', { status: 400, dripBody: { everyMs: 60, bytes: 1 } }, '400'],
];

const timeouts: Row[] = [
	...hangs.map(
		([what, rule, seen]): Row => ({
			what: `a server that ${what}`,
			options: { timeout: 0.4 },
			faults: [rule],
			seen,
			gets: late(0.4),
			took: [395, 650],
		}),
	),
	{
		what: 'a timeout, once, though there are retries',
		options: { timeout: 0.2, maxRetries: 3 },
		faults: [HANG],
		seen: '-',
		gets: late(0.2),
		took: [195, 450],
	},
	{
		what: 'a timeout, with Retry Network Errors',
		options: { timeout: 0.2, maxRetries: 1, retryNetworkErrors: true },
		faults: [HANG],
		seen: '- 200+',
		gets: 'success',
		took: [995, 2_000],
	},
	{
		what: 'timeouts to the end, each attempt with its own',
		options: { timeout: 0.2, maxRetries: 1, retryNetworkErrors: true },
		faults: [{ ...HANG, times: 2 }],
		seen: '- -',
		gets: late(0.2, 2),
		took: [1_195, 2_200],
	},
	{
		what: 'a timeout that the wait before a retry does not count for',
		options: { timeout: 0.3, maxRetries: 1 },
		faults: [status(503, { 'retry-after-ms': '600' })],
		seen: '503 200+',
		gets: 'success',
		took: [595, 1_200],
	},
	{
		what: 'a socket that takes the request and says nothing',
		options: { timeout: 0.3 },
		raw: [''],
		seen: '.',
		gets: late(0.3),
		took: [295, 550],
	},
	{
		what: 'a secure connection that is never made',
		options: ({ url }) => ({ timeout: 0.3, baseUrl: url.replace('http:', 'https:') }),
		raw: [''],
		seen: '.',
		gets: late(0.3),
		took: [295, 550],
	},
	{
		what: 'a timeout of a second',
		options: { timeout: 1 },
		faults: [HANG],
		seen: '-',
		gets: late(1),
		took: [995, 1_250],
	},
];

const merge = (conversation: string): INodeParameters => ({
	conversationId: conversation,
	updateMode: 'merge',
	metadata: pairs({ topic: 'x' }),
});
const GET = { method: 'GET' };
const POST = { method: 'POST' };

const merges: Row[] = [
	{
		what: 'a GET that fails once, with retries',
		parameters: merge,
		options: { maxRetries: 1 },
		faults: [{ ...status(500), match: GET }],
		seen: '500 200 200+',
		gets: 'success',
	},
	{
		what: 'a POST that fails once, with retries',
		parameters: merge,
		options: { maxRetries: 1 },
		faults: [{ ...status(500), match: POST }],
		seen: '200 500 200+',
		gets: 'success',
	},
	{
		what: 'both fail, each with its own retries',
		parameters: merge,
		options: { maxRetries: 2 },
		faults: [
			{ ...status(500, SOON, 2), match: GET },
			{ ...status(503, SOON, 2), match: POST },
		],
		seen: '500 500 200 503 503 200+',
		gets: 'success',
	},
	{
		what: 'a GET that fails to the end: no POST',
		parameters: merge,
		options: { maxRetries: 1 },
		faults: [{ ...refusal(500, { message: 'No' }), match: GET, times: 2 }],
		seen: '500 500',
		gets: { message: 'No', status: 500, attempts: 2 },
	},
	{
		what: 'a GET that is answered by a web page: no POST',
		parameters: merge,
		faults: [{ match: GET, status: 200, body: '<html>' }],
		seen: '200',
		gets: notJson('a web page (HTML)'),
	},
	{
		what: 'a GET that is answered by something else than a conversation: no POST',
		parameters: merge,
		faults: [{ match: GET, status: 200, body: '{"ok":true}' }],
		seen: '200',
		gets: noConversation,
	},
	{
		what: 'a POST that is refused: what the GET read is not lost',
		parameters: merge,
		faults: [{ ...refusal(400, { message: 'No' }), match: POST }],
		seen: '200 400',
		gets: { message: 'No', status: 400, attempts: 1 },
	},
];

const answered = (requests: readonly RequestRecord[]): boolean =>
	requests[0]?.endedAt !== undefined;
const arrived = (requests: readonly RequestRecord[]): boolean => requests.length === 1;

const cancellations: Row[] = [
	{ what: 'before it starts', stopWhen: () => true, seen: '', gets: 'canceled' },
	{
		what: 'while a secure connection is being made',
		options: ({ url }) => ({ baseUrl: url.replace('http:', 'https:') }),
		raw: [''],
		stopWhen: arrived,
		seen: '.',
		gets: 'canceled',
	},
	{
		what: 'while it waits for an answer',
		faults: [HANG],
		stopWhen: arrived,
		seen: '-',
		gets: 'canceled',
	},
	{
		what: 'while it waits for an answer, with a timeout',
		options: { timeout: 60, maxRetries: 3, retryNetworkErrors: true },
		faults: [HANG],
		stopWhen: arrived,
		seen: '-',
		gets: 'canceled',
	},
	{
		what: 'in the headers',
		faults: [{ hang: 'headers' }],
		stopWhen: arrived,
		seen: '200+',
		gets: 'canceled',
	},
	{
		what: 'in the body',
		faults: [{ hang: 'body' }],
		stopWhen: (requests) => requests[0]?.status === 200,
		seen: '200+',
		gets: 'canceled',
	},
	{
		what: 'in a body that drips',
		faults: [{ dripBody: { everyMs: 30, bytes: 1 } }],
		stopWhen: (requests) => requests[0]?.status === 200,
		seen: '200+',
		gets: 'canceled',
	},
	{
		what: 'in the wait before a retry',
		options: { maxRetries: 5 },
		faults: [status(500, { 'retry-after': '40' })],
		stopWhen: answered,
		seen: '500',
		gets: 'canceled',
	},
	{
		what: 'in the wait that a rate limit names',
		options: { maxRetries: 5 },
		faults: [status(429, { 'retry-after': '40' })],
		stopWhen: answered,
		seen: '429',
		gets: 'canceled',
	},
	{
		what: 'in the wait before a retry that the server names none for',
		options: { maxRetries: 5 },
		faults: [status(500, {}, 6)],
		stopWhen: answered,
		seen: '500',
		gets: 'canceled',
	},
	{
		what: 'in the rate limiter, for the next start',
		parameters: merge,
		options: { maxRequestsPerMinute: 1 },
		stopWhen: answered,
		seen: '200',
		gets: 'canceled',
	},
	{
		what: 'in the second request of a merge',
		parameters: merge,
		faults: [{ hang: true, match: POST }],
		stopWhen: (requests) => requests.length === 2,
		seen: '200 -',
		gets: 'canceled',
	},
];

const other =
	(operation: string, more: INodeParameters = {}) =>
	(conversation: string): INodeParameters => ({
		resource: 'conversation',
		operation,
		conversationId: conversation,
		...more,
	});
const get = other('get');
const create = other('create', { metadata: pairs({ topic: 'x' }) });

/** The failure of a create that may have happened: its message is told as the reason for not knowing. */
const notCertain = ({ message, ...more }: Failure): Failure => ({
	...more,
	message: new RegExp(
		`^It isn't certain whether the conversation was created: .*${typeof message === 'string' ? `${message}$` : message.source.replace('^', '')}`,
	),
	advice: 'It was not sent again',
	mayHaveHappened: true,
});

const otherOperations: Row[] = [
	{
		what: 'Get: 500 once, with retries',
		parameters: get,
		options: { maxRetries: 1 },
		faults: [status(500)],
		seen: '500 200',
		gets: 'success',
	},
	{
		what: 'Get: a broken connection, with Retry Network Errors',
		parameters: get,
		options: { maxRetries: 1, retryNetworkErrors: true },
		faults: [{ reset: 'mid-body' }],
		seen: '200 200',
		gets: 'success',
	},
	{
		what: 'Get: a web page',
		parameters: get,
		faults: [{ status: 200, body: '<html>' }],
		seen: '200',
		gets: notJson('a web page (HTML)'),
	},
	{
		what: 'Create: 429 once, with retries',
		parameters: create,
		options: { maxRetries: 1 },
		faults: [status(429)],
		seen: '429 200+',
		gets: 'success',
	},
	{
		what: 'Create: a server error after which it may have happened, once, though there are retries',
		parameters: create,
		options: { maxRetries: 3, retryNetworkErrors: true },
		faults: [{ ...refusal(500, { message: 'No' }), apply: true }],
		seen: '500+',
		gets: notCertain({ message: 'No', status: 500, attempts: 1 }),
	},
	{
		what: 'Create: x-should-retry: true with a 500, once, though there are retries',
		parameters: create,
		options: { maxRetries: 3, retryNetworkErrors: true },
		faults: [
			{ ...refusal(500, { message: 'No' }, { ...SOON, 'x-should-retry': 'true' }), apply: true },
		],
		seen: '500+',
		gets: notCertain({ message: 'No', status: 500, attempts: 1 }),
	},
	{
		what: 'Create: x-should-retry: true with a 504 page, once, though there are retries',
		parameters: create,
		options: { maxRetries: 3, retryNetworkErrors: true },
		faults: [
			{
				status: 504,
				headers: { ...SOON, 'x-should-retry': 'true' },
				body: '<html>Gateway timeout',
				apply: true,
			},
		],
		seen: '504+',
		gets: notCertain({ message: /with status 504 and a web page/, status: 504, attempts: 1 }),
	},
	{
		what: 'Create: a 500 of a gateway, once, though there are retries',
		parameters: create,
		options: { maxRetries: 3, retryNetworkErrors: true },
		faults: [{ ...refusal(500, { message: 'litellm.Timeout' }), gateway: true, apply: true }],
		seen: '500+',
		gets: notCertain({ message: 'litellm.Timeout', status: 500, attempts: 1 }),
	},
	{
		what: 'Create: a 303, which may mean that it happened',
		parameters: create,
		options: { maxRetries: 3, retryNetworkErrors: true },
		faults: [{ status: 303, headers: { location: '/v1/conversations/conv_1' }, apply: true }],
		seen: '303+',
		gets: notCertain({
			message: /The server redirected .* \(status 303\)$/,
			status: 303,
			attempts: 1,
		}),
	},
	{
		what: 'Create: a 307, which means that it did not happen',
		parameters: create,
		options: { maxRetries: 3, retryNetworkErrors: true },
		faults: [{ status: 307, headers: { location: '/v1/conversations' } }],
		seen: '307',
		gets: { message: /redirected .* \(status 307\)$/, status: 307, attempts: 1 },
	},
	{
		what: 'Create: a broken connection, once, though there are retries',
		parameters: create,
		options: { maxRetries: 3, retryNetworkErrors: true },
		faults: [{ reset: 'after-headers' }],
		seen: '200+',
		gets: notCertain(broke('ECONNRESET')),
	},
	{
		what: 'Create: a timeout, once, though there are retries',
		parameters: create,
		options: { timeout: 0.2, maxRetries: 3, retryNetworkErrors: true },
		faults: [{ hang: true, apply: true }],
		seen: '-+',
		gets: notCertain(late(0.2)),
	},
	{
		what: 'Create: a packed answer that is not packed, once, though there are retries',
		parameters: create,
		options: { maxRetries: 3, retryNetworkErrors: true },
		faults: [packed('gzip', (body) => body)],
		seen: '200+',
		gets: notCertain(unreadable('Z_DATA_ERROR')),
	},
	{
		what: 'Create: a connection that is refused, with Retry Network Errors',
		parameters: create,
		options: { baseUrl: 'http://127.0.0.1:9/v1', maxRetries: 1, retryNetworkErrors: true },
		seen: '',
		gets: { message: /was refused/, code: 'ECONNREFUSED', attempts: 2 },
	},
	{
		what: 'Delete: an answer that is lost, then 404, with Retry Network Errors',
		parameters: other('delete'),
		options: { maxRetries: 1, retryNetworkErrors: true },
		faults: [{ reset: 'after-headers' }],
		seen: '200+ 404',
		gets: 'success',
		hint: 'already gone',
	},
	{
		what: 'Delete: 404 at once',
		parameters: other('delete'),
		options: { maxRetries: 3 },
		faults: [refusal(404, { message: 'Conversation not found' })],
		seen: '404',
		gets: { message: 'Conversation not found', status: 404, attempts: 1, advice: 'Check the ID' },
	},
];

const echo = (body: FaultRule['body'], code: number): FaultRule => ({
	status: code,
	headers: SOON,
	...(body === undefined ? {} : { body }),
});

const echoes: Row[] = [
	{
		what: '401 that quotes the key',
		faults: [echo({ error: { message: `Incorrect API key provided: ${API_KEY}.` } }, 401)],
		seen: '401',
		gets: { message: 'Incorrect API key provided: sk-proj-[redacted].', status: 401, attempts: 1 },
	},
	{
		what: '500 that quotes the key in code, param and type',
		faults: [echo({ error: { message: 'm', code: API_KEY, param: API_KEY, type: API_KEY } }, 500)],
		seen: '500',
		gets: {
			message: 'm',
			code: 'sk-proj-[redacted]',
			param: 'sk-proj-[redacted]',
			type: 'sk-proj-[redacted]',
			status: 500,
			attempts: 1,
		},
	},
	{
		what: 'a redirect with the key in its path',
		faults: [{ status: 307, headers: { location: `https://x.example/${API_KEY}/a` } }],
		seen: '307',
		gets: {
			message:
				'The server redirected the request to https://x.example/sk-proj-[redacted]/a (status 307)',
			status: 307,
			attempts: 1,
		},
	},
];

/** The whole table, by what goes wrong. */
export const TABLE: ReadonlyArray<readonly [title: string, rows: readonly Row[]]> = [
	['An answer that is unusual, but right', successes],
	['An answer with a status of success that is not what the API promises', malformed],
	['A redirect', redirects],
	['A refusal', refusals],
	['A server error or a rate limit', serverErrors],
	['The wait before a retry', waits],
	['The word of the server on whether to retry', shouldRetry],
	['A quota, and a conversation that is busy', special],
	['Retries that are used up', exhausted],
	['A network that fails', network],
	['A timeout', timeouts],
	['Merge, which takes two requests', merges],
	['Other operations', otherOperations],
	['An answer that quotes the key', echoes],
	['A stop of the execution', cancellations],
];
