import type { ApiClient } from '../transport/client';
import type { FailureDetails } from '../transport/failures';
import { attempted, RequestFailure } from '../transport/failures';
import type { JsonObject } from '../transport/json';
import { textAt } from '../transport/json';
import type { Conversation } from './conversations';
import { postConversation } from './conversations';
import { itemText } from './itemText';
import type { Item } from './items';
import { listItems, MAX_ITEMS_PER_WRITE, postItems } from './items';

/** What is known of a conversation before items are added: its last item, or how many it holds. */
type Before = { lastId: string } | { count: number } | undefined;

interface WriteOptions {
	include?: readonly string[];
	/** Whether the user's Additional Body is laid over the body. */
	extensible: boolean;
}

/** Items that other writers may have added behind ours and that are looked through as well. */
const OTHERS_BEHIND = 20;

/** Whether an item of the conversation can be one that was sent. */
const alike = (stored: Item, sent: Item): boolean =>
	stored.type === (sent.type ?? 'message') &&
	(stored.role ?? null) === (sent.role ?? null) &&
	itemText(stored) === itemText({ ...sent, type: stored.type ?? 'message' });

type Finding = { kind: 'added'; items: Item[] } | { kind: 'notAdded' } | { kind: 'unclear' };

/** How many of the newest items, given oldest first, were there before; undefined when that can't be told. */
function countBefore(newest: readonly Item[], hasMore: boolean, before: Before): number | undefined {
	if (before === undefined) return undefined;
	if ('count' in before) return hasMore ? undefined : before.count;
	const place = newest.findIndex((item) => textAt(item, 'id') === before.lastId);
	return place < 0 ? undefined : place + 1;
}

/** Looks at the end of the conversation for items whose adding was not confirmed. */
async function findOut(
	api: ApiClient,
	conversation: string,
	sent: readonly Item[],
	before: Before,
): Promise<Finding> {
	const tail = await listItems(api, conversation, {
		order: 'desc',
		limit: sent.length + OTHERS_BEHIND + 1,
	});
	const newest = tail.items.toReversed();
	const there = countBefore(newest, tail.hasMore, before);
	const candidates = newest.slice(there ?? 0);
	const start = candidates.findIndex((_, place) =>
		sent.every((item, offset) => {
			const stored = candidates[place + offset];
			return stored !== undefined && alike(stored, item);
		}),
	);
	if (start >= 0 && there !== undefined) {
		return { kind: 'added', items: candidates.slice(start, start + sent.length) };
	}
	// Alike items may have been there before, and behind too many others ours would not be seen.
	const isCertain = start < 0 && (there !== undefined || before === undefined);
	return { kind: isCertain ? 'notAdded' : 'unclear' };
}

/**
 * Adds at most 20 items, exactly once as far as that can be told. The client repeats only what was
 * refused. Where an error in the API's own words leaves open whether the items were added, the end
 * of the conversation tells; after a lost answer it can't, since the server may still be at work.
 */
async function appendChunk(
	api: ApiClient,
	conversation: string,
	items: readonly Item[],
	before: Before,
	options: WriteOptions,
): Promise<Item[]> {
	for (let repeats = 0; ; repeats++) {
		const outcome = await attempted(postItems(api, conversation, items, options));
		if (!(outcome instanceof RequestFailure)) return outcome;
		const { mayHaveHappened, fromApi } = outcome.details;
		if (!mayHaveHappened || fromApi !== true || repeats >= api.maxRetries) throw outcome;

		await api.pause(repeats);
		const finding = await attempted(findOut(api, conversation, items, before));
		if (finding instanceof RequestFailure || finding.kind === 'unclear') throw outcome;
		if (finding.kind === 'added') return finding.items;
	}
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

/** @param explain what a failure should say when this many items were added before it */
async function appendChunks(
	api: ApiClient,
	conversation: string,
	chunks: readonly Item[][],
	before: Before,
	options: WriteOptions,
	explain: (added: number, details: FailureDetails) => Partial<FailureDetails>,
): Promise<Item[]> {
	const added: Item[] = [];
	let known = before;
	for (const chunk of chunks) {
		const outcome = await attempted(appendChunk(api, conversation, chunk, known, options));
		if (outcome instanceof RequestFailure) throw outcome.with(explain(added.length, outcome.details));
		added.push(...outcome);
		const lastId = textAt(outcome.at(-1) ?? {}, 'id');
		known = lastId === undefined ? undefined : { lastId };
	}
	return added;
}

/**
 * Adds items in order, 20 at a time.
 * @throws {RequestFailure} that says how many items were added when some were
 */
export async function appendItems(
	api: ApiClient,
	conversation: string,
	items: readonly Item[],
	include: readonly string[],
): Promise<Item[]> {
	return await appendChunks(
		api,
		conversation,
		chunksOf(items),
		undefined,
		{ include, extensible: true },
		(added, { message, advice = '' }) =>
			added === 0
				? {}
				: {
						message: `The first ${added} of ${items.length} items were added to ${conversation}, the others were not: ${message}`,
						advice: `Add only the others when you run this again. ${advice}`.trimEnd(),
					},
	);
}

/**
 * Creates a conversation with any number of items, the first 20 in the same call.
 * @throws {RequestFailure} that names the conversation and how many items it holds when a later call fails
 */
export async function createConversation(
	api: ApiClient,
	metadata: JsonObject | undefined,
	items: readonly Item[],
): Promise<Conversation> {
	const [first = [], ...others] = chunksOf(items);
	const conversation = await postConversation(api, {
		...(metadata === undefined ? {} : { metadata }),
		...(first.length === 0 ? {} : { items: first }),
	});
	await appendChunks(
		api,
		conversation.id,
		others,
		{ count: first.length },
		{ extensible: false },
		(added, { message, advice = '' }) => {
			const held = first.length + added;
			return {
				message: `The conversation ${conversation.id} was created, but holds only ${held} of ${items.length} items: ${message}`,
				advice: `Add the other ${items.length - held} with Item: Add, or delete the conversation and run this again. ${advice}`.trimEnd(),
			};
		},
	);
	return conversation;
}
