import { deleteConversation } from '../../../shared/api/conversations';
import type { Note } from '../../../shared/n8n/hints';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';

interface Input {
	id: string;
}

const alreadyGone: Note = {
	type: 'info',
	text: (count, names) =>
		`The answer to a first attempt was lost, and when the deletion was repeated, ${count === 1 ? '1 conversation was' : `${count} conversations were`} already gone: ${names.join(', ')}. That counts as deleted.`,
};

/** Deletes a conversation: DELETE /conversations/{id}. */
export const remove: Operation<Input> = {
	value: 'delete',
	name: 'Delete',
	action: 'Delete conversation',
	description: 'Delete a conversation for good; OpenAI keeps the items that were in it',
	properties: [conversationIdField],
	parse: (read) => ({ id: parseConversationIdField(read) }),
	conversation: ({ id }) => id,

	async run({ id }, { api, note }) {
		const { answer, wasGone } = await deleteConversation(api, id);
		if (wasGone) note(alreadyGone, [id]);
		return [{ json: answer }];
	},
};
