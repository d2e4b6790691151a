import type { INodeProperties } from 'n8n-workflow';

import { listItems } from '../../../shared/api/items';
import { asMarkdown, asMessages, asText, turnsOf } from '../../../shared/api/transcript';
import type { Note } from '../../../shared/n8n/hints';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';
import { limitFields, parseLimit } from '../../parameters/limit';
import type { ReadParameter } from '../../../shared/values/field';
import { FieldError, kindOf, quote, trimPasted } from '../../../shared/values/field';

const FORMATS = {
	markdown: { extension: 'md', mimeType: 'text/markdown' },
	text: { extension: 'txt', mimeType: 'text/plain' },
	messages: { extension: 'json', mimeType: 'application/json' },
} as const;

type Format = keyof typeof FORMATS;

const formatField: INodeProperties = {
	displayName: 'Export Format',
	name: 'exportFormat',
	type: 'options',
	options: [
		{ name: 'Markdown', value: 'markdown', description: 'For people, with headings' },
		{
			name: 'Messages',
			value: 'messages',
			description: 'A list of { role, content } to hand to a model',
		},
		{ name: 'Text', value: 'text', description: 'For people, without markup' },
	],
	default: 'markdown',
	description: 'What the transcript looks like',
};

const destinationField: INodeProperties = {
	displayName: 'Export To',
	name: 'exportTo',
	type: 'options',
	options: [
		{ name: 'Field', value: 'json', description: 'Into the field "transcript" of the output' },
		{ name: 'File', value: 'file', description: 'Into a file that later nodes can send or store' },
	],
	default: 'json',
	description: 'Where the transcript goes',
};

const propertyField: INodeProperties = {
	displayName: 'Put Output File in Field',
	name: 'binaryPropertyName',
	type: 'string',
	displayOptions: { show: { exportTo: ['file'] } },
	default: 'data',
	placeholder: 'e.g. data',
	description: 'The name of the output binary field to put the file in',
	hint: 'The name of the output binary field to put the file in',
};

interface Input {
	id: string;
	limit: number;
	format: Format;
	/** The binary property for a file; undefined: a field of the output. */
	property: string | undefined;
}

const cutShort: Note = {
	type: 'warning',
	text: (count, names) =>
		`${count === 1 ? '1 transcript ends' : `${count} transcripts end`} before the conversation does, because of Limit: ${names.join(', ')}. Turn on Return All for the whole conversation.`,
};

function readFormat(read: ReadParameter): Format {
	const value = read(formatField.name, 'markdown');
	if (value === 'markdown' || value === 'text' || value === 'messages') return value;
	throw new FieldError(
		`${formatField.displayName} is ${quote(value)}`,
		`Use one of ${Object.keys(FORMATS).join(', ')}.`,
	);
}

function readProperty(read: ReadParameter): string | undefined {
	const destination = read(destinationField.name, 'json');
	if (destination === 'json') return undefined;
	if (destination !== 'file') {
		throw new FieldError(
			`${destinationField.displayName} is ${quote(destination)}`,
			'Use json or file.',
		);
	}
	const value = read(propertyField.name, 'data');
	const name = typeof value === 'string' ? trimPasted(value) : '';
	if (name === '') {
		throw new FieldError(
			`${propertyField.displayName} is ${typeof value === 'string' ? 'empty' : kindOf(value)}`,
			'Enter a name such as data.',
		);
	}
	return name;
}

/** Writes a transcript: GET /conversations/{id}/items, all pages that are wanted. */
export const exportTranscript: Operation<Input> = {
	value: 'export',
	name: 'Export',
	action: 'Export conversation',
	description:
		'Write all messages of a conversation as a readable transcript, into a field or a file',
	properties: [conversationIdField, ...limitFields, formatField, destinationField, propertyField],

	parse: (read) => ({
		id: parseConversationIdField(read),
		limit: parseLimit(read),
		format: readFormat(read),
		property: readProperty(read),
	}),

	conversation: ({ id }) => id,

	async run({ id, limit, format, property }, { api, note }) {
		const { items, hasMore } = await listItems(api, id, {
			order: 'asc',
			limit,
			include: ['message.input_image.image_url'],
		});
		if (hasMore) note(cutShort, [id]);
		const turns = turnsOf(items);
		const common = { conversation: id, format, item_count: items.length };
		if (property === undefined) {
			const transcript =
				format === 'messages'
					? asMessages(turns)
					: (format === 'markdown' ? asMarkdown : asText)(id, turns);
			return [{ json: { ...common, transcript } }];
		}
		const content =
			format === 'messages'
				? `${JSON.stringify(asMessages(turns), null, 2)}\n`
				: (format === 'markdown' ? asMarkdown : asText)(id, turns);
		const { extension, mimeType } = FORMATS[format];
		const fileName = `conversation-${id}.${extension}`;
		return [
			{ json: { ...common, file_name: fileName }, file: { property, fileName, mimeType, content } },
		];
	},
};
