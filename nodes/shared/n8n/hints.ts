import type { NodeExecutionHint } from 'n8n-workflow';

import type { RunStatistics } from '../transport/client';
import { REDACTED } from '../transport/redact';

/**
 * Something the user should know about a run that succeeded. Occurrences of the same kind are
 * summed up in one hint.
 */
export interface Note {
	type: 'info' | 'warning';
	/**
	 * @param count items that it happened to
	 * @param names what is concerned, each once
	 */
	text(count: number, names: readonly string[]): string;
}

/** From this many items on a run is summed up even when all went smoothly. */
const MANY_ITEMS = 100;
/** From this many ms on, waiting is worth a word. */
const NOTABLE_WAIT_MS = 1_000;
/** More names than this are counted instead of listed. */
const MAX_NAMES = 10;

/** What looks like a key of OpenAI's, whose ever it is. */
const KEY = /\bsk-[A-Za-z0-9_-]{8,}/g;

/** Gathers notes of many items, so that each kind becomes one hint. */
export class Notes {
	private readonly kinds = new Map<Note, { count: number; names: Set<string> }>();

	add(note: Note, names: readonly string[] = []): void {
		const entry = this.kinds.get(note) ?? { count: 0, names: new Set<string>() };
		entry.count += 1;
		for (const name of names) if (entry.names.size <= MAX_NAMES) entry.names.add(name);
		this.kinds.set(note, entry);
	}

	/** @param redact takes secrets out of a text: names come from users and from the API */
	hints(redact: (text: string) => string): NodeExecutionHint[] {
		return [...this.kinds].map(([note, { count, names }]) => {
			const shown = [...names].slice(0, MAX_NAMES);
			if (names.size > MAX_NAMES) shown.push('and more');
			const message = redact(note.text(count, shown).replace(KEY, REDACTED));
			return { message, type: note.type, location: 'outputPane' };
		});
	}
}

/** A count with its noun, such as `1 item` or `2,000 items`. */
export const plural = (count: number, one: string, many: string): string =>
	`${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;

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
