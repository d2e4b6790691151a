import { deleteItem } from '../../../shared/api/items';
import type { NoteKind } from '../../operation';
import { defineOperation } from '../../operation';
import { conversationIdField, readConversationId } from '../../parameters/conversationId';
import { itemIdField, readItemId } from '../../parameters/itemId';

interface Input {
	conversation: string;
	item: string;
}

const alreadyGone: NoteKind = {
	type: 'info',
	text: (count, names) =>
		`The answer to a first attempt was lost, and when the deletion was repeated, ${count === 1 ? '1 item was' : `${count} items were`} already gone: ${names.join(', ')}. That counts as deleted.`,
};

/** Deletes an item: DELETE /conversations/{id}/items/{item_id}. */
export const remove = defineOperation<Input>({
	value: 'delete',
	name: 'Delete',
	action: 'Delete item from conversation',
	description: 'Delete one item of a conversation, such as a message, for good',
	properties: [conversationIdField, itemIdField],

	read: (read) => ({ conversation: readConversationId(read), item: readItemId(read) }),

	conversation: ({ conversation }) => conversation,

	async run({ conversation, item }, { api, note }) {
		const { wasGone } = await deleteItem(api, conversation, item);
		if (wasGone) note(alreadyGone, [item]);
		return [{ json: { deleted: true, id: item, conversation } }];
	},
});
