import fc from 'fast-check';

import {
	commonOptions,
	parseAdditionalBody,
	parseAdditionalParts,
	parseAfter,
	parseInclude,
	parseOrder,
	parseRunOptions,
} from '../../nodes/OpenAIConversation/parameters/options';
import {
	lockWaitOption,
	parseLockWait,
	parseRequestOptions,
} from '../../nodes/shared/fields/requestOptions';
import type { GivenOptions } from '../../nodes/shared/values/field';
import { anyText, anyValue, KEY, refusal, refused, RUNS } from '../support/unit';

/** All options at once, as an operation that had every one of them would parse them. */
const read = (options: GivenOptions) => ({
	...parseRequestOptions(options),
	...parseRunOptions(options),
	...parseAdditionalParts(options),
	additionalBody: parseAdditionalBody(options, {}),
	include: parseInclude(options),
	order: parseOrder(options),
	after: parseAfter(options),
	lockWait: parseLockWait(options),
});
const headers = (...rows: unknown[]) =>
	read({ additionalHeaders: { headers: rows } }).additionalHeaders;
const query = (...parameters: unknown[]) =>
	read({ additionalQuery: { parameters } }).additionalQuery;
const header = (name: unknown, value: unknown = 'v') => ({ name, value });

const DEFAULTS: ReturnType<typeof read> = {
	timeout: 0,
	maxRetries: 0,
	retryNetworkErrors: false,
	maxConcurrency: 10,
	maxRequestsPerMinute: 0,
	baseUrl: undefined,
	additionalHeaders: {},
	additionalQuery: [],
	additionalBody: {},
	include: [],
	order: 'asc',
	after: undefined,
	lockWait: 120,
};

