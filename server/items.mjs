/** @import { Ids } from './ids.mjs' */
/** @import { Item, JsonObject } from './types.mjs' */
import {
	ApiError,
	badRequest,
	invalidType,
	missingParameter,
	unknownParameter,
	unsupportedValue,
} from './errors.mjs';
import { ITEM_SHAPES, ITEM_TYPES } from './itemShapes.mjs';
import { characters, isObject, tooLong } from './validate.mjs';

const ROLES = ['assistant', 'system', 'developer', 'user'];
const ASSISTANT_PARTS = ['output_text', 'refusal'];
const INPUT_PARTS = ['input_text', 'input_image', 'input_file'];
const MAX_TEXT_LENGTH = 10_485_760;

/** Types whose IDs the API checks on input, and how they must begin. */
const CHECKED_PREFIXES = new Map([
	['message', 'msg'],
	['function_call', 'fc'],
	['function_call_output', 'fc'],
	['reasoning', 'rs'],
]);

/**
 * Turns input items into stored items: checks them as the API would, expands the easy message
 * form, and fills in IDs and statuses.
 *
 * @param {unknown[]} inputs
 * @param {{ ids: Ids, param: string, known: (id: string) => Item | undefined, taken: (id: string) => boolean }} context
 *   `param`: the name of the array, for errors; `known`: an item that was ever stored; `taken`:
 *   whether the conversation already holds that ID
 * @returns {Item[]}
 * @throws {ApiError} 400, naming the field
 */
export function readItems(inputs, { ids, param, known, taken }) {
	/** @type {Set<string>} */
	const seen = new Set();
	const items = inputs.map((input, index) => {
		const where = `${param}[${index}]`;
		if (!isObject(input)) throw invalidType(input, where, 'an object');
		const item =
			input['type'] === 'item_reference'
				? readReference(input, where, known)
				: buildItem(checkedInput(input, where, known), ids);
		if (seen.has(item.id) || taken(item.id)) {
			throw badRequest(
				`Duplicate item found with id ${item.id}. Remove duplicate items from your input and try again.`,
				param,
			);
		}
		seen.add(item.id);
		return item;
	});
	refuseLoneReasoning(items, param);
	return items;
}

/**
 * The stored form of an input item, without any check.
 *
 * @param {JsonObject} input
 * @param {Ids} ids
 * @returns {Item}
 */
export function buildItem(input, ids) {
	const type = typeof input['type'] === 'string' ? input['type'] : 'message';
	const id = typeof input['id'] === 'string' ? input['id'] : ids.item(type);
	const status = ITEM_SHAPES.get(type)?.hasStatus ? { status: 'completed' } : {};
	const { id: _id, type: _type, ...fields } = input;
	if (type !== 'message') return { id, type, ...status, ...fields };
	return {
		id,
		type,
		...status,
		...fields,
		content: expandContent(input['content'], input['role']),
	};
}

/**
 * @param {unknown} content
 * @param {unknown} role
 */
function expandContent(content, role) {
	const textType = role === 'assistant' ? 'output_text' : 'input_text';
	const parts = typeof content === 'string' ? [{ type: textType, text: content }] : content;
	if (!Array.isArray(parts)) return parts;
	return parts.map((/** @type {unknown} */ part) => {
		if (!isObject(part)) return part;
		if (part['type'] === 'output_text') return { annotations: [], logprobs: [], ...part };
		if (part['type'] === 'input_image')
			return { detail: 'auto', file_id: null, image_url: null, ...part };
		return part;
	});
}

/**
 * @param {JsonObject} input
 * @param {string} where
 * @param {(id: string) => Item | undefined} known
 * @returns {Item}
 */
function readReference(input, where, known) {
	const id = input['id'];
	if (typeof id !== 'string') throw missingParameter(`${where}.id`);
	const item = known(id);
	if (!item) throw new ApiError(404, `Item with id '${id}' not found.`, { param: where });
	return item;
}

/**
 * @param {JsonObject} input
 * @param {string} where
 * @param {(id: string) => Item | undefined} known
 */
