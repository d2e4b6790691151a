import type { ApiClient } from '../transport/client';
import { RequestFailure, resultOf, unusable } from '../transport/failures';
import type { ApiRequest, Query, Verification } from '../transport/request';
import type { JsonObject } from '../values/json';
import { isJsonObject, textAt } from '../values/json';
import { deleteAt, ROOT } from './conversations';
import { MAX_ITEMS_PER_PAGE } from './schema';

/** Anything in a conversation, as it came: `{ id, type, … }`. Types are open, new ones pass through. */
export type Item = JsonObject;

/** `include[]=a&include[]=b`, as the official SDKs send it. */
const includeQuery = (include: readonly string[]): Query =>
	include.map((value) => ['include[]', value] as const);

const checkList = ({ data }: JsonObject): string | undefined =>
	Array.isArray(data) && data.every(isJsonObject) ? undefined : 'not with a list of items';

/** The items in an answer that `checkList` has found to be a list. */
const itemsIn = ({ data }: JsonObject): Item[] =>
	Array.isArray(data) ? data.filter(isJsonObject) : [];

export interface ListOptions {
	order: 'asc' | 'desc';
	/** Start after this item. */
	after?: string | undefined;
	include?: readonly string[];
	/** Most items wanted; Infinity for all. */
	limit: number;
	/** Maximum number of items in a page, at most 100; left out: 100. */
	pageSize?: number;
	/** Ends the listing with the first item that it accepts. */
	until?: (item: Item) => boolean;
}

/** Items of a conversation, and whether it has more of them. */
export interface Listing {
	items: Item[];
	hasMore: boolean;
}

/**
 * GET /conversations/{id}/items, page by page. An item that is given twice is listed once.
 * @throws {RequestFailure} also when a page that promises more does not lead on to it
 */
export async function listItems(
	api: ApiClient,
	conversation: string,
	{ order, after, include = [], limit, pageSize = MAX_ITEMS_PER_PAGE, until }: ListOptions,
): Promise<Listing> {
	const items: Item[] = [];
	const seen = new Set<string>();
	const cursors = new Set([after]);
	let cursor = after;
	for (;;) {
		const size = Math.min(MAX_ITEMS_PER_PAGE, pageSize, limit - items.length);
		const page = await api.call({
			method: 'GET',
			path: [ROOT, conversation, 'items'],
			query: [
				['limit', String(size)],
				['order', order],
				...(cursor === undefined ? [] : [['after', cursor] as const]),
				...includeQuery(include),
			],
			idempotent: true,
			check: checkList,
		});
		const pageItems = itemsIn(page);
		const fresh = pageItems.filter(({ id }) => {
			if (typeof id !== 'string') return true;
			const isNew = !seen.has(id);
			seen.add(id);
			return isNew;
		});
		const wanted = fresh.slice(0, limit - items.length);
		for (const item of wanted) {
			items.push(item);
			if (until?.(item)) return { items, hasMore: true };
		}
		// Where the server does not say, a page that is not full is the last one.
		const saysMore = page.has_more === true;
		const mayHaveMore =
			saysMore || (typeof page.has_more !== 'boolean' && pageItems.length >= size);
		if (!mayHaveMore && wanted.length === fresh.length) return { items, hasMore: false };
		if (items.length >= limit) return { items, hasMore: true };

		const next = textAt(page, 'last_id') ?? textAt(pageItems.at(-1) ?? {}, 'id');
		if (next === undefined || cursors.has(next) || fresh.length === 0) {
			// A server that only did not say whether there is more has come to its end.
			if (!saysMore) return { items, hasMore: false };
			throw doesNotLeadOn(items.length);
		}
		cursors.add(next);
		cursor = next;
	}
}

const doesNotLeadOn = (count: number): RequestFailure =>
	unusable(
		`The server says that there are more items than the ${count} it gave, but its pages do not lead on to them`,
		"Reading stopped because the server kept pointing to the same page. Run the workflow again. If it happens again, the server at Base URL isn't compatible with OpenAI's API.",
	);

/**
 * Lists with `include` values, without those that the server does not know: a gateway may answer
 * 400 and name one.
 * @returns the listing, and the values that were left out
 */
