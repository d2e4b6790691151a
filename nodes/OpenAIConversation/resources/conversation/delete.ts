import { deleteConversation } from '../../api/conversations';
import type { NoteKind } from '../../operation';
import { defineOperation } from '../../operation';
import { conversationIdField, readConversationId } from '../../parameters/conversationId';

interface Input {
	id: string;
}

const alreadyGone: NoteKind = {
	type: 'info',
	text: (count, names) =>
		`${count === 1 ? '1 conversation was' : `${count} conversations were`} already gone when the deletion was repeated after an attempt without a clear answer, and count as deleted: ${names.join(', ')}.`,
};

/** Deletes a conversation: DELETE /conversations/{id}. */
export const remove = defineOperation<Input>({
	value: 'delete',
	name: 'Delete',
	action: 'Delete conversation',
	description: 'Delete a conversation; OpenAI keeps its items',
	properties: [conversationIdField],
	read: (read) => ({ id: readConversationId(read) }),
	conversation: ({ id }) => id,

	async run({ id }, { api, note }) {
		const { answer, wasGone } = await deleteConversation(api, id);
		if (wasGone) note(alreadyGone, [id]);
		return [{ json: answer }];
	},
});
