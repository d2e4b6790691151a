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
 * The first name that the outermost object of a JSON text has twice; `JSON.parse` would drop one of
 * the two. Not a regular expression, which runs out of stack on a file of several megabytes.
 * @param json text that `JSON.parse` accepts
 */
function duplicateName(json: string): string | undefined {
	const seen = new Set<string>();
	let depth = 0;
	let last = '';
	for (let at = 0; at < json.length; at++) {
		const character = json.charAt(at);
		if (character === '"') {
			const end = endOfString(json, at);
			if (depth === 1) last = json.slice(at, end);
			at = end - 1;
		} else if (character === '{' || character === '[') depth++;
		else if (character === '}' || character === ']') depth--;
		else if (character === ':' && depth === 1) {
			const name: unknown = JSON.parse(last);
			if (typeof name === 'string' && seen.has(name)) return name;
			if (typeof name === 'string') seen.add(name);
		}
	}
	return undefined;
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
	const advice = `Put double quotes around keys and texts, and no comma after the last pair, as in ${example}.`;
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
 * @throws {FieldError} for what isn't JSON, is nested too deeply, or names a member of the outermost
 * object twice
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
	const duplicate =
		typeof value === 'string' && isPlainObject(json) ? duplicateName(value) : undefined;
	if (duplicate === undefined) return json;
	throw new FieldError(
		`${label} has the key ${quote(duplicate)} twice`,
		'Keep one of the two, since only one value can be stored.',
	);
}
