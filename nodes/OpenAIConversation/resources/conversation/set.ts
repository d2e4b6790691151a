import type { INodeProperties } from 'n8n-workflow';

import { getMetadata, metadataOf, updateConversation } from '../../../shared/api/conversations';
import type { Note } from '../../../shared/n8n/hints';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';
import { noteMetadata } from '../../metadataNote';
import type { MetadataChanges } from '../../parameters/metadata';
import {
	checkPairCount,
	noChanges,
	parseMetadata,
	parseMetadataChanges,
	requiredMetadataFields,
} from '../../parameters/metadata';
import { bodyOptions, parseAdditionalBody } from '../../parameters/options';
import type { ReadParameter } from '../../../shared/values/field';
import { FieldError, isNothing, kindOf, quote } from '../../../shared/values/field';
import { listed } from '../../../shared/values/text';
import type { JsonObject } from '../../../shared/values/json';
import { parseJsonText } from '../../../shared/values/jsonText';

const updateModeField: INodeProperties = {
	displayName: 'Update Mode',
	name: 'updateMode',
	type: 'options',
	noDataExpression: true,
	options: [
		{
			name: 'Replace',
			value: 'replace',
			description: "Overwrites all metadata. Keys you don't list are lost.",
		},
		{
			name: 'Merge',
			value: 'merge',
			description: 'Keeps other keys. Adds or overwrites the ones you list.',
		},
	],
	default: 'replace',
	description: 'What happens to metadata that the conversation already has',
};

const replaceNotice: INodeProperties = {
	displayName: "Replace overwrites all metadata. Keys you don't list are lost.",
	name: 'replaceNotice',
	type: 'notice',
	displayOptions: { show: { updateMode: ['replace'] } },
	default: '',
};

const keysToRemoveField: INodeProperties = {
	displayName: 'Keys to Remove',
	name: 'keysToRemove',
	type: 'string',
	displayOptions: { show: { updateMode: ['merge'] } },
	default: '',
	placeholder: 'e.g. draft, reviewed_by',
	description:
		'Keys to remove from the metadata, separated by commas, or an expression that gives a list',
};

interface Input {
	id: string;
	/** `replace`: the conversation gets exactly `metadata`. `merge`: it keeps its other keys. */
	mode: 'replace' | 'merge';
	/** Null removes a key. */
	metadata: MetadataChanges;
	keysToRemove: string[];
	additionalBody: JsonObject;
}

const keptKeys: Note = {
	type: 'warning',
	text: (count, names) =>
		`The API kept metadata that was not sent (${listed(names)}) in ${count === 1 ? '1 conversation' : `${count} conversations`}: this server adds to the metadata instead of replacing it. To change single keys, set Update Mode to Merge.`,
};

const keptRemovedKeys: Note = {
	type: 'warning',
	text: (count, names) =>
		`Keys that should have been removed are still there (${listed(names)}) in ${count === 1 ? '1 conversation' : `${count} conversations`}: this server keeps keys that are not sent.`,
};

const notThere: Note = {
	type: 'info',
	text: (count, names) =>
		`${keysToRemoveField.displayName} lists keys that ${count === 1 ? 'the conversation does' : `${count} conversations do`} not have: ${listed(names)}. Check their spelling, including upper and lower case.`,
};

const HOW_TO_LIST =
	'Enter keys separated by commas, such as draft, reviewed_by, or use an expression that gives a list of keys.';

/** The entries of the field: typed with commas, or as a JSON list, which is what a model writes. */
function entriesOf(value: unknown): unknown[] {
	if (typeof value !== 'string') return [value].flat();
	if (!value.trimStart().startsWith('[')) return value.split(',').map((part) => part.trim());
	const parsed = parseJsonText(value, keysToRemoveField.displayName, '["draft", "reviewed_by"]');
	return [parsed].flat();
}

