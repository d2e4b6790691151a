import { lowerCaseHeaders } from '../../nodes/shared/n8n/requestHelper';

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
		expect(lowerCaseHeaders(given)).toEqual(expected);
	});
});