describe('Options', () => {
	it.each<[string, unknown]>([
		['left out', undefined],
		['null', null],
		['empty', ''],
	])('should have their defaults where they are %s', (_what, value) => {
		expect(read({})).toEqual(DEFAULTS);
		const all = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, value]));
		expect(read(all)).toEqual(DEFAULTS);
	});

	it('should have the defaults that the form shows', () => {
		for (const { name, default: shown } of [...commonOptions, lockWaitOption]) {
			const value: unknown = Object.entries(DEFAULTS).find(([each]) => each === name)?.[1];
			if (typeof shown === 'number' || typeof shown === 'boolean')
				expect([name, value]).toEqual([name, shown]);
		}
	});

	it.each<[string, number, unknown, number]>([
		['timeout', 0, 0, 0],
		['timeout', 1, 0.25, 0.25],
		['timeout', 2, '1.5', 1.5],
		['timeout', 3, 3_000_000, 3_000_000],
		['timeout', 4, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
		['maxRetries', 0, 0, 0],
		['maxRetries', 1, 100, 100],
		['maxRetries', 2, '3', 3],
		['maxConcurrency', 0, 1, 1],
		['maxConcurrency', 1, 100, 100],
		['maxRequestsPerMinute', 0, 0, 0],
		['maxRequestsPerMinute', 1, 0.5, 0.5],
		['maxRequestsPerMinute', 2, 1_000_000, 1_000_000],
		['lockWait', 0, 0, 0],
		['lockWait', 1, 86_400, 86_400],
	])('should take %s, case %d: %p', (name, _case, value, expected) => {
		expect(read({ [name]: value })).toEqual({ ...DEFAULTS, [name]: expected });
	});

	it.each<[string, unknown, string]>([
		['timeout', -1, 'Timeout (Seconds) is "-1", not a number of 0 or more'],
		['timeout', NaN, 'Timeout (Seconds) is "NaN", not a number of 0 or more'],
		['timeout', Infinity, 'Timeout (Seconds) is "Infinity", not a number of 0 or more'],
		['timeout', '10s', 'Timeout (Seconds) is "10s", not a number of 0 or more'],
		['timeout', true, 'Timeout (Seconds) is "true", not a number of 0 or more'],
		['timeout', 2 ** 53, 'Timeout (Seconds) is "9007199254740992", not a number of 0 or more'],
		['maxRetries', -1, 'Max Retries is "-1", not a whole number from 0 to 100'],
		['maxRetries', 101, 'Max Retries is "101", not a whole number from 0 to 100'],
		['maxRetries', 0.5, 'Max Retries is "0.5", not a whole number from 0 to 100'],
		['maxRetries', 'Infinity', 'Max Retries is "Infinity", not a whole number from 0 to 100'],
		['maxConcurrency', 0, 'Max Concurrency is "0", not a whole number from 1 to 100'],
		['maxConcurrency', 101, 'Max Concurrency is "101", not a whole number from 1 to 100'],
		['maxConcurrency', 1.5, 'Max Concurrency is "1.5", not a whole number from 1 to 100'],
		[
			'maxRequestsPerMinute',
			-0.1,
			'Max Requests per Minute is "-0.1", not a number from 0 to 1000000',
		],
		[
			'maxRequestsPerMinute',
			1_000_001,
			'Max Requests per Minute is "1000001", not a number from 0 to 1000000',
		],
		['lockWait', 86_401, 'Wait If Busy (Seconds) is "86401", not a number from 0 to 86400'],
		['retryNetworkErrors', 'yes', 'Retry Network Errors is "yes", neither true nor false'],
		['retryNetworkErrors', 1, 'Retry Network Errors is "1", neither true nor false'],
		['baseUrl', 5, 'Base URL is a number, not text'],
		['baseUrl', {}, 'Base URL is an object, not text'],
		['baseUrl', 'https://x.example/\ud800', 'Base URL contains half a character'],
		['after', ['msg_1'], 'Start After Item ID is a list, not text'],
		['after', 'msg_\ud800', 'Start After Item ID contains half a character'],
		['order', 'up', 'Order is "up"'],
		['order', 1, 'Order is "1"'],
		['include', 'everything', 'Include has "everything", which the API does not know'],
		['include', ['file_search_call.results', 5], 'Include has "5", which the API does not know'],
		['after', 'x\0', 'Start After Item ID contains a null character'],
		['additionalBody', '{ "a": ["\\ud83d"] }', 'Additional Body (JSON) contains half a character'],
		['additionalBody', '{ "a\\u0000": 1 }', 'Additional Body (JSON) contains a null character'],
		['additionalBody', '[1]', 'Additional Body (JSON) is a list, not an object'],
		['additionalBody', 'null', 'Additional Body (JSON) is nothing, not an object'],
		['additionalBody', '{', "Additional Body (JSON) isn't valid JSON"],
		['additionalBody', '{ "a": 1, "a": 2 }', 'Additional Body (JSON) has the key "a" twice'],
		['additionalBody', 5, "Additional Body (JSON) isn't valid JSON"],
	])('should refuse %s %p', (name, value, message) => {
		const error = refused(() => read({ [name]: value }));
		expect(error.message).toContain(message);
		expect(error.advice).toMatch(/^\S.*\.$/);
	});

	it('should say how to put it right', () => {
		const advice = (options: GivenOptions) => refused(() => read(options)).advice;
		expect(advice({ include: 'everything' })).toContain('reasoning.encrypted_content, ');
		expect(advice({ timeout: '{{ $json.seconds }}' })).toContain(
			'Switch the field from Fixed to Expression',
		);
		expect(advice({ additionalBody: '[1]' })).toBe(
			'Enter an object such as { "new_parameter": true }.',
		);
		expect(advice({ additionalHeaders: { headers: [header('Host')] } })).toContain(
			'see Authentication and Custom Headers',
		);
		expect(advice({ additionalHeaders: { headers: [header('x a')] } })).toContain(
			'letters, digits and hyphens',
		);
		expect(advice({ additionalHeaders: { headers: [header('x-a', '✓')] } })).toContain(
			'encode the value',
		);
	});

	it.each<[unknown, boolean]>([
		[true, true],
		[false, false],
		['true', true],
		['false', false],
	])('should take %p for Retry Network Errors', (value, expected) => {
		expect(read({ retryNetworkErrors: value }).retryNetworkErrors).toBe(expected);
	});

	it('should take texts without the white space around them', () => {
		expect(read({ baseUrl: ' https://x.example/v1\n', after: ' msg_1\u200b' })).toMatchObject({
			baseUrl: 'https://x.example/v1',
			after: 'msg_1',
		});
		expect(read({ baseUrl: ' ', after: '\u200b' })).toMatchObject({
			baseUrl: undefined,
			after: undefined,
		});
	});

	it('should take one or several values of Include', () => {
		const values = ['message.output_text.logprobs', 'reasoning.encrypted_content'];
		expect(read({ include: values }).include).toEqual(values);
		expect(read({ include: values[0] }).include).toEqual([values[0]]);
		expect(read({ include: [] }).include).toEqual([]);
	});

	it('should take both orders', () => {
		expect(read({ order: 'desc' }).order).toBe('desc');
		expect(read({ order: 'asc' }).order).toBe('asc');
	});

	it('should take a body as text or by expression, with every key as a member of its own', () => {
		const text = '{ "a": 1, "__proto__": { "polluted": true } }';
		for (const value of [text, JSON.parse(text)]) {
			const { additionalBody } = read({ additionalBody: value });
			expect(JSON.stringify(additionalBody)).toBe('{"a":1,"__proto__":{"polluted":true}}');
			expect(Reflect.get({ ...additionalBody }, 'polluted')).toBeUndefined();
		}
	});

	it.each(['metadata', 'items'])('should not replace %s where the operation sends it', (name) => {
		const reserved = { metadata: 'Enter it under Metadata.', items: 'Enter items.' };
		for (const value of [{ [name]: null }, JSON.stringify({ other: 1, [name]: [] })]) {
			expect(refused(() => parseAdditionalBody({ additionalBody: value }, reserved))).toMatchObject(
				{
					message: `Additional Body (JSON) sets "${name}", which this operation sends itself`,
					advice: Reflect.get(reserved, name),
				},
			);
		}
		const others = { additionalBody: '{ "item": 1, "constructor": 2 }' };
		expect(parseAdditionalBody(others, reserved)).toEqual({ item: 1, constructor: 2 });
	});

	it('should read each by itself, or be refused with a text, whatever is given', () => {
		const names = fc.constantFrom(...Object.keys(DEFAULTS), '__proto__', 'constructor');
		const value = fc.oneof(anyValue, anyText, fc.double(), fc.integer());
		fc.assert(
			fc.property(fc.dictionary(names, value), (options) => {
				const error = refusal(() => {
					const given = read(options);
					expect(given.timeout).toBeGreaterThanOrEqual(0);
					expect(given.timeout).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
					expect(
						given.maxRetries >= 0 && given.maxRetries <= 100 && Number.isInteger(given.maxRetries),
					).toBe(true);
					expect(
						given.maxConcurrency >= 1 &&
							given.maxConcurrency <= 100 &&
							Number.isInteger(given.maxConcurrency),
					).toBe(true);
					expect(given.maxRequestsPerMinute >= 0 && given.maxRequestsPerMinute <= 1_000_000).toBe(
						true,
					);
					expect(typeof given.retryNetworkErrors).toBe('boolean');
					expect(['asc', 'desc']).toContain(given.order);
				});
				if (error !== undefined) expect(error.advice).toBeTruthy();
			}),
			RUNS,
		);
	});
});

