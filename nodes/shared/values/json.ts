export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

export interface JsonObject {
	[key: string]: JsonValue;
}

/** Whether a value is an object with named members: no array, no null, nothing that has a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
	if (typeof value !== 'object' || value === null) return false;
	const prototype: unknown = Object.getPrototypeOf(value);
	return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** `isPlainObject` for what came out of `JSON.parse`, where an object can be nothing else. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The string under `key`, or undefined where there is none or it is empty. */
export function textAt(object: JsonObject, key: string): string | undefined {
	const value = object[key];
	return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Deeper than this no API nests, and what reads or stores JSON by recursion, n8n included, may run out of stack. */
const DEEPEST = 500;

/** Whether lists and objects are nested so deep that the value can't be worked with. */
export function isTooDeep(value: JsonValue, level = 0): boolean {
	if (typeof value !== 'object' || value === null) return false;
	return level >= DEEPEST || Object.values(value).some((part) => isTooDeep(part, level + 1));
}
