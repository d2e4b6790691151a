import type { JsonValue } from './json';
import { FieldError, hasHalfCharacter } from './field';

export const halfCharacter = (what: string): FieldError =>
	new FieldError(
		`${what} has half of a character in it, such as a cut-off emoji`,
		'Shorten texts with {{ Array.from($json.text).slice(0, 10).join("") }}, which keeps characters whole.',
	);

const nullCharacter = (what: string): FieldError =>
	new FieldError(
		`${what} has a null character in it, which can't be stored`,
		'Remove it, for example with {{ $json.text.replaceAll("\\u0000", "") }}.',
	);

/**
 * Refuses what a server would store in another form than it was sent: half of a character, and null
 * characters.
 * @param what the field or its part, for the error
 * @throws {FieldError}
 */
export function checkText(text: string, what: string): void {
	if (hasHalfCharacter(text)) throw halfCharacter(what);
	if (text.includes('\0')) throw nullCharacter(what);
}

/**
 * The same for all texts in a JSON value, names included.
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
