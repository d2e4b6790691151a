import type { NodeExecutionHint } from 'n8n-workflow';

import type { NoteKind } from '../operation';
import type { Tally } from '../transport/client';

/** From this many items on a run is summed up even when all went smoothly. */
const MANY_ITEMS = 100;
/** From this many ms on, waiting is worth a word. */
const NOTABLE_WAIT_MS = 1_000;
/** More names than this are counted instead of listed. */
const MAX_NAMES = 10;

/** Gathers notes of many items, so that each kind becomes one hint. */
export class Notes {
	private readonly kinds = new Map<NoteKind, { count: number; names: Set<string> }>();

	add(kind: NoteKind, names: readonly string[] = []): void {
		const entry = this.kinds.get(kind) ?? { count: 0, names: new Set<string>() };
		entry.count += 1;
		for (const name of names) if (entry.names.size <= MAX_NAMES) entry.names.add(name);
		this.kinds.set(kind, entry);
	}

	hints(): NodeExecutionHint[] {
		return [...this.kinds].map(([kind, { count, names }]) => {
			const shown = [...names].slice(0, MAX_NAMES);
			if (names.size > MAX_NAMES) shown.push('and more');
			return { message: kind.text(count, shown), type: kind.type, location: 'outputPane' };
		});
	}
}

const plural = (count: number, one: string, many: string): string =>
	`${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;

/** A duration as a person says it: `0.4 s`, `12 s`, `3 min 5 s`. */
export function duration(ms: number): string {
	const seconds = ms / 1_000;
	if (seconds < 10) return `${seconds.toFixed(1)} s`;
	if (seconds < 60) return `${Math.round(seconds)} s`;
	const whole = Math.round(seconds);
	return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * Sums up a run: requests, retries and why, time spent waiting. Undefined when there is nothing
 * worth a word.
 */
export function summary(items: number, tally: Tally, gateMs: number): NodeExecutionHint | undefined {
	const retries = [...tally.retries.values()].reduce((sum, count) => sum + count, 0);
	const waitedMs = tally.backoffMs + gateMs;
	if (retries === 0 && waitedMs < NOTABLE_WAIT_MS && items < MANY_ITEMS) return undefined;
	const reasons = [...tally.retries].map(([reason, count]) => `${reason}: ${count.toLocaleString('en-US')}`);
	const parts = [
		`${plural(tally.requests, 'request', 'requests')} for ${plural(items, 'item', 'items')}`,
		retries === 0
			? 'no retries'
			: `${plural(retries, 'retry', 'retries')} (${reasons.join(', ')})`,
		...(waitedMs < 100 ? [] : [`${duration(waitedMs)} spent waiting, summed over the requests`]),
	];
	return { message: `${parts.join(', ')}.`, type: 'info', location: 'outputPane' };
}
