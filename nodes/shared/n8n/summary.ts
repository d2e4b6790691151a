import type { NodeExecutionHint } from 'n8n-workflow';

import type { RunStatistics } from '../transport/client';
import { plural } from './hints';

/** From this many items on a run is summed up even when all went smoothly. */
const MANY_ITEMS = 100;
/** From this many ms on, waiting is worth a word. */
const NOTABLE_WAIT_MS = 1_000;

/** A duration as a person says it: `0.4 s`, `12 s`, `3 min 5 s`. */
export function duration(ms: number): string {
	const tenths = Math.round(ms / 100) / 10;
	if (tenths < 10) return `${tenths.toFixed(1)} s`;
	const whole = Math.round(ms / 1_000);
	if (whole < 60) return `${whole} s`;
	return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * Sums up a run: requests, retries and why, time spent waiting. Undefined when there is nothing
 * worth a word.
 * @param times in ms: of the run, and of the part of it in which requests were kept waiting
 */
export function summary(
	items: number,
	{ requests, retries }: RunStatistics,
	times: { ranMs: number; waitedMs: number },
): NodeExecutionHint | undefined {
	const repeated = [...retries.values()].reduce((sum, count) => sum + count, 0);
	const isWaitNotable = times.waitedMs >= NOTABLE_WAIT_MS;
	if (repeated === 0 && !isWaitNotable && items < MANY_ITEMS) return undefined;
	const reasons = [...retries].map(
		([reason, count]) => `${reason}: ${count.toLocaleString('en-US')}`,
	);
	const parts = [
		`${plural(requests, 'request', 'requests')} for ${plural(items, 'input item', 'input items')}`,
		repeated === 0
			? 'no retries'
			: `${plural(repeated, 'retry', 'retries')} (${reasons.join(', ')})`,
		...(isWaitNotable
			? [`${duration(times.waitedMs)} of ${duration(times.ranMs)} spent waiting`]
			: []),
	];
	return { message: `${parts.join(', ')}.`, type: 'info', location: 'outputPane' };
}
