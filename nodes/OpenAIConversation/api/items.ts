import type { ApiClient, Query } from '../transport/client';
import { RequestFailure } from '../transport/failures';
import type { JsonObject } from '../transport/json';
import { isJsonObject, textAt } from '../transport/json';
import { deleteAt, ROOT, unexpected } from './conversations';

/** The API's limits for one call. */
export const MAX_ITEMS_PER_WRITE = 20;
export const MAX_ITEMS_PER_PAGE = 100;

/** Anything in a conversation, as it came: `{ id, type, … }`. Types are open, new ones pass through. */
export type Item = JsonObject;

/** `include[]=a&include[]=b`, as the official SDKs send it. */
const includeQuery = (include: readonly string[]): Query =>
	include.map((value) => ['include[]', value] as const);

function itemsIn(answer: JsonObject, isWrite: boolean): Item[] {
	const { data } = answer;
	if (!Array.isArray(data) || !data.every(isJsonObject)) throw unexpected('a list of items', isWrite);
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
		for (const item of pageItems) {
			if (items.length >= limit) break;
			items.push(item);
			if (until?.(item)) return { items, hasMore: true };
		}
		const hasMore = page.has_more === true;
		if (!hasMore || items.length >= limit) return { items, hasMore };

		const next = textAt(page, 'last_id') ?? textAt(pageItems.at(-1) ?? {}, 'id');
		if (next === undefined || next === cursor || seen.has(next)) throw stuck(items.length);
		seen.add(next);
		cursor = next;
	}
}

const stuck = (count: number): RequestFailure =>
	new RequestFailure({
		kind: 'unusable',
		message: `The server says that there are more items after the first ${count}, but does not say where they start`,
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
	if (textAt(answer, 'type') === undefined) throw unexpected('an item', false);
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
	const { wasGone } = await deleteAt(api, [ROOT, conversation, 'items', item]);
	return { wasGone };
}

/** POST /conversations/{id}/items with at most 20 items, once for each attempt of the client. */
export async function postItems(
	api: ApiClient,
	conversation: string,
	items: readonly Item[],
	{ include = [], extensible }: { include?: readonly string[]; extensible: boolean },
): Promise<Item[]> {
	const answer = await api.call({
		method: 'POST',
		path: [ROOT, conversation, 'items'],
		query: includeQuery(include),
		body: { items: [...items] },
		extensible,
		repeatable: false,
	});
	const added = itemsIn(answer, true);
	if (added.length !== items.length) {
		throw unexpected(`the ${items.length} items that were sent, but with ${added.length}`, true);
	}
	return added;
}
