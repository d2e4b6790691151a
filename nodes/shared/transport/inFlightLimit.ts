import type { RateLimiter } from './rateLimiter';

/**
 * The rate limiter with a limit on how many requests may be in flight at once. What is beyond the
 * limit waits in order of arrival for the end of another request, before it stands in line for its
 * start. When its signal fires it waits no longer, so that the caller can see the signal.
 * @param most 1 or more
 */
export function limitInFlight(limiter: RateLimiter, most: number): RateLimiter {
	/** Requests that were let through and have not ended. */
	let inFlight = 0;
	const waiting = new Set<() => void>();

	const leaveLine = async (signal: AbortSignal): Promise<void> => {
		await new Promise<void>((resolve) => {
			const leave = () => {
				signal.removeEventListener('abort', leave);
				waiting.delete(leave);
				// Counted here: nobody who comes in the meantime may take the place.
				inFlight += 1;
				resolve();
			};
			waiting.add(leave);
			signal.addEventListener('abort', leave);
		});
	};

	return {
		get waitedMs() {
			return limiter.waitedMs;
		},

		async start(signal, isFollowUp) {
			if (inFlight < most || signal.aborted) inFlight += 1;
			else await leaveLine(signal);
			return await limiter.start(signal, isFollowUp);
		},

		async pause(ms, signal) {
			await limiter.pause(ms, signal);
		},

		observe(observation) {
			inFlight -= 1;
			limiter.observe(observation);
			if (inFlight >= most) return;
			const [first] = waiting;
			first?.();
		},
	};
}
