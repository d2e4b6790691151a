import fc from 'fast-check';

import { readAnswer } from '../../nodes/shared/transport/answer';
import type { WireAnswer } from '../../nodes/shared/transport/answer';
import { RequestFailure } from '../../nodes/shared/transport/failures';
import type { FailureDetails } from '../../nodes/shared/transport/failures';
import type { JsonValue } from '../../nodes/shared/values/json';
import { createRedactor } from '../../nodes/shared/transport/redact';
import { anyJson, KEY, RUNS, runsOf, SECRET } from '../support/unit';

const redactor = createRedactor(KEY);
const URL_SENT = 'https://api.example/v1/conversations/conv_1';

const bytes = (body: unknown): unknown => (typeof body === 'string' ? Buffer.from(body) : body);

const read = (status: number, body: unknown, headers: WireAnswer['headers'] = {}, url = URL_SENT) =>
	readAnswer({ status, headers, body: bytes(body) }, redactor, url, 2);

function failure(...args: Parameters<typeof read>): FailureDetails {
	const result = read(...args);
	if (result instanceof RequestFailure) return result.details;
	throw new Error('It should have been a failure');
}

const refusal = (error: JsonValue) => JSON.stringify({ error });

describe('An answer with a status of success', () => {
	it('should be the JSON object in it', () => {
		expect(read(200, '{ "id": "conv_1", "n": 1.5, "deep": [{}] }')).toEqual({
			id: 'conv_1',
			n: 1.5,
			deep: [{}],
		});
	});

	it.each([200, 201, 202, 206, 226, 299])('should count as one with status %d', (status) => {
		expect(read(status, '{ "id": "conv_1" }')).toEqual({ id: 'conv_1' });
	});

	it.each([200, 201, 299])('should count as one with status %d and a location, too', (status) => {
		expect(read(status, '{ "id": "conv_1" }', { location: '/x' })).toEqual({ id: 'conv_1' });
	});

	it('should be read behind a byte order mark', () => {
		expect(read(200, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{}')]))).toEqual(
			{},
		);
	});

	it('should be read where the helper already made text of it', () => {
		const answer = { status: 200, headers: {}, body: '{ "a": 1 }' };
		expect(readAnswer(answer, redactor, URL_SENT, 1)).toEqual({ a: 1 });
	});

	it('should keep members that have the names of built-in ones, as members', () => {
		const answer = read(200, '{ "__proto__": { "polluted": true }, "constructor": 1 }');
		expect(Object.getOwnPropertyNames(answer)).toEqual(['__proto__', 'constructor']);
		expect(Reflect.get({}, 'polluted')).toBeUndefined();
	});

	it('should be without the key', () => {
		expect(read(200, JSON.stringify({ echo: `Bearer ${KEY}` }))).toEqual({
			echo: 'Bearer [redacted]',
		});
	});

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
		[
			'bytes that are no UTF-8',
			Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]),
			'broken JSON',
		],
		[
			'JSON that is nested too deeply',
			'{ "a": '.repeat(600) + '1' + '}'.repeat(600),
			'JSON that is nested too deeply',
		],
		[
			'a list a million levels deep',
			'['.repeat(1e6) + ']'.repeat(1e6),
			'JSON that is nested too deeply',
		],
		['an object', {}, 'something that is not JSON'],
		['a list of texts', ['{ "id": "conv_1" }'], 'broken JSON'],
	])('should be a failure when it holds %s', (_what, body, what) => {
		expect(failure(200, body, { 'x-request-id': 'req_1' })).toEqual({
			kind: 'malformedAnswer',
			status: 200,
			requestId: 'req_1',
			attempts: 2,
			mayHaveHappened: true,
			message: `The server answered with ${what} instead of the JSON object that the API promises (status 200)`,
			advice: expect.stringContaining('Check Base URL'),
		});
	});

	it('should give every JSON object back as it was, and refuse every other value', () => {
		fc.assert(
			fc.property(anyJson, (value) => {
				const result = read(200, JSON.stringify(value));
				const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
				if (isObject) expect(JSON.stringify(result)).toBe(JSON.stringify(value));
				else expect(result).toBeInstanceOf(RequestFailure);
			}),
			RUNS,
		);
	});

	it('should never crash, whatever the bytes', () => {
		fc.assert(
			fc.property(
				fc.uint8Array({ maxLength: 200 }),
				fc.integer({ min: 100, max: 999 }),
				(body, status) => {
					const result = read(status, Buffer.from(body), {
						location: Buffer.from(body).toString('latin1'),
					});
					if (result instanceof RequestFailure) expect(result.message).not.toBe('');
					else expect(typeof result).toBe('object');
				},
			),
			RUNS,
		);
	});
});

