import fc from 'fast-check';

import {
	isConversationLocked,
	isQuota,
	parseApiError,
} from '../../nodes/shared/transport/apiError';
import type { JsonObject } from '../../nodes/shared/values/json';
import { anyJson, RUNS } from '../support/unit';

describe('The error in an answer', () => {
	it('should be nothing where there is no object', () => {
		expect(parseApiError(undefined)).toBeUndefined();
	});

	it('should not be made of what every object has', () => {
		expect(parseApiError({})).toBeUndefined();
		expect(parseApiError({ error: {} })).toBeUndefined();
		expect(parseApiError({ error: ['m'] })).toBeUndefined();
	});

	it('should be no text of white space, where the body has a better one', () => {
		expect(parseApiError({ error: ' ', message: 'm' })).toMatchObject({ message: 'm' });
		expect(parseApiError({ error: ' ' })).toBeUndefined();
	});

	it('should need a message where it is the body itself, whose other members may mean anything', () => {
		expect(parseApiError({ type: 'conversation', code: 'x' })).toBeUndefined();
		expect(parseApiError({ error: { code: 'x' } })).toEqual({
			message: undefined,
			type: undefined,
			param: undefined,
			code: 'x',
		});
	});

	it('should hold nothing but texts, whatever the object', () => {
		fc.assert(
			fc.property(
				fc.dictionary(fc.constantFrom('error', 'message', 'detail', 'code', 'x'), anyJson),
				(body: JsonObject) => {
					const texts = Object.values(parseApiError(body) ?? {}).filter(
						(text) => text !== undefined,
					);
					for (const text of texts) expect(text.trim()).not.toBe('');
				},
			),
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
