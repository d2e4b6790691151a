import type { INodeProperties } from 'n8n-workflow';

import { getConversation, metadataOf, updateConversation } from '../../../shared/api/conversations';
import type { Note } from '../../../shared/n8n/hints';
import type { Operation } from '../../operation';
import {
	conversationIdField,
	parseConversationIdField,
} from '../../../shared/fields/conversationId';
import type { MetadataChanges } from '../../parameters/metadata';
import {
	checkPairCount,
	parseMetadata,
	parseMetadataChanges,
	requiredMetadataFields,
} from '../../parameters/metadata';
import { bodyOptions, parseAdditionalBody } from '../../parameters/options';
import type { ReadParameter } from '../../../shared/values/field';
import { FieldError, isNothing, kindOf, quote } from '../../../shared/values/field';
import type { JsonObject } from '../../../shared/values/json';

const updateModeField: INodeProperties = {
	displayName: 'Update Mode',
	name: 'updateMode',
	type: 'options',
	noDataExpression: true,
	options: [
		{
			name: 'Replace',
			value: 'replace',
			description: 'Sends exactly the given pairs in one request',
		},
		{
			name: 'Merge',
			value: 'merge',
			description:
				'Reads the pairs that are there, lays the given ones over them and sends them all',
		},
	],
	default: 'replace',
	description: 'What becomes of the pairs that are there already',
};

const keysToRemoveField: INodeProperties = {
	displayName: 'Keys to Remove',
	name: 'keysToRemove',
	type: 'string',
	displayOptions: { show: { updateMode: ['merge'] } },
	default: '',
	placeholder: 'e.g. draft, reviewed_by',
	description: 'Keys to take out of the metadata, separated by commas, or a list by expression',
};

interface Input {
	id: string;
	/** `replace` sends these pairs alone, `merge` lays them over those that are there. */
	mode: 'replace' | 'merge';
	changes: MetadataChanges;
	additionalBody: JsonObject;
}

const listed = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

const keptKeys: Note = {
	type: 'warning',
	text: (count, names) =>
		`The API kept metadata that was not sent (${listed(names)}) in ${count === 1 ? '1 conversation' : `${count} conversations`}: this server adds to the metadata instead of replacing it. To change single keys on purpose, set Update Mode to Merge.`,
};

const keptRemovedKeys: Note = {
	type: 'warning',
	text: (count, names) =>
		`Keys that were to be removed are still there (${listed(names)}) in ${count === 1 ? '1 conversation' : `${count} conversations`}: this server keeps keys that are not sent.`,
};

const notStored: Note = {
	type: 'warning',
	text: (count, names) =>
		`The API accepted the update, but its answer does not show these keys with the values sent (${listed(names)}) in ${count === 1 ? '1 conversation' : `${count} conversations`}. Check them with Conversation: Get.`,
};

function readKeysToRemove(read: ReadParameter): string[] {
	const value = read(keysToRemoveField.name, '');
	if (isNothing(value)) return [];
	// Keys of a list are taken as they are; what is typed has white space behind its commas.
	const parts: unknown[] =
		typeof value === 'string' ? value.split(',').map((part) => part.trim()) : [value].flat();
	return parts.flatMap((part) => {
		if (typeof part === 'string') return part.trim() === '' ? [] : [part];
		if (typeof part === 'number') return [String(part)];
		throw new FieldError(
			`${keysToRemoveField.displayName} contains ${kindOf(part)}, not a key`,
			'Enter keys separated by commas, or use an expression that gives a list of keys.',
		);
	});
}

function readChanges(read: ReadParameter): MetadataChanges {
	const removed = readKeysToRemove(read);
	const changes = parseMetadataChanges(read, removed.length > 0);
	const contradiction = removed.find((key) => typeof changes[key] === 'string');
	if (contradiction !== undefined) {
		throw new FieldError(
			`The key "${contradiction}" stands in Metadata and in ${keysToRemoveField.displayName}`,
			'Remove it from one of the two.',
		);
	}
	return Object.fromEntries([
		...Object.entries(changes),
		...removed.map((key): [string, null] => [key, null]),
	]);
}

/** The pairs that are there with the changes laid over them. */
function merged(current: JsonObject, changes: MetadataChanges): JsonObject {
	const result = new Map(Object.entries(current));
	for (const [key, value] of Object.entries(changes)) {
		if (value === null) result.delete(key);
		else result.set(key, value);
	}
	checkPairCount(result.size, 'Metadata, merged with what the conversation has,');
	return Object.fromEntries(result);
}

/** Sets a conversation's metadata: POST /conversations/{id}, in merge mode after a GET. */
export const set: Operation<Input> = {
	value: 'set',
	name: 'Set',
	action: 'Set conversation',
	description: 'Set the metadata of a conversation: key-value pairs such as a topic or a status',
	properties: [conversationIdField, ...requiredMetadataFields, updateModeField, keysToRemoveField],
	options: bodyOptions,

	parse(read, options) {
		const additionalBody = parseAdditionalBody(options, { metadata: 'Enter it under Metadata.' });
		const id = parseConversationIdField(read);
		const mode = read(updateModeField.name, 'replace');
		if (mode === 'merge') return { id, mode, changes: readChanges(read), additionalBody };
		if (mode === 'replace' || isNothing(mode))
			return { id, mode: 'replace', changes: parseMetadata(read), additionalBody };
		throw new FieldError(
			`${updateModeField.displayName} is ${quote(mode)}`,
			'Use replace or merge.',
		);
	},

	conversation: ({ id }) => id,

	async run({ id, mode, changes, additionalBody }, { api, note }) {
		const current = mode === 'merge' ? metadataOf(await getConversation(api, id)) : {};
		const sent = merged(current, changes);
		const conversation = await updateConversation(api, id, sent, additionalBody);

		const stored = metadataOf(conversation);
		const unsent = Object.keys(stored).filter((key) => !Object.hasOwn(sent, key));
		// In merge mode a key that was neither sent nor removed is another writer's.
		const kept = mode === 'merge' ? unsent.filter((key) => changes[key] === null) : unsent;
		if (kept.length > 0) note(mode === 'merge' ? keptRemovedKeys : keptKeys, kept);
		const lost = Object.keys(sent).filter((key) => stored[key] !== sent[key]);
		if (lost.length > 0) note(notStored, lost);
		return [{ json: conversation }];
	},
};