describe('A redirect', () => {
	it.each<[string, string | undefined, string]>([
		['another origin', 'https://elsewhere.example/v1/x', ' to https://elsewhere.example/v1/x'],
		['a path', '/login', ' to https://api.example/login'],
		['a relative path', 'conv_2', ' to https://api.example/v1/conversations/conv_2'],
		['no scheme', '//cdn.example/a', ' to https://cdn.example/a'],
		[
			'a query string and a fragment',
			'https://x.example/a?token=abc#def',
			' to https://x.example/a',
		],
		['a user name and a password', 'https://me:pw@x.example/a', ' to https://x.example/a'],
		['another scheme', 'javascript:alert(1)', ' to javascript:…'],
		['an address that is none', 'http://[', ''],
		['nothing', undefined, ''],
		[
			'the key in its path',
			`https://x.example/${KEY}/a`,
			' to https://x.example/sk-proj-[redacted]/a',
		],
		['the key in its host, where letters lose their case', `https://${SECRET}.example/a`, ''],
		['the key as its user', `https://${KEY}@x.example/a`, ' to https://x.example/a'],
		[
			'a path beyond all measure',
			`https://x.example/${'y'.repeat(900)}`,
			` to https://x.example/${'y'.repeat(182)}…`,
		],
	])('should be a failure that says where it pointed: %s', (_what, location, where) => {
		const details = failure(302, '', location === undefined ? {} : { location });
		expect(details).toMatchObject({
			kind: 'redirect',
			status: 302,
			attempts: 2,
			mayHaveHappened: false,
		});
		expect(details.message).toBe(`The server redirected the request${where} (status 302)`);
		expect(details.advice).toContain('Check Base URL');
	});

	it.each([301, 302, 303, 307, 308])(
		'should be one with status %d even without a location',
		(status) => {
			expect(failure(status, '').kind).toBe('redirect');
		},
	);

	it.each([300, 304, 305, 306, 399])(
		'should be one with status %d only when there is a location',
		(status) => {
			expect(failure(status, '', { location: '/x' }).kind).toBe('redirect');
			expect(failure(status, '')).toMatchObject({
				kind: 'answer',
				message: `The server answered with status ${status} and nothing instead of a reason`,
				mayHaveHappened: false,
			});
		},
	);

	it.each([100, 199, 400, 404, 500])(
		'should not be one with status %d, location or not',
		(status) => {
			expect(failure(status, '', { location: '/x' }).kind).toBe('answer');
		},
	);

	it('should take a location that was sent twice for none', () => {
		expect(failure(302, '', { location: ['/a', '/b'] }).message).toBe(
			'The server redirected the request (status 302)',
		);
	});

	it('should not hold a run of more than 4 characters of the key, whatever its target', () => {
		const target = fc
			.array(
				fc.oneof(
					fc.webUrl({ withQueryParameters: true }),
					fc.constantFrom(
						KEY,
						SECRET,
						SECRET.toLowerCase().slice(0, 0),
						'/',
						'@',
						'?',
						'#',
						'https://',
					),
				),
			)
			.map((parts) => parts.join(''));
		fc.assert(
			fc.property(target, (location) => {
				const { message } = failure(307, '', { location });
				expect(
					runsOf(SECRET, 5).find((run) => message.toLowerCase().includes(run.toLowerCase())),
				).toBeUndefined();
			}),
			RUNS,
		);
	});
});

