import { getItem } from '../../../shared/api/items';
import { simplifiedItem } from '../../../shared/api/itemText';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';
import { itemIdField, parseItemIdField } from '../../parameters/itemId';
import { includeOption, parseInclude } from '../../parameters/options';
import { parseSimplify, simplifyField } from '../../parameters/simplify';

interface Input {
	conversation: string;
	item: string;
	include: string[];
	simplify: boolean;
}

/** Reads one item: GET /conversations/{id}/items/{item_id}. */
export const get: Operation<Input> = {
	value: 'get',
	name: 'Get',
	action: 'Get item from conversation',
	description: 'Get a message or another conversation item by its ID',
	properties: [conversationIdField, itemIdField, simplifyField],
	options: [includeOption],

	parse: (read, options) => ({
		conversation: parseConversationIdField(read),
		item: parseItemIdField(read),
		include: parseInclude(options),
		simplify: parseSimplify(read),
	}),

	conversation: ({ conversation }) => conversation,

	async run({ conversation, item, include, simplify }, { api }) {
		const found = await getItem(api, conversation, item, include);
		return [{ json: simplify ? simplifiedItem(found, conversation) : found }];
	},
};
