import type { ApiClient, Finding } from '../transport/client';
import type { FailureDetails } from '../transport/failures';
import { attempted, RequestFailure } from '../transport/failures';
import type { JsonObject, JsonValue } from '../values/json';
import { isJsonObject, textAt } from '../values/json';
import { isMasked } from '../transport/redact';
import type { Conversation } from './conversations';
import { postConversation } from './conversations';
import type { Item } from './items';
import { listItems, postItems } from './items';
import { MAX_ITEMS_PER_WRITE } from './schema';

/** What is known of a conversation before a write: its last item, or how many it holds. */
type Before = { lastId: string } | { count: number } | undefined;

interface WriteOptions {
	include: readonly string[];
	/** Whether the user's Additional Body is laid over the body. */
	extensible: boolean;
}

/** Items that other writers may have added behind ours and that are looked through as well. */
const OTHERS_BEHIND = 20;

const roleOf = ({ role }: Item): JsonValue => (role === 'developer' ? 'system' : (role ?? null));

/** What a message says, without images and files, which a listing may show in another form. */
function wordsOf({ content }: Item): string {
	const parts: JsonValue[] = Array.isArray(content) ? content : [content ?? ''];
	return parts
		.map((part) => (isJsonObject(part) ? (part.text ?? part.refusal ?? '') : part))
		.filter((text) => typeof text === 'string')
		.join(' ')
		.normalize()
		.replace(/\s+/g, ' ')
		.trim();
}

/** Whether a stored item can be one that was sent. Rather yes than no: a no may lead to sending it again. */
function isAlike(stored: Item, sent: Item): boolean {
	// The SDK's reference may be without a type.
	const isReference =
		sent.type === 'item_reference' ||
		(sent.id !== undefined && (sent.type ?? sent.role ?? null) === null);
	if (isReference) return stored.id === sent.id;
	const type = sent.type ?? 'message';
	if ((stored.type ?? type) !== type) return false;
	if (type === 'message')
		return roleOf(stored) === roleOf(sent) && wordsOf(stored) === wordsOf(sent);
	const [call, other] = [textAt(stored, 'call_id'), textAt(sent, 'call_id')];
	return call === other || call === undefined || other === undefined;
}

/** The newest items that came after what was there before; undefined when that can't be told. */
function addedSince(
	newest: readonly Item[],
	hasMore: boolean,
	before: Before,
): readonly Item[] | undefined {
	if (before === undefined) return undefined;
	if ('count' in before)
		return hasMore || newest.length < before.count ? undefined : newest.slice(before.count);
	const place = newest.findIndex(({ id }) => id === before.lastId);
	return place < 0 ? undefined : newest.slice(place + 1);
}

/**
 * Looks at the end of the conversation for items that may have been added. Where it is not known
 * what was there before, alike items may be older ones.
 */
async function findAdded(
	api: ApiClient,
	conversation: string,
	sent: readonly Item[],
	before: Before,
	include: readonly string[],
): Promise<Finding> {
	const known = before !== undefined && 'count' in before ? before.count : 1;
	const limit = known + sent.length + OTHERS_BEHIND;
	const tail = await listItems(api, conversation, { order: 'desc', limit, include });
	const newest = tail.items.toReversed();
	const added = addedSince(newest, tail.hasMore, before);
	if (before !== undefined && added === undefined) return { kind: 'unclear' };

	const candidates = added ?? newest;
	if (!candidates.some((stored) => sent.some((item) => isAlike(stored, item)))) {
		// Where a part of an item was masked, it may be one that was sent.
		return candidates.some(isMasked) ? { kind: 'unclear' } : { kind: 'notDone' };
	}
	if (added === undefined) return { kind: 'unclear' };
	const matches = added.flatMap((_, start) => {
		const run = added.slice(start, start + sent.length);
		const isOurs = sent.every((item, place) => {
			const stored = run[place];
			return stored !== undefined && isAlike(stored, item);
		});
		return isOurs ? [run] : [];
	});
	const [run, ...others] = matches;
	// Several: another writer sent the same, and nobody can tell which are ours.
	return run === undefined || others.length > 0
		? { kind: 'unclear' }
		: { kind: 'done', answer: { data: run } };
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
		const seen = known;
		const findOut = async () => await findAdded(api, conversation, chunk, seen, options.include);
		const outcome = await attempted(postItems(api, conversation, chunk, { ...options, findOut }));
		if (outcome instanceof RequestFailure)
			throw outcome.with(explain(added.length, outcome.details));
		added.push(...outcome);
		const lastId = textAt(outcome.at(-1) ?? {}, 'id');
		known = lastId === undefined ? undefined : { lastId };
	}
	return added;
}

const LOOK_FIRST =
	'Look at the end of the conversation with Item: Get Many before you add them again, or they may stand there twice.';

/**
 * Adds items in order, 20 at a time, none of them twice.
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
		(added, { message, advice = '', mayHaveHappened }) => {
			const look = mayHaveHappened ? `${LOOK_FIRST} ${advice}`.trimEnd() : advice;
			if (added === 0) {
				return mayHaveHappened
					? { message: `Whether the items were added is not certain: ${message}`, advice: look }
					: {};
			}
			const others = mayHaveHappened ? 'for the others that is not certain' : 'the others were not';
			return {
				message: `The first ${added} of ${items.length} items were added to ${conversation}, ${others}: ${message}`,
				advice: `Add only what is missing when you run this again. ${look}`.trimEnd(),
				holding: { conversation, items: added },
			};
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
	const conversation = await attempted(
		postConversation(api, {
			...(metadata === undefined ? {} : { metadata }),
			...(first.length === 0 ? {} : { items: first }),
		}),
	);
	if (conversation instanceof RequestFailure) {
		const { kind, mayHaveHappened, message, advice = '' } = conversation.details;
		if (!mayHaveHappened) throw conversation;
		// Max Retries, of which the advice to these speaks, does not help here.
		const more = kind === 'answer' || kind === 'network' ? '' : advice;
		throw conversation.with({
			message: `Whether the conversation was created is not certain: ${message}`,
			advice: `${SECOND_CONVERSATION} ${more}`.trimEnd(),
		});
	}
	await appendChunks(
		api,
		conversation.id,
		others,
		{ count: first.length },
		{ include: [], extensible: false },
		(added, { message, advice = '', mayHaveHappened }) => {
			const held = first.length + added;
			const rest = items.length - held;
			return {
				message: `The conversation ${conversation.id} was created, but holds only ${held} of ${items.length} items${mayHaveHappened ? ', perhaps some more' : ''}: ${message}`,
				advice:
					`Add the other ${rest} with Item: Add, or delete the conversation and run this again. ${advice}`.trimEnd(),
				holding: { conversation: conversation.id, items: held },
			};
		},
	);
	return conversation;
}

const SECOND_CONVERSATION =
	'It was not sent again, because there is no way to look for a conversation without its ID. Run this again if a second conversation that nobody uses does no harm.';
