import fc from 'fast-check';

import {
	backoff,
	lockBackoff,
	longerBackoff,
	LONGEST_BACKOFF_MS,
	LONGEST_NAMED_WAIT_MS,
	namedWait,
} from '../../nodes/shared/transport/retryDelay';
import { anyValue, RUNS } from '../support/unit';

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);
const at = (ms: number) => new Date(NOW + ms).toUTCString();

describe('The wait that the server names', () => {
	it.each<[string, Record<string, unknown>, number | undefined]>([
		['retry-after in seconds', { 'retry-after': '7' }, 7_000],
		['retry-after in a fraction of a second', { 'retry-after': '0.25' }, 250],
		['retry-after with white space', { 'retry-after': ' 2 ' }, 2_000],
		['retry-after of exactly 60 s', { 'retry-after': '60' }, 60_000],
		['retry-after of just over 60 s', { 'retry-after': '60.001' }, undefined],
		['retry-after of an hour', { 'retry-after': '3600' }, undefined],
		['retry-after of 0', { 'retry-after': '0' }, undefined],
		['a negative retry-after', { 'retry-after': '-5' }, undefined],
		['retry-after with a plus sign', { 'retry-after': '+5' }, undefined],
		['retry-after in scientific notation', { 'retry-after': '1e3' }, undefined],
		['retry-after in hexadecimal', { 'retry-after': '0x10' }, undefined],
		['retry-after with a comma', { 'retry-after': '1,5' }, undefined],
		['retry-after that is cut off', { 'retry-after': '5.' }, undefined],
		['retry-after with a unit', { 'retry-after': '20s' }, undefined],
		['retry-after that is NaN', { 'retry-after': 'NaN' }, undefined],
		['retry-after that is Infinity', { 'retry-after': 'Infinity' }, undefined],
		['garbage', { 'retry-after': 'soon' }, undefined],
		['an empty retry-after', { 'retry-after': '' }, undefined],
		['a date', { 'retry-after': at(5_000) }, 5_000],
		['a date of RFC 850', { 'retry-after': 'Friday, 20-Nov-26 12:00:09 GMT' }, 9_000],
		[
			'a date of asctime, which has no zone, in UTC',
			{ 'retry-after': 'Fri Nov 20 12:00:09 2026 GMT' },
			9_000,
		],
		['a date of exactly 60 s', { 'retry-after': at(60_000) }, 60_000],
		['a date beyond 60 s', { 'retry-after': at(61_000) }, undefined],
		['a date that is past', { 'retry-after': at(-1_000) }, undefined],
		['a date that is now', { 'retry-after': at(0) }, undefined],
		['a date that does not exist', { 'retry-after': 'Fri, 99 Nov 2026 12:00:00 GMT' }, undefined],
		['several values as Node.js joins them', { 'retry-after': '5, 7' }, undefined],
		['several values as a list', { 'retry-after': ['5', '7'] }, undefined],
		['a number that is no text', { 'retry-after': 5 }, undefined],
		['nothing', {}, undefined],
		['retry-after-ms', { 'retry-after-ms': '1500' }, 1_500],
		['retry-after-ms with a fraction', { 'retry-after-ms': '0.5' }, 0.5],
		['retry-after-ms before retry-after', { 'retry-after-ms': '20', 'retry-after': '30' }, 20],
		[
			'retry-after where retry-after-ms is garbage',
			{ 'retry-after-ms': 'x', 'retry-after': '2' },
			2_000,
		],
		[
			'retry-after where retry-after-ms is empty',
			{ 'retry-after-ms': '', 'retry-after': '2' },
			2_000,
		],
		[
			'retry-after where retry-after-ms is negative',
			{ 'retry-after-ms': '-20', 'retry-after': '2' },
			2_000,
		],
		[
			'retry-after where retry-after-ms has several values',
			{ 'retry-after-ms': '20, 30', 'retry-after': '2' },
			2_000,
		],
		[
			'retry-after-ms of 0, whatever retry-after says',
			{ 'retry-after-ms': '0', 'retry-after': '2' },
			undefined,
		],
		['retry-after-ms of exactly 60 s', { 'retry-after-ms': '60000' }, 60_000],
		[
			'retry-after-ms beyond 60 s, whatever retry-after says',
			{ 'retry-after-ms': '60001', 'retry-after': '2' },
			undefined,
		],
	])('should read %s', (_what, headers, expected) => {
		expect(namedWait(headers, NOW)).toBe(expected);
	});

	it('should be over 0 and at most 60 s, or none at all, whatever the headers hold', () => {
		const header = fc.oneof(
			fc.string(),
			fc.float().map(String),
			fc.integer().map(String),
			anyValue,
		);
		fc.assert(
			fc.property(header, header, fc.integer({ min: -1e13, max: 1e13 }), (after, ms, now) => {
				const wait = namedWait({ 'retry-after': after, 'retry-after-ms': ms }, now);
				if (wait === undefined) return;
				expect(wait).toBeGreaterThan(0);
				expect(wait).toBeLessThanOrEqual(LONGEST_NAMED_WAIT_MS);
			}),
			RUNS,
		);
	});

	it('should be any number of seconds up to 60', () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 60_000 }), (ms) => {
				expect(namedWait({ 'retry-after': (ms / 1_000).toFixed(3) }, NOW)).toBeCloseTo(ms, 6);
				expect(namedWait({ 'retry-after-ms': String(ms) }, NOW)).toBe(ms);
			}),
			RUNS,
		);
	});
});

describe('The backoff', () => {
	it.each([
		[0, 800, 1_200],
		[1, 1_600, 2_400],
		[2, 3_200, 4_800],
		[6, 51_200, 76_800],
		[7, 102_400, 129_000],
		[8, 129_000, 129_000],
		[99, 129_000, 129_000],
	])('should before retry %d lie between %d and %d ms', (retriesMade, least, most) => {
		expect(backoff(retriesMade, 0)).toBeCloseTo(least, 6);
		expect(backoff(retriesMade, 1)).toBeCloseTo(most, 6);
		expect(backoff(retriesMade, 0.5)).toBeCloseTo(Math.min(1_000 * 2 ** retriesMade, 129_000), 6);
	});

	it('should stay in its range and grow with the random number', () => {
		const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 100 }), random, random, (retriesMade, one, other) => {
				const [low, high] = one < other ? [one, other] : [other, one];
				const base = 1_000 * 2 ** retriesMade;
				const wait = backoff(retriesMade, high);
				expect(wait).toBeGreaterThanOrEqual(backoff(retriesMade, low));
				expect(wait).toBeGreaterThanOrEqual(Math.min(0.8 * base, 129_000));
				expect(wait).toBeLessThanOrEqual(Math.min(1.2 * base, 129_000));
			}),
			RUNS,
		);
	});
});

describe('The wait before the server is looked at once more', () => {
	it.each([
		[1_000, 0, 1_000],
		[1_000, 1, 2_000],
		[30, 4, 480],
		[1_000, 8, 129_000],
		[60_000, 99, 129_000],
		[1_000, 2_000, 129_000],
	])('should be %d ms, doubled %d times: %d ms', (first, times, expected) => {
		expect(longerBackoff(first, times)).toBe(expected);
		expect(expected).toBeLessThanOrEqual(LONGEST_BACKOFF_MS);
	});
});

describe('The wait for a conversation that is locked', () => {
	it('should grow from half a second to five', () => {
		expect([0, 1, 2, 3, 4, 5, 500, 5_000].map(lockBackoff)).toEqual([
			500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000,
		]);
	});
});
