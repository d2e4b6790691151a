import fc from 'fast-check';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { describeFailure } from '../../nodes/shared/n8n/errors';
import { FieldError } from '../../nodes/shared/values/field';
import type { FailureDetails } from '../../nodes/shared/transport/failures';
import { RequestFailure } from '../../nodes/shared/transport/failures';
import { createRedactor } from '../../nodes/shared/values/redact';
import { KEY, NODE, RUNS, runsOf, SECRET } from '../support/unit';

const redactor = createRedactor(KEY, ['gateway-secret-1']);

const describeIt = (cause: unknown, several = false, item = 2) =>
	describeFailure(NODE, cause, { item, several, redactor });

const failure = (more: Partial<FailureDetails> = {}) =>
	new RequestFailure({
		kind: 'answer',
		message: 'No such thing',
		attempts: 1,
		outcomeUnknown: false,
		idempotent: true,
		...more,
	});

/** Everything of a failure that somebody may read. */
const shownOf = ({ error, ...row }: ReturnType<typeof describeIt>): string =>
	[JSON.stringify(row), JSON.stringify(error), error.message, error.description].join('\n');

describe('The failure of a request', () => {
	const full = {
		status: 400,
		code: 'bad',
		param: 'metadata',
		type: 'invalid_request_error',
		requestId: 'req_1',
		attempts: 3,
		advice: 'Do this.',
	};
	const facts = {
		advice: 'Do this.',
		status: 400,
		code: 'bad',
		param: 'metadata',
		type: 'invalid_request_error',
		request_id: 'req_1',
		attempts: 3,
	};
	const description =
		'Do this. Details: status 400, code bad, param metadata, type invalid_request_error, request ID req_1, 3 attempts.';

	it('should be an API error that carries everything needed to follow it up', () => {
		const { error } = describeIt(failure(full));
		expect(error).toBeInstanceOf(NodeApiError);
		expect(error).toMatchObject({ message: 'No such thing', httpCode: '400', description });
		expect(error.context).toEqual({ ...facts, itemIndex: 2 });
		expect(error).toMatchObject({
			errorResponse: { message: 'No such thing', status: 400, request_id: 'req_1' },
			messages: ['No such thing'],
		});
	});

	it('should give a row its message as text and the rest as details', () => {
		const { message, details } = describeIt(failure(full));
		expect({ error: message, details }).toStrictEqual({ error: 'No such thing', details: facts });
	});

	it('should give a row without room for details all of it in one text', () => {
		expect(describeIt(failure(full)).text).toBe(`No such thing. ${description}`);
	});

	it('should leave out what is not known', () => {
		const { error, details, text } = describeIt(failure());
		expect(error).toMatchObject({ httpCode: null, description: 'Details: 1 attempt.' });
		expect(details).toStrictEqual({ attempts: 1 });
		expect(text).toBe('No such thing. Details: 1 attempt.');
	});

	it('should count no attempts where it is not that of a single request', () => {
		const { error, details, text } = describeIt(failure({ attempts: undefined }));
		expect(error.description).toBe('');
		expect(details).toStrictEqual({});
		expect(text).toBe('No such thing.');
	});

	it('should name the item only in the error, and only where there are several', () => {
		const { error, message, text } = describeIt(failure(), true);
		expect(error.message).toBe('No such thing [item 2]');
		expect([message, text].join()).not.toContain('[item');
		expect(describeIt(failure(), false).error.message).toBe('No such thing');
	});

	it('should name what was left behind', () => {
		const leftBehind = { conversation: 'conv_1', items: 20 };
		expect(describeIt(failure({ leftBehind })).details).toEqual({
			attempts: 1,
			conversation: 'conv_1',
			item_count: 20,
		});
		expect(describeIt(failure({ leftBehind: { conversation: 'conv_1' } })).details).toEqual({
			attempts: 1,
			conversation: 'conv_1',
		});
	});

	it.each([
		'ECONNREFUSED',
		'Bad gateway',
		'connect ETIMEDOUT',
		'getaddrinfo',
		'ENOENT: no such file',
	])('should keep its own words where n8n has a text for them: %s', (message) => {
		expect(describeIt(failure({ message, status: 502 })).error.message).toBe(message);
	});

	it('should keep its description even where it says the same as the message', () => {
		const { error } = describeIt(failure({ advice: 'No such thing' }));
		expect(error.description).toContain('No such thing');
	});

	it.each<[string, Partial<FailureDetails>, boolean]>([
		['a write that must not be repeated', { outcomeUnknown: true, idempotent: false }, true],
		['a write that may be repeated', { outcomeUnknown: true, idempotent: true }, false],
		['one that did not happen', { outcomeUnknown: false, idempotent: false }, false],
	])('should warn that it may have happened only for %s', (_what, more, expected) => {
		const { error, details, text } = describeIt(failure(more));
		expect(details.may_have_happened).toBe(expected || undefined);
		expect(error.description?.startsWith('It may have gone through anyway.')).toBe(expected);
		expect(text.includes('It may have gone through anyway.')).toBe(expected);
	});

	it('should cut a message beyond all measure, not in the middle of a character', () => {
		const messageOf = (message: string) => describeIt(failure({ message })).message;
		expect(messageOf('😀'.repeat(5_000))).toBe(`${'😀'.repeat(500)}…`);
		expect(messageOf(`x${'😀'.repeat(5_000)}`)).toBe(`x${'😀'.repeat(499)}…`);
		expect(messageOf('m'.repeat(1_000))).toBe('m'.repeat(1_000));
		expect(messageOf('m'.repeat(1_001))).toBe(`${'m'.repeat(1_000)}…`);
	});

	it.each(['code', 'param', 'type', 'requestId'])('should cut a long %s', (name) => {
		const { details } = describeIt(failure({ [name]: 'w'.repeat(300) }));
		expect(Object.values(details)).toContain(`${'w'.repeat(200)}…`);
	});

	it('should not cut its advice', () => {
		const advice = 'a'.repeat(3_000);
		expect(describeIt(failure({ advice })).details.advice).toBe(advice);
	});

	it('should be without secrets, whoever put them there', () => {
		const described = describeIt(
			failure({ message: `has ${KEY}`, advice: `remove ${KEY}`, code: 'gateway-secret-1' }),
		);
		expect(described.message).toBe('has sk-proj-[redacted]');
		expect(described.details).toMatchObject({
			advice: 'remove sk-proj-[redacted]',
			code: '[redacted]',
		});
		expect(shownOf(described)).not.toContain(KEY);
	});

	it('should have no run of the key in it, also where a cut goes through the key', () => {
		fc.assert(
			fc.property(fc.nat(2_100), fc.nat(420), fc.nat(60), (before, beforeWord, keys) => {
				const word = `${'w'.repeat(beforeWord)}${KEY}`;
				const shown = shownOf(
					describeIt(
						failure({
							message: `${'m'.repeat(before)}${KEY.repeat(keys)}`,
							advice: word,
							type: word,
							param: word,
							code: word,
							requestId: word,
						}),
						true,
					),
				);
				expect(runsOf(SECRET, 5).find((run) => shown.includes(run))).toBeUndefined();
			}),
			{ numRuns: Math.min(RUNS.numRuns, 500) },
		);
	});
});

