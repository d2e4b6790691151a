import type { JsonValue } from '../values/json';
import { isJsonObject, textAt } from '../values/json';
import { anchorsOf, isFromUser, isOutput, linkOf } from './itemLinks';
import type { Item } from './items';
import type { Include, ItemType } from './schema';
import { SENDABLE_ROLES } from './schema';

/** Everything an item needs to be sent again. */
export const CARRY_OVER_INCLUDES = [
	'code_interpreter_call.outputs',
	'computer_call_output.output.image_url',
	'file_search_call.results',
	'message.input_image.image_url',
	'reasoning.encrypted_content',
	'web_search_call.action.sources',
	'web_search_call.results',
] as const satisfies readonly Include[];

/** Types whose ID and status belong to what is sent; elsewhere the server makes them. */
export const KEEPS_ID_AND_STATUS = [
	'code_interpreter_call',
	'computer_call',
	'file_search_call',
	'image_generation_call',
	'local_shell_call',
	'local_shell_call_output',
	'mcp_approval_request',
	'mcp_call',
	'mcp_list_tools',
	'program',
	'program_output',
	'web_search_call',
] as const satisfies readonly ItemType[];

/** Types whose status belongs to what is sent, without their ID. */
export const KEEPS_STATUS = [
	'apply_patch_call',
	'apply_patch_call_output',
] as const satisfies readonly ItemType[];

/** Fields that must be sent even if they are null. */
export const KEEPS_NULL = {
	code_interpreter_call: ['code', 'outputs'],
	image_generation_call: ['result'],
	tool_search_call: ['arguments'],
} as const satisfies Partial<Record<ItemType, readonly string[]>>;

const keepsIdAndStatus = new Set<string>(KEEPS_ID_AND_STATUS);
const keepsStatus = new Set<string>(KEEPS_STATUS);
const keepsNull = new Map<string, readonly string[]>(Object.entries(KEEPS_NULL));

/**
 * Fields that go on as they are, wherever they stand: null has a meaning in a JSON schema and in an
 * error, and names in attributes and environments are the user's own.
 */
const OPAQUE = new Set(['arguments', 'attributes', 'env', 'error', 'tools']);

/** Parts of a message that come back, but are not taken. */
const NOT_TAKEN = new Set(['computer_screenshot', 'reasoning_text', 'summary_text']);

/**
 * A copy without null fields, which the API refuses on input.
 * @param namesMaker whether the parts also carry the name of their maker, which it refuses as well
 */
function withoutNulls(value: JsonValue, namesMaker: boolean): JsonValue {
	if (Array.isArray(value)) return value.map((part) => withoutNulls(part, namesMaker));
	if (!isJsonObject(value)) return value;
	return Object.fromEntries(
		Object.entries(value)
			.filter(([name, part]) => part !== null && !(namesMaker && name === 'created_by'))
			.map(([name, part]) => [name, OPAQUE.has(name) ? part : withoutNulls(part, namesMaker)]),
	);
}

/** A part of a message by the name that it has on input. */
function asInput(part: JsonValue, role: JsonValue | undefined): JsonValue {
	if (!isJsonObject(part) || part.type !== 'text') return part;
	return { ...part, type: role === 'assistant' ? 'output_text' : 'input_text' };
}

/** What an item is sent as: without what the server makes, and without null fields. */
function toInputItem(item: Item): Item {
	const type = textAt(item, 'type') ?? '';
	const required = keepsNull.get(type) ?? [];
	const isMade = (name: string): boolean =>
		name === 'created_by' ||
		(!keepsIdAndStatus.has(type) &&
			(['id', 'created_at', 'object'].includes(name) ||
				(name === 'status' && !keepsStatus.has(type))));
	const content =
		type === 'message' && Array.isArray(item.content)
			? { content: item.content.map((part) => asInput(part, item.role)) }
			: {};
	return Object.fromEntries(
		Object.entries({ ...item, ...content })
			.filter(([name, value]) => !isMade(name) && (value !== null || required.includes(name)))
			.map(([name, value]): [string, JsonValue] => [
				name,
				OPAQUE.has(name) ? value : withoutNulls(value, type === 'shell_call_output'),
			]),
	);
}

/** Whether the API takes a part of a message, and the part still has what it shows. */
function isPartSendable(part: JsonValue): boolean {
	if (!isJsonObject(part)) return true;
	const type = textAt(part, 'type') ?? '';
	const has = (...fields: string[]) => fields.some((field) => textAt(part, field) !== undefined);
	if (type === 'input_image') return has('image_url', 'file_id');
	if (type === 'input_file') return has('file_id', 'file_url', 'file_data');
	return !NOT_TAKEN.has(type);
}

/** Whether an item can be sent again by itself. */
function isSendable(item: Item): boolean {
	if (item.type === 'reasoning') return textAt(item, 'encrypted_content') !== undefined;
	if (item.type !== 'message') return true;
	if (typeof item.role !== 'string' || !SENDABLE_ROLES.has(item.role)) return false;
	return !Array.isArray(item.content) || item.content.every(isPartSendable);
}

/**
 * Readies items for another conversation. What can't be sent again is left out, together with what
 * depends on it: calls that the API knows by their ID and refuses without the reasoning in front of
 * them, answers to a call that is left out, and reasoning whose result does not follow.
 * @returns the items to send, in order, and the left-out ones as they were
 */
export function carryOver(items: readonly Item[]): { sent: Item[]; leftOut: Item[] } {
	const dropped = new Set<Item>();
	let reasoningIsGone = false;
	for (const item of items) {
		const isDependent: boolean =
			reasoningIsGone && keepsIdAndStatus.has(textAt(item, 'type') ?? '');
		if (isDependent || !isSendable(item)) dropped.add(item);
		reasoningIsGone = isDependent || (item.type === 'reasoning' && dropped.has(item));
	}

	const gone = new Set([...dropped].filter((item) => !isOutput(item)).flatMap(anchorsOf));
	for (const item of items) {
		const link = isOutput(item) ? linkOf(item) : undefined;
		if (link !== undefined && gone.has(link)) dropped.add(item);
	}

	// From the end, so that reasoning in front of dropped reasoning is seen as well.
	let follower: Item | undefined;
	for (const item of items.toReversed()) {
		if (dropped.has(item)) continue;
		if (item.type === 'reasoning' && (follower === undefined || isFromUser(follower)))
			dropped.add(item);
		else follower = item;
	}
	return {
		sent: items.filter((item) => !dropped.has(item)).map(toInputItem),
		leftOut: items.filter((item) => dropped.has(item)),
	};
}
