/** @import { JsonObject } from '../types.mjs' */
import { badRequest, invalidType, missingParameter, unsupportedValue } from '../errors.mjs';
import { isObject } from '../validate.mjs';

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * The JSON schema that `text.format` asks for.
 *
 * @param {unknown} text the request's `text`
 * @returns {JsonObject | undefined}
 * @throws {import('../errors.mjs').ApiError} 400, naming the field
 */
export function readSchema(text) {
	if (text === undefined || text === null) return undefined;
	if (!isObject(text)) throw invalidType(text, 'text', 'an object');
	const format = text['format'];
	if (format === undefined || format === null) return undefined;
	if (!isObject(format)) throw invalidType(format, 'text.format', 'an object');
	const type = format['type'];
	if (type === 'text') return undefined;
	if (type === 'json_object') return { type: 'object', properties: { answer: { type: 'string' } } };
	if (type !== 'json_schema') {
		throw unsupportedValue(String(type), 'text.format.type', [
			'text',
			'json_schema',
			'json_object',
		]);
	}
	const { name, schema, strict } = format;
	if (name === undefined) throw missingParameter('text.format.name');
	if (typeof name !== 'string' || !NAME.test(name)) {
		throw badRequest(
			`Invalid 'text.format.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
			'text.format.name',
			'invalid_value',
		);
	}
	if (schema === undefined) throw missingParameter('text.format.schema');
	if (!isObject(schema)) throw invalidType(schema, 'text.format.schema', 'an object');
	if (schema['type'] !== 'object') {
		throw invalidSchema(
			name,
			[],
			`schema must be a JSON Schema of 'type: "object"', got 'type: "${String(schema['type'] ?? 'None')}"'`,
		);
	}
	if (strict === true) checkStrict(schema, name, []);
	return schema;
}

/**
 * Strict mode wants `additionalProperties: false` and every property required, at every level.
 *
 * @param {unknown} schema
 * @param {string} name
 * @param {string[]} path
 */
function checkStrict(schema, name, path) {
	if (!isObject(schema)) return;
	const { properties, required, items } = schema;
	if (schema['type'] === 'object' || properties !== undefined) {
		if (schema['additionalProperties'] !== false) {
			throw invalidSchema(
				name,
				path,
				"'additionalProperties' is required to be supplied and to be false",
			);
		}
		const listed = Array.isArray(required) ? required : [];
		const missing = Object.keys(isObject(properties) ? properties : {}).find(
			(key) => !listed.includes(key),
		);
		if (missing !== undefined) {
			throw invalidSchema(
				name,
				path,
				`'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'`,
			);
		}
	}
	for (const group of ['properties', '$defs', 'definitions']) {
		const parts = schema[group];
		for (const [key, part] of Object.entries(isObject(parts) ? parts : {}))
			checkStrict(part, name, [...path, group, key]);
	}
	checkStrict(items, name, [...path, 'items']);
	const choices = schema['anyOf'];
	if (Array.isArray(choices))
		choices.forEach((choice, index) =>
			checkStrict(choice, name, [...path, 'anyOf', String(index)]),
		);
}

/**
 * @param {string} name
 * @param {string[]} path
 * @param {string} reason
 */
function invalidSchema(name, path, reason) {
	const context = `(${path.map((part) => `'${part}'`).join(', ')}${path.length === 1 ? ',' : ''})`;
	return badRequest(
		`Invalid schema for response_format '${name}': In context=${context}, ${reason}.`,
		'text.format.schema',
		'invalid_json_schema',
	);
}
