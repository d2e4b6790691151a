import type { INodeProperties } from 'n8n-workflow';

import { ROLES } from '../../shared/api/schema';
import type { JsonObject } from '../../shared/values/json';
import { isJsonObject, isPlainObject } from '../../shared/values/json';
import { parseJsonText } from '../../shared/values/jsonText';
import type { ReadParameter } from '../../shared/values/field';
import { FieldError, isNothing, kindOf, quote } from '../../shared/values/field';

export const itemsInputField: INodeProperties = {
	displayName: 'Specify Items',
	name: 'itemsInput',
	type: 'options',
	noDataExpression: true,
	options: [
		{ name: 'Using Fields Below', value: 'fields' },
		{ name: 'Using JSON', value: 'json' },
	],
	default: 'fields',
	description: 'Whether to enter messages one by one or items of any type as JSON',
};

export const messagesField: INodeProperties = {
	displayName: 'Messages',
	name: 'messages',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true, sortable: true, multipleValueButtonText: 'Add Message' },
	displayOptions: { show: { itemsInput: ['fields'] } },
	default: {},
	placeholder: 'Add Message',
	description: 'The messages in the order in which they stand in the conversation',
	options: [
		{
			displayName: 'Message',
			name: 'values',
			values: [
				{
					displayName: 'Role',
					name: 'role',
					type: 'options',
					options: [
						{ name: 'Assistant', value: 'assistant', description: 'The model' },
						{
							name: 'Developer',
							value: 'developer',
							description: 'Instructions of the application',
						},
						{
							name: 'System',
							value: 'system',
							description: 'Instructions of the application, older name',
						},
						{ name: 'User', value: 'user', description: 'The person who talks to the model' },
					],
					default: 'user',
					description: 'Who the message comes from',
				},
				{
					displayName: 'Text',
					name: 'text',
					type: 'string',
					typeOptions: { rows: 3 },
					default: '',
					placeholder: 'e.g. What does the warranty cover?',
				},
			],
		},
	],
};

export const itemsJsonField: INodeProperties = {
	displayName: 'Items (JSON)',
	name: 'itemsJson',
	type: 'json',
	displayOptions: { show: { itemsInput: ['json'] } },
	default: '',
	placeholder: 'e.g. [{ "type": "message", "role": "user", "content": "Hello" }]',
	description:
		"An item or a list of items in the API's own shape, passed on as they are: messages with images and files, function calls and their outputs",
};

/** The three fields in the order in which they stand in the form. */
export const itemsFields = [itemsInputField, messagesField, itemsJsonField];

const roles = new Set<string>(ROLES);
const EXAMPLE = '[{ "type": "message", "role": "user", "content": "Hello" }]';
const LABEL = messagesField.displayName;

function message(row: unknown, index: number): JsonObject {
	const which = `message ${index + 1} in ${LABEL}`;
	const { role = 'user', text } = isPlainObject(row) ? row : { text: row };
	if (typeof role !== 'string' || !roles.has(role)) {
		throw new FieldError(
			`The role of ${which} is ${quote(role)}`,
			`Use one of ${ROLES.join(', ')}.`,
		);
	}
	const content = typeof text === 'number' || typeof text === 'boolean' ? String(text) : text;
	if (isNothing(content) || typeof content !== 'string') {
		throw new FieldError(
			`The text of ${which} is ${isNothing(content) ? 'empty' : kindOf(content)}`,
			isNothing(content)
				? 'Enter a text, or remove the message. An expression that finds nothing leaves the text empty.'
				: 'Give it as text, for example with {{ JSON.stringify(…) }}.',
		);
	}
	return { type: 'message', role, content };
}

function fromFields(value: unknown): JsonObject[] {
	const rows = isPlainObject(value) ? value.values : undefined;
	const list = Array.isArray(rows) ? rows : isPlainObject(rows) ? [rows] : [];
	return Array.from(list, message);
}

function fromJson(value: unknown): JsonObject[] {
	const label = itemsJsonField.displayName;
	const parsed = parseJsonText(value, label, EXAMPLE);
	const list = Array.isArray(parsed) ? parsed : [parsed];
	return list.map((item, index) => {
		if (isJsonObject(item)) return item;
		throw new FieldError(
			`Item ${index + 1} in ${label} is ${kindOf(item)}, not an object`,
			`Enter items such as ${EXAMPLE}.`,
		);
	});
}

/**
 * The items to add, in order; none when nothing was entered.
 * @throws {FieldError}
 */
export function parseOptionalItems(read: ReadParameter): JsonObject[] {
	if (read(itemsInputField.name, 'fields') !== 'json')
		return fromFields(read(messagesField.name, {}));
	const value = read(itemsJsonField.name, '');
	return isNothing(value) ? [] : fromJson(value);
}

/**
 * The items to add, in order, at least one.
 * @throws {FieldError}
 */
export function parseItems(read: ReadParameter): JsonObject[] {
	const items = parseOptionalItems(read);
	if (items.length > 0) return items;
	throw read(itemsInputField.name, 'fields') === 'json'
		? new FieldError(
				`${itemsJsonField.displayName} holds no item`,
				`Enter items such as ${EXAMPLE}.`,
			)
		: new FieldError(`${LABEL} has no message`, 'Add at least one message.');
}
