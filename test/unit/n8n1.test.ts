/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { getEventListeners } from 'node:events';

import { isDeafToErrors, isN8n1, withCode } from '../../nodes/shared/n8n/n8n1';
import { LONGEST_TIMER_MS } from '../../nodes/shared/n8n/clock';

type Loaded = typeof import('../../nodes/shared/n8n/n8n1') &
	typeof import('../../nodes/shared/n8n/clock');

/** The modules as they are with another n8n. */
function loadedWith(n8n: object): Loaded {
	jest.resetModules();
	const current = jest.requireActual<typeof import('n8n-workflow')>('n8n-workflow');
	jest.doMock('n8n-workflow', () => ({ ...current, ...n8n }));
	const loaded: Loaded = {
		...jest.requireActual('../../nodes/shared/n8n/n8n1'),
		...jest.requireActual('../../nodes/shared/n8n/clock'),
	};
	jest.dontMock('n8n-workflow');
	return loaded;
}

/** What `sleepWithAbort` of 1.x was asked for. */
const slept: string[] = [];

const older = loadedWith({
	assertCredentialAllowsUrl: undefined,
	sleepWithAbort: async (ms: number, signal: AbortSignal) => {
		slept.push(`${ms} ${signal.aborted}`);
		throw new Error('aborted');
	},
});

const hanging = loadedWith({
	sleepWithAbort: async (_ms: number, signal: AbortSignal) =>
		await new Promise<void>((_resolve, reject) => {
			signal.addEventListener('abort', () => reject(new Error('aborted')));
		}),
});

const odd = loadedWith({ sleepWithAbort: 'gone' });

const never = () => new AbortController().signal;

describe('Which n8n this is', () => {
	it('should be told by what n8n-workflow has', () => {
		expect([isN8n1, older.isN8n1, hanging.isN8n1, odd.isN8n1]).toEqual([false, true, true, false]);
	});

	it('should be told by what decides which addresses a credential allows', () => {
		expect([older.decidesAddresses, odd.decidesAddresses]).toEqual([false, true]);
	});
});

describe('A wait on n8n 1.x, where another function can be ended', () => {
	afterEach(() => slept.splice(0));

	it('should be as long as elsewhere', async () => {
		await older.wait(5, never());
		await older.wait(LONGEST_TIMER_MS + 5, never());
		expect(slept).toEqual(['5 false', '2147483647 false']);
	});

	it('should not even begin when the signal has fired', async () => {
		await older.wait(5, AbortSignal.abort());
		expect(slept).toEqual([]);
	});

	it('should leave no listener behind, and end with the signal', async () => {
		const { signal } = new AbortController();
		await older.wait(5, signal);
		expect(getEventListeners(signal, 'abort')).toHaveLength(0);
		const stop = new AbortController();
		const waiting = hanging.wait(60_000, stop.signal);
		stop.abort();
		await waiting;
		expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
	});

	it('should take the function of 2.x where the other is no function', async () => {
		await odd.wait(5, never());
		expect(slept).toEqual([]);
	});
});

describe('A node that runs as the tool of an agent', () => {
	const nodeOf = (type: string) => ({
		id: '1',
		name: 'Node',
		type,
		typeVersion: 1,
		position: [0, 0] satisfies [number, number],
		parameters: {},
	});

	it.each([
		['x.openAIConversation', undefined, false],
		['x.openAIConversationTool', undefined, true],
		['x.openAIConversation', true, true],
		['x.openAIConversationTool', false, false],
	])('should be told by n8n, or by its type: %s, %s', (type, says, expected) => {
		const context = {
			getNode: () => nodeOf(type),
			...(says === undefined ? {} : { isToolExecution: () => says }),
		};
		expect(isDeafToErrors(context)).toBe(expected);
	});
});

describe('An error of n8n 1.x, which has no cause', () => {
	const errorOf = (properties: object) =>
		Object.assign(new Error('The service refused the connection'), properties);

	it.each<[string, object, object]>([
		[
			'a connection that broke',
			{ httpCode: 'ECONNRESET', messages: ['read ECONNRESET'] },
			{ code: 'ECONNRESET' },
		],
		[
			'one that was refused',
			{ httpCode: 'ECONNREFUSED', messages: ['connect ECONNREFUSED 127.0.0.1:1'] },
			{ code: 'ECONNREFUSED', syscall: 'connect' },
		],
		[
			'one that timed out while connecting',
			{ httpCode: 'ETIMEDOUT', messages: ['connect ETIMEDOUT 10.0.0.1:1', 'x'] },
			{ code: 'ETIMEDOUT', syscall: 'connect' },
		],
		[
			'a message that only speaks of connecting',
			{ httpCode: 'ETIMEDOUT', messages: ['read: could not connect '] },
			{ code: 'ETIMEDOUT' },
		],
		[
			'an answer that had begun',
			{ httpCode: '200', messages: ['aborted'] },
			{ code: 'ERR_BAD_RESPONSE' },
		],
		['a code with digits in it', { httpCode: 'E2BIG' }, { code: 'E2BIG' }],
		['a code that ends with digits', { httpCode: 'ERR_1' }, { code: 'ERR_1' }],
		['a code that begins with digits', { httpCode: '1_ERR' }, { code: '1_ERR' }],
		['no messages', { httpCode: 'EPIPE' }, { code: 'EPIPE' }],
		['messages that are no list', { httpCode: 'EPIPE', messages: {} }, { code: 'EPIPE' }],
	])('should get its code back: %s', (_what, properties, expected) => {
		const error = withCode(errorOf(properties));
		expect({ ...Object(error) }).toEqual({ ...properties, ...expected });
		expect(error).toBeInstanceOf(Error);
	});

	it.each<[string, unknown]>([
		[
			'has a cause',
			Object.assign(new Error('x', { cause: new Error('y') }), { httpCode: 'EPIPE' }),
		],
		['has no code', new Error('x')],
		['has a code that is no text', errorOf({ httpCode: 500 })],
		['is no error', { httpCode: 'EPIPE' }],
		['is nothing', undefined],
	])('should stay as it is when it %s', (_what, error) => {
		const before = { ...Object(error) };
		expect(withCode(error)).toBe(error);
		expect({ ...Object(error) }).toEqual(before);
	});
});
