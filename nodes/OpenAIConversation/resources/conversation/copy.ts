import type { INodeProperties } from 'n8n-workflow';

import { createConversation } from '../../../shared/api/createConversation';
import { CARRY_OVER_INCLUDES, carryOver } from '../../../shared/api/carryOver';
import { itemLabel } from '../../../shared/api/itemText';
import { getMetadata } from '../../../shared/api/conversations';
import { listItemsWithIncludes } from '../../../shared/api/items';
import type { Note } from '../../../shared/n8n/hints';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';
import { parseItemId } from '../../parameters/itemId';
import type { Metadata } from '../../parameters/metadata';
import { copyMetadataFields, parseOptionalMetadata } from '../../parameters/metadata';
import { bodyOptions, parseAdditionalBody } from '../../parameters/options';
import { FieldError, isNothing } from '../../../shared/values/field';
import type { JsonObject } from '../../../shared/values/json';
import { textAt } from '../../../shared/values/json';

const throughItemField: INodeProperties = {
	displayName: 'Last Item to Copy',
	name: 'throughItemId',
	type: 'string',
	default: '',
	placeholder: 'e.g. msg_68f0a1b2c3d4',
	hint: 'Leave empty to copy the whole conversation',
	description: 'The ID of a conversation item',
};

interface Input {
	id: string;
	/** Undefined: the original's. */
	metadata: Metadata | undefined;
	throughItem: string | undefined;
	additionalBody: JsonObject;
}

/** What Additional Body can't set, and where it comes from. */
const SENT_BY_COPY = {
	items: 'The items come from the conversation that is copied.',
	metadata: 'Enter it under Metadata.',
};

/** How many of the items that were left out a hint names at most. */
const MAX_NAMES = 10;

const notCarriedOver: Note = {
	type: 'warning',
	text: (_count, names) =>
		`Some conversation items were not copied, because the API does not accept them a second time: ${names.join('; ')}. All others were copied.`,
};

const includesLeftOut: Note = {
	type: 'warning',
	text: (count, names) =>
		`This server can't return some extra data (${names.join(', ')}), so images, search results, code outputs or reasoning may be missing from ${count === 1 ? 'the copy of 1 conversation' : `the copies of ${count} conversations`}.`,
};

/**
 * Copies a conversation: GET items, POST /conversations with the first 20 of them, POST items for
 * the others; GET /conversations/{id} for the metadata, unless the fields give it.
 */
export const copy: Operation<Input> = {
	value: 'copy',
	name: 'Copy',
	action: 'Copy conversation',
	description: 'Copy a conversation, whole or up to a given conversation item, into a new one',
	properties: [conversationIdField, throughItemField, ...copyMetadataFields],
	options: bodyOptions,

	parse(read, options) {
		const throughItem = read(throughItemField.name, '');
		return {
			id: parseConversationIdField(read),
			metadata: parseOptionalMetadata(read),
			throughItem: isNothing(throughItem)
				? undefined
				: parseItemId(throughItem, throughItemField.displayName),
			additionalBody: parseAdditionalBody(options, SENT_BY_COPY),
		};
	},

	conversation: ({ id }) => id,

	async run({ id, metadata, throughItem, additionalBody }, { api, note }) {
		const isLast = (item: object) => 'id' in item && item.id === throughItem;
		const { items, leftOutIncludes } = await listItemsWithIncludes(api, id, {
			order: 'asc',
			limit: Infinity,
			include: CARRY_OVER_INCLUDES,
			...(throughItem === undefined ? {} : { until: isLast }),
		});
		if (throughItem !== undefined && textAt(items.at(-1) ?? {}, 'id') !== throughItem) {
			throw new FieldError(
				`${throughItemField.displayName} is "${throughItem}", which is not in the conversation`,
				'Enter the ID of one of its items. Conversation Item: Get Many lists them. Nothing was copied.',
			);
		}
		if (leftOutIncludes.length > 0) note(includesLeftOut, leftOutIncludes);
		const { sent, leftOut } = carryOver(items);
		const original = metadata ?? (await getMetadata(api, id));
		const conversation = await createConversation(api, {
			metadata: original,
			items: sent,
			additionalBody,
		});
		if (leftOut.length > 0) {
			const names = leftOut.slice(0, MAX_NAMES).map(itemLabel);
			const more = leftOut.length > names.length ? [`${leftOut.length - names.length} more`] : [];
			note(notCarriedOver, [`${leftOut.length} of ${id}: ${[...names, ...more].join(', ')}`]);
		}
		return [{ json: { ...conversation, copied_from: id, item_count: sent.length } }];
	},
};
