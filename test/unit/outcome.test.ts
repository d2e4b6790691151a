import fc from 'fast-check';

import type { Attempt } from '../../nodes/shared/transport/attempt';
import type { FailureDetails } from '../../nodes/shared/transport/failures';
import type { Failed, Situation } from '../../nodes/shared/transport/outcome';
import { judge } from '../../nodes/shared/transport/outcome';
import type { WireAnswer } from '../../nodes/shared/transport/request';
import type { JsonValue } from '../../nodes/shared/values/json';
import { anyJson, RUNS } from '../support/unit';

type Request = Situation['request'];

const GET: Request = { method: 'GET', idempotent: true };
const SET: Request = { method: 'POST', idempotent: true };
const DELETE: Request = { method: 'DELETE', idempotent: true };
/** A write that is not idempotent, and of which nobody can find out whether it was carried out. */
const CREATE: Request = { method: 'POST', idempotent: false };
/** One of which that can be found out. */
const ADD: Request = { ...CREATE, verify: async () => ({ kind: 'unclear' }) };

const SITUATION: Situation = {
	request: GET,
	url: 'https://api.example/v1/conversations/conv_1',
	settings: { maxRetries: 3, retryNetworkErrors: true },
	retriesMade: 0,
	attempts: 1,
	now: Date.UTC(2026, 10, 20, 12, 0, 0),
	random: 0.5,
};

const answer = (
	status: number,
	body: unknown = '',
	headers: WireAnswer['headers'] = {},
): Attempt => ({
	kind: 'answer',
	answer: { status, headers, body: typeof body === 'string' ? Buffer.from(body) : body },
});

const error = (more: Record<string, JsonValue> = {}) =>
	JSON.stringify({ error: { message: 'm', ...more } });

/** A refusal of the API itself. */
const api = (status: number, more: Record<string, JsonValue> = {}, headers = {}): Attempt =>
	answer(status, error(more), { 'openai-processing-ms': '12', ...headers });

/** A refusal in the API's form by something that stands in front of it. */
const gateway = (status: number, headers = {}): Attempt => answer(status, error(), headers);

/** A web page in the place of an answer. */
const page = (status: number, headers = {}): Attempt =>
	answer(status, '<html>', { 'openai-processing-ms': '12', ...headers });

const success = answer(200, '{ "id": "conv_1" }');
const quota = { code: 'insufficient_quota' };
const locked = { code: 'conversation_locked' };
const timeout: Attempt = { kind: 'timeout', seconds: 2 };
const thrown = (code: string): Attempt => ({
	kind: 'error',
	error: Object.assign(new Error('m'), { code }),
});
const REFUSED = thrown('ECONNREFUSED');
const BROKEN = thrown('ECONNRESET');
const UNSENDABLE = thrown('ERR_INVALID_CHAR');
const YES = { 'x-should-retry': 'true' };
const NO = { 'x-should-retry': 'false' };
const objects: Request = { ...SET, check: () => 'not with a conversation' };

function failed(attempt: Attempt, situation: Partial<Situation> = {}): Failed {
	const outcome = judge(attempt, { ...SITUATION, ...situation });
	if (outcome.kind === 'failed') return outcome;
	throw new Error('It should have failed');
}

const detailsOf = (attempt: Attempt, situation?: Partial<Situation>): Readonly<FailureDetails> =>
	failed(attempt, situation).failure.details;

