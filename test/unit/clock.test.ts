/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { getEventListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { LONGEST_TIMER_MS, wait } from '../../nodes/shared/n8n/clock';

const never = () => new AbortController().signal;

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
});
