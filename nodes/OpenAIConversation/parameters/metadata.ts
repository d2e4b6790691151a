import type { INodeProperties } from 'n8n-workflow';

import { isPlainObject } from '../../shared/values/json';
import { parseJsonText } from '../../shared/values/jsonText';
import type { ReadParameter } from '../../shared/values/field';
import { characters, FieldError, isNothing, kindOf, quote } from '../../shared/values/field';

/** The API's limits: https://platform.openai.com/docs/api-reference/conversations/update */
export const MAX_PAIRS = 16;
export const MAX_KEY_LENGTH = 64;
export const MAX_VALUE_LENGTH = 512;

/** Key-value pairs as the API takes them. */
export type Metadata = Record<string, string>;

/** Metadata to lay over what is there; null removes the key. */
export type MetadataChanges = Record<string, string | null>;

export const metadataInputField: INodeProperties = {
	displayName: 'Specify Metadata',
	name: 'metadataInput',
	type: 'options',
	noDataExpression: true,
	options: [
		{ name: 'Using Fields Below', value: 'fields' },
		{ name: 'Using JSON', value: 'json' },
	],
	default: 'fields',
	description: 'Whether to enter the pairs one by one or all at once as JSON',
};

export const metadataField: INodeProperties = {
	displayName: 'Metadata',
	name: 'metadata',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true, sortable: true, multipleValueButtonText: 'Add Pair' },
	displayOptions: { show: { metadataInput: ['fields'] } },
	default: {},
	placeholder: 'Add Pair',
	description: `Up to ${MAX_PAIRS} pairs. A key has up to ${MAX_KEY_LENGTH} characters, a value up to ${MAX_VALUE_LENGTH}.`,
	options: [
		{
			displayName: 'Pair',
			name: 'pairs',
			values: [
				{
					displayName: 'Key',
					name: 'key',
					type: 'string',
					default: '',
					placeholder: 'e.g. topic',
				},
				{
					displayName: 'Value',
					name: 'value',
					type: 'string',
					default: '',
					placeholder: 'e.g. project-x',
				},
			],
		},
	],
};

export const metadataJsonField: INodeProperties = {
	displayName: 'Metadata (JSON)',
	name: 'metadataJson',
	type: 'json',
	displayOptions: { show: { metadataInput: ['json'] } },
	default: '',
	placeholder: 'e.g. { "topic": "project-x", "priority": "high" }',
	description: `An object of up to ${MAX_PAIRS} pairs. {} clears all metadata.`,
};

/** The three fields in the order in which they stand in the form. */
export const metadataFields = [metadataInputField, metadataField, metadataJsonField];

/** The same where metadata must be given: the form begins with a pair to fill in. */
export const requiredMetadataFields = [
	metadataInputField,
	{ ...metadataField, default: { pairs: [{ key: '', value: '' }] } },
	metadataJsonField,
];

const EXAMPLE = '{ "topic": "project-x" }';
const LABEL = metadataField.displayName;

/** One pair and the label of the field it came from. */
type Pair = readonly [key: unknown, value: unknown];

function fromFields(value: unknown): Pair[] {
	const rows = isPlainObject(value) ? value.pairs : undefined;
	// A single row comes without its list when the collection was built by hand.
	const list = Array.isArray(rows) ? rows : isPlainObject(rows) ? [rows] : [];
	const pairs = Array.from(
		list,
		(row: unknown): Pair => (isPlainObject(row) ? [row.key, row.value] : [row, undefined]),
	);
	const isUntouched = pairs.length === 1 && pairs.every(([key, text]) => key === '' && text === '');
	return isUntouched ? [] : pairs;
}

function fromJson(value: unknown): Pair[] {
	const parsed = parseJsonText(value, metadataJsonField.displayName, EXAMPLE);
	if (!isPlainObject(parsed)) {
		throw new FieldError(
			`${metadataJsonField.displayName} is ${kindOf(parsed)}, not an object`,
			`Enter an object such as ${EXAMPLE}.`,
		);
	}
	const pairs = Object.entries(parsed);
	if (!isPlainObject(value)) return pairs;
	// JSON leaves out undefined and turns NaN into null: neither may pass for a pair that was not given or goes.
	const inJson = new Map(pairs);
	return Object.entries(value).map(([key, given]): Pair => [key, inJson.get(key) ?? given]);
}

function checkedKey(key: unknown): string {
	if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'boolean') {
		throw new FieldError(
			`A key in ${LABEL} is ${kindOf(key)}`,
			'Give every pair a key that is text. An expression that finds nothing leaves the key empty.',
		);
	}
	const text = String(key);
	if (text.trim() === '') {
		throw new FieldError(
			`A key in ${LABEL} is empty`,
			'Give every pair a key, or remove the pair.',
		);
	}
	const length = characters(text);
	if (length > MAX_KEY_LENGTH) {
		throw new FieldError(
			`The key ${quote(text)} in ${LABEL} has ${length} characters; the API allows ${MAX_KEY_LENGTH}`,
			'Shorten the key.',
		);
	}
	return text;
}

