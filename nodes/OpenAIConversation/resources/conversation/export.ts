import type { INodeProperties } from 'n8n-workflow';

import { getConversation, metadataOf } from '../../../shared/api/conversations';
import { listItemsWithIncludes } from '../../../shared/api/items';
import { asMarkdown, asMessages, asText, turnsOf } from '../../../shared/api/transcript';
import type { Note } from '../../../shared/n8n/hints';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';
import { booleanOption } from '../../../shared/fields/option';
import { allByDefaultFields, parseLimit } from '../../parameters/limit';
import type { ReadParameter } from '../../../shared/values/field';
import { adviceFor, FieldError, kindOf, quote } from '../../../shared/values/field';
import { trimPasted } from '../../../shared/values/text';

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
		{ name: 'Markdown', value: 'markdown', description: 'For people to read, with formatting' },
		{
			name: 'Messages',
			value: 'messages',
			description: 'A list of { role, content } to pass to a model',
		},
		{ name: 'Text', value: 'text', description: 'For people to read, without formatting' },
	],
	default: 'markdown',
	description:
		'The format of the transcript. Tool calls and their results are shortened to 200 characters.',
};

const destinationField: INodeProperties = {
	displayName: 'Export To',
	name: 'exportTo',
	type: 'options',
	options: [
		{ name: 'Field', value: 'json', description: 'The field "transcript" of the output' },
		{ name: 'File', value: 'file', description: 'A file that later nodes can send or store' },
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
	hint: 'The name of the output binary field to put the file in',
};

const includeMetadata = booleanOption({
	name: 'includeMetadata',
	displayName: 'Include Metadata',
	description:
		"Whether to also return the conversation's metadata, which takes one more request per conversation",
});

interface Input {
	id: string;
	limit: number;
	includeMetadata: boolean;
	format: Format;
	/** The binary property for a file; undefined: a field of the output. */
	property: string | undefined;
}

const cutShort: Note = {
	type: 'warning',
	text: (count, names) =>
		`${count === 1 ? '1 transcript ends' : `${count} transcripts end`} before the conversation does, because of Limit: ${names.join(', ')}. Turn on Return All for the whole conversation.`,
};

const includesLeftOut: Note = {
	type: 'warning',
	text: (count, names) =>
		`This server can't return some extra data (${names.join(', ')}), so links to images may be missing from ${count === 1 ? 'the transcript of 1 conversation' : `the transcripts of ${count} conversations`}.`,
};

function parseFormat(read: ReadParameter): Format {
	const value = read(formatField.name, 'markdown');
	if (value === 'markdown' || value === 'text' || value === 'messages') return value;
	throw new FieldError(
		`${formatField.displayName} is ${quote(value)}`,
		adviceFor(value, `Use one of ${Object.keys(FORMATS).join(', ')}.`),
	);
}

function parseProperty(read: ReadParameter): string | undefined {
	const destination = read(destinationField.name, 'json');
	if (destination === 'json') return undefined;
	if (destination !== 'file') {
		throw new FieldError(
			`${destinationField.displayName} is ${quote(destination)}`,
			adviceFor(destination, 'Use json (Field) or file (File).'),
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
		'Turn a conversation into a readable transcript. Tool calls and results are shortened.',
	properties: [
		conversationIdField,
		...allByDefaultFields,
		formatField,
		destinationField,
		propertyField,
	],
	options: [includeMetadata.field],

	parse: (read, options) => ({
		id: parseConversationIdField(read),
		limit: parseLimit(read, true),
		includeMetadata: includeMetadata.parse(options),
		format: parseFormat(read),
		property: parseProperty(read),
	}),

	conversation: ({ id }) => id,

	async run({ id, limit, includeMetadata: withMetadata, format, property }, { api, note }) {
		const { items, hasMore, leftOutIncludes } = await listItemsWithIncludes(api, id, {
			order: 'asc',
			limit,
			include: ['message.input_image.image_url'],
		});
		if (hasMore) note(cutShort, [id]);
		if (leftOutIncludes.length > 0) note(includesLeftOut, leftOutIncludes);
		const metadata = withMetadata ? { metadata: metadataOf(await getConversation(api, id)) } : {};
		const common = {
			conversation: id,
			format,
			item_count: items.length,
			complete: !hasMore,
			...metadata,
		};
		const turns = turnsOf(items);
		const transcript =
			format === 'messages'
				? asMessages(turns)
				: (format === 'markdown' ? asMarkdown : asText)(id, turns);
		if (property === undefined) return [{ json: { ...common, transcript } }];
		const content =
			typeof transcript === 'string' ? transcript : `${JSON.stringify(transcript, null, 2)}\n`;
		const { extension, mimeType } = FORMATS[format];
		const fileName = `conversation-${id}.${extension}`;
		return [
			{ json: { ...common, file_name: fileName }, file: { property, fileName, mimeType, content } },
		];
	},
};