describe('A refusal', () => {
	it("should carry the API's own words", () => {
		const body = refusal({
			message: 'No such thing',
			type: 'invalid_request_error',
			param: 'metadata',
			code: 'bad',
		});
		expect(failure(400, body, { 'x-request-id': 'req_9' })).toMatchObject({
			kind: 'answer',
			status: 400,
			message: 'No such thing',
			type: 'invalid_request_error',
			param: 'metadata',
			code: 'bad',
			requestId: 'req_9',
			attempts: 2,
			mayHaveHappened: false,
			advice: 'Correct what the message names, then run the workflow again.',
		});
	});

	it.each<[string, JsonValue, Partial<FailureDetails>]>([
		['an error that is text', { error: 'Nope' }, { message: 'Nope' }],
		[
			'a message without an error',
			{ statusCode: 401, message: 'Access denied' },
			{ message: 'Access denied' },
		],
		['a detail', { detail: 'Not authenticated' }, { message: 'Not authenticated' }],
		[
			'a code that is a number',
			{ error: { message: 'm', code: 12 } },
			{ message: 'm', code: '12' },
		],
		[
			'a code that is null',
			{ error: { message: 'm', code: null, param: null } },
			{ message: 'm', code: undefined },
		],
		[
			'a param that is an object',
			{ error: { message: 'm', param: { a: 1 } } },
			{ message: 'm', param: undefined },
		],
	])('should be read from %s', (_what, body, expected) => {
		expect(failure(400, JSON.stringify(body))).toMatchObject(expected);
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
		expect(failure(400, body)).toMatchObject({
			message: `The server answered with status 400 and ${what} instead of a reason`,
			advice: expect.stringContaining('Check Base URL'),
		});
	});

	it('should tell its code even without a message', () => {
		expect(failure(400, refusal({ code: 'odd' }))).toMatchObject({
			message: 'The server answered with status 400 and a JSON object instead of a reason',
			code: 'odd',
		});
	});

	it('should cut a message beyond all measure, not in the middle of a character', () => {
		const { message, code } = failure(
			400,
			refusal({ message: '😀'.repeat(5_000), code: 'c'.repeat(300) }),
		);
		expect(message).toBe(`${'😀'.repeat(500)}…`);
		expect(failure(400, refusal({ message: `x${'😀'.repeat(5_000)}` })).message).toBe(
			`x${'😀'.repeat(499)}…`,
		);
		expect(code).toBe(`${'c'.repeat(200)}…`);
		expect(failure(400, refusal({ message: 'm'.repeat(1_000) })).message).toHaveLength(1_000);
	});

	it('should be without the key in message, type, param, code and request ID, also where a cut goes through it', () => {
		fc.assert(
			fc.property(fc.nat(1_100), fc.nat(220), (before, beforeWord) => {
				const word = `${'w'.repeat(beforeWord)}${KEY}`;
				const body = refusal({
					message: `${'m'.repeat(before)}${KEY}${KEY}`,
					type: word,
					param: word,
					code: word,
				});
				const shown = JSON.stringify(failure(401, body, { 'x-request-id': word }));
				expect(runsOf(SECRET, 5).find((run) => shown.includes(run))).toBeUndefined();
			}),
			{ numRuns: Math.min(RUNS.numRuns, 2_000) },
		);
	});

	it.each<[number, JsonValue | undefined, string]>([
		[401, { message: 'm' }, 'Check API Key'],
		[403, { message: 'm' }, 'Check its permissions'],
		[404, { message: "Conversation with id 'conv_1' not found." }, 'Check the ID'],
		[404, { message: 'Invalid URL (POST /v1/x)' }, 'Check Base URL'],
		[404, undefined, 'Check Base URL'],
		[429, { message: 'm' }, 'Set Max Retries'],
		[429, { message: 'm', code: 'insufficient_quota' }, 'no credit left'],
		[429, { message: 'You exceeded your current quota' }, 'no credit left'],
		[
			400,
			{ message: 'm', code: 'conversation_locked' },
			'Another request is working on this conversation',
		],
		[
			409,
			{ message: 'm', code: 'conversation_locked' },
			'Another request is working on this conversation',
		],
		[409, { message: 'm' }, 'Correct what the message names'],
		[408, { message: 'm' }, 'The server gave up waiting'],
		[422, { message: 'm' }, 'Correct what the message names'],
		[422, undefined, 'Check Base URL'],
		[500, undefined, 'set Max Retries'],
		[503, { message: 'm' }, 'set Max Retries'],
		[599, { message: 'm' }, 'set Max Retries'],
	])('should say for status %d and %j what to do', (status, error, advice) => {
		expect(failure(status, error === undefined ? '<html>' : refusal(error)).advice).toContain(
			advice,
		);
	});

	it.each([408, 409, 422, 600, 999])(
		'should not advise Max Retries for status %d, which is not retried',
		(status) => {
			expect(failure(status, refusal({ message: 'm' })).advice).not.toContain('Max Retries');
		},
	);

	it.each<[number, JsonValue | undefined, boolean]>([
		[500, { error: { message: 'm' } }, true],
		[500, { error: {} }, true],
		[503, { error: { message: 'm' } }, true],
		[400, { error: { message: 'm' } }, true],
		[500, { message: 'm' }, false],
		[500, { error: 'm' }, false],
		[500, [{ error: { message: 'm' } }], false],
		[500, undefined, false],
		[408, { error: { message: 'm' } }, false],
		[502, { error: { message: 'm' } }, false],
		[504, { error: { message: 'm' } }, false],
	])(
		'should with status %d and %j say whether the API itself is through with it: %s',
		(status, body, expected) => {
			expect(failure(status, body === undefined ? '<html>' : JSON.stringify(body)).settled).toBe(
				expected,
			);
		},
	);

	it.each([
		[400, false],
		[404, false],
		[408, true],
		[409, false],
		[429, false],
		[499, false],
		[500, true],
		[502, true],
		[504, true],
		[600, true],
	])('should with status %d say whether it may have happened: %s', (status, expected) => {
		expect(failure(status, '<html>').mayHaveHappened).toBe(expected);
	});

	it.each<[string, WireAnswer['headers'], string | undefined]>([
		["OpenAI's", { 'x-request-id': 'req_1' }, 'req_1'],
		["Azure's", { 'apim-request-id': 'abc' }, 'abc'],
		['both', { 'x-request-id': 'req_1', 'apim-request-id': 'abc' }, 'req_1'],
		['none', {}, undefined],
		['two of them', { 'x-request-id': ['a', 'b'] }, undefined],
		['one beyond all measure', { 'x-request-id': 'r'.repeat(300) }, `${'r'.repeat(200)}…`],
	])('should tell the request ID: %s', (_what, headers, expected) => {
		expect(failure(500, '', headers).requestId).toBe(expected);
	});

	it('should always have a text, whatever the body', () => {
		fc.assert(
			fc.property(anyJson, fc.integer({ min: 400, max: 599 }), (body, status) => {
				const { message, advice } = failure(status, JSON.stringify(body));
				expect(message.trim()).not.toBe('');
				expect(advice).toBeTruthy();
			}),
			RUNS,
		);
	});
});
