import fc from 'fast-check';

import {
	attempted,
	Cancelled,
	isRefusedAsInvalid,
	NotContinued,
	readApiError,
	RequestFailure,
} from '../../nodes/shared/transport/failures';
import type { FailureDetails } from '../../nodes/shared/transport/failures';
import type { JsonObject } from '../../nodes/shared/values/json';
import { anyJson, RUNS } from '../support/unit';

const details: FailureDetails = {
	kind: 'answer',
	message: 'm',
	status: 400,
	attempts: 1,
	mayHaveHappened: false,
};

describe('The failure of a request', () => {
	it('should be made anew when more is said about it', () => {
		const first = new RequestFailure(details);
		const second = first.with({ message: 'n', attempts: 2 });
		expect(first.details).toEqual(details);
		expect(second.details).toEqual({ ...details, message: 'n', attempts: 2 });
		expect([first.message, second.message, second.name]).toEqual(['m', 'n', 'RequestFailure']);
	});

	it('should be a value where code goes on from it', async () => {
		const failure = new RequestFailure(details);
		expect(await attempted(Promise.reject(failure))).toBe(failure);
		expect(await attempted(Promise.resolve(5))).toBe(5);
	});

	it.each([
		['a stop', new Cancelled()],
		['the end of a run', new NotContinued()],
		['a fault of our own', new TypeError('fault')],
	])('should not be confused with %s', async (_what, error) => {
		await expect(attempted(Promise.reject(error))).rejects.toBe(error);
	});

	it('should be told apart from an end by name and text', () => {
		expect(String(new Cancelled())).toBe('Cancelled: The execution was stopped');
		expect(String(new NotContinued())).toBe(
			'NotContinued: Not continued, because another item could not be processed',
		);
	});
});

describe('The error in an answer', () => {
	it('should be nothing where there is no object', () => {
		expect(readApiError(undefined)).toBeUndefined();
	});

	it('should not be made of what every object has', () => {
		expect(readApiError({})).toBeUndefined();
		expect(readApiError({ error: {} })).toBeUndefined();
		expect(readApiError({ error: ['m'] })).toBeUndefined();
	});

	it('should be no text of white space, where the body has a better one', () => {
		expect(readApiError({ error: ' ', message: 'm' })).toMatchObject({ message: 'm' });
		expect(readApiError({ error: ' ' })).toBeUndefined();
	});

	it('should need a message where it is the body itself, whose other members may mean anything', () => {
		expect(readApiError({ type: 'conversation', code: 'x' })).toBeUndefined();
		expect(readApiError({ error: { code: 'x' } })).toEqual({
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
					const texts = Object.values(readApiError(body) ?? {}).filter(
						(text) => text !== undefined,
					);
					for (const text of texts) expect(text.trim()).not.toBe('');
				},
			),
			RUNS,
		);
	});
});

describe('A refusal of what was sent', () => {
	it.each<[string, Partial<FailureDetails>, boolean]>([
		['400', {}, true],
		['413', { status: 413 }, true],
		['422', { status: 422 }, true],
		['404', { status: 404 }, false],
		['429', { status: 429 }, false],
		['500', { status: 500 }, false],
		['no answer', { status: undefined, kind: 'network' }, false],
		['another kind', { kind: 'redirect' }, false],
		['one that may have happened', { mayHaveHappened: true }, false],
		['a busy conversation by its code', { code: 'conversation_locked' }, false],
		['a busy conversation by its param', { param: 'conversation' }, false],
	])('should be seen in %s', (_what, more, expected) => {
		expect(isRefusedAsInvalid(new RequestFailure({ ...details, ...more }))).toBe(expected);
	});
});
