import * as n8n from 'n8n-workflow';

/** The longest delay a timer holds: 2³¹−1 ms, some 24.8 days. A longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * n8n-workflow 1.x keeps the wait that can be ended in `sleepWithAbort`, which leaves its listener behind; since 2.x
 * `sleep` takes the signal.
 */
const sleep: typeof n8n.sleep =
	'sleepWithAbort' in n8n && typeof n8n.sleepWithAbort === 'function'
		? withOwnSignal(n8n.sleepWithAbort.bind(n8n))
		: n8n.sleep;

/** The wait with a signal that goes when it is over. */
function withOwnSignal(original: typeof n8n.sleep): typeof n8n.sleep {
	return async (ms, signal) => {
		const own = new AbortController();
		const stop = () => own.abort();
		signal?.addEventListener('abort', stop);
		try {
			await original(ms, own.signal);
		} finally {
			signal?.removeEventListener('abort', stop);
		}
	};
}

/**
 * Waits `ms` milliseconds (at most `LONGEST_TIMER_MS`), or less if the signal fires.
 * Never throws: the caller looks at the signal.
 */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
	if (signal.aborted) return;
	// It rejects for one reason only: the signal.
	await sleep(Math.min(ms, LONGEST_TIMER_MS), signal).catch(() => undefined);
}
