import { listItems } from '../../nodes/shared/api/items';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../nodes/shared/fields/conversationId';
import type { Operation } from '../../nodes/OpenAIConversation/operation';

interface Input {
	conversation: string;
}

/** Counts the items of a conversation: GET /conversations/{id}/items, all pages. */
export const count: Operation<Input> = {
	value: 'count',
	name: 'Count',
	action: 'Count items of conversation',
	description: 'Count the messages and other items of a conversation',
	properties: [conversationIdField],

	parse: (read) => ({ conversation: parseConversationIdField(read) }),

	conversation: ({ conversation }) => conversation,

	async run({ conversation }, { api }) {
		const { items } = await listItems(api, conversation, { order: 'asc', limit: Infinity });
		return [{ json: { conversation, count: items.length } }];
	},
};
