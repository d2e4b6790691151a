import { getConversation } from '../../../shared/api/conversations';
import { defineOperation } from '../../operation';
import { conversationIdField, readConversationId } from '../../parameters/conversationId';

interface Input {
	id: string;
}

/** Reads a conversation and its metadata: GET /conversations/{id}. */
export const get = defineOperation<Input>({
	value: 'get',
	name: 'Get',
	action: 'Get conversation',
	description: 'Get a conversation with its metadata, without its messages',
	properties: [conversationIdField],
	read: (read) => ({ id: readConversationId(read) }),
	conversation: ({ id }) => id,
	run: async ({ id }, { api }) => [{ json: await getConversation(api, id) }],
});
