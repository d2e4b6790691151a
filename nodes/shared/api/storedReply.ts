import type { ApiClient } from '../transport/client';
import type { JsonObject } from '../values/json';
import { isJsonObject } from '../values/json';
import type { Before } from './conversationEnd';
import { addedSince } from './conversationEnd';
import type { Item } from './items';
import { listItems } from './items';
import { mayComeFrom, placesOf } from './storedForm';

/** Most items behind the known end of a conversation that are looked through. */
const MAX_NEW_ITEMS = 200;

/** What the end of a conversation shows of a message that was sent to it. */
export type StoredReply =
	/** The message is there, and the items that the model answered with. */
	| { kind: 'done'; output: Item[] }
	/** There is no trace of the message. */
	| { kind: 'notDone' }
	/** There is something that may be its trace or somebody else's. */
	| { kind: 'unclear' };

/** Items that a client sends, so that they can't be part of a reply. */
const SENT_TYPES = new Set([
	'apply_patch_call_output',
	'computer_call_output',
	'custom_tool_call_output',
	'function_call_output',
	'local_shell_call_output',
	'mcp_approval_response',
]);

const isSentByClient = ({ type, role }: Item): boolean =>
	type === 'message' ? role !== 'assistant' : typeof type === 'string' && SENT_TYPES.has(type);

/** What the API leaves out of an item unless it is asked for, by the type that has it. */
const INCLUDES: Readonly<Record<string, string>> = {
	computer_call_output: 'computer_call_output.output.image_url',
	input_image: 'message.input_image.image_url',
	reasoning: 'reasoning.encrypted_content',
};

/** The include values without which the stored items could not be compared with those sent. */
function includesFor(sent: readonly Item[]): string[] {
	const types = sent.flatMap(({ type, content }) => [
		type,
		...(Array.isArray(content) ? content : []).map((part) =>
			isJsonObject(part) ? part.type : undefined,
		),
	]);
	return Object.entries(INCLUDES).flatMap(([type, include]) =>
		types.includes(type) ? [include] : [],
	);
}

/**
 * Looks at the end of a conversation for a message and the reply to it. Done is only what is there
 * exactly as it was sent, once, behind what was there before.
 */
export async function findReply(
	api: ApiClient,
	conversation: string,
	sent: readonly Item[],
	before: Before,
): Promise<StoredReply> {
	const { items, hasMore } = await listItems(api, conversation, {
		order: 'desc',
		limit: MAX_NEW_ITEMS,
		include: includesFor(sent),
		until: ({ id }) => before !== undefined && 'lastId' in before && id === before.lastId,
	});
	const added = addedSince(items.toReversed(), hasMore, before);
	if (added === undefined) return { kind: 'unclear' };
	if (!added.some((stored) => sent.some((item) => mayComeFrom(stored, item)))) {
		return { kind: 'notDone' };
	}
	const [start, ...others] = placesOf(sent, added);
	// Several: another writer sent the same, and nobody can tell which is ours.
	if (start === undefined || others.length > 0) return { kind: 'unclear' };
	const rest = added.slice(start + sent.length);
	const end = rest.findIndex(isSentByClient);
	const output = end < 0 ? rest : rest.slice(0, end);
	const last = output.at(-1);
	// A reply does not end with reasoning: what it led to is still to come, or lost.
	if (last === undefined || last.type === 'reasoning') return { kind: 'unclear' };
	// One reply says one thing: a second message may be somebody else's.
	return output.filter(isSaid).length > 1 ? { kind: 'unclear' } : { kind: 'done', output };
}

/** Whether an item is what the model says, and not a comment on its way there. */
const isSaid = ({ type, phase }: Item): boolean => type === 'message' && phase !== 'commentary';

/**
 * A response made of what the conversation holds of it.
 * @param id undefined: not known
 */
export function responseFrom(
	output: Item[],
	{ conversation, model, id }: { conversation: string; model: string; id?: string | undefined },
): JsonObject {
	const isCutOff = output.some(({ status }) => status === 'incomplete');
	return {
		id: id ?? null,
		object: 'response',
		status: isCutOff ? 'incomplete' : 'completed',
		model,
		output,
		conversation: { id: conversation },
		usage: null,
	};
}
