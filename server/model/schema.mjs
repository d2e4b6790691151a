/** @import { JsonObject } from '../types.mjs' */
import { isObject } from '../validate.mjs';

/** Deep enough for any tool; a schema that refers to itself ends there. */
const MAX_DEPTH = 8;

const CONVERSATION_ID = /\bconv_\w+/;

/** @typedef {{ root: JsonObject, text: string }} Context root: for `$ref` */

/**
 * A plausible value for a JSON schema: its default, constant or first choice where it has one; all
 * required properties of an object, or all properties if it requires none. What is to name a conversation names the
 * one in the text, and an object of which nothing is known notes the text.
 *
 * @param {unknown} schema
 * @param {string} [text] what the user said
 * @returns {unknown}
 */
export const exampleFor = (schema, text = '') =>
	fill(schema, 'value', { root: isObject(schema) ? schema : {}, text }, 0);

/**
 * @param {unknown} schema
 * @param {string} name the property's, for texts
 * @param {Context} context
 * @param {number} depth
 * @returns {unknown}
 */
function fill(schema, name, context, depth) {
	if (!isObject(schema) || depth > MAX_DEPTH) return null;
	if ('const' in schema) return schema['const'];
	if ('default' in schema) return schema['default'];
	for (const list of [schema['enum'], schema['examples']]) {
		if (Array.isArray(list) && list.length > 0) return /** @type {unknown} */ (list[0]);
	}
	if (typeof schema['$ref'] === 'string')
		return fill(resolve(context.root, schema['$ref']), name, context, depth + 1);
	for (const list of [schema['anyOf'], schema['oneOf'], schema['allOf']]) {
		if (Array.isArray(list) && list.length > 0) return fill(list[0], name, context, depth + 1);
	}
	switch (Array.isArray(schema['type']) ? schema['type'][0] : schema['type']) {
		case 'string':
			return textFor(schema, name, context.text);
		case 'integer':
		case 'number':
			return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1;
		case 'boolean':
			return true;
		case 'array':
			return [fill(schema['items'] ?? { type: 'string' }, name, context, depth + 1)];
		case 'null':
			return null;
		default:
			return fillObject(schema, context, depth);
	}
}

/**
 * @param {JsonObject} schema
 * @param {Context} context
 * @param {number} depth
 */
function fillObject(schema, context, depth) {
	const properties = isObject(schema['properties']) ? schema['properties'] : {};
	const required =
		Array.isArray(schema['required']) && schema['required'].length > 0
			? schema['required']
			: Object.keys(properties);
	if (required.length === 0 && context.text !== '') return { note: context.text.slice(0, 200) };
	return Object.fromEntries(
		required.map((/** @type {unknown} */ key) => [
			String(key),
			fill(properties[String(key)], String(key), context, depth + 1),
		]),
	);
}

/**
 * @param {JsonObject} schema
 * @param {string} name
 * @param {string} said
 */
function textFor(schema, name, said) {
	const text = (/conversation/i.test(name) && CONVERSATION_ID.exec(said)?.[0]) || `example ${name}`;
	return typeof schema['maxLength'] === 'number' ? text.slice(0, schema['maxLength']) : text;
}

/**
 * @param {JsonObject} root
 * @param {string} reference such as `#/$defs/Pair`
 * @returns {unknown}
 */
function resolve(root, reference) {
	/** @type {unknown} */
	let found = root;
	for (const key of reference.replace(/^#\/?/, '').split('/')) {
		if (key !== '') found = isObject(found) ? found[key] : undefined;
	}
	return found;
}
