import type { INodeProperties } from 'n8n-workflow';

import { createConversation } from '../../../shared/api/append';
import { CARRY_OVER_INCLUDES, carryOver, nameOf } from '../../../shared/api/carryOver';
import { getConversation, metadataOf } from '../../../shared/api/conversations';
import { listItems } from '../../../shared/api/items';
import type { Note } from '../../../shared/n8n/hints';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';
import { parseItemId } from '../../parameters/itemId';
import type { Metadata } from '../../parameters/metadata';
import { metadataFields, parseOptionalMetadata } from '../../parameters/metadata';
import { bodyOptions, parseAdditionalBody } from '../../parameters/options';
import { FieldError, isNothing } from '../../../shared/values/field';
import type { JsonObject } from '../../../shared/values/json';
import { textAt } from '../../../shared/values/json';

const throughItemField: INodeProperties = {
	displayName: 'Through Item ID',
	name: 'throughItemId',
	type: 'string',
	default: '',
	placeholder: 'e.g. msg_68f0a1b2c3d4',
	description: 'The last item to copy. Leave it empty to copy the whole conversation.',
};

interface Input {
	id: string;
	/** Undefined: that of the original. */
	metadata: Metadata | undefined;
	throughItem: string | undefined;
	additionalBody: JsonObject;
}

/** What Additional Body can't set, and the fields that do. */
const WRITTEN_BY_NODE = {
	items: 'The items are those of the conversation that is copied.',
	metadata: 'Enter it under Metadata.',
};

/** Most left-out items of a conversation that the hint names one by one. */
const MAX_NAMES = 10;

const notCarriedOver: Note = {
	type: 'warning',
	text: (_count, names) =>
		`Some items were not copied, because the API does not take them a second time: ${names.join('; ')}. All other items were copied.`,
};

/**
 * Copies a conversation: GET items, POST /conversations with the first 20 of them, POST items for
 * the others; GET /conversations/{id} for the metadata, unless the fields give it.
 */
export const copy: Operation<Input> = {
	value: 'copy',
	name: 'Copy',
	action: 'Copy conversation',
	description:
		'Copy the messages and other items of a conversation into a new one, all or through a given item',
	properties: [conversationIdField, throughItemField, ...metadataFields],
	options: bodyOptions,

	parse(read, options) {
		const throughItem = read(throughItemField.name, '');
		return {
			id: parseConversationIdField(read),
			metadata: parseOptionalMetadata(read),
			throughItem: isNothing(throughItem)
				? undefined
				: parseItemId(throughItem, throughItemField.displayName),
			additionalBody: parseAdditionalBody(options, WRITTEN_BY_NODE),
		};
	},

	conversation: ({ id }) => id,

	async run({ id, metadata, throughItem, additionalBody }, { api, note }) {
		const isLast = (item: object) => 'id' in item && item.id === throughItem;
		const { items } = await listItems(api, id, {
			order: 'asc',
			limit: Infinity,
			include: CARRY_OVER_INCLUDES,
			...(throughItem === undefined ? {} : { until: isLast }),
		});
		if (throughItem !== undefined && textAt(items.at(-1) ?? {}, 'id') !== throughItem) {
			throw new FieldError(
				`${throughItemField.displayName} is "${throughItem}", which is not in the conversation`,
				'Enter the ID of one of its items; Item: Get Many lists them. Nothing was copied.',
			);
		}
		const { sent, leftOut } = carryOver(items);
		const original = metadata ?? metadataOf(await getConversation(api, id));
		const conversation = await createConversation(api, {
			metadata: original,
			items: sent,
			additionalBody,
		});
		if (leftOut.length > 0) {
			const names = leftOut.slice(0, MAX_NAMES).map(nameOf);
			const more = leftOut.length > names.length ? [`${leftOut.length - names.length} more`] : [];
			note(notCarriedOver, [`${leftOut.length} of ${id}: ${[...names, ...more].join(', ')}`]);
		}
		return [{ json: { ...conversation, copied_from: id, item_count: sent.length } }];
	},
};
