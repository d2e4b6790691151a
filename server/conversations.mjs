/** @import { Ids } from './ids.mjs' */
/** @import { Locks } from './locks.mjs' */
/** @import { Store } from './store.mjs' */
/** @import { Answer, Item, RequestRecord, Settings, StoredConversation } from './types.mjs' */
import { json, undefinedMethod } from './answers.mjs';
import { ApiError, badRequest, missingParameter } from './errors.mjs';
import { presentItem } from './include.mjs';
import { readItems } from './items.mjs';
import { readBody } from './requestBody.mjs';
import { findConversation } from './store.mjs';
import { readInclude, readItemsArray, readListQuery, readMetadata } from './validate.mjs';

/** @type {ReadonlySet<string>} */
const NOTHING = new Set();

/**
 * The eight Conversations calls.
 *
 * @param {{ store: Store, ids: Ids, locks: Locks, settings: Settings }} parts
 */
export function createConversations({ store, ids, locks, settings }) {
	/**
	 * @param {StoredConversation} conversation
	 * @param {string} id
	 */
	function findItem(conversation, id) {
		const item = conversation.items.find((each) => each.id === id);
		if (item) return item;
		throw new ApiError(
			404,
			`Item with id '${id}' not found in conversation with id '${conversation.id}'.`,
		);
	}

	/**
	 * @param {unknown} value the body's `items`
	 * @param {StoredConversation} [conversation] the one that they join
	 */
	const readNewItems = (value, conversation) =>
		readItems(readItemsArray(value), {
			ids,
			param: 'items',
			known: (id) => store.items.get(id),
			taken: (id) => conversation?.items.some((item) => item.id === id) ?? false,
		});

	/** @param {RequestRecord} request */
	function createConversation(request) {
		const body = readBody(request, settings, ['metadata', 'items']);
		const metadata = readMetadata(body['metadata'] ?? {});
		const items = readNewItems(body['items'] ?? []);
		const conversation = store.createConversation({ metadata });
		store.addItems(conversation, items);
		request.applied = true;
		return json(presentConversation(conversation));
	}

	/**
	 * @param {RequestRecord} request
	 * @param {StoredConversation} conversation
	 */
	function updateConversation(request, conversation) {
		if (settings.lockMetadata) locks.refuseLocked(conversation.id);
		const body = readBody(request, settings, ['metadata']);
		const metadata = readMetadata(body['metadata']);
		if (settings.emptyUpdate === 'refuse' && Object.keys(metadata).length === 0)
			throw missingParameter('metadata');
		const merged =
			settings.updateSemantics === 'merge' ? { ...conversation.metadata, ...metadata } : metadata;
		store.setMetadata(conversation, readMetadata(merged));
		request.applied = true;
		return json(presentConversation(conversation));
	}

	/**
	 * @param {RequestRecord} request
	 * @param {StoredConversation} conversation
	 */
	function deleteConversation(request, conversation) {
		locks.refuseLocked(conversation.id);
		request.applied = store.deleteConversation(conversation.id);
		return json({ id: conversation.id, object: 'conversation.deleted', deleted: true });
	}

	/**
	 * @param {RequestRecord} request
	 * @param {StoredConversation} conversation
	 */
	function addItems(request, conversation) {
		locks.refuseLocked(conversation.id);
		const include = readInclude(request.query, settings.unknownIncludes);
		const body = readBody(request, settings, ['items']);
		const added = readNewItems(body['items'], conversation);
		store.addItems(conversation, added);
		request.applied = added.length > 0;
		return json(presentList(added, false, include));
	}

	/**
	 * @param {RequestRecord} request
	 * @param {StoredConversation} conversation
	 */
	function listItems(request, conversation) {
		const { limit, order, after, include } = readListQuery(request.query, settings.unknownIncludes);
		const { items } = conversation;
		let position = order === 'asc' ? -1 : items.length;
		if (after !== undefined && after !== '') {
			position = items.findIndex((item) => item.id === after);
			if (position < 0) {
				throw badRequest(
					`Item with id '${after}' not found in conversation with id '${conversation.id}'.`,
					'after',
				);
			}
		}
		if (order === 'asc') {
			const page = items.slice(position + 1, position + 1 + limit);
			return json(presentList(page, position + 1 + limit < items.length, include));
		}
		const start = Math.max(0, position - limit);
		return json(presentList(items.slice(start, position).reverse(), start > 0, include));
	}

	/**
	 * @param {RequestRecord} request
	 * @param {StoredConversation} conversation
	 * @param {Item} item
	 */
	function deleteItem(request, conversation, item) {
		locks.refuseLocked(conversation.id);
		store.deleteItem(conversation, item);
		request.applied = true;
		return json(presentConversation(conversation));
	}

	/**
	 * @param {RequestRecord} request
	 * @param {string[]} segments the path's, after the base path, decoded
	 * @returns {Answer | undefined} undefined when the path is none of these calls'
	 * @throws {ApiError}
	 */
	return function answer(request, segments) {
		const [resource, id, items, itemId, ...rest] = segments;
		const { method } = request;
		if (resource !== 'conversations' || id === '' || itemId === '' || rest.length > 0)
			return undefined;
		if (id === undefined)
			return method === 'POST' ? createConversation(request) : undefinedMethod(request);
		if (items === undefined) {
			if (method === 'GET') return json(presentConversation(findConversation(store, id)));
			if (method === 'POST') return updateConversation(request, findConversation(store, id));
			if (method === 'DELETE') return deleteConversation(request, findConversation(store, id));
			return undefinedMethod(request);
		}
		if (items !== 'items') return undefined;
		if (itemId === undefined) {
			if (method === 'GET') return listItems(request, findConversation(store, id));
			if (method === 'POST') return addItems(request, findConversation(store, id));
			return undefinedMethod(request);
		}
		if (method !== 'GET' && method !== 'DELETE') return undefinedMethod(request);
		const conversation = findConversation(store, id);
		const include = readInclude(request.query, settings.unknownIncludes);
		const item = findItem(conversation, itemId);
		return method === 'GET'
			? json(presentItem(item, include))
			: deleteItem(request, conversation, item);
	};
}

/** @param {StoredConversation} conversation */
const presentConversation = ({ id, object, created_at, metadata }) => ({
	id,
	object,
	created_at,
	metadata,
});

/**
 * @param {Item[]} items
 * @param {boolean} hasMore
 * @param {ReadonlySet<string>} [include]
 */
function presentList(items, hasMore, include = NOTHING) {
	return {
		object: 'list',
		data: items.map((item) => presentItem(item, include)),
		first_id: items[0]?.id ?? null,
		last_id: items.at(-1)?.id ?? null,
		has_more: hasMore,
	};
}
