import { headersOf, withCode } from '../../nodes/shared/n8n/requestHelper';

describe('An error of the first line of n8n, which has no cause', () => {
	const errorOf = (properties: object) =>
		Object.assign(new Error('The service refused the connection'), properties);

	it.each<[string, object, object]>([
		[
			'a connection that broke',
			{ httpCode: 'ECONNRESET', messages: ['read ECONNRESET'] },
			{ code: 'ECONNRESET' },
		],
		[
			'one that was refused',
			{ httpCode: 'ECONNREFUSED', messages: ['connect ECONNREFUSED 127.0.0.1:1'] },
			{ code: 'ECONNREFUSED', syscall: 'connect' },
		],
		[
			'one that timed out while connecting',
			{ httpCode: 'ETIMEDOUT', messages: ['connect ETIMEDOUT 10.0.0.1:1', 'x'] },
			{ code: 'ETIMEDOUT', syscall: 'connect' },
		],
		[
			'a message that only speaks of connecting',
			{ httpCode: 'ETIMEDOUT', messages: ['read: could not connect '] },
			{ code: 'ETIMEDOUT' },
		],
		[
			'an answer that had begun',
			{ httpCode: '200', messages: ['aborted'] },
			{ code: 'ERR_BAD_RESPONSE' },
		],
		['a code with digits in it', { httpCode: 'E2BIG' }, { code: 'E2BIG' }],
		['a code that ends with digits', { httpCode: 'ERR_1' }, { code: 'ERR_1' }],
		['a code that begins with digits', { httpCode: '1_ERR' }, { code: '1_ERR' }],
		['no messages', { httpCode: 'EPIPE' }, { code: 'EPIPE' }],
		['messages that are no list', { httpCode: 'EPIPE', messages: {} }, { code: 'EPIPE' }],
	])('should get its code back: %s', (_what, properties, expected) => {
		const error = withCode(errorOf(properties));
		expect({ ...Object(error) }).toEqual({ ...properties, ...expected });
		expect(error).toBeInstanceOf(Error);
	});

	it.each<[string, unknown]>([
		[
			'has a cause',
			Object.assign(new Error('x', { cause: new Error('y') }), { httpCode: 'EPIPE' }),
		],
		['has no code', new Error('x')],
		['has a code that is no text', errorOf({ httpCode: 500 })],
		['is no error', { httpCode: 'EPIPE' }],
		['is nothing', undefined],
	])('should stay as it is when it %s', (_what, error) => {
		const before = { ...Object(error) };
		expect(withCode(error)).toBe(error);
		expect({ ...Object(error) }).toEqual(before);
	});
});

describe('Headers', () => {
	it.each<[string, unknown, object]>([
		[
			'names in lower case',
			{ 'X-Request-ID': 'a', b: ['1', '2'] },
			{ 'x-request-id': 'a', b: ['1', '2'] },
		],
		['none for null', null, {}],
		['none for nothing', undefined, {}],
		['none for text', 'x: y', {}],
	])('should be a plain object: %s', (_what, given, expected) => {
		expect(headersOf(given)).toEqual(expected);
	});
});
