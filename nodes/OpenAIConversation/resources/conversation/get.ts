import { getConversation } from '../../../shared/api/conversations';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';

interface Input {
	id: string;
}

/** Reads a conversation and its metadata: GET /conversations/{id}. */
export const get: Operation<Input> = {
	value: 'get',
	name: 'Get',
	action: 'Get conversation',
	description: 'Get a conversation with its metadata, but without its messages',
	properties: [conversationIdField],
	parse: (read) => ({ id: parseConversationIdField(read) }),
	conversation: ({ id }) => id,
	run: async ({ id }, { api }) => [{ json: await getConversation(api, id) }],
};
