import { headerPace, parseReset } from '../../nodes/shared/transport/rateLimitHeaders';

const headers = (limit: string, remaining: string, reset: string) => ({
	'x-ratelimit-limit-requests': limit,
	'x-ratelimit-remaining-requests': remaining,
	'x-ratelimit-reset-requests': reset,
});

describe('The pace that the headers tell', () => {
	it.each([
		// One request of 5,000 a minute, and of 30,000, as the API itself answers.
		['5000', '4999', '12ms', { limit: 5_000, remaining: 4_999, msPerRequest: 12 }],
		['30000', '29999', '2ms', { limit: 30_000, remaining: 29_999, msPerRequest: 2 }],
		['10', '0', '10s', { limit: 10, remaining: 0, msPerRequest: 1_000 }],
		['3', '1', '40s', { limit: 3, remaining: 1, msPerRequest: 20_000 }],
		['10', '10', '0s', { limit: 10, remaining: 10, msPerRequest: 1 }],
		['10', '0', '10m', { limit: 10, remaining: 0, msPerRequest: 60_000 }],
	])('should be reset / (limit − remaining) for %s, %s and %s', (limit, remaining, reset, pace) => {
		expect(headerPace(headers(limit, remaining, reset))).toEqual(pace);
	});

	it.each([
		['', '0', '1s'],
		['10', '', '1s'],
		['10', '0', ''],
		['10', '11', '1s'],
		['0', '5', '1s'],
		['0', '0', '1s'],
		['10', '-1', '1s'],
		['10', '0 of 10', '1s'],
		['ten', '0', '1s'],
		['10', '0', 'soon'],
		['10', '0', '10m1s'],
	])('should not be known for "%s", "%s" and "%s"', (limit, remaining, reset) => {
		expect(headerPace(headers(limit, remaining, reset))).toBeUndefined();
	});

	it('should not be known without headers', () => {
		expect(headerPace({})).toBeUndefined();
	});
});

it.each<[string | undefined, number | undefined]>([
	['1s', 1_000],
	['20ms', 20],
	['6m0s', 360_000],
	['1.5s', 1_500],
	['1h2m3s', 3_723_000],
	['1.25ms', 1.25],
	['0s', 0],
	['', undefined],
	['1', undefined],
	['s', undefined],
	['1s ago', undefined],
	['in 1s', undefined],
	[undefined, undefined],
])('should read the reset "%s" as %s ms', (text, ms) => {
	expect(parseReset(text)).toBe(ms);
});
