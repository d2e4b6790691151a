import { getItem } from '../../../shared/api/items';
import { simplifiedItem } from '../../../shared/api/itemText';
import { defineOperation } from '../../operation';
import { conversationIdField, readConversationId } from '../../parameters/conversationId';
import { itemIdField, readItemId } from '../../parameters/itemId';
import { includeOption } from '../../parameters/options';
import { readSimplify, simplifyField } from '../../parameters/simplify';

interface Input {
	conversation: string;
	item: string;
	include: string[];
	simplify: boolean;
}

/** Reads one item: GET /conversations/{id}/items/{item_id}. */
export const get = defineOperation<Input>({
	value: 'get',
	name: 'Get',
	action: 'Get item from conversation',
	description: 'Get one item of a conversation by its ID, such as a message',
	properties: [conversationIdField, itemIdField, simplifyField],
	options: [includeOption],

	read: (read, { include }) => ({
		conversation: readConversationId(read),
		item: readItemId(read),
		include,
		simplify: readSimplify(read),
	}),

	conversation: ({ conversation }) => conversation,

	async run({ conversation, item, include, simplify }, { api }) {
		const found = await getItem(api, conversation, item, include);
		return [{ json: simplify ? simplifiedItem(found) : found }];
	},
});
