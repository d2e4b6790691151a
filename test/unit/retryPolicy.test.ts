import fc from 'fast-check';

import type { Attempt, RetryRules } from '../../nodes/shared/transport/retryPolicy';
import {
	backoff,
	headerText,
	isConversationLocked,
	isQuota,
	LONGEST_NAMED_WAIT_MS,
	namedWait,
	retryReason,
} from '../../nodes/shared/transport/retryPolicy';
import { anyValue, RUNS } from '../support/unit';

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);
const at = (ms: number) => new Date(NOW + ms).toUTCString();

const attempt = (given: Partial<Attempt>): Attempt => ({
	retriesMade: 0,
	status: undefined,
	headers: {},
	error: undefined,
	mayHaveHappened: false,
	repeatable: true,
	...given,
});

const rules = (given: Partial<RetryRules> = {}): RetryRules => ({
	maxRetries: 3,
	retryNetworkErrors: false,
	...given,
});

const reasonFor = (given: Partial<Attempt>, by?: Partial<RetryRules>) =>
	retryReason(attempt(given), rules(by));

const locked = {
	code: undefined,
	type: 'invalid_request_error',
	param: 'conversation',
	message:
		'Another process is currently operating on this conversation. Please retry in a few seconds.',
};

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

describe('A quota that is used up', () => {
	it.each<[string, number | undefined, { code?: string; message?: string } | undefined, boolean]>([
		['429 with the code', 429, { code: 'insufficient_quota' }, true],
		[
			'429 whose message speaks of quota',
			429,
			{ message: 'You exceeded your current quota, please check your plan' },
			true,
		],
		['429 whose message says QUOTA', 429, { message: 'QUOTA' }, true],
		[
			'429 for a rate limit',
			429,
			{ code: 'rate_limit_exceeded', message: 'Rate limit reached' },
			false,
		],
		[
			"429 with Azure's link to raise the limit",
			429,
			{ message: 'Retry after 6 seconds. See https://aka.ms/oai/quotaincrease' },
			false,
		],
		['429 with nothing else', 429, {}, false],
		['429 without an error', 429, undefined, false],
		['403 with the code', 403, { code: 'insufficient_quota' }, false],
		['no answer', undefined, { code: 'insufficient_quota' }, false],
	])('should be seen in %s', (_what, status, error, expected) => {
		expect(isQuota(status, error)).toBe(expected);
	});
});

describe('A conversation that another request works on', () => {
	it.each<
		[
			string,
			number | undefined,
			{ code?: string; param?: string; message?: string } | undefined,
			boolean,
		]
	>([
		['400 with the code', 400, { code: 'conversation_locked' }, true],
		['409 with the code', 409, { code: 'conversation_locked' }, true],
		[
			'400 with param and text',
			400,
			{ param: 'conversation', message: 'Please retry in a few seconds.' },
			true,
		],
		[
			'409 with param and text',
			409,
			{ param: 'conversation', message: 'please RETRY in a few seconds' },
			true,
		],
		['400 with the text alone', 400, { message: 'Please retry in a few seconds.' }, false],
		['400 with the param alone', 400, { param: 'conversation' }, false],
		[
			'400 with another text about the conversation',
			400,
			{ param: 'conversation', message: 'Not found' },
			false,
		],
		['422 with the code', 422, { code: 'conversation_locked' }, false],
		['400 without an error', 400, undefined, false],
		['no answer', undefined, { code: 'conversation_locked' }, false],
	])('should be seen in %s', (_what, status, error, expected) => {
		expect(isConversationLocked(status, error)).toBe(expected);
	});
});

