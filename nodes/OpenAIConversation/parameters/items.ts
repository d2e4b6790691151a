import type { INodeProperties } from 'n8n-workflow';

import { ROLES, SENDABLE_ROLES } from '../../shared/api/schema';
import type { JsonObject } from '../../shared/values/json';
import { isJsonObject, isPlainObject } from '../../shared/values/json';
import { parseJsonText } from '../../shared/values/jsonText';
import type { RowsField } from '../../shared/values/rows';
import { rowsOf } from '../../shared/values/rows';
import { checkText, checkTexts } from '../../shared/values/text';
import type { ReadParameter } from '../../shared/values/field';
import { adviceFor, FieldError, isNothing, kindOf, quote } from '../../shared/values/field';

export const itemsInputField: INodeProperties = {
	displayName: 'Specify Messages',
	name: 'itemsInput',
	type: 'options',
	noDataExpression: true,
	options: [
		{ name: 'Using Fields Below', value: 'fields' },
		{ name: 'Using JSON', value: 'json' },
	],
	default: 'fields',
	description: 'Whether to enter messages one by one or conversation items of any type as JSON',
};

const messagesField: INodeProperties = {
	displayName: 'Messages',
	name: 'messages',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true, sortable: true, multipleValueButtonText: 'Add Message' },
	displayOptions: { show: { itemsInput: ['fields'] } },
	default: {},
	placeholder: 'Add Message',
	description: 'The messages, oldest first',
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
							description: 'Instructions from your app',
						},
						{
							name: 'System',
							value: 'system',
							description: 'Instructions from your app (older models)',
						},
						{ name: 'User', value: 'user', description: 'The person talking to the model' },
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
	hint: 'e.g. [{ "type": "message", "role": "user", "content": "Hello" }]',
	description:
		"A conversation item or a list of them in the API's own format: messages with images and files, function calls and their outputs",
};

/** The three fields in the order of the form. */
export const itemsFields = [itemsInputField, messagesField, itemsJsonField];

/** The same where there must be an item: the form starts with a message to fill in. */
export const requiredItemsFields = [
	itemsInputField,
	{ ...messagesField, default: { values: [{ role: 'user', text: '' }] } },
	itemsJsonField,
];

const EXAMPLE = '[{ "type": "message", "role": "user", "content": "Hello" }]';
const LABEL = messagesField.displayName;

function parseMessage(row: unknown, index: number): JsonObject {
	const which = `message ${index + 1} in ${LABEL}`;
	const { role = 'user', text } = isPlainObject(row) ? row : { text: row };
	if (typeof role !== 'string' || !SENDABLE_ROLES.has(role)) {
		throw new FieldError(
			`The role of ${which} is ${quote(role)}`,
			adviceFor(role, `Use one of ${ROLES.join(', ')}.`),
		);
	}
	const content = typeof text === 'number' || typeof text === 'boolean' ? String(text) : text;
	if (isNothing(content) || typeof content !== 'string') {
		throw new FieldError(
			`The text of ${which} is ${isNothing(content) ? 'empty' : kindOf(content)}`,
			isNothing(content)
				? 'Enter a text, or remove the message. An expression that finds nothing also leaves the text empty.'
				: 'Turn it into text, for example with {{ JSON.stringify($json.value) }}.',
		);
	}
	checkText(content, `The text of ${which}`);
	return { type: 'message', role, content };
}

const messageRowsField: RowsField = {
	label: LABEL,
	group: 'values',
	advice: `For an expression that gives all messages at once, such as {{ $json.messages }}, set ${itemsInputField.displayName} to Using JSON and move it to ${itemsJsonField.displayName}. It has to give items such as ${EXAMPLE}.`,
};

const messageRows = (read: ReadParameter): unknown[] =>
	rowsOf(read(messagesField.name, {}), messageRowsField);

function parseItemsJson(value: unknown): JsonObject[] {
	const label = itemsJsonField.displayName;
	const parsed = parseJsonText(value, label, EXAMPLE);
	return [parsed].flat().map((item, index) => {
		const which = `Conversation item ${index + 1} in ${label}`;
		if (!isJsonObject(item)) {
			throw new FieldError(
				`${which} is ${kindOf(item)}, not an object`,
				`Enter items such as ${EXAMPLE}.`,
			);
		}
		checkTexts(item, which);
		return item;
	});
}

/**
 * The conversation items to add, in order; none when nothing was entered.
 * @throws {FieldError}
 */
export function parseOptionalItems(read: ReadParameter): JsonObject[] {
	if (read(itemsInputField.name, 'fields') !== 'json') return messageRows(read).map(parseMessage);
	const value = read(itemsJsonField.name, '');
	return isNothing(value) ? [] : parseItemsJson(value);
}

/** Whether the form's one message was left as it was. */
function isUntouched(rows: readonly unknown[]): boolean {
	const [row, ...others] = rows;
	return others.length === 0 && isPlainObject(row) && row.role === 'user' && row.text === '';
}

/**
 * The conversation items to add, in order, at least one.
 * @throws {FieldError}
 */
export function parseItems(read: ReadParameter): JsonObject[] {
	if (read(itemsInputField.name, 'fields') === 'json') {
		const items = parseOptionalItems(read);
		if (items.length > 0) return items;
		throw new FieldError(
			`${itemsJsonField.displayName} is empty`,
			`Enter items such as ${EXAMPLE}.`,
		);
	}
	const rows = messageRows(read);
	if (rows.length > 0 && !isUntouched(rows)) return rows.map(parseMessage);
	throw new FieldError(
		`${LABEL} is empty`,
		'Enter the text of at least one message. An expression that finds nothing also leaves the text empty.',
	);
}
