import type { INodeProperties } from 'n8n-workflow';

import { isPlainObject } from '../../shared/values/json';
import type { ReadParameter } from '../../shared/values/field';
import { FieldError, isNothing, kindOf, quote, trimPasted } from '../../shared/values/field';

export const itemIdField: INodeProperties = {
	displayName: 'Item ID',
	name: 'itemId',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'e.g. msg_68f0a1b2c3d4',
	description: 'The item to work on, such as a message of the conversation',
};

/** Item types each have a prefix of their own, and new ones come: so only the shape is checked. */
const ID = /^[A-Za-z][A-Za-z0-9_-]{0,255}={0,2}$/;

const HOW_TO =
	'Enter the ID of an item, such as one that starts with "msg_". Item: Get Many lists the items of a conversation with their IDs.';

/**
 * Finds the item that a value names: an ID or an object with `id`.
 * @param label the field's label, for the error
 * @throws {FieldError} when it names none
 */
export function parseItemId(value: unknown, label: string): string {
	const id = isPlainObject(value) ? value.id : value;
	const text = typeof id === 'string' ? trimPasted(id) : id;
	if (isNothing(text)) throw new FieldError(`${label} is empty`, HOW_TO);
	if (typeof text !== 'string') {
		throw new FieldError(`${label} is ${kindOf(text)}, not the ID of an item`, HOW_TO);
	}
	if (text.startsWith('conv_')) {
		throw new FieldError(`${label} holds the ID of a conversation`, HOW_TO);
	}
	if (text.startsWith('sk-') || !ID.test(text)) {
		throw new FieldError(
			text.startsWith('sk-')
				? `${label} holds an API key`
				: `${label} is ${quote(text)}, which is not the ID of an item`,
			HOW_TO,
		);
	}
	return text;
}

export const parseItemIdField = (read: ReadParameter): string =>
	parseItemId(read(itemIdField.name, ''), itemIdField.displayName);
