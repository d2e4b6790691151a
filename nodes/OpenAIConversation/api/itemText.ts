import type { JsonObject, JsonValue } from '../transport/json';
import { isJsonObject, textAt } from '../transport/json';
import type { Item } from './items';

/** What a content part without text is called. */
const PART_NAMES: Readonly<Record<string, string>> = {
	computer_screenshot: 'screenshot',
	input_audio: 'audio',
	input_file: 'file',
	input_image: 'image',
	output_audio: 'audio',
};

function partText(part: JsonValue): string {
	if (typeof part === 'string') return part;
	if (!isJsonObject(part)) return '';
	const text = textAt(part, 'text') ?? textAt(part, 'refusal') ?? textAt(part, 'transcript');
	if (text !== undefined) return text;
	const type = textAt(part, 'type');
	if (type === undefined || type.endsWith('text') || type === 'refusal') return '';
	const name = PART_NAMES[type] ?? type;
	const detail =
		textAt(part, 'filename') ??
		textAt(part, 'file_id') ??
		[textAt(part, 'image_url'), textAt(part, 'file_url')].find((url) => url?.startsWith('http'));
	return detail === undefined ? `[${name}]` : `[${name}: ${detail}]`;
}

/** The text of a field: text itself, or the texts of its parts, one below the other. */
function fieldText(value: JsonValue | undefined): string {
	if (value === undefined || value === null) return '';
	if (typeof value === 'string') return value;
	if (Array.isArray(value)) {
		return value.map(partText).filter((text) => text !== '').join('\n');
	}
	return isJsonObject(value) ? partText(value) || JSON.stringify(value) : String(value);
}

/** Fields that say what an item is about, the most telling first. */
const TELLING_FIELDS = ['content', 'text', 'output', 'summary', 'arguments', 'input', 'code', 'result'];

/** What an action or an operation of a tool says of itself. */
function actionText(item: Item): string {
	const action = item.action ?? item.operation;
	if (!isJsonObject(action)) return typeof action === 'string' ? action : '';
	const { commands, command, query, url, type } = action;
	const told = [commands, command, query, url].find((value) => value !== undefined && value !== null);
	if (Array.isArray(told)) return told.map((value) => fieldText(value)).join(' ');
	return told === undefined ? fieldText(type) : fieldText(told);
}

/**
 * The text of an item: what a message says, or what can be said of another item in a few words.
 * Empty when there is nothing to say. Never throws, whatever the item's type.
 */
export function itemText(item: Item): string {
	if (item.type === 'message') return fieldText(item.content);
	if (item.type === 'image_generation_call') return textAt(item, 'revised_prompt') ?? '[image]';
	const name = textAt(item, 'name');
	if (name !== undefined && (item.arguments !== undefined || item.input !== undefined)) {
		return `${name}(${fieldText(item.arguments ?? item.input)})`;
	}
	if (Array.isArray(item.queries)) return item.queries.map((query) => fieldText(query)).join('\n');
	for (const field of TELLING_FIELDS) {
		const text = fieldText(item[field]);
		if (text !== '') return text;
	}
	return actionText(item) || (name ?? '');
}

/** An item with the fields that most workflows need; those that it does not have are left out. */
export function simplifiedItem(item: Item): JsonObject {
	const { id, type, role, status } = item;
	const simple: JsonObject = {};
	for (const [key, value] of Object.entries({ id, type, role, status })) {
		if (value !== undefined && value !== null) simple[key] = value;
	}
	return { ...simple, text: itemText(item) };
}
