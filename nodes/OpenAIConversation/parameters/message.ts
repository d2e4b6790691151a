import type { INodeProperties } from 'n8n-workflow';

import type { Item } from '../../shared/api/items';
import type { ReadParameter } from '../../shared/values/field';
import { FieldError, isNothing, kindOf } from '../../shared/values/field';
import { checkText } from '../../shared/values/text';
import { itemsInputField, itemsJsonField, parseItems } from './items';

const inputField: INodeProperties = {
	...itemsInputField,
	displayName: 'Specify Message',
	description:
		'Whether to enter a text, or conversation items of any type as JSON: messages with images and files, outputs of tools',
};

const textField: INodeProperties = {
	displayName: 'Message',
	name: 'text',
	type: 'string',
	typeOptions: { rows: 3 },
	displayOptions: { show: { itemsInput: ['fields'] } },
	default: '',
	placeholder: 'e.g. What does the warranty cover?',
	description:
		"What the user says to the model. It is added to the conversation with the model's reply.",
};

/** The three fields in the order of the form. */
export const messageFields = [inputField, textField, itemsJsonField];

function parseText(value: unknown): string {
	const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
	if (isNothing(text)) {
		throw new FieldError(
			`${textField.displayName} is empty`,
			'Enter what to say to the model. An expression that finds nothing also leaves the field empty.',
		);
	}
	if (typeof text !== 'string') {
		throw new FieldError(
			`${textField.displayName} is ${kindOf(text)}, not text`,
			'Turn it into text, for example with {{ JSON.stringify($json.value) }}.',
		);
	}
	checkText(text, textField.displayName);
	return text;
}

/**
 * What is said to the model, at least one item.
 * @throws {FieldError}
 */
export const parseMessage = (read: ReadParameter): Item[] =>
	read(inputField.name, 'fields') === 'json'
		? parseItems(read)
		: [{ type: 'message', role: 'user', content: parseText(read(textField.name, '')) }];