describe('The judgement of an attempt', () => {
	/**
	 * All rules of repeating. `-`: it may not be repeated. `open`: the write may have been carried out
	 * all the same. `final`: the API is through with it, so what it has not done it will not do.
	 * Settings: three retries, network errors included.
	 */
	// prettier-ignore
	const rules: Array<[what: string, Attempt, Request, retry: string, outcome: 'known' | 'open', 'final' | '']> = [
		// Rate limits: nothing was carried out.
		['429',                                         api(429),                  GET,    'rate limit',        'known', 'final'],
		['429',                                         api(429),                  CREATE, 'rate limit',        'known', 'final'],
		['429 of a gateway',                            gateway(429),              CREATE, 'rate limit',        'known', ''],
		['429 as a web page',                           page(429),                 CREATE, 'rate limit',        'known', ''],
		['429 for a quota, by its code',                api(429, quota),           GET,    '-',                 'known', 'final'],
		['429 for a quota, by its words',               api(429, { message: 'You exceeded your current quota' }), GET, '-', 'known', 'final'],

		// A conversation that is locked: nothing was carried out.
		['400 for a lock',                              api(400, locked),          CREATE, 'conversation busy', 'known', 'final'],
		['409 for a lock',                              api(409, locked),          CREATE, 'conversation busy', 'known', 'final'],
		['400 for a lock, by its words',                api(400, { param: 'conversation', message: 'Please retry in a few seconds.' }), SET, 'conversation busy', 'known', 'final'],
		['422 with the code of a lock',                 api(422, locked),          SET,    '-',                 'known', 'final'],

		// Other refusals: nothing was carried out, and a repetition would change nothing.
		['400',                                         api(400),                  SET,    '-',                 'known', 'final'],
		['401',                                         api(401),                  GET,    '-',                 'known', 'final'],
		['403',                                         api(403),                  GET,    '-',                 'known', 'final'],
		['404',                                         api(404),                  DELETE, '-',                 'known', 'final'],
		['409',                                         api(409),                  SET,    '-',                 'known', 'final'],
		['422',                                         api(422),                  SET,    '-',                 'known', 'final'],
		['499',                                         api(499),                  SET,    '-',                 'known', 'final'],
		['400 of a gateway',                            gateway(400),              SET,    '-',                 'known', ''],

		// Server errors: a read is repeated, a write where that does no harm or can be found out.
		['500',                                         api(500),                  GET,    'server error',      'known', 'final'],
		['500',                                         api(500),                  SET,    'server error',      'open',  'final'],
		['500',                                         api(500),                  DELETE, 'server error',      'open',  'final'],
		['500',                                         api(500),                  ADD,    'server error',      'open',  'final'],
		['500',                                         api(500),                  CREATE, '-',                 'open',  'final'],
		['500 of a gateway',                            gateway(500),              ADD,    'server error',      'open',  ''],
		['500 of a gateway',                            gateway(500),              CREATE, '-',                 'open',  ''],
		['500 as a web page',                           page(500),                 ADD,    'server error',      'open',  ''],
		['500 in a form of its own',                    answer(500, '{ "error": "m" }', { 'openai-processing-ms': '1' }), ADD, 'server error', 'open', ''],
		['501',                                         api(501),                  SET,    'server error',      'open',  'final'],
		['503',                                         api(503),                  ADD,    'server error',      'open',  'final'],
		['599',                                         api(599),                  SET,    'server error',      'open',  'final'],
		['600, which is no status',                     api(600),                  SET,    '-',                 'open',  'final'],

		// Somebody on the way has given up waiting, so the API may still be at work.
		['502',                                         api(502),                  ADD,    'server error',      'open',  ''],
		['504',                                         api(504),                  ADD,    'server error',      'open',  ''],
		['504',                                         api(504),                  CREATE, '-',                 'open',  ''],
		['408',                                         api(408),                  GET,    '-',                 'known', ''],
		['408',                                         api(408),                  SET,    '-',                 'open',  ''],
		['408',                                         api(408),                  CREATE, '-',                 'open',  ''],

		// The server's word comes before the status, but never repeats a write blindly.
		['400 that the server wants again',             api(400, {}, YES),         SET,    'asked for by the server',    'known', 'final'],
		['404 that the server wants again',             api(404, {}, YES),         GET,    'asked for by the server',    'known', 'final'],
		['408 that the server wants again',             api(408, {}, YES),         SET,    'asked for by the server',    'open',  ''],
		['408 that the server wants again',             api(408, {}, YES),         CREATE, '-',                 'open',  ''],
		['a quota that the server wants again',         api(429, quota, YES),      GET,    'asked for by the server',    'known', 'final'],
		['429 that the server wants again',             api(429, {}, YES),         CREATE, 'asked for by the server',    'known', 'final'],
		['500 that the server wants again',             api(500, {}, YES),         SET,    'asked for by the server',    'open',  'final'],
		['500 that the server wants again',             api(500, {}, YES),         ADD,    'asked for by the server',    'open',  'final'],
		['500 that the server wants again',             api(500, {}, YES),         CREATE, '-',                 'open',  'final'],
		['504 page that the server wants again',        page(504, YES),            CREATE, '-',                 'open',  ''],
		['429 that the server does not want again',     api(429, {}, NO),          GET,    '-',                 'known', 'final'],
		['500 that the server does not want again',     api(500, {}, NO),          GET,    '-',                 'known', 'final'],
		['503 that the server does not want again',     api(503, {}, NO),          SET,    '-',                 'open',  'final'],
		['a lock that the server does not want again',  api(400, locked, NO),      SET,    '-',                 'known', 'final'],

		// Redirects are never followed. "See Other" may answer a write that was carried out.
		['301',                                         answer(301),               SET,    '-',                 'known', ''],
		['302 that the server wants again',             answer(302, '', YES),      SET,    '-',                 'known', ''],
		['307',                                         answer(307),               CREATE, '-',                 'known', ''],
		['303',                                         answer(303),               GET,    '-',                 'known', ''],
		['303',                                         answer(303),               SET,    '-',                 'open',  ''],
		['303',                                         answer(303),               CREATE, '-',                 'open',  ''],

		// A success that is not what the API promises.
		['200 as a web page',                           page(200),                 GET,    '-',                 'known', ''],
		['200 as a web page',                           page(200),                 SET,    '-',                 'open',  ''],
		['200 as a web page',                           page(200),                 CREATE, '-',                 'open',  ''],
		['200 as a web page that the server wants again', page(200, YES),          SET,    '-',                 'open',  ''],
		['200 with another object than was asked for',  success,                   objects, '-',                'open',  ''],

		// No answer.
		['a timeout',                                   timeout,                   GET,    'connection',        'known', ''],
		['a timeout',                                   timeout,                   SET,    'connection',        'open',  ''],
		['a timeout',                                   timeout,                   ADD,    'connection',        'open',  ''],
		['a timeout',                                   timeout,                   CREATE, '-',                 'open',  ''],
		['a connection that broke',                     BROKEN,                    GET,    'connection',        'known', ''],
		['a connection that broke',                     BROKEN,                    DELETE, 'connection',        'open',  ''],
		['a connection that broke',                     BROKEN,                    ADD,    'connection',        'open',  ''],
		['a connection that broke',                     BROKEN,                    CREATE, '-',                 'open',  ''],
		['a connection that was refused',               REFUSED,                   CREATE, 'connection',        'known', ''],
		['a request that can not be sent',              UNSENDABLE,                SET,    '-',                 'known', ''],
	];

	const nameOf = new Map([
		[GET, 'a read'],
		[SET, 'an update'],
		[DELETE, 'a deletion'],
		[ADD, 'an addition'],
		[CREATE, 'a creation'],
		[objects, 'an update'],
	]);

	it.each(rules.map((rule) => [`${nameOf.get(rule[2])} with ${rule[0]}`, ...rule] as const))(
		'should know what to do with %s',
		(_name, _what, attempt, request, retry, outcome, final) => {
			const found = failed(attempt, { request });
			expect({
				retry: found.retry?.reason ?? '-',
				outcome: found.outcomeUnknown ? 'open' : 'known',
				final: found.isFinal ? 'final' : '',
			}).toEqual({ retry, outcome, final });
			expect(found.failure.details).toMatchObject({
				outcomeUnknown: outcome === 'open',
				idempotent: request.idempotent,
			});
		},
	);

	// prettier-ignore
	const settings: Array<[what: string, Attempt, maxRetries: number, retriesMade: number, retryNetworkErrors: boolean, retry: string]> = [
		['without retries',                            api(500),           0,   0,  true,  '-'],
		['without retries, whatever the server wants', api(500, {}, YES),  0,   0,  true,  '-'],
		['before the last retry',                      api(500),           3,   2,  true,  'server error'],
		['after the last retry',                       api(500),           3,   3,  true,  '-'],
		['after the last retry of a rate limit',       api(429),           3,   3,  true,  '-'],
		['with very many retries',                     api(429),           100, 99, true,  'rate limit'],
		['where network errors count, a timeout',      timeout,            1,   0,  true,  'connection'],
		['where they do not count, a timeout',         timeout,            1,   0,  false, '-'],
		['where they do not count, one that broke',    BROKEN,             1,   0,  false, '-'],
		['where they do not count, one refused',       REFUSED,            1,   0,  false, '-'],
		['where they do not count, a server error',    api(500),           1,   0,  false, 'server error'],
	];

	it.each(settings)(
		'should keep to the settings: %s',
		(_what, attempt, maxRetries, retriesMade, retryNetworkErrors, retry) => {
			const found = failed(attempt, { settings: { maxRetries, retryNetworkErrors }, retriesMade });
			expect(found.retry?.reason ?? '-').toBe(retry);
		},
	);

	it.each<[string, WireAnswer['headers'], number, number]>([
		['the one that the server names', { 'retry-after': '7' }, 0, 7_000],
		['the one that it names in ms', { 'retry-after-ms': '30', 'retry-after': '7' }, 5, 30],
		['the backoff where it names none', {}, 0, 1_000],
		['the backoff where it names one of over a minute', { 'retry-after': '61' }, 2, 4_000],
	])('should wait before a retry: %s', (_what, headers, retriesMade, waitMs) => {
		const situation = { retriesMade, settings: { maxRetries: 9, retryNetworkErrors: false } };
		expect(failed(api(429, {}, headers), situation).retry).toEqual({
			reason: 'rate limit',
			waitMs,
		});
	});

	it.each([
		['true', 'asked for by the server'],
		['TRUE', 'asked for by the server'],
		[' true ', 'asked for by the server'],
		[' False', undefined],
		['1', 'server error'],
		['yes', 'server error'],
		['true, false', 'server error'],
		['', 'server error'],
		[['true'], 'server error'],
	])('should take x-should-retry: %j for %s', (value, reason) => {
		expect(failed(api(500, {}, { 'x-should-retry': value })).retry?.reason).toBe(reason);
	});

	it.each<[string, Attempt, boolean]>([
		['a lock', api(400, locked), true],
		['a lock that the server does not want again', api(409, locked, NO), true],
		['a rate limit', api(429), false],
		['a broken connection', BROKEN, false],
	])('should say whether the conversation is locked: %s', (_what, attempt, expected) => {
		const none = { maxRetries: 0, retryNetworkErrors: false };
		expect(failed(attempt).isLocked).toBe(expected);
		expect(failed(attempt, { settings: none }).isLocked).toBe(expected);
	});

	it('should never exceed Max Retries, nor repeat a write blindly, whatever came', () => {
		const attempt = fc.oneof(
			fc
				.record({
					status: fc.oneof(
						fc.integer({ min: 100, max: 999 }),
						fc.constantFrom(200, 303, 400, 408, 409, 429, 500, 502, 503, 504),
					),
					body: fc.constantFrom(error(), error(quota), error(locked), '<html>', '{}', ''),
					headers: fc.record(
						{
							'x-should-retry': fc.constantFrom('true', 'false', 'x'),
							'openai-processing-ms': fc.constant('1'),
							location: fc.constant('/x'),
						},
						{ requiredKeys: [] },
					),
				})
				.map(({ status, body, headers }) => answer(status, body, headers)),
			fc.constantFrom(timeout, BROKEN, REFUSED, UNSENDABLE),
		);
		fc.assert(
			fc.property(
				attempt,
				fc.constantFrom(GET, SET, DELETE, CREATE, ADD),
				fc.record({
					maxRetries: fc.integer({ min: 0, max: 100 }),
					retryNetworkErrors: fc.boolean(),
				}),
				fc.nat(120),
				(given, request, options, retriesMade) => {
					const outcome = judge(given, { ...SITUATION, request, settings: options, retriesMade });
					if (outcome.kind === 'success') return;
					const { retry, outcomeUnknown, isFinal } = outcome;
					if (request === GET) expect(outcomeUnknown).toBe(false);
					if (isFinal) expect(given.kind).toBe('answer');
					if (retry === undefined) return;
					expect(retriesMade).toBeLessThan(options.maxRetries);
					expect(retry.waitMs).toBeGreaterThan(0);
					if (request === CREATE) expect(outcomeUnknown).toBe(false);
					if (retry.reason === 'connection') expect(options.retryNetworkErrors).toBe(true);
				},
			),
			RUNS,
		);
	});
});

