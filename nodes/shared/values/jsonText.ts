import type { JsonValue } from './json';
import { isPlainObject, isTooDeep } from './json';
import { FieldError, quote } from './field';

/** Where the string that begins at a quotation mark ends: behind its closing one. */
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
 * The first name that the outermost object of a JSON text gives twice; `JSON.parse` would drop one
 * of the two. No regular expression: it runs out of stack on the megabytes that a file takes.
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

/** A copy of a value as JSON has it; undefined when JSON can't hold it. */
function asJson(value: unknown): JsonValue | undefined {
	try {
		const text = JSON.stringify(value);
		if (text === undefined) return undefined;
		const copy: JsonValue = JSON.parse(text);
		return copy;
	} catch {
		return undefined;
	}
}

const tooDeep = (label: string): FieldError =>
	new FieldError(`${label} is nested too deeply`, 'Give it fewer levels of lists and objects.');

/**
 * Reads a JSON field: text that is parsed, or an object or a list by expression.
 * @param label the field's label, for the error
 * @param example what the field should look like
 * @throws {FieldError} for text that is no JSON, or that names a member of the outermost object twice
 */
export function parseJsonText(value: unknown, label: string, example: string): JsonValue {
	const advice = `Enter JSON such as ${example}, or use an expression that gives it.`;
	if (typeof value !== 'string') {
		const json = isPlainObject(value) || Array.isArray(value) ? asJson(value) : undefined;
		if (json === undefined)
			throw new FieldError(`${label} holds something that is no JSON`, advice);
		if (isTooDeep(json)) throw tooDeep(label);
		return json;
	}
	if (value.trim() === '') throw new FieldError(`${label} is empty`, advice);
	if (value.trim() === '[object Object]') {
		throw new FieldError(
			`${label} is an object inside of text`,
			'Let the expression stand alone in the field, without text around it.',
		);
	}
	let parsed: JsonValue | undefined;
	let reason = '';
	try {
		parsed = JSON.parse(value);
	} catch (error) {
		reason = error instanceof Error ? error.message : '';
	}
	if (parsed === undefined) {
		throw new FieldError(`${label} is not valid JSON: ${reason}`, advice);
	}
	if (isTooDeep(parsed)) throw tooDeep(label);
	const duplicate = isPlainObject(parsed) ? duplicateName(value) : undefined;
	if (duplicate !== undefined) {
		throw new FieldError(
			`${label} has the key ${quote(duplicate)} twice`,
			'Keep one of the two, since only one value can be stored.',
		);
	}
	return parsed;
}
