import type { ApiClient } from '../transport/client';
import type { FailureDetails, LeftBehind } from '../transport/failures';
import { RequestFailure, resultOf } from '../transport/failures';
import type { Verification } from '../transport/request';
import type { JsonObject } from '../values/json';
import { sentences } from '../values/text';
import type { Before } from './conversationEnd';
import { addedSince, endWith, readEnd } from './conversationEnd';
import type { Item } from './items';
import { listItems, postItems } from './items';
import { namingOnStop } from './leftBehind';
import { MAX_ITEMS_PER_PAGE, MAX_ITEMS_PER_WRITE } from './schema';
import { inOrderOf, mayComeFrom, placesOf } from './storedForm';

export interface AppendOptions {
	include?: readonly string[];
	/** Laid over the body; may not name `items`. */
	additionalBody?: JsonObject;
	/** Seconds to wait for a locked conversation; left out: Max Retries covers it. */
	lockWait?: number;
	/** What is known of the conversation beforehand; undefined: nothing. */
	before?: Before;
	/** Whether to look for a lost write even where the settings allow no retry. */
	verifyAlways?: boolean;
}

/** Items that other writers may have added behind ours and that are looked through as well. */
const OTHERS_BEHIND = 20;

/**
 * Looks at the end of the conversation for items whose writing had an unknown outcome. Done is only
 * what is there exactly as it was sent, once, behind what was there before.
 */
async function findAdded(
	api: ApiClient,
	conversation: string,
	sent: readonly Item[],
	before: Before,
	include: readonly string[],
): Promise<Verification> {
	const known = before !== undefined && 'count' in before ? before.count : 1;
	const limit = Math.max(known + sent.length + OTHERS_BEHIND, MAX_ITEMS_PER_PAGE);
	const tail = await listItems(api, conversation, { order: 'desc', limit, include });
	const newest = tail.items.toReversed();
	const added = addedSince(newest, tail.hasMore, before);
	if (before !== undefined && added === undefined) return { kind: 'unclear' };

	const candidates = added ?? newest;
	if (!candidates.some((stored) => sent.some((item) => mayComeFrom(stored, item)))) {
		return { kind: 'notDone' };
	}
	if (added === undefined) return { kind: 'unclear' };
	const [start, ...others] = placesOf(sent, added);
	// Several: another writer sent the same, and nobody can tell which are ours.
	return start === undefined || others.length > 0
		? { kind: 'unclear' }
		: { kind: 'done', answer: { data: added.slice(start, start + sent.length) } };
}

/** Parts of at most 20 items. A reasoning item stays with the item it led to, as the API demands. */
export function chunksOf(items: readonly Item[]): Item[][] {
	const chunks: Item[][] = [];
	let start = 0;
	while (start < items.length) {
		let end = Math.min(start + MAX_ITEMS_PER_WRITE, items.length);
		if (end < items.length) {
			while (end > start + 1 && items[end - 1]?.type === 'reasoning') end--;
			// Nothing but reasoning: no cut is right, so take the largest.
			if (items[end - 1]?.type === 'reasoning') end = start + MAX_ITEMS_PER_WRITE;
		}
		chunks.push(items.slice(start, end));
		start = end;
	}
	return chunks;
}

/**
 * Adds at most 20 items, none of them twice.
 * @returns the added items, as they came
 */
export async function appendChunk(
	api: ApiClient,
	conversation: string,
	chunk: readonly Item[],
	{ include = [], additionalBody = {}, before, lockWait, verifyAlways = false }: AppendOptions,
): Promise<Item[]> {
	let known = before;
	return await postItems(api, conversation, chunk, {
		include,
		additionalBody,
		verifyAlways,
		...(lockWait === undefined ? {} : { lockWait }),
		verify: async () => await findAdded(api, conversation, chunk, known, include),
		// What whoever held the conversation has added must not be taken for ours. An earlier attempt was
		// not carried out, or this one would not have been made.
		afterLock: async () => {
			const end = await resultOf(readEnd(api, conversation));
			if (!(end instanceof RequestFailure)) known = end;
			return undefined;
		},
	});
}

/** What is told of items that were added before the rest could not be. */
export interface Remainder {
	/** What a failure says when this many items were added before it. */
	explain(added: number, details: FailureDetails): Partial<FailureDetails>;
	/** What a failure or a stop leaves behind then; undefined: nothing. */
	leftBehind(added: number): LeftBehind | undefined;
}

/** @returns the added items of each chunk, as they came */
export async function appendChunks(
	api: ApiClient,
	conversation: string,
	chunks: readonly Item[][],
	options: AppendOptions,
	{ explain, leftBehind }: Remainder,
): Promise<Item[][]> {
	const added: Item[][] = [];
	let known = options.before;
	for (const chunk of chunks) {
		const count = added.flat().length;
		const addChunk = async () => {
			const stored = await appendChunk(api, conversation, chunk, { ...options, before: known });
			return { stored, end: endAfterAdding(conversation, chunk, stored) };
		};
		const result = await namingOnStop(leftBehind(count), resultOf(addChunk()));
		if (result instanceof RequestFailure) {
			throw result.with({
				leftBehind: leftBehind(count) ?? result.details.leftBehind,
				...explain(count, result.details),
			});
		}
		known = result.end;
		added.push(result.stored);
	}
	return added;
}

export const LOOK_FIRST =
	'Before you add anything again, look at the end of the conversation, or it may be there twice. Use Conversation Item: Get Many with the option Order set to Newest First.';

/**
 * Adds items in order, 20 at a time, none of them twice.
 * @returns the added items in the order in which they were sent
 * @throws {RequestFailure} that says how many items were added when some were
 * @throws {Cancelled} that says the same
 */
export async function appendItems(
	api: ApiClient,
	conversation: string,
	items: readonly Item[],
	options: AppendOptions,
): Promise<Item[]> {
	const chunks = chunksOf(items);
	const added = await appendChunks(api, conversation, chunks, options, {
		leftBehind: (count) =>
			count === 0 ? undefined : { conversation, items: count, toAdd: items.length },
		explain: (count, { message, cause, advice, outcomeUnknown }) => {
			const look = outcomeUnknown ? sentences(cause, LOOK_FIRST) : advice;
			if (count === 0) {
				return outcomeUnknown
					? {
							message: `It isn't certain whether the conversation items were added: ${message}`,
							advice: look,
						}
					: {};
			}
			const others = outcomeUnknown
				? "it isn't certain whether the others were added"
				: 'the others were not';
			return {
				message: `The first ${count} of ${items.length} conversation items were added to ${conversation}; ${others}: ${message}`,
				advice: sentences('Add only what is missing when you run the workflow again.', look),
			};
		},
	});
	return added.flatMap((stored, place) => inOrderOf(chunks[place] ?? [], stored) ?? stored);
}

/**
 * The end of a conversation after items were added. Undefined where they came back in another order,
 * so that the last of the answer may not be the last of the conversation.
 * @throws {RequestFailure} when the answer holds other items
 */
export function endAfterAdding(
	conversation: string,
	sent: readonly Item[],
	added: readonly Item[],
): Before {
	const ordered = inOrderOf(sent, added);
	if (ordered === undefined) throw notTheSentOnes(conversation);
	return ordered === added ? endWith(added.at(-1)) : undefined;
}

const notTheSentOnes = (conversation: string): RequestFailure =>
	new RequestFailure({
		kind: 'malformedAnswer',
		message: `The server answered with success, but with different items from those that were sent to ${conversation}`,
		advice: LOOK_FIRST,
		outcomeUnknown: true,
		idempotent: false,
		leftBehind: { conversation },
	});
