import type { ApiClient, Finding, Query } from '../transport/client';
import { RequestFailure } from '../transport/failures';
import type { JsonObject } from '../values/json';
import { isJsonObject, textAt } from '../values/json';
import { deleteAt, ROOT, unexpected } from './conversations';
import { MAX_ITEMS_PER_PAGE } from './schema';

/** Anything in a conversation, as it came: `{ id, type, … }`. Types are open, new ones pass through. */
export type Item = JsonObject;

/** `include[]=a&include[]=b`, as the official SDKs send it. */
const includeQuery = (include: readonly string[]): Query =>
	include.map((value) => ['include[]', value] as const);

function itemsIn(answer: JsonObject, isWrite: boolean): Item[] {
	const { data } = answer;
	if (!Array.isArray(data) || !data.every(isJsonObject))
		throw unexpected('not with a list of items', isWrite);
	return data.filter(isJsonObject);
}

export interface ListOptions {
	order: 'asc' | 'desc';
	/** Start after this item. */
	after?: string | undefined;
	include?: readonly string[];
	/** Most items wanted; Infinity for all. */
	limit: number;
	/** Ends the listing with the first item that it accepts. */
	until?: (item: Item) => boolean;
}

/**
 * GET /conversations/{id}/items, page by page.
 * @returns the items, and whether the conversation has more of them
 * @throws {RequestFailure} also when a page does not lead on, lest the listing run forever
 */
export async function listItems(
	api: ApiClient,
	conversation: string,
	{ order, after, include = [], limit, until }: ListOptions,
): Promise<{ items: Item[]; hasMore: boolean }> {
	const items: Item[] = [];
	const seen = new Set<string>();
	const cursors = new Set([after]);
	let cursor = after;
	for (;;) {
		const size = Math.min(MAX_ITEMS_PER_PAGE, limit - items.length);
		const query: Query = [
			['limit', String(size)],
			['order', order],
			...(cursor === undefined ? [] : [['after', cursor] as const]),
			...includeQuery(include),
		];
		const page = await api.call({
			method: 'GET',
			path: [ROOT, conversation, 'items'],
			query,
			repeatable: true,
		});
		const pageItems = itemsIn(page, false);
		const wanted = pageItems.slice(0, limit - items.length);
		for (const item of wanted) {
			items.push(item);
			if (until?.(item)) return { items, hasMore: true };
		}
		const hasMore = page.has_more === true || wanted.length < pageItems.length;
		if (!hasMore || items.length >= limit) return { items, hasMore };

		const ids = pageItems.map(({ id }, place) =>
			typeof id === 'string' ? id : `${items.length} ${place}`,
		);
		const next = textAt(page, 'last_id') ?? textAt(pageItems.at(-1) ?? {}, 'id');
		if (next === undefined || cursors.has(next) || ids.every((id) => seen.has(id)))
			throw stuck(items.length);
		for (const id of ids) seen.add(id);
		cursors.add(next);
		cursor = next;
	}
}

const stuck = (count: number): RequestFailure =>
	new RequestFailure({
		kind: 'unusable',
		message: `The server says that there are more items than the ${count} it gave, but its pages do not lead on to them`,
		advice:
			'The listing was ended, because it would go on forever. Run the workflow again; if it stays so, the server at Base URL does not page as the API does.',
		attempts: 1,
		mayHaveHappened: false,
	});

/** GET /conversations/{id}/items/{item_id} */
export async function getItem(
	api: ApiClient,
	conversation: string,
	item: string,
	include: readonly string[],
): Promise<Item> {
	const answer = await api.call({
		method: 'GET',
		path: [ROOT, conversation, 'items', item],
		query: includeQuery(include),
		repeatable: true,
	});
	if (textAt(answer, 'type') === undefined) throw unexpected('not with an item', false);
	return answer;
}

/**
 * DELETE /conversations/{id}/items/{item_id}
 * @returns whether the item was already gone when a first attempt without an answer was repeated
 */
export async function deleteItem(
	api: ApiClient,
	conversation: string,
	item: string,
): Promise<{ wasGone: boolean }> {
	const { answer, wasGone } = await deleteAt(api, [ROOT, conversation, 'items', item]);
	// The API answers with the conversation; a gateway may answer with a deletion instead.
	const isConfirmed =
		answer.deleted === true || (textAt(answer, 'id') !== undefined && answer.deleted !== false);
	if (!wasGone && !isConfirmed) throw unexpected('did not confirm that the item is deleted', false);
	return { wasGone };
}

export interface PostOptions {
	include: readonly string[];
	/** Whether the user's Additional Body is laid over the body. */
	extensible: boolean;
	/** Looks whether the items were added; the answer that it gives holds them under `data`. */
	findOut: () => Promise<Finding>;
}

/** POST /conversations/{id}/items with at most 20 items. */
export async function postItems(
	api: ApiClient,
	conversation: string,
	items: readonly Item[],
	{ include, extensible, findOut }: PostOptions,
): Promise<Item[]> {
	const answer = await api.call({
		method: 'POST',
		path: [ROOT, conversation, 'items'],
		query: includeQuery(include),
		body: { items: [...items] },
		extensible,
		repeatable: false,
		findOut,
	});
	const added = itemsIn(answer, true);
	if (added.length !== items.length) {
		throw unexpected(
			`with ${added.length} items instead of the ${items.length} that were sent`,
			true,
		);
	}
	return added;
}