describe('Additional Headers', () => {
	it.each<[string, unknown[], Record<string, string>]>([
		['a header', [header('X-Trace', 't-1')], { 'X-Trace': 't-1' }],
		['several', [header('a', '1'), header('b', '2')], { a: '1', b: '2' }],
		['numbers and booleans as text', [header('a', 5), header('b', true)], { a: '5', b: 'true' }],
		['a name with white space around it', [header(' x-a\n', 'v')], { 'x-a': 'v' }],
		['a value with white space around it', [header('x-a', ' v\t')], { 'x-a': 'v' }],
		['a value with a tab inside', [header('x-a', 'a\tb')], { 'x-a': 'a\tb' }],
		['a value of Latin-1', [header('x-a', 'ü')], { 'x-a': 'ü' }],
		['an empty value', [header('x-a', '')], { 'x-a': '' }],
		['no value', [{ name: 'x-a' }], { 'x-a': '' }],
		['a row that is text, as a name', ['x-a'], { 'x-a': '' }],
		['a value that finds nothing', [header('x-a', null)], { 'x-a': '' }],
		[
			'all characters that a name may have',
			[header("!#$%&'*+.^_`|~-09azAZ")],
			{ "!#$%&'*+.^_`|~-09azAZ": 'v' },
		],
	])('should take %s', (_what, rows, expected) => {
		expect(headers(...rows)).toEqual(expected);
	});

	it('should take a single row that comes without its list', () => {
		expect(read({ additionalHeaders: { headers: header('x-a') } }).additionalHeaders).toEqual({
			'x-a': 'v',
		});
	});

	it.each<[string, unknown[], string]>([
		[
			'an empty name',
			[header('')],
			'Additional Headers has the name "", which can\'t be the name of a header',
		],
		['a name with a space', [header('x a')], 'has the name "x a"'],
		['a name with a colon', [header('x:a')], 'has the name "x:a"'],
		['a name with a line break', [header('x\r\nHost')], 'has the name "x\r\nHost"'],
		['a name beyond ASCII', [header('x-ü')], 'has the name "x-ü"'],
		['a name that the helper would drop', [header('__proto__')], 'has the name "__proto__"'],
		...[
			'constructor',
			'prototype',
			'common',
			'get',
			'Post',
			'PUT',
			'delete',
			'head',
			'patch',
			'query',
		].map((name): [string, unknown[], string] => [
			`the name ${name}, too`,
			[header(name)],
			`has the name "${name}"`,
		]),
		['a name that is an object', [header({})], 'A name in Additional Headers is an object'],
		[
			'a value with CR and LF',
			[header('x-a', 'a\r\nHost: evil')],
			"The value of x-a in Additional Headers has characters that a header can't carry",
		],
		[
			'a value with LF',
			[header('x-a', 'a\nb')],
			'The value of x-a in Additional Headers has characters',
		],
		[
			'a value with CR',
			[header('x-a', 'a\rb')],
			'The value of x-a in Additional Headers has characters',
		],
		[
			'a value with NUL',
			[header('x-a', 'a\u0000b')],
			'The value of x-a in Additional Headers has characters',
		],
		[
			'a value with a control character',
			[header('x-a', '\u0007')],
			'The value of x-a in Additional Headers has characters',
		],
		[
			'a value with DEL',
			[header('x-a', '\u007f')],
			'The value of x-a in Additional Headers has characters',
		],
		[
			'a value beyond Latin-1',
			[header('x-a', '✓')],
			'The value of x-a in Additional Headers has characters',
		],
		[
			'a value with a character that looks like LF once cut to a byte',
			[header('x-a', 'a\u010aHost: evil')],
			'The value of x-a in Additional Headers has characters',
		],
		[
			'a value that is a list',
			[header('x-a', ['v'])],
			'The value of "x-a" in Additional Headers is a list',
		],
		['the same name twice', [header('x-a'), header('X-A')], 'Additional Headers has X-A twice'],
	])('should refuse %s', (_what, rows, message) => {
		const error = refused(() => headers(...rows));
		expect(error.message).toContain(message);
		expect(error.advice).toMatch(/^\S.*\.$/);
	});

	it.each([
		'Accept',
		'api-key',
		'Authorization',
		'connection',
		'Content-Length',
		'content-type',
		'Cookie',
		'expect',
		'HOST',
		'OpenAI-Organization',
		'openai-project',
		'Proxy-Authorization',
		'TE',
		'trailer',
		'Transfer-Encoding',
		'upgrade',
		' host ',
	])('should not set %s', (name) => {
		expect(refused(() => headers(header(name))).message).toBe(
			`Additional Headers can't set ${name.trim()}`,
		);
	});

	it('should be such as can be sent, or be refused with a text, whatever is given', () => {
		const name = fc.oneof(
			anyText,
			anyValue,
			fc.constantFrom('Host', 'x-a', 'X-A', 'content-length', '__proto__', KEY),
		);
		const row = fc.record({ name, value: fc.oneof(anyText, anyValue) }, { requiredKeys: [] });
		fc.assert(
			fc.property(fc.array(fc.oneof(row, anyValue), { maxLength: 6 }), (rows) => {
				const error = refusal(() => {
					const given = headers(...rows);
					const sent = new Headers(Object.entries(given));
					expect([...sent.keys()]).toHaveLength(Object.keys(given).length);
					expect(sent.has('host') || sent.has('content-length') || sent.has('authorization')).toBe(
						false,
					);
					for (const value of Object.values(given)) expect(value).not.toMatch(/[\r\n\0]/);
				});
				if (error !== undefined) expect(error.message).toContain('Additional Headers');
			}),
			RUNS,
		);
	});
});

