/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { getEventListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock } from '../../nodes/shared/n8n/clock';
import { sendOnce } from '../../nodes/shared/transport/attempt';
import type { Send, WireAnswer, WireRequest } from '../../nodes/shared/transport/request';

const REQUEST: WireRequest = {
	method: 'GET',
	url: 'https://api.example:8443/v1/conversations/conv_1?x=1',
	headers: {},
};
const ANSWER: WireAnswer = { status: 200, headers: {}, body: '{}' };

const never = () => new AbortController().signal;

const attempt = async (send: Send, timeout = 0, cancelled = never()) =>
	await sendOnce({ send, clock: systemClock }, REQUEST, timeout, cancelled);

/** Answers only by giving up. */
const hanging: Send = async (_request, signal) =>
	await new Promise((_resolve, reject) => {
		signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
	});

describe('An attempt', () => {
	it('should give the answer as it came, and pass on the request as it is', async () => {
		const seen: WireRequest[] = [];
		const result = await attempt(async (request) => {
			seen.push(request);
			return ANSWER;
		});
		expect(result).toEqual({ kind: 'answer', answer: ANSWER });
		expect(seen).toEqual([REQUEST]);
	});

	it.each([0, 0.2, 3_000_000, 1e300])(
		'should leave no timer and no listener behind with a timeout of %d s',
		async (timeout) => {
			const { signal } = new AbortController();
			let sent: AbortSignal | undefined;
			await attempt(
				async (_request, given) => {
					sent = given;
					return ANSWER;
				},
				timeout,
				signal,
			);
			await pause(250);
			expect(sent?.aborted).toBe(false);
			expect(getEventListeners(signal, 'abort')).toHaveLength(0);
		},
	);

	it('should without a timeout be ended by the execution alone', async () => {
		const cancelled = never();
		let sent: AbortSignal | undefined;
		await attempt(
			async (_request, given) => {
				sent = given;
				return ANSWER;
			},
			0,
			cancelled,
		);
		expect(sent).toBe(cancelled);
	});

	it('should end by itself when its time is over', async () => {
		const startedAt = performance.now();
		const result = await attempt(hanging, 0.1);
		expect(performance.now() - startedAt).toBeGreaterThan(98);
		expect(performance.now() - startedAt).toBeLessThan(350);
		expect(result).toEqual({ kind: 'timeout', seconds: 0.1 });
	});

	it('should give what the helper threw', async () => {
		const error = new Error('socket hang up');
		const failing: Send = async () => await Promise.reject(error);
		expect(await attempt(failing)).toEqual({ kind: 'error', error });
		expect(await attempt(failing, 60)).toEqual({ kind: 'error', error });
	});

	it('should end when the execution is stopped, which is no timeout', async () => {
		const stop = new AbortController();
		const running = attempt(hanging, 60, stop.signal);
		await pause(20);
		stop.abort();
		expect(await running).toMatchObject({ kind: 'error', error: { message: 'aborted' } });
	});

	it.each([0, 0.05])(
		'should wait for a server that answers in time, with a timeout of %d s',
		async (timeout) => {
			const slow: Send = async () => {
				await pause(20);
				return ANSWER;
			};
			expect(await attempt(slow, timeout)).toEqual({ kind: 'answer', answer: ANSWER });
		},
	);
});
