import type { INode } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { describeFailure } from '../../nodes/shared/n8n/errors';
import { FieldError } from '../../nodes/shared/values/field';
import type { FailureDetails } from '../../nodes/shared/transport/failures';
import { RequestFailure } from '../../nodes/shared/transport/failures';
import { createRedactor } from '../../nodes/shared/transport/redact';
import { KEY } from '../support/unit';

const NODE: INode = {
	id: '1',
	name: 'Node',
	type: 'x.node',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};
const redactor = createRedactor(KEY);

const describeIt = (cause: unknown, several = false, item = 2) =>
	describeFailure(NODE, cause, { item, several, redactor });

const failure = (more: Partial<FailureDetails> = {}) =>
	new RequestFailure({
		kind: 'answer',
		message: 'No such thing',
		attempts: 1,
		mayHaveHappened: false,
		...more,
	});

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

	it('should be an API error that carries everything needed to follow it up', () => {
		const { error, json } = describeIt(failure(full));
		expect(error).toBeInstanceOf(NodeApiError);
		expect(error).toMatchObject({ message: 'No such thing', httpCode: '400' });
		expect(error.description).toBe(
			'Do this. Details: status 400, code bad, param metadata, type invalid_request_error, request ID req_1, 3 attempts.',
		);
		const facts = {
			error: 'No such thing',
			advice: 'Do this.',
			status: 400,
			code: 'bad',
			param: 'metadata',
			type: 'invalid_request_error',
			request_id: 'req_1',
			attempts: 3,
		};
		expect(json).toEqual(facts);
		expect(error.context).toEqual({ ...facts, itemIndex: 2 });
		expect(error).toMatchObject({
			errorResponse: { message: 'No such thing', status: 400, request_id: 'req_1' },
			messages: ['No such thing'],
		});
	});

	it('should leave out what is not known', () => {
		const { error, json } = describeIt(failure());
		expect(error).toMatchObject({ httpCode: null, description: 'Details: 1 attempt.' });
		expect(json).toStrictEqual({ error: 'No such thing', attempts: 1 });
	});

	it('should name the item only where there are several', () => {
		expect(describeIt(failure(), true).error.message).toBe('No such thing [item 2]');
		expect(describeIt(failure(), false).error.message).toBe('No such thing');
		expect(describeIt(failure(), true).json.error).toBe('No such thing');
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
		expect(describeIt(failure({ advice: 'No such thing' })).error.description).toContain(
			'No such thing',
		);
	});

	it.each<[string, Partial<FailureDetails>, boolean]>([
		['a write that must not be repeated', { mayHaveHappened: true, repeatable: false }, true],
		['a write that may be repeated', { mayHaveHappened: true, repeatable: true }, false],
		['one that did not happen', { mayHaveHappened: false, repeatable: false }, false],
	])('should warn that it may have happened only for %s', (_what, more, expected) => {
		const { error, json } = describeIt(failure(more));
		expect(json.may_have_happened).toBe(expected || undefined);
		expect(error.description?.startsWith('The server may have carried it out all the same.')).toBe(
			expected,
		);
	});

	it('should be without the key, whoever put it there', () => {
		const { error, json } = describeIt(failure({ message: `has ${KEY}`, advice: `remove ${KEY}` }));
		expect(json).toMatchObject({
			error: 'has sk-proj-[redacted]',
			advice: 'remove sk-proj-[redacted]',
		});
		expect([error.message, error.description].join()).not.toContain(KEY);
	});
});

describe('A field that can not be used', () => {
	it('should be an operation error with what is wrong and how to put it right', () => {
		const { error, json } = describeIt(new FieldError('Limit is "x"', 'Enter a number.'), true, 0);
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error).toMatchObject({
			message: 'Limit is "x" [item 0]',
			description: 'Enter a number.',
		});
		expect(error.context.itemIndex).toBe(0);
		expect(json).toEqual({ error: 'Limit is "x"', advice: 'Enter a number.' });
	});

	it('should keep its own words where n8n has a text for them', () => {
		expect(describeIt(new FieldError('Base URL is "ECONNREFUSED"', '')).error.message).toBe(
			'Base URL is "ECONNREFUSED"',
		);
	});

	it('should be without the key', () => {
		const { error, json } = describeIt(new FieldError(`Base URL is "${KEY}"`, `Not ${KEY}`));
		expect(JSON.stringify([json, error.message, error.description])).not.toContain(KEY.slice(-8));
	});
});

describe('Any other failure', () => {
	it('should be told in its own words, without the key', () => {
		const cause = Object.assign(new Error(`Broken by ${KEY}`), { description: `With ${KEY}` });
		const { error, json } = describeIt(cause, true, 1);
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error).toMatchObject({
			message: 'Broken by sk-proj-[redacted] [item 1]',
			description: 'With sk-proj-[redacted]',
		});
		expect(json).toEqual({
			error: 'Broken by sk-proj-[redacted]',
			advice: 'With sk-proj-[redacted]',
		});
	});

	it.each<[unknown, string]>([
		['oops', 'oops'],
		[undefined, 'undefined'],
		[{ a: 1 }, '[object Object]'],
	])('should have a text for %p', (cause, message) => {
		expect(describeIt(cause).error.message).toBe(message);
		expect(describeIt(cause).error.description).toBeNull();
	});

	it('should not take a description that is no text', () => {
		expect(
			describeIt(Object.assign(new Error('m'), { description: 5 })).error.description,
		).toBeNull();
	});
});
