import type { NodeExecutionHint } from 'n8n-workflow';

import { REDACTED } from '../values/redact';

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