describe('A field that can not be used', () => {
	it('should be an operation error with what is wrong and how to put it right', () => {
		const described = describeIt(new FieldError('Limit is "x"', 'Enter a number.'), true, 0);
		const { error, message, details, text } = described;
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error).toMatchObject({
			message: 'Limit is "x" [item 0]',
			description: 'Enter a number.',
		});
		expect(error.context.itemIndex).toBe(0);
		expect({ error: message, details }).toStrictEqual({
			error: 'Limit is "x"',
			details: { advice: 'Enter a number.' },
		});
		expect(text).toBe('Limit is "x". Enter a number.');
	});

	it('should keep its own words where n8n has a text for them', () => {
		expect(describeIt(new FieldError('Base URL is "ECONNREFUSED"', 'x')).error.message).toBe(
			'Base URL is "ECONNREFUSED"',
		);
	});

	it('should be without the key', () => {
		const shown = shownOf(describeIt(new FieldError(`Base URL is "${KEY}"`, `Not ${KEY}`)));
		expect(runsOf(SECRET, 5).find((run) => shown.includes(run))).toBeUndefined();
	});
});

describe('Any other failure', () => {
	it('should be told in its own words, without the key', () => {
		const cause = Object.assign(new Error(`Broken by ${KEY}`), { description: `With ${KEY}` });
		const { error, message, details } = describeIt(cause, true, 1);
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error).toMatchObject({
			message: 'Broken by sk-proj-[redacted] [item 1]',
			description: 'With sk-proj-[redacted]',
		});
		expect(message).toBe('Broken by sk-proj-[redacted]');
		expect(details).toEqual({ advice: 'With sk-proj-[redacted]' });
	});

	it.each<[unknown, string]>([
		['oops', 'oops'],
		[undefined, 'undefined'],
		[{ a: 1 }, '[object Object]'],
	])('should have a text and advice for %p', (cause, text) => {
		const { error, message, details } = describeIt(cause);
		expect([error.message, message]).toEqual([text, text]);
		expect(error.description).toContain("Check this node's expressions");
		expect(details.advice).toBe(error.description);
	});

	it.each([5, '', null, undefined])(
		'should have advice of its own where the description is %p',
		(description) => {
			const { details } = describeIt(Object.assign(new Error('m'), { description }));
			expect(details.advice).toContain("Check this node's expressions");
		},
	);
});
