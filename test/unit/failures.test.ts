import {
	Cancelled,
	isNotFound,
	isRefusedAsInvalid,
	RequestFailure,
	resultOf,
	RunEnded,
	unusable,
} from '../../nodes/shared/transport/failures';
import type { FailureDetails } from '../../nodes/shared/transport/failures';

const details: FailureDetails = {
	kind: 'answer',
	message: 'm',
	status: 400,
	attempts: 1,
	outcomeUnknown: false,
	idempotent: true,
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
		expect(await resultOf(Promise.reject(failure))).toBe(failure);
		expect(await resultOf(Promise.resolve(5))).toBe(5);
	});

	it.each([
		['a stop', new Cancelled()],
		['the end of a run', new RunEnded()],
		['a fault of our own', new TypeError('fault')],
	])('should not be confused with %s', async (_what, error) => {
		await expect(resultOf(Promise.reject(error))).rejects.toBe(error);
	});

	it('should not be confused with a stop, which says what was left behind', () => {
		const leftBehind = { conversation: 'conv_1', items: 20 };
		expect(new Cancelled(leftBehind).leftBehind).toBe(leftBehind);
		expect(new Cancelled().leftBehind).toBeUndefined();
		expect(new Cancelled().outcomeUnknown).toBe(false);
		expect(new Cancelled(undefined, true).outcomeUnknown).toBe(true);
	});

	it('should be told apart from an end by name and text', () => {
		expect(String(new Cancelled())).toBe('Cancelled: The execution was stopped');
		expect(String(new RunEnded())).toBe(
			'RunEnded: Not carried out, because an earlier item has ended the run',
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
		['one that may have happened', { outcomeUnknown: true }, false],
		['a busy conversation by its code', { code: 'conversation_locked' }, false],
		['a busy conversation by its param', { param: 'conversation' }, false],
	])('should be seen in %s', (_what, more, expected) => {
		expect(isRefusedAsInvalid(new RequestFailure({ ...details, ...more }))).toBe(expected);
	});
});

describe('What the server gave and nobody can use', () => {
	it('should be a failure of which nothing has come, so that it may be tried again', () => {
		expect(unusable('m', 'a').details).toEqual({
			kind: 'unusable',
			message: 'm',
			advice: 'a',
			outcomeUnknown: false,
			idempotent: true,
		});
	});
});

describe('What the API does not have', () => {
	it.each<[string, Partial<FailureDetails>, boolean]>([
		["404 in the API's form", { status: 404, isApiError: true }, true],
		['404 in another form', { status: 404, isApiError: false }, false],
		['404 of which the form is not known', { status: 404 }, false],
		["410 in the API's form", { status: 410, isApiError: true }, false],
	])('should be told by %s', (_what, more, expected) => {
		expect(isNotFound(new RequestFailure({ ...details, ...more }))).toBe(expected);
	});
});
