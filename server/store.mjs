/** @import { Ids } from './ids.mjs' */
/** @import { Item, JsonObject, StoredConversation } from './types.mjs' */
import { buildItem } from './items.mjs';

/**
 * Conversations and items in memory. Nothing here checks limits: that is the API's business, so
 * that a test can seed whatever it needs.
 *
 * @param {Ids} ids
 */
export function createStore(ids) {
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
		deleteConversation: (id) => conversations.delete(id),

		/**
		 * @param {StoredConversation} conversation
		 * @param {Item[]} added in the order of the conversation
		 */
		addItems(conversation, added) {
			for (const item of added) {
				conversation.items.push(item);
				items.set(item.id, item);
			}
		},

		/**
		 * @param {StoredConversation} conversation
		 * @param {Item} item
		 */
		deleteItem(conversation, item) {
			conversation.items = conversation.items.filter((each) => each !== item);
			items.delete(item.id);
		},

		clear() {
			conversations.clear();
			items.clear();
		},
	};
	return store;
}

/** @typedef {ReturnType<typeof createStore>} Store */
