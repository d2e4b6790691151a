/** @import { JsonObject } from '../types.mjs' */
import { isObject } from '../validate.mjs';
import { tagsIn } from './tags.mjs';

/** Deep enough for any tool; a schema that refers to itself ends there. */
const MAX_DEPTH = 8;

/** Also the placeholder of a note, which the node then points out. */
const CONVERSATION_ID = /\bconv_[\w…]+/;

/**
 * @typedef {{ root: JsonObject, text: string, answer?: string }} Context root: for `$ref`; answer:
 *   what goes into the string that is the answer to the user
 */

/**
 * A plausible value for a JSON schema: its default, constant or first choice where it has one; all
 * required properties of an object, or all properties if it requires none. What is to name a conversation names the
 * one in the text, and an object of which nothing is known holds the tags that the text asks for, or
 * notes the text.
 *
 * @param {unknown} schema
 * @param {string} [text] what the user said
 * @returns {unknown}
 */
export const exampleFor = (schema, text = '') =>
	fill(schema, 'value', { root: isObject(schema) ? schema : {}, text }, 0);

/**
 * A value that follows the schema of a structured output: choices are those that the user named,
 * and a string that is called an answer holds the answer.
 *
 * @param {JsonObject} schema
 * @param {string} text what the user said
 * @param {string} answer
 */
export const answerInSchema = (schema, text, answer) =>
	fill(schema, 'value', { root: schema, text, answer }, 0);

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
		if (Array.isArray(list) && list.length > 0) return chosen(list, context);
	}
	if (typeof schema['$ref'] === 'string')
		return fill(resolve(context.root, schema['$ref']), name, context, depth + 1);
	for (const list of [schema['anyOf'], schema['oneOf'], schema['allOf']]) {
		if (Array.isArray(list) && list.length > 0) return fill(list[0], name, context, depth + 1);
	}
	switch (Array.isArray(schema['type']) ? schema['type'][0] : schema['type']) {
		case 'string':
			return textFor(schema, name, context);
		case 'integer':
		case 'number':
			return numberFor(schema);
		case 'boolean':
			return true;
		case 'array':
			return Array.from({ length: arrayLength(schema) }, () =>
				fill(schema['items'] ?? { type: 'string' }, name, context, depth + 1),
			);
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
	if (required.length === 0 && context.text !== '') {
		const tags = tagsIn(context.text);
		return Object.keys(tags).length > 0 ? tags : { note: context.text.slice(0, 200) };
	}
	return Object.fromEntries(
		required.map((/** @type {unknown} */ key) => [
			String(key),
			fill(properties[String(key)], String(key), context, depth + 1),
		]),
	);
}

/**
 * @param {unknown[]} choices
 * @param {Context} context
 */
function chosen(choices, { text, answer }) {
	const said = text.toLowerCase();
	const named = choices.find(
		(choice) => typeof choice === 'string' && choice !== '' && said.includes(choice.toLowerCase()),
	);
	return answer === undefined ? choices[0] : (named ?? choices[0]);
}

/** @param {JsonObject} schema */
function numberFor({ minimum, maximum, exclusiveMinimum }) {
	if (typeof minimum === 'number') return minimum;
	if (typeof exclusiveMinimum === 'number') return exclusiveMinimum + 1;
	return typeof maximum === 'number' ? Math.min(1, maximum) : 1;
}

/** @param {JsonObject} schema */
const arrayLength = ({ minItems, maxItems }) =>
	Math.min(
		typeof minItems === 'number' ? Math.max(minItems, 1) : 1,
		typeof maxItems === 'number' ? maxItems : Infinity,
	);

/** @type {ReadonlyMap<unknown, string>} */
const BY_FORMAT = new Map([
	['date-time', '2026-01-31T12:00:00Z'],
	['date', '2026-01-31'],
	['time', '12:00:00Z'],
	['email', 'ada@example.com'],
	['uuid', '00000000-0000-4000-8000-000000000000'],
	['uri', 'https://example.com/'],
]);

/**
 * @param {JsonObject} schema
 * @param {string} name
 * @param {Context} context
 */
function textFor(schema, name, { text: said, answer }) {
	const formatted = BY_FORMAT.get(schema['format']);
	if (formatted !== undefined) return formatted;
	const isAnswer = answer !== undefined && /answer|reply|response|summary/i.test(name);
	const text = isAnswer
		? answer
		: (/conversation/i.test(name) && CONVERSATION_ID.exec(said)?.[0]) || `example ${name}`;
	const padded =
		typeof schema['minLength'] === 'number' ? text.padEnd(schema['minLength'], '.') : text;
	return typeof schema['maxLength'] === 'number' ? padded.slice(0, schema['maxLength']) : padded;
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
