import { limitInFlight } from '../../nodes/shared/transport/inFlightLimit';
import type { Observation, RateLimiter } from '../../nodes/shared/transport/rateLimiter';

const answered: Observation = {
	startedAt: 0,
	status: 200,
	headers: {},
	isRateLimit: false,
	namedWait: undefined,
};

/** A limiter that lets everything start at once, and what it was asked. */
function stage(most: number) {
	const calls: string[] = [];
	let starts = 0;
	const inner: RateLimiter = {
		start: async () => ++starts,
		observe: () => void calls.push('observe'),
		pause: async (ms) => void calls.push(`pause ${ms}`),
		waitedMs: 7,
	};
	return { limiter: limitInFlight(inner, most), calls };
}

/** Lets everything happen that needs no answer. */
const flushMicrotasks = async () => {
	for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

const { signal } = new AbortController();

describe('limitInFlight', () => {
	it('should let requests start up to the limit, and others in order as these end', async () => {
		const { limiter, calls } = stage(2);
		const started: string[] = [];
		for (const name of ['a', 'b', 'c', 'd']) {
			void limiter.start(signal).then((time) => started.push(`${name}${time}`));
		}
		await flushMicrotasks();
		expect(started).toEqual(['a1', 'b2']);
		limiter.observe(answered);
		await flushMicrotasks();
		expect(started).toEqual(['a1', 'b2', 'c3']);
		limiter.observe(answered);
		limiter.observe(answered);
		await flushMicrotasks();
		expect(started).toEqual(['a1', 'b2', 'c3', 'd4']);
		expect(calls).toEqual(['observe', 'observe', 'observe']);
	});

	it('should not give a place away twice', async () => {
		const { limiter } = stage(1);
		const started: string[] = [];
		const start = (name: string) => limiter.start(signal).then(() => started.push(name));
		await start('a');
		void start('b');
		limiter.observe(answered);
		void start('c');
		await flushMicrotasks();
		expect(started).toEqual(['a', 'b']);
	});

	it('should let one go that is stopped, and count it until it ends', async () => {
		const { limiter } = stage(1);
		const started: string[] = [];
		const stopping = new AbortController();
		await limiter.start(signal);
		void limiter.start(stopping.signal).then(() => started.push('stopped'));
		void limiter.start(signal).then(() => started.push('next'));
		stopping.abort();
		void limiter.start(stopping.signal).then(() => started.push('late'));
		await flushMicrotasks();
		expect(started.toSorted()).toEqual(['late', 'stopped']);
		limiter.observe(answered);
		limiter.observe(answered);
		await flushMicrotasks();
		expect(started).not.toContain('next');
		limiter.observe(answered);
		await flushMicrotasks();
		expect(started).toContain('next');
	});

	it('should leave pauses and what was waited to the rate limiter', async () => {
		const { limiter, calls } = stage(1);
		await limiter.pause(5, signal);
		expect(calls).toEqual(['pause 5']);
		expect(limiter.waitedMs).toBe(7);
	});
});