function checkedInput(input, where, known) {
	const type = input['type'] === undefined && 'role' in input ? 'message' : input['type'];
	if (type === undefined) throw missingParameter(`${where}.type`);
	if (typeof type !== 'string') throw invalidType(type, `${where}.type`, 'a string');
	const shape = ITEM_SHAPES.get(type);
	if (!shape) throw unsupportedValue(type, where, ITEM_TYPES);
	for (const [field, value] of Object.entries(input)) {
		const isKnown =
			field === 'id' ||
			field === 'type' ||
			shape.required.includes(field) ||
			shape.optional.includes(field);
		// The API calls a null it does not expect an unknown parameter, not a wrong type.
		if (!isKnown || (value === null && !shape.nullable.includes(field)))
			throw unknownParameter(`${where}.${field}`);
	}
	const missing = shape.required.find((field) => input[field] === undefined);
	if (missing !== undefined) throw missingParameter(`${where}.${missing}`);
	checkId(input['id'], type, where);
	if (type === 'message') checkMessage(input, where);
	return type === 'reasoning' ? withReasoningContent(input, where, known) : input;
}

/**
 * @param {unknown} id
 * @param {string} type
 * @param {string} where
 */
function checkId(id, type, where) {
	if (id === undefined) return;
	if (typeof id !== 'string') throw invalidType(id, `${where}.id`, 'a string');
	const prefix = CHECKED_PREFIXES.get(type);
	if (prefix !== undefined && !id.startsWith(prefix)) {
		throw badRequest(
			`Invalid '${where}.id': '${id}'. Expected an ID that begins with '${prefix}'.`,
			`${where}.id`,
			'invalid_value',
		);
	}
}

/**
 * @param {JsonObject} message
 * @param {string} where
 */
function checkMessage(message, where) {
	const role = message['role'];
	if (typeof role !== 'string') throw invalidType(role, `${where}.role`, 'a string');
	if (!ROLES.includes(role)) throw unsupportedValue(role, `${where}.role`, ROLES);
	const content = message['content'];
	if (typeof content === 'string') return checkText(content, `${where}.content`);
	if (!Array.isArray(content))
		throw invalidType(content, `${where}.content`, 'a string or an array of content parts');
	content.forEach((/** @type {unknown} */ part, index) => {
		checkPart(
			part,
			`${where}.content[${index}]`,
			role === 'assistant' ? ASSISTANT_PARTS : INPUT_PARTS,
		);
	});
}

/**
 * @param {unknown} part
 * @param {string} where
 * @param {readonly string[]} allowed
 */
function checkPart(part, where, allowed) {
	if (!isObject(part)) throw invalidType(part, where, 'an object');
	const type = part['type'];
	if (type === undefined) throw missingParameter(`${where}.type`);
	if (typeof type !== 'string') throw invalidType(type, `${where}.type`, 'a string');
	if (!allowed.includes(type)) throw unsupportedValue(type, where, allowed);
	if (type === 'input_image' || type === 'input_file') {
		const sources =
			type === 'input_image' ? ['image_url', 'file_id'] : ['file_id', 'file_url', 'file_data'];
		if (!sources.some((field) => typeof part[field] === 'string'))
			throw missingParameter(`${where}.${sources[0]}`);
		return;
	}
	const field = type === 'refusal' ? 'refusal' : 'text';
	if (part[field] === undefined) throw missingParameter(`${where}.${field}`);
	checkText(part[field], `${where}.${field}`);
}

/**
 * @param {unknown} text
 * @param {string} where
 */
function checkText(text, where) {
	if (typeof text !== 'string') throw invalidType(text, where, 'a string');
	if (text.length <= MAX_TEXT_LENGTH) return;
	const length = characters(text);
	if (length > MAX_TEXT_LENGTH) throw tooLong(where, MAX_TEXT_LENGTH, length);
}

/**
 * @param {JsonObject} input
 * @param {string} where
 * @param {(id: string) => Item | undefined} known
 */
function withReasoningContent(input, where, known) {
	if (typeof input['encrypted_content'] === 'string') return input;
	const id = input['id'];
	const stored = typeof id === 'string' ? known(id) : undefined;
	if (stored) return { ...stored, ...input, encrypted_content: stored['encrypted_content'] };
	throw badRequest(
		`Item '${String(id)}' of type 'reasoning' was provided without its 'encrypted_content', and no item with that id is stored.`,
		where,
		'invalid_item',
	);
}

/**
 * A reasoning item must be followed by what the model made of it: more reasoning, a call, or an
 * assistant's message.
 *
 * @param {Item[]} items
 * @param {string} param
 */
export function refuseLoneReasoning(items, param) {
	items.forEach((item, index) => {
		if (item.type !== 'reasoning') return;
		const next = items[index + 1];
		const isInput =
			next &&
			((next.type === 'message' && next['role'] !== 'assistant') || next.type.endsWith('_output'));
		if (next && !isInput) return;
		throw badRequest(
			`Item '${item.id}' of type 'reasoning' was provided without its required following item.`,
			param,
		);
	});
}