describe('A success', () => {
	const judged = (status: number, body: unknown, headers: WireAnswer['headers'] = {}) =>
		judge(answer(status, body, headers), SITUATION);
	const successWith = (value: unknown) => ({ kind: 'success', answer: value });

	it('should be the JSON object in the answer', () => {
		const body = '{ "id": "conv_1", "n": 1.5, "deep": [{}] }';
		expect(judged(200, body)).toEqual(successWith({ id: 'conv_1', n: 1.5, deep: [{}] }));
	});

	it.each([200, 201, 202, 206, 226, 299])('should have a status such as %d', (status) => {
		expect(judged(status, '{}')).toEqual(successWith({}));
		expect(judged(status, '{}', { location: '/x' })).toEqual(successWith({}));
	});

	it('should be read behind a byte order mark, and from text', () => {
		const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{}')]);
		expect(judged(200, marked)).toEqual(successWith({}));
		const text: Attempt = { kind: 'answer', answer: { status: 200, headers: {}, body: '{"a":1}' } };
		expect(judge(text, SITUATION)).toEqual(successWith({ a: 1 }));
	});

	it('should keep members that have the names of built-in ones, as members', () => {
		const outcome = judged(200, '{ "__proto__": { "polluted": true }, "constructor": 1 }');
		const names = outcome.kind === 'success' ? Object.getOwnPropertyNames(outcome.answer) : [];
		expect(names).toEqual(['__proto__', 'constructor']);
		expect(Reflect.get({}, 'polluted')).toBeUndefined();
	});

	it('should be what the operation asked for', () => {
		const check = jest.fn(() => undefined);
		expect(judge(success, { ...SITUATION, request: { ...SET, check } }).kind).toBe('success');
		expect(check).toHaveBeenCalledWith({ id: 'conv_1' });
	});

	it('should be every JSON object as it was, whatever it holds, and no other value', () => {
		fc.assert(
			fc.property(anyJson, (value) => {
				const outcome = judged(200, JSON.stringify(value));
				const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
				expect(outcome.kind).toBe(isObject ? 'success' : 'failed');
				if (outcome.kind === 'success')
					expect(JSON.stringify(outcome.answer)).toBe(JSON.stringify(value));
			}),
			RUNS,
		);
	});

	it('should never be a crash, whatever the bytes', () => {
		fc.assert(
			fc.property(
				fc.uint8Array({ maxLength: 200 }),
				fc.integer({ min: 100, max: 999 }),
				(bytes, status) => {
					const body = Buffer.from(bytes);
					const outcome = judged(status, body, { location: body.toString('latin1') });
					if (outcome.kind === 'failed') expect(outcome.failure.message).not.toBe('');
				},
			),
			RUNS,
		);
	});
});

