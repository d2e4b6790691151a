import type { INodeProperties } from 'n8n-workflow';

import { itemLabel } from '../../../shared/api/itemText';
import { namingOnStop } from '../../../shared/api/leftBehind';
import { listItems } from '../../../shared/api/items';
import { checkGone, removeItems } from '../../../shared/api/removal';
import type { FailureDetails } from '../../../shared/transport/failures';
import { isNotFound, RequestFailure, resultOf } from '../../../shared/transport/failures';
import type { TrimRules } from '../../../shared/api/trimming';
import { planTrim } from '../../../shared/api/trimming';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';
import type { Note } from '../../../shared/n8n/hints';
import { plural } from '../../../shared/n8n/hints';
import { parseBoolean } from '../../../shared/values/boolean';
import { parseNumber } from '../../../shared/values/number';
import { sentences } from '../../../shared/values/text';
import type { Operation } from '../../operation';

const keepTurnsField: INodeProperties = {
	displayName: 'Turns to Keep',
	name: 'keepTurns',
	type: 'number',
	typeOptions: { minValue: 0, numberPrecision: 0 },
	default: 10,
	hint: '0 keeps all turns',
	description:
		'How many of the latest turns stay. A turn is a user message and everything up to the next one. System and developer messages always stay.',
};

const removeIncompleteField: INodeProperties = {
	displayName: 'Remove Incomplete Items',
	name: 'removeIncomplete',
	type: 'boolean',
	default: true,
	description:
		'Whether to also remove what makes the API refuse the conversation: a tool call without its output, an output without its call, reasoning without the item it led to. A call at the end that still waits for its output counts as incomplete.',
};

const notice: INodeProperties = {
	displayName:
		"Older turns are deleted for good. Don't trim while an agent or a reply is still running in the conversation. To save everything first, use Conversation Item: Get Many with Return All on and Simplify off.",
	name: 'trimNotice',
	type: 'notice',
	default: '',
};

interface Input extends TrimRules {
	id: string;
}

const incompleteRemoved: Note = {
	type: 'info',
	text: (count, names) =>
		`${plural(count, 'incomplete conversation item was', 'incomplete conversation items were')} removed: ${names.join(', ')}. The API refuses a conversation that holds such items.`,
};

/** What a failure says when nobody can tell whether the items are gone. */
const unchecked = (id: string, { message, advice }: FailureDetails) => ({
	message: `Whether all items to remove from ${id} are gone could not be checked: ${message}`,
	advice: sentences('Run the workflow again to remove what is left.', advice),
});

/** Removes old turns and incomplete items: GET items, all pages, then DELETE for each item that goes. */
export const trim: Operation<Input> = {
	value: 'trim',
	name: 'Trim',
	action: 'Trim conversation',
	description:
		'Keep the latest turns of a conversation and delete older and incomplete items for good',
	properties: [conversationIdField, keepTurnsField, removeIncompleteField, notice],

	parse: (read) => ({
		id: parseConversationIdField(read),
		keepTurns: parseNumber(read(keepTurnsField.name, 10), {
			label: keepTurnsField.displayName,
			fallback: 10,
			min: 0,
			max: Number.MAX_SAFE_INTEGER,
			whole: true,
		}),
		removeIncomplete: parseBoolean(
			read(removeIncompleteField.name, true),
			removeIncompleteField.displayName,
			true,
		),
	}),

	conversation: ({ id }) => id,

	async run({ id, ...rules }, { api, concurrency, note }) {
		const { items } = await listItems(api, id, { order: 'asc', limit: Infinity });
		const { stages, incomplete } = planTrim(items, rules);
		const removed = stages.flat(2).length;
		const kept = items.length - removed;
		const notFound = await removeItems(api, id, stages, {
			concurrency,
			held: items.length,
			explain: ({ deleted, left }, { message, advice }) => ({
				message: `${deleted} of ${removed} items were removed from ${id}, ${left} left to remove: ${message}`,
				advice: sentences('Run the workflow again to remove the rest.', advice),
			}),
		});
		if (notFound.size > 0) {
			// The conversation may be gone with them, or none of them is.
			const leftBehind = { conversation: id, items: kept, removed };
			const now = await namingOnStop(
				leftBehind,
				resultOf(listItems(api, id, { order: 'asc', limit: Infinity })),
			);
			if (now instanceof RequestFailure) {
				throw isNotFound(now) ? now : now.with({ leftBehind, ...unchecked(id, now.details) });
			}
			checkGone(id, now.items, notFound, removed);
		}
		for (const item of incomplete) note(incompleteRemoved, [itemLabel(item)]);
		return [{ json: { id, kept_items: kept, deleted_items: removed } }];
	},
};
