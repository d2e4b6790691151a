import fc from 'fast-check';

import type { ApiRequest, RequestSettings } from '../../nodes/shared/transport/request';
import { headerText, toWire } from '../../nodes/shared/transport/request';
import { anyJson, RUNS } from '../support/unit';

const SETTINGS: RequestSettings = {
	baseUrl: 'https://api.example/v1',
	allowedDomains: undefined,
	timeout: 0,
	maxRetries: 3,
	retryNetworkErrors: false,
};
const GET: ApiRequest = { method: 'GET', path: ['conversations', 'conv_1'], idempotent: true };
const POST: ApiRequest = { ...GET, method: 'POST', body: { metadata: {} } };

const wireFor = (request: ApiRequest, settings: Partial<RequestSettings> = {}) =>
	toWire(request, { ...SETTINGS, ...settings });

describe('A request on the wire', () => {
	it('should have its address, what it accepts, and nothing else', () => {
		expect(wireFor(GET)).toStrictEqual({
			method: 'GET',
			url: 'https://api.example/v1/conversations/conv_1',
			headers: { Accept: 'application/json' },
		});
	});

	it('should have a body as JSON where it is a POST', () => {
		const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
		const url = 'https://api.example/v1/conversations/conv_1';
		expect(wireFor(POST)).toStrictEqual({ method: 'POST', url, headers, body: '{"metadata":{}}' });
		expect(wireFor({ ...GET, method: 'POST' }).body).toBe('{}');
		expect(wireFor({ ...POST, method: 'DELETE' })).not.toHaveProperty('body');
	});

	it('should carry any JSON unaltered', () => {
		fc.assert(
			fc.property(fc.dictionary(fc.string(), anyJson), (body) => {
				const sent: unknown = JSON.parse(wireFor({ ...POST, body }).body ?? '');
				expect(sent).toEqual(JSON.parse(JSON.stringify(body)));
			}),
			RUNS,
		);
	});

	it('should encode each segment of its path', () => {
		const { url } = wireFor({ ...GET, path: ['conversations', 'a/b?c', '..x'] });
		expect(url).toBe('https://api.example/v1/conversations/a%2Fb%3Fc/..x');
	});

	it("should have its own query before the user's, encoded but for the brackets of lists", () => {
		const request: ApiRequest = {
			...GET,
			query: [
				['include[]', 'a.b'],
				['include[]', 'c&d'],
				['after', 'ä'],
			],
		};
		const additionalQuery = [
			['x[y]', '[1]'],
			['=', ''],
		] as const;
		expect(wireFor(request, { additionalQuery }).url).toBe(
			'https://api.example/v1/conversations/conv_1?include[]=a.b&include[]=c%26d&after=%C3%A4&x[y]=%5B1%5D&%3D=',
		);
	});

	it("should have the user's headers, but its own type of content", () => {
		const additionalHeaders = { 'X-Trace': '1', Accept: 'text/plain', 'Content-Type': 'x/y' };
		expect(wireFor(POST, { additionalHeaders }).headers).toEqual({
			'X-Trace': '1',
			Accept: 'text/plain',
			'Content-Type': 'application/json',
		});
	});

	it('should name the domains that the credential is restricted to', () => {
		expect(wireFor(GET, { allowedDomains: 'api.example' }).allowedDomains).toBe('api.example');
		expect(wireFor(GET)).not.toHaveProperty('allowedDomains');
	});
});

describe('headerText', () => {
	it.each<[string, unknown, string | undefined]>([
		['text', 'a', 'a'],
		['text with white space around it', ' \ta ', 'a'],
		['an empty text', '', ''],
		['a list', ['a'], undefined],
		['a number', 1, undefined],
		['nothing', undefined, undefined],
	])('should take %s', (_what, value, expected) => {
		expect(headerText({ 'x-a': value }, 'x-a')).toBe(expected);
	});

	it.each(['toString', 'constructor', '__proto__'])(
		'should not take what every object has for the header %s',
		(name) => {
			expect(headerText({}, name)).toBeUndefined();
		},
	);
});