describe('A malformed success', () => {
	it.each<[string, unknown, string]>([
		['nothing', '', 'nothing'],
		['nothing at all', undefined, 'nothing'],
		['white space', ' \n', 'nothing'],
		['a web page', '<!DOCTYPE html><html><body>Welcome', 'a web page (HTML)'],
		['a web page without its type', '\n <html lang="en">', 'a web page (HTML)'],
		['a JSON list', '[{ "id": "conv_1" }]', 'a JSON list'],
		['a JSON text', '"conv_1"', 'a JSON string'],
		['a JSON number', '42', 'a JSON number'],
		['a JSON boolean', 'true', 'a JSON boolean'],
		['JSON null', 'null', 'an empty JSON value (null)'],
		['JSON that is cut off', '{ "id": "conv_', 'broken JSON'],
		['two JSON objects', '{}{}', 'broken JSON'],
		['text', 'OK', 'something that is not JSON'],
		['bytes that are no UTF-8', Buffer.from('7b2261223a22ff227d', 'hex'), 'broken JSON'],
		['deep JSON', '{ "a": '.repeat(600) + '1' + '}'.repeat(600), 'JSON that is nested too deeply'],
		['very deep JSON', '['.repeat(1e6) + ']'.repeat(1e6), 'JSON that is nested too deeply'],
		['what is neither bytes nor text', {}, 'nothing'],
	])('should say that it holds %s', (_what, body, what) => {
		const attempt = answer(200, body, { 'x-request-id': 'req_1' });
		expect(detailsOf(attempt, { request: SET, attempts: 2 })).toMatchObject({
			kind: 'malformedAnswer',
			status: 200,
			requestId: 'req_1',
			attempts: 2,
			outcomeUnknown: true,
			message: `The server answered with ${what} instead of the JSON object that the API promises (status 200)`,
			advice: expect.stringContaining('Check Base URL'),
		});
	});

	it('should say what the operation has against it', () => {
		expect(detailsOf(success, { request: objects, attempts: 3 })).toMatchObject({
			kind: 'malformedAnswer',
			message: 'The server answered with success, but not with a conversation',
			advice: expect.stringContaining('may not offer the Conversations API'),
			attempts: 3,
			status: 200,
		});
	});

	it('should not be shown to the operation when it is no object', () => {
		const check = jest.fn(() => 'nothing');
		failed(answer(200, '[]'), { request: { ...SET, check } });
		expect(check).not.toHaveBeenCalled();
	});
});

