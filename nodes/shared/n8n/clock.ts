import type { Clock } from '../transport/clock';
import { sleep } from './n8n1';

/** The longest delay a timer holds: 2³¹−1 ms, some 24.8 days. A longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Waits `ms` milliseconds (at most `LONGEST_TIMER_MS`), or less if the signal fires.
 * Never throws: the caller looks at the signal.
 */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
	if (signal.aborted) return;
	// It rejects for one reason only: the signal.
	await sleep(Math.min(ms, LONGEST_TIMER_MS), signal).catch(() => undefined);
}

export const systemClock: Clock = { now: () => performance.now(), wait };
