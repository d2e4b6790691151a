import type { INodeProperties } from 'n8n-workflow';

import { isPlainObject } from '../../shared/values/json';
import type { ReadParameter } from '../../shared/values/field';
import { adviceFor, FieldError, isNothing, kindOf, quote } from '../../shared/values/field';
import { trimPasted } from '../../shared/values/text';

export const itemIdField: INodeProperties = {
	displayName: 'Item ID',
	name: 'itemId',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'e.g. msg_68f0a1b2c3d4',
	description: 'The ID of a message or another item in the conversation. Messages start with msg_.',
};

/** Each type of item has its own prefix, new types come, and gateways use UUIDs: so only the shape is checked. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,255}={0,2}$/;

const HOW_TO =
	'Enter the ID of an item in the conversation, such as one that starts with "msg_". Conversation Item: Get Many lists all of them.';

/**
 * The ID of the conversation item that a value names: an ID, or an object with `id`.
 * @param label the field's label, for the error
 * @throws {FieldError} when it names none
 */
export function parseItemId(value: unknown, label: string): string {
	const id = isPlainObject(value) ? value.id : value;
	const text = typeof id === 'string' ? trimPasted(id) : id;
	if (isNothing(text)) {
		throw new FieldError(
			`${label} is empty`,
			`${HOW_TO} An expression that finds nothing also leaves the field empty.`,
		);
	}
	if (typeof text !== 'string') {
		throw new FieldError(`${label} is ${kindOf(text)}, not the ID of an item`, HOW_TO);
	}
	if (text.startsWith('conv_')) {
		throw new FieldError(`${label} is the ID of a conversation`, HOW_TO);
	}
	// Not quoted: it is a secret.
	if (text.startsWith('sk-')) throw new FieldError(`${label} contains an API key`, HOW_TO);
	if (!ID.test(text)) {
		throw new FieldError(
			`${label} is ${quote(text)}, which is not the ID of an item`,
			adviceFor(text, HOW_TO),
		);
	}
	return text;
}

export const parseItemIdField = (read: ReadParameter): string =>
	parseItemId(read(itemIdField.name, ''), itemIdField.displayName);