describe('A redirect', () => {
	it.each<[string, string | undefined, string]>([
		['another origin', 'https://elsewhere.example/v1/x', ' to https://elsewhere.example/v1/x'],
		['a path', '/login', ' to https://api.example/login'],
		['a relative path', 'conv_2', ' to conv_2'],
		['no scheme', '//cdn.example/a', ' to //cdn.example/a'],
		['a query string and more', 'https://x.example/a?token=abc#def', ' to https://x.example/a'],
		['a query string of several lines', 'https://x.example/a?b\n?c', ' to https://x.example/a'],
		['a user name and a password', 'https://me:pw@x.example/a', ' to https://x.example/a'],
		['a user name without a scheme', '//me:pw@x.example/a', ' to //x.example/a'],
		['another scheme', 'javascript:alert(1)', ' to javascript:…'],
		['an address of a person', 'mailto:me@x.example', ' to mailto:…'],
		['nothing', undefined, ''],
	])('should say where it pointed: %s', (_what, location, where) => {
		const headers = location === undefined ? {} : { location };
		const details = detailsOf(answer(302, '', headers), { attempts: 2 });
		expect(details).toMatchObject({ kind: 'redirect', status: 302, attempts: 2 });
		expect(details.message).toBe(`The server redirected the request${where} (status 302)`);
		expect(details.advice).toContain('Check Base URL');
	});

	it('should not show what a query string, a fragment or a user name holds', () => {
		const secret = 'Zx81Qv72';
		const around = fc.constantFrom('https://x.example/a', '//x.example', '/a', 'a', 'HTTP://x.y');
		const place = fc.constantFrom('?t=', '#', '?a#', '#?', '?a=b&c=');
		fc.assert(
			fc.property(around, place, fc.string(), (start, mark, end) => {
				const location = `${start}${mark}${secret}${end}`;
				expect(detailsOf(answer(307, '', { location })).message).not.toContain(secret);
			}),
			RUNS,
		);
		for (const user of [`${secret}@`, `${secret}:pw@`, `me:${secret}@`]) {
			const { message } = detailsOf(answer(307, '', { location: `https://${user}x.example` }));
			expect(message).not.toContain(secret);
		}
	});

	it.each([301, 302, 303, 307, 308])('should be one with status %d, location or not', (status) => {
		expect(detailsOf(answer(status)).kind).toBe('redirect');
	});

	it.each([300, 304, 305, 306, 399])(
		'should be one with status %d only when there is a location',
		(status) => {
			expect(detailsOf(answer(status, '', { location: '/x' })).kind).toBe('redirect');
			expect(detailsOf(answer(status))).toMatchObject({
				kind: 'answer',
				message: `The server answered with status ${status} and nothing instead of a reason`,
				outcomeUnknown: false,
			});
		},
	);

	it.each([100, 199, 400, 404, 500])('should not be one with status %d', (status) => {
		expect(detailsOf(answer(status, '', { location: '/x' })).kind).toBe('answer');
	});

	it('should take a location that was sent twice for none', () => {
		expect(detailsOf(answer(302, '', { location: ['/a', '/b'] })).message).toBe(
			'The server redirected the request (status 302)',
		);
	});
});

