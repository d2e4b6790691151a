import { appendItems } from '../../../shared/api/append';
import type { Item } from '../../../shared/api/items';
import { MAX_ITEMS_PER_WRITE } from '../../../shared/api/schema';
import { defineOperation } from '../../operation';
import { refuseItems } from '../../parameters/additionalBody';
import { conversationIdField, readConversationId } from '../../parameters/conversationId';
import { itemsFields, readItems } from '../../parameters/items';
import { bodyOptions, includeOption } from '../../parameters/options';

interface Input {
	conversation: string;
	items: Item[];
	include: string[];
}

/**
 * Adds items: POST /conversations/{id}/items, 20 at a time. Inputs for the same conversation share
 * a call where they fit in.
 */
export const add = defineOperation<Input>({
	value: 'add',
	name: 'Add',
	action: 'Add items to conversation',
	description: 'Add messages or other items to the end of a conversation',
	properties: [conversationIdField, ...itemsFields],
	options: [...bodyOptions, includeOption],

	read(read, options) {
		refuseItems(options);
		return {
			conversation: readConversationId(read),
			items: readItems(read),
			include: options.include,
		};
	},

	conversation: ({ conversation }) => conversation,

	async run({ conversation, items, include }, { api }) {
		const added = await appendItems(api, conversation, items, include);
		return added.map((json) => ({ json }));
	},

	batch: {
		size: ({ items }) => items.length,
		limit: MAX_ITEMS_PER_WRITE,
		async run(inputs, { api }) {
			const [first] = inputs;
			if (first === undefined) return [];
			const { conversation, include } = first;
			const all = inputs.flatMap(({ items }) => items);
			const added = await appendItems(api, conversation, all, include);
			let start = 0;
			return inputs.map(({ items }) => {
				const own = added.slice(start, start + items.length);
				start += items.length;
				return own.map((json) => ({ json }));
			});
		},
	},
});
