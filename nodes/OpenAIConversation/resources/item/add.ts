import { appendItems } from '../../../shared/api/append';
import type { Item } from '../../../shared/api/items';
import { MAX_ITEMS_PER_WRITE } from '../../../shared/api/schema';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';
import { parseItems, requiredItemsFields } from '../../parameters/items';
import {
	bodyOptions,
	includeOption,
	parseAdditionalBody,
	parseInclude,
} from '../../parameters/options';
import type { JsonObject } from '../../../shared/values/json';

interface Input {
	conversation: string;
	items: Item[];
	include: string[];
	additionalBody: JsonObject;
}

/**
 * Adds items: POST /conversations/{id}/items, 20 at a time. Inputs for the same conversation share
 * a call where they fit in.
 */
export const add: Operation<Input> = {
	value: 'add',
	name: 'Add',
	action: 'Add items to conversation',
	description: 'Add messages or other conversation items to the end of a conversation',
	properties: [conversationIdField, ...requiredItemsFields],
	options: [...bodyOptions, includeOption],

	parse(read, options) {
		return {
			conversation: parseConversationIdField(read),
			items: parseItems(read),
			include: parseInclude(options),
			additionalBody: parseAdditionalBody(options, {
				items: 'Enter items under Messages or Items (JSON).',
			}),
		};
	},

	conversation: ({ conversation }) => conversation,

	async run({ conversation, items, ...extras }, { api }) {
		const added = await appendItems(api, conversation, items, extras);
		return added.map((json) => ({ json }));
	},

	batch: {
		size: ({ items }) => items.length,
		limit: MAX_ITEMS_PER_WRITE,
		async run(inputs, { api }) {
			const [first] = inputs;
			if (first === undefined) return [];
			const { conversation, include, additionalBody } = first;
			const all = inputs.flatMap(({ items }) => items);
			const added = await appendItems(api, conversation, all, { include, additionalBody });
			let start = 0;
			return inputs.map(({ items }) => {
				const own = added.slice(start, start + items.length);
				start += items.length;
				return own.map((json) => ({ json }));
			});
		},
	},
};