describe('A refusal', () => {
	it.each<[string, Attempt, Failed['pause']]>([
		['429', api(429), { isRateLimit: true, namedWait: undefined }],
		[
			'429 with a wait',
			api(429, {}, { 'retry-after': '2' }),
			{ isRateLimit: true, namedWait: 2_000 },
		],
		['429 of a used-up quota', api(429, quota, { 'retry-after': '2' }), undefined],
		[
			'503 with a wait',
			api(503, {}, { 'retry-after': '2' }),
			{ isRateLimit: false, namedWait: 2_000 },
		],
		['503', page(503), { isRateLimit: false, namedWait: undefined }],
		['500 with a wait', api(500, {}, { 'retry-after': '2' }), undefined],
		['timeout', timeout, undefined],
	])('should say what a %s asks of the whole run', (_name, attempt, pause) => {
		expect(judge(attempt, SITUATION)).toMatchObject({ kind: 'failed', pause });
	});

	it("should carry the API's own words, unaltered", () => {
		const words = {
			message: ` No such thing\n${'x'.repeat(5_000)} `,
			type: 'invalid_request_error',
			param: 'metadata',
			code: 'bad',
		};
		const attempt = answer(400, JSON.stringify({ error: words }), { 'x-request-id': 'req_9' });
		expect(detailsOf(attempt, { attempts: 2 })).toMatchObject({
			...words,
			kind: 'answer',
			status: 400,
			requestId: 'req_9',
			attempts: 2,
			advice: 'Correct what the message points out, then run the workflow again.',
		});
	});

	it.each<[string, JsonValue, Partial<FailureDetails>]>([
		['an error that is text', { error: 'Nope' }, { message: 'Nope', isApiError: false }],
		['a message', { statusCode: 401, message: 'Denied' }, { message: 'Denied', isApiError: false }],
		['a detail', { detail: 'Denied' }, { message: 'Denied', isApiError: false }],
		[
			'a code that is a number',
			{ error: { message: 'm', code: 12 } },
			{ message: 'm', code: '12', isApiError: true },
		],
		['null', { error: { message: 'm', code: null } }, { message: 'm', code: undefined }],
		['an object', { error: { message: 'm', param: { a: 1 } } }, { message: 'm', param: undefined }],
	])('should be read from %s', (_what, body, expected) => {
		expect(detailsOf(answer(400, JSON.stringify(body)))).toMatchObject(expected);
	});

	it.each<[string, unknown, string]>([
		['nothing', '', 'nothing'],
		['a web page', '<html>', 'a web page (HTML)'],
		['an error that says nothing', '{ "error": {} }', 'a JSON object'],
		['an error that is null', '{ "error": null }', 'a JSON object'],
		['an empty text', '{ "error": "" }', 'a JSON object'],
		['an empty message', '{ "error": { "message": "" } }', 'a JSON object'],
		['a message of white space', '{ "error": { "message": " \\n" } }', 'a JSON object'],
		['a message that is a list', '{ "error": { "message": ["a"] } }', 'a JSON object'],
		['a list of errors', '[{ "error": { "message": "m" } }]', 'a JSON list'],
		['a code without a message', '{ "code": 5 }', 'a JSON object'],
		['broken JSON', '{ "error": ', 'broken JSON'],
	])('should say that it gave no reason: %s', (_what, body, what) => {
		expect(detailsOf(answer(400, body))).toMatchObject({
			message: `The server answered with status 400 and ${what} instead of a reason`,
			advice: expect.stringContaining('Check Base URL'),
		});
	});

	it('should tell its code even without a message', () => {
		expect(detailsOf(answer(400, '{ "error": { "code": "odd" } }'))).toMatchObject({
			message: 'The server answered with status 400 and a JSON object instead of a reason',
			code: 'odd',
		});
	});

	it.each<[string, WireAnswer['headers'], string | undefined]>([
		["OpenAI's", { 'x-request-id': 'req_1' }, 'req_1'],
		["Azure's", { 'apim-request-id': 'abc' }, 'abc'],
		['both', { 'x-request-id': 'req_1', 'apim-request-id': 'abc' }, 'req_1'],
		['none', {}, undefined],
		['two of them', { 'x-request-id': ['a', 'b'] }, undefined],
	])('should tell the request ID: %s', (_what, headers, expected) => {
		expect(detailsOf(answer(500, '', headers)).requestId).toBe(expected);
	});

	it('should always have a text, whatever the body', () => {
		fc.assert(
			fc.property(anyJson, fc.integer({ min: 400, max: 599 }), (body, status) => {
				const { message, advice } = detailsOf(answer(status, JSON.stringify(body)));
				expect(message.trim()).not.toBe('');
				expect(advice).toBeTruthy();
			}),
			RUNS,
		);
	});
});

