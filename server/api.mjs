/** @import { Ids } from './ids.mjs' */
/** @import { Store } from './store.mjs' */
/** @import { Answer, Item, RequestRecord, Settings, StoredConversation } from './types.mjs' */
import { ApiError, badRequest, conversationNotFound } from './errors.mjs';
import { presentItem } from './include.mjs';
import { readItems } from './items.mjs';
import {
	parseBody,
	readInclude,
	readItemsArray,
	readListQuery,
	readMetadata,
	refuseUnknownParameters,
} from './validate.mjs';

const MODELS = ['gpt-5', 'gpt-5-mini', 'gpt-4.1', 'gpt-4o-mini'];
/** @type {ReadonlySet<string>} */
const NOTHING = new Set();

/**
 * The eight Conversations calls and the list of models.
 *
 * @param {{ store: Store, ids: Ids, settings: Settings }} parts
 */
export function createApi({ store, ids, settings }) {
	/** @param {string} id */
	function findConversation(id) {
		const conversation = store.getConversation(id);
		if (conversation) return conversation;
		if (id.startsWith('conv_')) throw conversationNotFound(id);
		throw badRequest(
			`Invalid 'conversation_id': '${id}'. Expected an ID that begins with 'conv'.`,
			'conversation_id',
			'invalid_value',
		);
	}

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

	/** @param {RequestRecord} request */
	function readBody(request) {
		const body = parseBody(request.bodyText, request.headers['content-type']);
		return {
			body,
			/** @param {readonly string[]} known */
			only(known) {
				if (settings.unknownParameters === 'refuse') refuseUnknownParameters(body, known);
				return body;
			},
		};
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
		const body = readBody(request).only(['metadata', 'items']);
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
		const body = readBody(request).only(['metadata']);
		const metadata = readMetadata(body['metadata']);
		const merged =
			settings.updateSemantics === 'merge' ? { ...conversation.metadata, ...metadata } : metadata;
		conversation.metadata = readMetadata(merged);
		request.applied = true;
		return json(presentConversation(conversation));
	}

	/**
	 * @param {RequestRecord} request
	 * @param {StoredConversation} conversation
	 */
	function deleteConversation(request, conversation) {
		request.applied = store.deleteConversation(conversation.id);
		return json({ id: conversation.id, object: 'conversation.deleted', deleted: true });
	}

	/**
	 * @param {RequestRecord} request
	 * @param {StoredConversation} conversation
	 */
	function addItems(request, conversation) {
		const include = readInclude(request.query);
		const body = readBody(request).only(['items']);
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
		const { limit, order, after, include } = readListQuery(request.query);
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
		if (resource === 'models' && id === undefined) {
			return method === 'GET' ? json(presentModels()) : undefinedMethod(request);
		}
		if (resource !== 'conversations' || id === '' || itemId === '' || rest.length > 0)
			return undefined;
		if (id === undefined)
			return method === 'POST' ? createConversation(request) : undefinedMethod(request);
		if (items === undefined) {
			if (method === 'GET') return json(presentConversation(findConversation(id)));
			if (method === 'POST') return updateConversation(request, findConversation(id));
			if (method === 'DELETE') return deleteConversation(request, findConversation(id));
			return undefinedMethod(request);
		}
		if (items !== 'items') return undefined;
		if (itemId === undefined) {
			if (method === 'GET') return listItems(request, findConversation(id));
			if (method === 'POST') return addItems(request, findConversation(id));
			return undefinedMethod(request);
		}
		if (method !== 'GET' && method !== 'DELETE') return undefinedMethod(request);
		const conversation = findConversation(id);
		const include = readInclude(request.query);
		const item = findItem(conversation, itemId);
		return method === 'GET'
			? json(presentItem(item, include))
			: deleteItem(request, conversation, item);
	};
}

/**
 * @param {RequestRecord} request
 * @returns {never}
 */
export function undefinedMethod(request) {
	throw new ApiError(405, `Invalid method for URL (${request.method} ${request.path})`);
}

/**
 * @param {unknown} body
 * @param {number} [status]
 * @returns {Answer}
 */
export const json = (body, status = 200) => ({
	status,
	headers: [['content-type', 'application/json']],
	body: JSON.stringify(body),
});

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

const presentModels = () => ({
	object: 'list',
	data: MODELS.map((id) => ({ id, object: 'model', created: 1754073306, owned_by: 'system' })),
});
