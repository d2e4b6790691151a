/** Time, and waiting for it. Handed in, so that tests can let it pass at once. */
export interface Clock {
	/** Milliseconds; never goes back. */
	now(): number;
	/** Waits `ms` milliseconds, or less if the signal fires. Never rejects. */
	wait(ms: number, signal: AbortSignal): Promise<void>;
}