function parseKeysToRemove(read: ReadParameter): string[] {
	const value = read(keysToRemoveField.name, '');
	if (isNothing(value)) return [];
	const keys = entriesOf(value).map((entry) => {
		if (typeof entry === 'string') return entry;
		if (typeof entry === 'number') return String(entry);
		throw new FieldError(
			`${keysToRemoveField.displayName} contains ${kindOf(entry)}, not a key`,
			HOW_TO_LIST,
		);
	});
	return keys.filter((key) => key.trim() !== '');
}

function parseMode(read: ReadParameter): Input['mode'] {
	const value = read(updateModeField.name, 'replace');
	const mode = typeof value === 'string' ? value.trim().toLowerCase() : value;
	if (mode === 'merge') return mode;
	if (mode === 'replace' || isNothing(mode)) return 'replace';
	throw new FieldError(
		`${updateModeField.displayName} is ${quote(value)}`,
		'Choose Replace or Merge.',
	);
}

/** What a merge changes. */
function parseMerge(read: ReadParameter): Pick<Input, 'metadata' | 'keysToRemove'> {
	const metadata = parseMetadataChanges(read);
	const keysToRemove = parseKeysToRemove(read);
	if (Object.keys(metadata).length === 0 && keysToRemove.length === 0) throw noChanges(read);
	const contradiction = keysToRemove.find((key) => typeof metadata[key] === 'string');
	if (contradiction !== undefined) {
		throw new FieldError(
			`The key "${contradiction}" appears in Metadata and in ${keysToRemoveField.displayName}`,
			'Remove it from one of the two.',
		);
	}
	return { metadata, keysToRemove };
}

/** What the conversation has, with the changes made. */
function merged(current: JsonObject, { metadata, keysToRemove }: Input): JsonObject {
	const result = new Map(Object.entries(current));
	for (const key of keysToRemove) result.delete(key);
	for (const [key, value] of Object.entries(metadata)) {
		if (value === null) result.delete(key);
		else result.set(key, value);
	}
	checkPairCount(
		result.size,
		'Metadata, together with what the conversation already has,',
		', for example with Keys to Remove',
	);
	return Object.fromEntries(result);
}

/** Sets a conversation's metadata: POST /conversations/{id}, in merge mode after a GET. */
export const set: Operation<Input> = {
	value: 'set',
	name: 'Set',
	action: 'Set conversation metadata',
	description: "Set a conversation's metadata: key-value pairs such as a topic or a status",
	properties: [
		conversationIdField,
		updateModeField,
		replaceNotice,
		...requiredMetadataFields,
		keysToRemoveField,
	],
	options: bodyOptions,

	parse(read, options) {
		const mode = parseMode(read);
		return {
			id: parseConversationIdField(read),
			mode,
			...(mode === 'merge'
				? parseMerge(read)
				: { metadata: parseMetadata(read), keysToRemove: [] }),
			additionalBody: parseAdditionalBody(options, { metadata: 'Enter it under Metadata.' }),
		};
	},

	conversation: ({ id }) => id,

	async run(input, { api, note }) {
		const { id, mode, metadata, keysToRemove, additionalBody } = input;
		const current = mode === 'merge' ? await getMetadata(api, id) : {};
		const absent = keysToRemove.filter((key) => !Object.hasOwn(current, key));
		const sent = merged(current, input);
		const conversation = await updateConversation(api, id, sent, additionalBody);
		if (absent.length > 0) note(notThere, absent);

		const stored = metadataOf(conversation);
		const unsent = Object.keys(stored).filter((key) => !Object.hasOwn(sent, key));
		if (mode === 'replace') {
			if (unsent.length > 0) note(keptKeys, unsent);
		} else {
			// A key that was neither sent nor to be removed is another writer's.
			const kept = unsent.filter((key) => metadata[key] === null || keysToRemove.includes(key));
			if (kept.length > 0) note(keptRemovedKeys, kept);
		}
		noteMetadata(note, conversation, sent, metadata);
		return [{ json: conversation }];
	},
};
