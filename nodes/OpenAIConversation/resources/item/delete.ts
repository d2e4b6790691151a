import { deleteItem } from '../../api/items';
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
		`${count === 1 ? '1 item was' : `${count} items were`} already gone when the deletion was repeated after an attempt without a clear answer, and count as deleted: ${names.join(', ')}.`,
};

/** Deletes an item: DELETE /conversations/{id}/items/{item_id}. */
export const remove = defineOperation<Input>({
	value: 'delete',
	name: 'Delete',
	action: 'Delete item',
	description: 'Delete an item from a conversation',
	properties: [conversationIdField, itemIdField],

	read: (read) => ({ conversation: readConversationId(read), item: readItemId(read) }),

	conversation: ({ conversation }) => conversation,

	async run({ conversation, item }, { api, note }) {
		const { wasGone } = await deleteItem(api, conversation, item);
		if (wasGone) note(alreadyGone, [item]);
		return [{ json: { deleted: true, id: item, conversation } }];
	},
});
