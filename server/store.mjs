/** @import { Ids } from './ids.mjs' */
/** @import { Item, JsonObject, StoredConversation } from './types.mjs' */
import { badRequest, conversationNotFound } from './errors.mjs';
import { buildItem } from './items.mjs';

/**
 * @param {Store} store
 * @param {string} id
 * @param {string} [param] what names the conversation, for errors
 * @returns {StoredConversation}
 * @throws {import('./errors.mjs').ApiError} 404, or 400 when the ID is one of something else
 */
export function findConversation(store, id, param = 'conversation_id') {
	const conversation = store.getConversation(id);
	if (conversation) return conversation;
	if (id.startsWith('conv_')) throw conversationNotFound(id);
	throw badRequest(
		`Invalid '${param}': '${id}'. Expected an ID that begins with 'conv'.`,
		param,
		'invalid_value',
	);
}

/**
 * Conversations and items in memory. Nothing here checks limits: that is the API's business, so
 * that a test can seed whatever it needs.
 *
 * @param {Ids} ids
 * @param {() => void} [onChange] called after each change
 */
export function createStore(ids, onChange = () => {}) {
	/** @type {Map<string, StoredConversation>} */
	const conversations = new Map();
	/**
	 * Every item ever stored and not deleted itself: deleting a conversation leaves its items.
	 * @type {Map<string, Item>}
	 */
	const items = new Map();

	const store = {
		conversations,
		items,

		/**
		 * Seeds a conversation. Items may be in the easy message form; any number is allowed.
		 *
		 * @param {{ id?: string, metadata?: Record<string, string>, items?: JsonObject[], created_at?: number }} [seed]
		 */
		createConversation(seed = {}) {
			/** @type {StoredConversation} */
			const conversation = {
				id: seed.id ?? ids.next('conv'),
				object: 'conversation',
				created_at: seed.created_at ?? Math.floor(Date.now() / 1000),
				metadata: { ...seed.metadata },
				items: [],
			};
			conversations.set(conversation.id, conversation);
			store.addItems(
				conversation,
				(seed.items ?? []).map((input) => buildItem(input, ids)),
			);
			return conversation;
		},

		/** @param {string} id */
		getConversation: (id) => conversations.get(id),

		/** @param {string} id */
		deleteConversation(id) {
			const existed = conversations.delete(id);
			onChange();
			return existed;
		},

		/**
		 * @param {StoredConversation} conversation
		 * @param {Record<string, string>} metadata
		 */
		setMetadata(conversation, metadata) {
			conversation.metadata = metadata;
			onChange();
		},

		/**
		 * @param {StoredConversation} conversation
		 * @param {Item[]} added in the order of the conversation
		 */
		addItems(conversation, added) {
			for (const item of added) {
				conversation.items.push(item);
				items.set(item.id, item);
			}
			onChange();
		},

		/**
		 * @param {StoredConversation} conversation
		 * @param {Item} item
		 */
		deleteItem(conversation, item) {
			conversation.items = conversation.items.filter((each) => each !== item);
			items.delete(item.id);
			onChange();
		},

		clear() {
			conversations.clear();
			items.clear();
			onChange();
		},
	};
	return store;
}

/** @typedef {ReturnType<typeof createStore>} Store */
