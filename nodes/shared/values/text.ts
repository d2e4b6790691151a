import type { JsonValue } from './json';
import { FieldError } from './field';

/** White space, also the kinds that pasting from web pages brings along. */
const AROUND = /^[\s\u200B-\u200D\u2060\uFEFF]+|[\s\u200B-\u200D\u2060\uFEFF]+$/g;

export const trimPasted = (text: string): string => text.replace(AROUND, '');

/** Whether a text contains half a character (a lone surrogate), which no request can carry. */
export const hasHalfCharacter = (text: string): boolean => /\p{Surrogate}/u.test(text);

/** How long a text is, as the limits count it: in Unicode code points, so an emoji counts once. */
export const characters = (text: string): number => Array.from(text).length;

const halfCharacter = (what: string): FieldError =>
	new FieldError(
		`${what} contains half a character, such as a cut-off emoji`,
		'Shorten texts with {{ Array.from($json.text).slice(0, 10).join("") }}, which keeps characters whole.',
	);

const nullCharacter = (what: string): FieldError =>
	new FieldError(
		`${what} contains a null character, which can't be stored`,
		'Remove it, for example with {{ $json.text.replaceAll("\\u0000", "") }}.',
	);

/**
 * Refuses what a server would store in a different form than it was sent: half characters (lone
 * surrogates) and null characters.
 * @param what the field, or the part of it, for the error
 * @throws {FieldError}
 */
export function checkText(text: string, what: string): void {
	if (hasHalfCharacter(text)) throw halfCharacter(what);
	if (text.includes('\0')) throw nullCharacter(what);
}

/**
 * Does the same for all texts in a JSON value, names included.
 * @throws {FieldError}
 */
export function checkTexts(value: JsonValue, what: string): void {
	if (typeof value === 'string') return checkText(value, what);
	if (typeof value !== 'object' || value === null) return;
	for (const [name, part] of Object.entries(value)) {
		checkText(name, what);
		checkTexts(part, what);
	}
}

/** Sentences one behind the other; those that are undefined or empty are left out. */
export const sentences = (...parts: ReadonlyArray<string | undefined>): string =>
	parts.filter((part) => part !== undefined && part !== '').join(' ');

/** Names in a sentence: `"a", "b"`. */
export const listed = (names: readonly string[]): string =>
	names.map((name) => `"${name}"`).join(', ');