function checkedValue(key: string, value: unknown): string {
	if (typeof value === 'number' && !Number.isFinite(value)) {
		throw new FieldError(
			`The value of the key ${quote(key)} in ${LABEL} is ${value}`,
			'Check the expression that computes it.',
		);
	}
	if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
		throw new FieldError(
			`The value of the key ${quote(key)} in ${LABEL} is a number too large to be exact (${String(value)})`,
			'Give it as text: in JSON, put it in quotation marks.',
		);
	}
	if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
		return String(value);
	}
	if (typeof value !== 'string') {
		const nothing = value === null || value === undefined;
		throw new FieldError(
			`The value of the key ${quote(key)} in ${LABEL} is ${kindOf(value)}; the API stores text only`,
			nothing
				? 'Give the key a value, or remove the pair. To remove a key from the conversation, set Update Mode to Merge.'
				: 'Give it as text, for example with {{ JSON.stringify(…) }}, or use one pair for each part.',
		);
	}
	const length = characters(value);
	if (length > MAX_VALUE_LENGTH) {
		throw new FieldError(
			`The value of the key ${quote(key)} in ${LABEL} has ${length} characters; the API allows ${MAX_VALUE_LENGTH}`,
			'Shorten the value, or spread it over several keys.',
		);
	}
	return value;
}

/** @throws {FieldError} when there are more pairs than the API allows */
export function checkPairCount(count: number, what: string): void {
	if (count > MAX_PAIRS) {
		throw new FieldError(
			`${what} has ${count} pairs; the API allows ${MAX_PAIRS}`,
			`Remove ${count - MAX_PAIRS} of them.`,
		);
	}
}

function checkedPairs(pairs: readonly Pair[], nullRemoves: boolean): MetadataChanges {
	const changes = new Map<string, string | null>();
	for (const [rawKey, value] of pairs) {
		const key = checkedKey(rawKey);
		if (changes.has(key)) {
			throw new FieldError(
				`The key ${quote(key)} stands in ${LABEL} twice`,
				'Keep one of the two, since only one value can be stored.',
			);
		}
		changes.set(key, nullRemoves && value === null ? null : checkedValue(key, value));
	}
	checkPairCount([...changes.values()].filter((value) => value !== null).length, LABEL);
	return Object.fromEntries(changes);
}

const onlyText = (changes: MetadataChanges): Metadata =>
	Object.fromEntries(
		Object.entries(changes).filter((pair): pair is [string, string] => pair[1] !== null),
	);

interface Given {
	pairs: Pair[];
	usesFields: boolean;
	/** Whether the user entered anything at all; an empty JSON object counts. */
	filled: boolean;
}

function given(read: ReadParameter): Given {
	if (read(metadataInputField.name, 'fields') === 'json') {
		const value = read(metadataJsonField.name, '');
		const filled = !isNothing(value);
		return { pairs: filled ? fromJson(value) : [], usesFields: false, filled };
	}
	const pairs = fromFields(read(metadataField.name, {}));
	return { pairs, usesFields: true, filled: pairs.length > 0 };
}

/**
 * Metadata that may be left out: undefined when nothing was entered.
 * Numbers and booleans become text.
 * @throws {FieldError} for what the API would refuse
 */
export function parseOptionalMetadata(read: ReadParameter): Metadata | undefined {
	const { pairs, filled } = given(read);
	return filled ? onlyText(checkedPairs(pairs, false)) : undefined;
}

/**
 * Metadata that must be given. `{}` as JSON counts as given, no row at all does not, lest a
 * forgotten row wipe everything.
 * @throws {FieldError}
 */
export function parseMetadata(read: ReadParameter): Metadata {
	const { pairs, usesFields, filled } = given(read);
	if (!filled) throw nothingGiven(usesFields);
	return onlyText(checkedPairs(pairs, false));
}

/**
 * Metadata to lay over what is there; null as JSON removes a key.
 * @param removesKeys whether other fields already name a change
 * @throws {FieldError}
 */
export function parseMetadataChanges(read: ReadParameter, removesKeys: boolean): MetadataChanges {
	const { pairs, usesFields, filled } = given(read);
	if (!filled && !removesKeys) throw nothingGiven(usesFields);
	return checkedPairs(pairs, !usesFields);
}

function nothingGiven(usesFields: boolean): FieldError {
	return usesFields
		? new FieldError(
				`${LABEL} has no pair`,
				'Enter at least one key and its value. To clear all metadata on purpose, set Specify Metadata to Using JSON and enter {}.',
			)
		: new FieldError(
				`${metadataJsonField.displayName} is empty`,
				`Enter an object such as ${EXAMPLE}. To clear all metadata on purpose, enter {}.`,
			);
}
