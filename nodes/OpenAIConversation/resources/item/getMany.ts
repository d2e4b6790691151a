import { listItems } from '../../../shared/api/items';
import { simplifiedItem } from '../../../shared/api/itemText';
import type { Note } from '../../../shared/n8n/hints';
import { plural } from '../../../shared/n8n/hints';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';
import { limitFields, parseLimit } from '../../parameters/limit';
import {
	afterOption,
	includeOption,
	orderOption,
	parseAfter,
	parseInclude,
	parseOrder,
} from '../../parameters/options';
import { parseSimplify, simplifyField } from '../../parameters/simplify';

interface Input {
	conversation: string;
	limit: number;
	simplify: boolean;
	include: string[];
	order: 'asc' | 'desc';
	after: string | undefined;
}

const cutShort: Note = {
	type: 'warning',
	text: (count, names) =>
		`${plural(count, 'conversation has', 'conversations have')} more conversation items than Limit: ${names.join(', ')}. Turn on Return All to get them, or for the latest, set the option Order to Newest First.`,
};

/** Reads the items of a conversation: GET /conversations/{id}/items, all pages that are wanted. */
export const getMany: Operation<Input> = {
	value: 'getMany',
	name: 'Get Many',
	action: 'Get many items from conversation',
	description: 'Get the items of a conversation: messages, tool calls and their results',
	properties: [conversationIdField, ...limitFields, simplifyField],
	options: [afterOption, includeOption, orderOption],

	parse: (read, options) => ({
		conversation: parseConversationIdField(read),
		limit: parseLimit(read),
		simplify: parseSimplify(read),
		include: parseInclude(options),
		order: parseOrder(options),
		after: parseAfter(options),
	}),

	conversation: ({ conversation }) => conversation,

	async run({ conversation, simplify, ...options }, { api, note }) {
		const { items, hasMore } = await listItems(api, conversation, options);
		// With Newest First, leaving out older items is intended.
		if (hasMore && options.order === 'asc') note(cutShort, [conversation]);
		return items.map((item) => ({ json: simplify ? simplifiedItem(item, conversation) : item }));
	},
};
