import type { JsonValue } from './json';
import { isPlainObject, isTooDeep } from './json';
import { adviceFor, FieldError, quote } from './field';

/** The place behind a string's closing quotation mark. `start`: the place of its opening one. */
function endOfString(json: string, start: number): number {
	let end = start;
	let isEscaped = true;
	while (isEscaped) {
		end = json.indexOf('"', end + 1);
		if (end < 0) return json.length;
		let backslashes = 0;
		while (json.charAt(end - 1 - backslashes) === '\\') backslashes++;
		isEscaped = backslashes % 2 === 1;
	}
	return end + 1;
}

/**
 * The first name that an object anywhere in a JSON text has twice; `JSON.parse` would drop one of
 * the two. Not a regular expression, which runs out of stack on a file of several megabytes.
 * @param json text that `JSON.parse` accepts
 */
function duplicateName(json: string): string | undefined {
	/** The names of each object around the place, and undefined for each list. */
	const around: Array<Set<unknown> | undefined> = [];
	let start = 0;
	let end = 0;
	for (let at = 0; at < json.length; at++) {
		const character = json.charAt(at);
		if (character === '"') {
			start = at;
			end = endOfString(json, at);
			at = end - 1;
		} else if (character === '{') around.push(new Set());
		else if (character === '[') around.push(undefined);
		else if (character === '}' || character === ']') around.pop();
		else if (character === ':') {
			const name: unknown = JSON.parse(json.slice(start, end));
			const seen = around.at(-1);
			if (typeof name === 'string' && seen?.has(name) === true) return name;
			seen?.add(name);
		}
	}
	return undefined;
}

/**
 * The first NaN or Infinity in a value, which JSON would turn into null, and the key that it has, or
 * that the list around it has; empty where there is no key.
 * @param value what `JSON.stringify` accepts
 */
function numberLostIn(value: unknown): { key: string; lost: number } | undefined {
	const keys = new Map<unknown, string>();
	let found: { key: string; lost: number } | undefined;
	JSON.stringify(value, function note(this: unknown, name: string, part: unknown): unknown {
		const key = Array.isArray(this) ? (keys.get(this) ?? '') : name;
		if (Array.isArray(part)) keys.set(part, key);
		if (typeof part === 'number' && !Number.isFinite(part)) found ??= { key, lost: part };
		return part;
	});
	return found;
}

/** A copy of a value in the form JSON gives it; undefined when JSON can't hold it. */
export function toJson(value: unknown): JsonValue | undefined {
	try {
		const text = JSON.stringify(value);
		if (text === undefined) return undefined;
		const copy: JsonValue = JSON.parse(text);
		return copy;
	} catch {
		return undefined;
	}
}

/** Where the parser stopped in a text of several lines, such as ` near line 3`; empty where it doesn't say. */
function placeIn(text: string, reason: string): string {
	const [, position] = /position (\d+)/.exec(reason) ?? [];
	if (position === undefined || !text.includes('\n')) return '';
	return ` near line ${text.slice(0, Number(position)).split('\n').length}`;
}

function notJson(text: string, label: string, example: string, reason: string): FieldError {
	if (text.includes('[object Object]')) {
		return new FieldError(
			`${label} mixes an object with text`,
			'Let the expression stand alone in the field, or turn its result into text with {{ JSON.stringify(…) }}.',
		);
	}
	const advice = `Put straight double quotes (", not “ ”) around keys and texts, a comma between two pairs, and no comma after the last pair, as in ${example}.`;
	return new FieldError(
		`${label} isn't valid JSON${placeIn(text, reason)}`,
		adviceFor(text, advice),
	);
}

function parseText(text: string, label: string, example: string): JsonValue {
	let parsed: JsonValue | undefined;
	let reason = '';
	try {
		parsed = JSON.parse(text);
	} catch (error) {
		reason = error instanceof Error ? error.message : '';
	}
	if (parsed === undefined) throw notJson(text, label, example, reason);
	return parsed;
}

/**
 * Parses a JSON field: text, or an object or a list by expression.
 * @param label the field's label, for the error
 * @param example what the field should look like
 * @throws {FieldError} for what isn't JSON, is nested too deeply, has a name twice in an object, or has
 * a number that JSON can't hold
 */
export function parseJsonText(value: unknown, label: string, example: string): JsonValue {
	const advice = `Enter JSON such as ${example}, or use an expression that gives it.`;
	if (typeof value === 'string' && value.trim() === '')
		throw new FieldError(`${label} is empty`, advice);
	const isObject = isPlainObject(value) || Array.isArray(value);
	const json =
		typeof value === 'string'
			? parseText(value, label, example)
			: isObject
				? toJson(value)
				: undefined;
	if (json === undefined) throw new FieldError(`${label} isn't valid JSON`, advice);
	if (isTooDeep(json)) {
		throw new FieldError(
			`${label} is nested too deeply`,
			'Give it fewer levels of lists and objects.',
		);
	}
	if (typeof value === 'string') {
		const duplicate = duplicateName(value);
		if (duplicate === undefined) return json;
		throw new FieldError(
			`${label} has the key ${quote(duplicate)} twice`,
			'Keep one of the two, since only one value can be stored.',
		);
	}
	const { key, lost } = numberLostIn(value) ?? {};
	if (lost === undefined) return json;
	throw new FieldError(
		key
			? `The value of the key ${quote(key)} in ${label} is ${lost}`
			: `${label} has ${lost} in it`,
		'Check the expression that computes it.',
	);
}