export async function listItemsWithIncludes(
	api: ApiClient,
	conversation: string,
	options: ListOptions & { include: readonly string[] },
): Promise<Listing & { leftOutIncludes: string[] }> {
	const leftOutIncludes: string[] = [];
	for (;;) {
		const include = options.include.filter((value) => !leftOutIncludes.includes(value));
		const result = await resultOf(listItems(api, conversation, { ...options, include }));
		if (!(result instanceof RequestFailure)) return { ...result, leftOutIncludes };
		const refused = refusedIncludes(result, include);
		if (refused.length === 0) throw result;
		leftOutIncludes.push(...refused);
	}
}

/**
 * The include values to leave out after a refusal: the one it names, or all where it only names the
 * parameter. Of several the first, because the values that the server does know may be listed behind it.
 */
function refusedIncludes(
	{ details }: RequestFailure,
	include: readonly string[],
): readonly string[] {
	const { kind, status, message, param } = details;
	if (kind !== 'answer' || (status !== 400 && status !== 422)) return [];
	const [, place] = /^include\[(\d+)\]$/.exec(param ?? '') ?? [];
	const placed = place === undefined ? undefined : include[Number(place)];
	if (placed !== undefined) return [placed];
	const [first] = include
		.filter((value) => message.includes(value))
		.sort((a, b) => message.indexOf(a) - message.indexOf(b));
	if (first !== undefined) return [first];
	return /\binclude\b/.test(`${param ?? ''} ${message}`) ? include : [];
}

/** GET /conversations/{id}/items/{item_id} */
export const getItem = async (
	api: ApiClient,
	conversation: string,
	item: string,
	include: readonly string[],
): Promise<Item> =>
	await api.call({
		method: 'GET',
		path: [ROOT, conversation, 'items', item],
		query: includeQuery(include),
		idempotent: true,
		check: (answer) => (textAt(answer, 'type') === undefined ? 'not with an item' : undefined),
	});

/**
 * DELETE /conversations/{id}/items/{item_id}
 * @param options.lockWait seconds to wait for a locked conversation; left out: Max Retries covers it
 * @returns whether the item was already gone when a first attempt without an answer was repeated
 */
export async function deleteItem(
	api: ApiClient,
	conversation: string,
	item: string,
	options: Pick<ApiRequest, 'lockWait'> = {},
): Promise<{ wasGone: boolean }> {
	const { wasGone } = await deleteAt(
		api,
		[ROOT, conversation, 'items', item],
		// The API answers with the conversation; a gateway may answer with a deletion instead.
		({ id, deleted }) =>
			deleted === true || (typeof id === 'string' && id !== '' && id !== item && deleted !== false)
				? undefined
				: 'did not confirm that the item is deleted',
		options,
	);
	return { wasGone };
}

export interface PostOptions {
	include: readonly string[];
	/** Laid over the body; may not name `items`. */
	additionalBody: JsonObject;
	/** Seconds to wait for a locked conversation; left out: Max Retries covers it. */
	lockWait?: number;
	/** Called after such a wait; left out: nothing is. */
	afterLock?: NonNullable<ApiRequest['afterLock']>;
	/** Looks whether the items were added; the answer that it gives holds them under `data`. */
	verify: () => Promise<Verification>;
	/** Whether to look even where the settings allow no retry. */
	verifyAlways?: boolean;
}

/** POST /conversations/{id}/items with at most 20 items. */
export async function postItems(
	api: ApiClient,
	conversation: string,
	items: readonly Item[],
	{ include, additionalBody, lockWait, afterLock, verify, verifyAlways = false }: PostOptions,
): Promise<Item[]> {
	const answer = await api.call({
		method: 'POST',
		path: [ROOT, conversation, 'items'],
		query: includeQuery(include),
		body: { items: [...items], ...additionalBody },
		idempotent: false,
		verify,
		verifyAlways,
		...(lockWait === undefined ? {} : { lockWait }),
		...(afterLock === undefined ? {} : { afterLock }),
		check: (list) => {
			const objection = checkList(list);
			const count = itemsIn(list).length;
			return objection === undefined && count !== items.length
				? `with ${count} items instead of the ${items.length} that were sent`
				: objection;
		},
	});
	return itemsIn(answer);
}
