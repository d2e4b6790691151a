import type { JsonObject, JsonValue } from '../transport/json';
import { isJsonObject, textAt } from '../transport/json';
import type { Item } from './items';

/** Everything an item needs to be sent again. */
export const CARRY_OVER_INCLUDES = [
	'code_interpreter_call.outputs',
	'computer_call_output.output.image_url',
	'file_search_call.results',
	'message.input_image.image_url',
	'reasoning.encrypted_content',
	'web_search_call.action.sources',
	'web_search_call.results',
];

/**
 * Types whose ID and status belong to what is sent; elsewhere the server makes them. As of the
 * official SDK 7.57 (`ResponseInputItem`).
 */
const KEEPS_ID_AND_STATUS = new Set([
	'code_interpreter_call',
	'computer_call',
	'file_search_call',
	'image_generation_call',
	'local_shell_call',
	'mcp_approval_request',
	'mcp_call',
	'mcp_list_tools',
	'program',
	'program_output',
	'web_search_call',
]);

/** Fields of an item that the server makes. */
const SERVER_MADE = new Set(['id', 'status', 'created_at', 'created_by', 'object']);

/** A copy without null fields, at every depth: the API refuses them on input. */
function withoutNulls(value: JsonValue): JsonValue {
	if (Array.isArray(value)) return value.map(withoutNulls);
	if (!isJsonObject(value)) return value;
	return Object.fromEntries(
		Object.entries(value)
			.filter(([, part]) => part !== null)
			.map(([name, part]) => [name, withoutNulls(part)]),
	);
}

function cleaned(item: Item): Item {
	const keepsAll = KEEPS_ID_AND_STATUS.has(textAt(item, 'type') ?? '');
	const entries = Object.entries(item)
		.filter(([name, value]) => value !== null && (keepsAll ? name !== 'created_by' : !SERVER_MADE.has(name)))
		.map(([name, value]): [string, JsonValue] => [name, withoutNulls(value)]);
	return Object.fromEntries(entries);
}

/** Whether a part of a message still has what it shows. */
function hasSubstance(part: JsonValue): boolean {
	if (!isJsonObject(part)) return true;
	if (part.type === 'input_image') return textAt(part, 'image_url') !== undefined || textAt(part, 'file_id') !== undefined;
	if (part.type === 'input_file') {
		return ['file_id', 'file_url', 'file_data'].some((field) => textAt(part, field) !== undefined);
	}
	return true;
}

/** Whether an item can be sent again by itself. */
function canBeSent(item: Item): boolean {
	if (item.type === 'reasoning') return textAt(item, 'encrypted_content') !== undefined;
	if (item.type === 'message' && Array.isArray(item.content)) return item.content.every(hasSubstance);
	return true;
}

/** What ties a call to its outputs: both name it. */
const linkOf = (item: Item): string | undefined =>
	textAt(item, 'call_id') ?? textAt(item, 'approval_request_id');

/** An item under which its outputs look it up. */
const anchorsOf = (item: Item): string[] =>
	[textAt(item, 'call_id'), textAt(item, 'id')].filter((anchor) => anchor !== undefined);

const isAnswer = (item: Item): boolean => /_(?:output|response)$/.test(textAt(item, 'type') ?? '');

/**
 * Readies items for another conversation. What can't be sent again is left out, together with what
 * depends on it: outputs of a call that is left out, and reasoning whose result does not follow.
 * @returns the items to send, in order, and the left-out ones as they were
 */
export function carryOver(items: readonly Item[]): { sent: Item[]; leftOut: Item[] } {
	const dropped = new Set<Item>(items.filter((item) => !canBeSent(item)));
	const present = new Set(
		items.filter((item) => !isAnswer(item) && !dropped.has(item)).flatMap(anchorsOf),
	);
	for (const item of items) {
		const link = linkOf(item);
		if (isAnswer(item) && link !== undefined && !present.has(link)) dropped.add(item);
	}
	// From the end, so that reasoning before dropped reasoning is seen as well.
	let follower: Item | undefined;
	for (const item of items.toReversed()) {
		if (dropped.has(item)) continue;
		if (item.type === 'reasoning' && (follower === undefined || isFromUser(follower))) dropped.add(item);
		else follower = item;
	}
	return {
		sent: items.filter((item) => !dropped.has(item)).map(cleaned),
		leftOut: items.filter((item) => dropped.has(item)),
	};
}

/** Reasoning leads to something of the model's own. */
const isFromUser = (item: Item): boolean =>
	isAnswer(item) || (item.type === 'message' && item.role !== 'assistant');

/** What left-out items are called in a hint, such as `reasoning` or `message (msg_1)`. */
export const nameOf = (item: JsonObject): string => {
	const id = textAt(item, 'id');
	const type = (textAt(item, 'type') ?? 'item').replaceAll('_', ' ');
	return id === undefined ? type : `${type} (${id})`;
};
