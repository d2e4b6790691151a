/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { getEventListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { LONGEST_TIMER_MS, wait } from '../../nodes/shared/n8n/wait';

const never = () => new AbortController().signal;

/** Waits that the first line of n8n was asked for. */
const slept: string[] = [];

/** The module as it is with another n8n. */
function waitWith(n8n: object): { wait: typeof wait } {
	jest.resetModules();
	const current = jest.requireActual<typeof import('n8n-workflow')>('n8n-workflow');
	jest.doMock('n8n-workflow', () => ({ sleep: current.sleep, ...n8n }));
	const module = jest.requireActual<{ wait: typeof wait }>('../../nodes/shared/n8n/wait');
	jest.dontMock('n8n-workflow');
	return module;
}

const older = waitWith({
	sleepWithAbort: async (ms: number, signal: AbortSignal) => {
		slept.push(`${ms} ${signal.aborted}`);
		throw new Error('aborted');
	},
});

const hanging = waitWith({
	sleepWithAbort: async (_ms: number, signal: AbortSignal) =>
		await new Promise<void>((_resolve, reject) => {
			signal.addEventListener('abort', () => reject(new Error('aborted')));
		}),
});

const odd = waitWith({ sleepWithAbort: 'gone' });

async function took(action: Promise<void>): Promise<number> {
	const startedAt = performance.now();
	await action;
	return performance.now() - startedAt;
}

describe('wait', () => {
	it('should last as long as it is told', async () => {
		const ms = await took(wait(50, never()));
		expect(ms).toBeGreaterThan(48);
		expect(ms).toBeLessThan(250);
	});

	it('should end when the signal fires, without throwing', async () => {
		const stop = new AbortController();
		const waiting = took(wait(60_000, stop.signal));
		await pause(20);
		stop.abort(new Error('stopped'));
		expect(await waiting).toBeLessThan(250);
	});

	it('should not begin when the signal has fired', async () => {
		expect(await took(wait(60_000, AbortSignal.abort()))).toBeLessThan(50);
	});

	it.each([LONGEST_TIMER_MS + 1, 1e12, Number.MAX_SAFE_INTEGER, 1e300])(
		'should not fire at once for %d ms',
		async (ms) => {
			const stop = new AbortController();
			let isOver = false;
			const waiting = wait(ms, stop.signal).then(() => (isOver = true));
			await pause(20);
			expect(isOver).toBe(false);
			stop.abort();
			await waiting;
		},
	);

	it('should leave no listener behind', async () => {
		const { signal } = new AbortController();
		await Promise.all(Array.from({ length: 50 }, async () => await wait(1, signal)));
		expect(getEventListeners(signal, 'abort')).toHaveLength(0);
	});

	it('should not even begin a timer when the signal has fired', async () => {
		await older.wait(5, AbortSignal.abort());
		expect(slept).toEqual([]);
	});

	it('should end the same way on the first line of n8n, where another function can be ended', async () => {
		await older.wait(5, never());
		await older.wait(LONGEST_TIMER_MS + 5, never());
		expect(slept.splice(0)).toEqual(['5 false', '2147483647 false']);
	});

	it('should leave no listener behind on the first line of n8n, and end with the signal', async () => {
		const { signal } = new AbortController();
		await older.wait(5, signal);
		expect(getEventListeners(signal, 'abort')).toHaveLength(0);
		const stop = new AbortController();
		const waiting = hanging.wait(60_000, stop.signal);
		stop.abort();
		await waiting;
		slept.splice(0);
	});

	it('should use the function of the second line where the other is no function', async () => {
		await odd.wait(5, never());
		expect(slept).toEqual([]);
	});
});
