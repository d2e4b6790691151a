import type { JsonObject, JsonValue } from '../values/json';
import { isJsonObject, textAt } from '../values/json';
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
	const printed = [textAt(part, 'stdout'), textAt(part, 'stderr')].filter(
		(line) => line !== undefined,
	);
	if (printed.length > 0) return printed.join('\n');
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
		return value
			.map(partText)
			.filter((text) => text !== '')
			.join('\n');
	}
	return isJsonObject(value) ? partText(value) || JSON.stringify(value) : String(value);
}

/** Fields that say what an item is about, the most telling first. */
const TELLING_FIELDS = [
	'content',
	'text',
	'output',
	'summary',
	'arguments',
	'input',
	'code',
	'result',
];

/** Fields that say what an action is about, the most telling first. */
const ACTION_FIELDS = ['commands', 'query', 'queries', 'url', 'text', 'path'];

/** What an action or an operation of a tool says of itself. */
function actionText(action: JsonValue | undefined): string {
	if (Array.isArray(action))
		return action
			.map(actionText)
			.filter((text) => text !== '')
			.join('\n');
	if (!isJsonObject(action)) return fieldText(action);
	// A command in parts is one line.
	if (Array.isArray(action.command)) return action.command.map(fieldText).join(' ');
	const told = ACTION_FIELDS.map((field) => fieldText(action[field])).find((text) => text !== '');
	return told ?? fieldText(action.type);
}

/** The names in a list of tools. */
function toolNames(tools: JsonValue | undefined): string {
	if (!Array.isArray(tools)) return '';
	const names = tools.map((tool) =>
		isJsonObject(tool) ? (textAt(tool, 'name') ?? textAt(tool, 'type')) : undefined,
	);
	return names.filter((name) => name !== undefined).join(', ');
}

/** The answer to a tool's question whether it may go on. */
function approvalText({ approve, reason }: Item): string {
	const word = approve === true ? 'approved' : 'refused';
	return typeof reason === 'string' && reason !== '' ? `${word}: ${reason}` : word;
}

/**
 * The text of an item: what a message says, or what can be said of another item in a few words.
 * Empty when there is nothing to say. Never throws, whatever the item's type.
 */
export function itemText(item: Item): string {
	if (item.type === 'message') return fieldText(item.content);
	if (item.type === 'image_generation_call') return textAt(item, 'revised_prompt') ?? '[image]';
	if (item.type === 'mcp_approval_response') return approvalText(item);
	const name = textAt(item, 'name');
	if (name !== undefined && (item.arguments !== undefined || item.input !== undefined)) {
		return `${name}(${fieldText(item.arguments ?? item.input)})`;
	}
	if (Array.isArray(item.queries)) return item.queries.map((query) => fieldText(query)).join('\n');
	for (const field of TELLING_FIELDS) {
		const text = fieldText(item[field]);
		if (text !== '') return text;
	}
	return (
		actionText(item.action ?? item.actions ?? item.operation) ||
		toolNames(item.tools) ||
		(name ?? '')
	);
}

/**
 * An item with the fields that most workflows need, `{ id, conversation, type, role, status, text }`;
 * those that it does not have are left out.
 * @param conversation the ID of the conversation that it is in
 */
export function simplifiedItem(item: Item, conversation: string): JsonObject {
	const { id, type, role, status } = item;
	const simple: JsonObject = {};
	for (const [key, value] of Object.entries({ id, conversation, type, role, status })) {
		if (value !== undefined && value !== null) simple[key] = value;
	}
	return { ...simple, text: itemText(item) };
}

/** What left-out items are called in a hint, such as `reasoning (rs_1)`. */
export const itemLabel = (item: Item): string => {
	const id = textAt(item, 'id');
	const type = (textAt(item, 'type') ?? 'item').replaceAll('_', ' ');
	return id === undefined ? type : `${type} (${id})`;
};