describe('Rows by expression', () => {
	it.each([
		['additionalHeaders', 'Additional Headers', 'headers'],
		['additionalQuery', 'Additional Query Parameters', 'parameters'],
	])('should be refused where they are none: %s', (name, label, group) => {
		const { message, advice } = refused(() => read({ [name]: { 'x-a': '1' } }));
		expect(message).toBe(`${label} is an object that holds something other than rows`);
		expect(advice).toContain(`{ "${group}": [{ "name": "x-a", "value": "1" }] }`);
		expect(refused(() => read({ [name]: [header('x-a')] })).message).toBe(
			`${label} is a list, not rows`,
		);
	});
});

describe('Additional Query Parameters', () => {
	it('should keep their order and their repetitions', () => {
		expect(query(header('a', '1'), header('b[]', 'x&y'), header('a', 2))).toEqual([
			['a', '1'],
			['b[]', 'x&y'],
			['a', '2'],
		]);
	});

	it('should have a name without white space around it, and the value as it is', () => {
		expect(query(header(' a ', ' 1 '))).toEqual([['a', ' 1 ']]);
		expect(query(header('a', null))).toEqual([['a', '']]);
	});

	it.each<[string, unknown[], string]>([
		['an empty name', [header('')], 'A name in Additional Query Parameters is empty'],
		[
			'a name of white space',
			[header(' \u200b')],
			'A name in Additional Query Parameters is empty',
		],
		['a name that is a list', [header([])], 'A name in Additional Query Parameters is a list'],
		[
			'a value that is an object',
			[header('a', {})],
			'The value of "a" in Additional Query Parameters is an object',
		],
		[
			'half of a character in a value',
			[header('a', 'x\ud83d')],
			'The value of "a" in Additional Query Parameters contains half a character',
		],
		[
			'half of a character in a name',
			[header('\udc00a')],
			'A name in Additional Query Parameters contains half a character',
		],
	])('should refuse %s', (_what, rows, message) => {
		const error = refused(() => query(...rows));
		expect(error.message).toContain(message);
		expect(error.advice).toMatch(/\.$/);
	});

	it.each([
		['after', 'the option Start After Item ID'],
		['include', 'the option Include'],
		['include[]', 'the option Include'],
		['limit', 'Limit'],
		[' order ', 'the option Order'],
	])('should not set %s, which the node sends itself', (name, instead) => {
		expect(refused(() => query(header('a'), header(name, 'desc')))).toMatchObject({
			message: `Additional Query Parameters sets "${name.trim()}", which the node sends itself`,
			advice: `Remove it, and use ${instead} where the operation has it.`,
		});
	});

	it('should be such as can be put into a URL, or be refused with a text, whatever is given', () => {
		const row = fc.record({
			name: fc.oneof(anyText, anyValue),
			value: fc.oneof(anyText, anyValue),
		});
		fc.assert(
			fc.property(fc.array(row, { maxLength: 4 }), (rows) => {
				const error = refusal(() => {
					for (const [name, value] of query(...rows)) encodeURIComponent(name + value);
				});
				if (error !== undefined) expect(error.message).toContain('Additional Query Parameters');
			}),
			RUNS,
		);
	});
});
