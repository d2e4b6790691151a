import type { INodeProperties } from 'n8n-workflow';

import { deleteItem } from '../../../shared/api/items';
import type { Note } from '../../../shared/n8n/hints';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';
import { itemIdField, parseItemIdField } from '../../parameters/itemId';

interface Input {
	conversation: string;
	item: string;
}

const notice: INodeProperties = {
	displayName:
		"The item is deleted for good. A user's message can be deleted alone. Some items only work as a pair: a function_call and its function_call_output, or a reasoning item and the item after it, often the reply. Delete both, or the API refuses the conversation. To clear what is left of a pair, run Conversation: Trim with Turns to Keep set to 0, which keeps all turns.",
	name: 'deleteNotice',
	type: 'notice',
	default: '',
};

const alreadyGone: Note = {
	type: 'info',
	text: (count, names) =>
		`The response to the first attempt was lost. When the deletion was repeated, ${count === 1 ? '1 conversation item was' : `${count} conversation items were`} already gone: ${names.join(', ')}. This counts as deleted.`,
};

/** Deletes an item: DELETE /conversations/{id}/items/{item_id}. */
export const remove: Operation<Input> = {
	value: 'delete',
	name: 'Delete',
	action: 'Delete item from conversation',
	description: 'Delete a message or another conversation item for good',
	properties: [conversationIdField, itemIdField, notice],

	parse: (read) => ({ conversation: parseConversationIdField(read), item: parseItemIdField(read) }),

	conversation: ({ conversation }) => conversation,

	async run({ conversation, item }, { api, note }) {
		const { wasGone } = await deleteItem(api, conversation, item);
		if (wasGone) note(alreadyGone, [item]);
		return [{ json: { deleted: true, id: item, conversation } }];
	},
};