describe('Advice', () => {
	it.each<[number, Record<string, JsonValue> | undefined, string]>([
		[401, {}, 'Check API Key'],
		[403, {}, 'Check its permissions'],
		[404, { message: "Conversation with id 'conv_1' not found." }, 'Check the ID'],
		[404, { message: 'Invalid URL (POST /v1/x)' }, 'Check Base URL'],
		[404, undefined, 'Check Base URL'],
		[429, {}, 'Too many requests were sent'],
		[429, quota, 'no credit left'],
		[429, { message: 'You exceeded your current quota' }, 'no credit left'],
		[400, locked, 'The conversation is busy with another request'],
		[409, locked, 'The conversation is busy with another request'],
		[409, {}, 'Correct what the message points out'],
		[408, {}, 'The server gave up waiting'],
		[422, {}, 'Correct what the message points out'],
		[422, undefined, 'Check Base URL'],
		[500, undefined, 'The server could not answer'],
		[503, {}, 'The server could not answer'],
		[599, {}, 'The server could not answer'],
	])('should for status %d and %j say what to do', (status, more, advice) => {
		const attempt = more === undefined ? page(status) : api(status, more);
		expect(detailsOf(attempt).advice).toContain(advice);
	});

	const NONE = { maxRetries: 0, retryNetworkErrors: false };
	const SOME = { maxRetries: 2, retryNetworkErrors: false };
	const ALL = { maxRetries: 2, retryNetworkErrors: true };
	const LATER = 'Run the workflow again later';

	it.each<[string, Attempt, Request, Situation['settings'], made: number, string]>([
		['a rate limit', api(429), GET, NONE, 0, `${LATER}, or set Max Retries in the options.`],
		[
			'a rate limit after the last retry',
			api(429),
			CREATE,
			SOME,
			2,
			`It was repeated 2 times. ${LATER}, or raise Max Retries in the options.`,
		],
		['a server error', api(500), SET, NONE, 0, `${LATER}, or set Max Retries in the options.`],
		[
			'a server error after the only retry',
			api(500),
			ADD,
			{ ...SOME, maxRetries: 1 },
			1,
			`It was repeated once. ${LATER}, or raise Max Retries in the options.`,
		],
		['a server error of what can not be repeated', api(500), CREATE, NONE, 0, `${LATER}.`],
		['the same with retries', api(500), CREATE, SOME, 0, `${LATER}.`],
		['the same after a rate limit', api(500), CREATE, SOME, 1, `once. ${LATER}.`],
		['a server error with retries left', api(500, {}, NO), GET, SOME, 0, `be fine. ${LATER}.`],
		[
			'a lock',
			api(400, locked),
			CREATE,
			NONE,
			0,
			`${LATER}, or set Max Retries in the options to wait for it.`,
		],
		[
			'a lock that has an option of its own',
			api(400, locked),
			{ ...ADD, lockWait: 0 },
			SOME,
			0,
			`${LATER}, or raise Wait If Busy (Seconds) in the options to wait for it.`,
		],
		[
			'a timeout',
			timeout,
			GET,
			NONE,
			0,
			'(0 means no limit), or turn on Retry Network Errors and set Max Retries.',
		],
		[
			'a timeout where retries cover others',
			timeout,
			SET,
			SOME,
			0,
			'turn on Retry Network Errors.',
		],
		[
			'a timeout after the last retry',
			timeout,
			SET,
			ALL,
			2,
			'It was repeated 2 times. Raise Timeout (Seconds) in the options (0 means no limit), or raise Max Retries.',
		],
		['a timeout of what can not be repeated', timeout, CREATE, NONE, 0, '(0 means no limit).'],
		[
			'a broken connection',
			BROKEN,
			ADD,
			NONE,
			0,
			`${LATER}, or turn on Retry Network Errors and set Max Retries in the options.`,
		],
		['a broken connection of what can not be repeated', BROKEN, CREATE, NONE, 0, `${LATER}.`],
		['a broken connection with retries left', BROKEN, ADD, ALL, 1, `once. ${LATER}.`],
		[
			'no connection, whatever the request',
			REFUSED,
			CREATE,
			NONE,
			0,
			'For outages that pass, turn on Retry Network Errors and set Max Retries.',
		],
		[
			'no connection after the last retry',
			REFUSED,
			GET,
			ALL,
			2,
			'For outages that pass, raise Max Retries.',
		],
	])(
		'should speak of retries as they stand: %s',
		(_what, attempt, request, settings, retriesMade, advice) => {
			const details = detailsOf(attempt, { request, settings, retriesMade });
			expect(details.advice).toContain(advice);
		},
	);

	it.each([408, 409, 422, 600, 999])(
		'should not speak of Max Retries for status %d, which is not retried',
		(status) => {
			expect(detailsOf(api(status), { settings: NONE }).advice).not.toContain('Max Retries');
		},
	);

	it('should never tell to set what is set already, nor to repeat what can not be', () => {
		fc.assert(
			fc.property(
				fc.constantFrom(api(429), api(500), page(504), api(400, locked), timeout, BROKEN, REFUSED),
				fc.constantFrom(GET, SET, CREATE, ADD),
				fc.nat(3),
				fc.nat(3),
				fc.boolean(),
				(attempt, request, maxRetries, made, retryNetworkErrors) => {
					const retriesMade = Math.min(made, maxRetries);
					const settings = { maxRetries, retryNetworkErrors };
					const { failure, outcomeUnknown } = failed(attempt, { request, settings, retriesMade });
					const { advice = '' } = failure.details;
					if (maxRetries > 0) expect(advice).not.toMatch(/set Max Retries/i);
					if (retryNetworkErrors) expect(advice).not.toContain('Retry Network Errors');
					if (request === CREATE && outcomeUnknown) expect(advice).not.toContain('Retries');
					expect(advice.includes('It was repeated')).toBe(retriesMade > 0);
				},
			),
			RUNS,
		);
	});
});

describe('A timeout', () => {
	it.each([
		[1, '1 second'],
		[0.1, '0.1 seconds'],
		[120, '120 seconds'],
	])('should name the host and its %d s', (seconds, said) => {
		const url = 'https://api.example:8443/v1/x?y=1';
		expect(detailsOf({ kind: 'timeout', seconds }, { url, attempts: 4 })).toMatchObject({
			kind: 'timeout',
			message: `No complete response from api.example:8443 within ${said}`,
			attempts: 4,
			status: undefined,
		});
	});
});
