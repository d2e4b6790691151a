import type { INodeProperties } from 'n8n-workflow';

import { deleteConversation, deletionOf, getConversation } from '../../../shared/api/conversations';
import { namingOnStop } from '../../../shared/api/leftBehind';
import { isNotFound, RequestFailure, resultOf } from '../../../shared/transport/failures';
import { notDeleted, removeAllItems } from '../../../shared/api/removal';
import type { Note } from '../../../shared/n8n/hints';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';
import { parseBoolean } from '../../../shared/values/boolean';

const notice: INodeProperties = {
	displayName:
		"The conversation is deleted for good. OpenAI keeps its messages and other items unless you turn on Also Delete Items. This node can't delete them afterwards.",
	name: 'deleteNotice',
	type: 'notice',
	default: '',
};

const deleteItemsField: INodeProperties = {
	displayName: 'Also Delete Items',
	name: 'deleteItems',
	type: 'boolean',
	default: false,
	description: "Whether to delete the conversation's messages and other items first",
};

interface Input {
	id: string;
	/** Whether the conversation's items go first. */
	deleteItems: boolean;
}

const alreadyGone: Note = {
	type: 'info',
	text: (count, names) =>
		`The response to the first attempt was lost. When the deletion was repeated, ${count === 1 ? '1 conversation was' : `${count} conversations were`} already gone: ${names.join(', ')}. This counts as deleted.`,
};

const goneMeanwhile: Note = {
	type: 'info',
	text: (_count, names) =>
		`Someone else deleted the conversation while its items were being deleted: ${names.join(', ')}. This counts as deleted.`,
};

/**
 * Deletes a conversation: DELETE /conversations/{id}; with its items, first GET items, all pages, and
 * DELETE for each of them.
 */
export const remove: Operation<Input> = {
	value: 'delete',
	name: 'Delete',
	action: 'Delete conversation',
	description: 'Delete a conversation for good, with or without its items',
	properties: [conversationIdField, deleteItemsField, notice],

	parse: (read) => ({
		id: parseConversationIdField(read),
		deleteItems: parseBoolean(
			read(deleteItemsField.name, false),
			deleteItemsField.displayName,
			false,
		),
	}),

	conversation: ({ id }) => id,

	async run({ id, deleteItems }, { api, concurrency, note }) {
		if (!deleteItems) {
			const { answer, wasGone } = await deleteConversation(api, id);
			if (wasGone) note(alreadyGone, [id]);
			return [{ json: answer }];
		}
		const items = await removeAllItems(api, id, concurrency);
		const result = await namingOnStop(
			items === 0 ? undefined : { conversation: id, items: 0, removed: items, mayBeGone: true },
			resultOf(deleteConversation(api, id)),
		);
		if (!(result instanceof RequestFailure)) {
			if (result.wasGone) note(alreadyGone, [id]);
			return [{ json: { ...result.answer, deleted_items: items } }];
		}
		const left = items === 0 ? undefined : { conversation: id, items: 0, removed: items };
		const isGone =
			isNotFound(result) &&
			(await namingOnStop(
				left,
				resultOf(getConversation(api, id)).then(
					(look) => look instanceof RequestFailure && isNotFound(look),
				),
			));
		if (isGone) {
			note(goneMeanwhile, [id]);
			return [{ json: { ...deletionOf(id), deleted_items: items } }];
		}
		throw left === undefined
			? result
			: result.with({ ...notDeleted(id, items, result.details), leftBehind: left });
	},
};