describe('Whether to retry', () => {
	it.each([429, 500, 501, 502, 503, 504, 520, 529, 599])(
		'should be yes for status %d',
		(status) => {
			expect(reasonFor({ status })).toBe(status === 429 ? 'rate limit' : 'server error');
		},
	);

	it.each([
		0, 100, 200, 204, 301, 308, 400, 401, 402, 403, 404, 408, 409, 410, 413, 418, 422, 425, 451,
		499, 600, 999,
	])('should be no for status %d', (status) => {
		expect(reasonFor({ status })).toBeUndefined();
	});

	it('should end with the last retry', () => {
		const reasons = [0, 1, 2, 3].map((retriesMade) =>
			reasonFor({ status: 500, retriesMade }, { maxRetries: 3 }),
		);
		expect(reasons).toEqual(['server error', 'server error', 'server error', undefined]);
	});

	it('should be no without retries, even when the server asks for one', () => {
		expect(reasonFor({ status: 429 }, { maxRetries: 0 })).toBeUndefined();
		expect(
			reasonFor({ status: 429, headers: { 'x-should-retry': 'true' } }, { maxRetries: 0 }),
		).toBeUndefined();
	});

	describe('when there was no answer', () => {
		it('should depend on the option', () => {
			expect(reasonFor({})).toBeUndefined();
			expect(reasonFor({}, { retryNetworkErrors: true })).toBe('connection');
		});

		it('should be no where a second time could do harm', () => {
			const given = { mayHaveHappened: true, repeatable: false };
			expect(reasonFor(given, { retryNetworkErrors: true })).toBeUndefined();
			expect(reasonFor({ ...given, repeatable: true }, { retryNetworkErrors: true })).toBe(
				'connection',
			);
			expect(reasonFor({ ...given, mayHaveHappened: false }, { retryNetworkErrors: true })).toBe(
				'connection',
			);
		});
	});

	describe('when the request may have been carried out and must not be twice', () => {
		const once = { mayHaveHappened: true, repeatable: false };

		it('should be no for a server error', () => {
			expect(reasonFor({ ...once, status: 500 })).toBeUndefined();
			expect(reasonFor({ ...once, status: 500, repeatable: true })).toBe('server error');
			expect(reasonFor({ ...once, status: 503, mayHaveHappened: false })).toBe('server error');
		});

		it('should be yes for a refusal, which says that it was not', () => {
			expect(reasonFor({ ...once, status: 429 })).toBe('rate limit');
			expect(reasonFor({ ...once, status: 400, error: locked })).toBe('conversation busy');
		});

		it('should be yes when the server asks for it', () => {
			expect(reasonFor({ ...once, status: 500, headers: { 'x-should-retry': 'true' } })).toBe(
				'server request',
			);
		});
	});

	describe('for a quota that is used up', () => {
		it('should be no', () => {
			expect(reasonFor({ status: 429, error: { code: 'insufficient_quota' } })).toBeUndefined();
			expect(
				reasonFor({ status: 429, error: { message: 'You exceeded your current quota' } }),
			).toBeUndefined();
		});
	});

	describe('for a conversation that is busy', () => {
		it.each([400, 409])('should be yes with status %d', (status) => {
			expect(reasonFor({ status, error: locked })).toBe('conversation busy');
			expect(reasonFor({ status, error: { code: 'conversation_locked' } })).toBe(
				'conversation busy',
			);
		});
	});

	describe('by the word of the server', () => {
		it.each(['true', 'TRUE', 'True', ' true '])('should be yes for x-should-retry: %s', (value) => {
			for (const status of [400, 401, 404, 408, 409, 422, 429, 500, 600]) {
				expect(reasonFor({ status, headers: { 'x-should-retry': value } })).toBe('server request');
			}
			expect(
				reasonFor({
					status: 429,
					error: { code: 'insufficient_quota' },
					headers: { 'x-should-retry': value },
				}),
			).toBe('server request');
		});

		it.each(['false', 'FALSE', ' False'])('should be no for x-should-retry: %s', (value) => {
			for (const status of [400, 429, 500, 503]) {
				expect(reasonFor({ status, headers: { 'x-should-retry': value } })).toBeUndefined();
			}
			expect(
				reasonFor({ status: 400, error: locked, headers: { 'x-should-retry': value } }),
			).toBeUndefined();
			expect(
				reasonFor({ headers: { 'x-should-retry': value } }, { retryNetworkErrors: true }),
			).toBeUndefined();
		});

		it.each<[string, unknown]>([
			['1', '1'],
			['yes', 'yes'],
			['two values', 'true, false'],
			['nothing', ''],
			['a list', ['true']],
		])('should go by the status for x-should-retry: %s', (_what, value) => {
			expect(reasonFor({ status: 400, headers: { 'x-should-retry': value } })).toBeUndefined();
			expect(reasonFor({ status: 500, headers: { 'x-should-retry': value } })).toBe('server error');
		});

		it('should not retry what is no refusal', () => {
			expect(reasonFor({ status: 200, headers: { 'x-should-retry': 'true' } })).toBeUndefined();
			expect(reasonFor({ status: 399, headers: { 'x-should-retry': 'true' } })).toBeUndefined();
			expect(reasonFor({ headers: { 'x-should-retry': 'true' } })).toBeUndefined();
		});
	});

	it('should never exceed Max Retries nor repeat what must not be, whatever the answer', () => {
		const text = fc.option(fc.constantFrom('true', 'false', '1', 'x'), { nil: undefined });
		fc.assert(
			fc.property(
				fc.record({
					retriesMade: fc.integer({ min: 0, max: 120 }),
					status: fc.option(fc.integer({ min: 0, max: 999 }), { nil: undefined }),
					headers: text.map((value) => ({ 'x-should-retry': value })),
					error: fc.constantFrom(
						undefined,
						locked,
						{ code: 'insufficient_quota' },
						{ message: 'quota' },
						{},
					),
					mayHaveHappened: fc.boolean(),
					repeatable: fc.boolean(),
				}),
				fc.record({
					maxRetries: fc.integer({ min: 0, max: 100 }),
					retryNetworkErrors: fc.boolean(),
				}),
				(given, by) => {
					const reason = retryReason(given, by);
					if (reason === undefined) return;
					expect(given.retriesMade).toBeLessThan(by.maxRetries);
					const isUncertain = given.mayHaveHappened && !given.repeatable;
					if (isUncertain)
						expect(['server request', 'rate limit', 'conversation busy']).toContain(reason);
					if (reason === 'connection') expect(by.retryNetworkErrors).toBe(true);
				},
			),
			RUNS,
		);
	});
});
