import type { ApiClient } from '../transport/client';
import { textAt } from '../values/json';
import type { Item } from './items';
import { listItems } from './items';

/** What is known of a conversation before a write: its last item, or how many it holds. */
export type Before = { lastId: string } | { count: number } | undefined;

/** The end of a conversation whose last item is known; undefined where the item has no ID. */
export function endWith(last: Item | undefined): Before {
	const lastId = textAt(last ?? {}, 'id');
	return lastId === undefined ? undefined : { lastId };
}

/** The last item of a conversation, to tell later what has come behind it. */
export async function readEnd(api: ApiClient, conversation: string): Promise<Before> {
	const { items } = await listItems(api, conversation, { order: 'desc', limit: 1 });
	const [last] = items;
	if (last === undefined) return { count: 0 };
	return endWith(last);
}

/** The newest items that came after what was there before; undefined when that can't be told. */
export function addedSince(
	newest: readonly Item[],
	hasMore: boolean,
	before: Before,
): readonly Item[] | undefined {
	if (before === undefined) return undefined;
	if ('count' in before) {
		return hasMore || newest.length < before.count ? undefined : newest.slice(before.count);
	}
	const place = newest.findIndex(({ id }) => id === before.lastId);
	return place < 0 ? undefined : newest.slice(place + 1);
}
