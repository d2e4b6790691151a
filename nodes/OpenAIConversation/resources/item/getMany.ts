import { listItems } from '../../../shared/api/items';
import { simplifiedItem } from '../../../shared/api/itemText';
import { defineOperation } from '../../operation';
import { conversationIdField, readConversationId } from '../../parameters/conversationId';
import { parseItemId } from '../../parameters/itemId';
import { limitFields, readLimit } from '../../parameters/limit';
import { afterOption, includeOption, orderOption } from '../../parameters/options';
import { readSimplify, simplifyField } from '../../parameters/simplify';

interface Input {
	conversation: string;
	limit: number;
	simplify: boolean;
	include: string[];
	order: 'asc' | 'desc';
	after: string | undefined;
}

/** Reads the items of a conversation: GET /conversations/{id}/items, all pages that are wanted. */
export const getMany = defineOperation<Input>({
	value: 'getMany',
	name: 'Get Many',
	action: 'Get many items from conversation',
	description: 'List the items of a conversation: messages, tool calls and their results',
	properties: [conversationIdField, ...limitFields, simplifyField],
	options: [afterOption, includeOption, orderOption],

	read: (read, { include, order, after }) => ({
		conversation: readConversationId(read),
		limit: readLimit(read),
		simplify: readSimplify(read),
		include,
		order,
		after: after === undefined ? undefined : parseItemId(after, afterOption.displayName),
	}),

	conversation: ({ conversation }) => conversation,

	async run({ conversation, simplify, ...options }, { api }) {
		const { items } = await listItems(api, conversation, options);
		return items.map((item) => ({ json: simplify ? simplifiedItem(item) : item }));
	},
});
