import type { INodeProperties } from 'n8n-workflow';

import type { ReadParameter } from '../../shared/values/field';
import { characters, checkText } from '../../shared/values/text';
import { FieldError, isNothing, kindOf, quote } from '../../shared/values/field';
import { isPlainObject } from '../../shared/values/json';
import { parseJsonText, toJson } from '../../shared/values/jsonText';
import type { RowsField } from '../../shared/values/rows';
import { rowsOf } from '../../shared/values/rows';

/** The API's limits: https://platform.openai.com/docs/api-reference/conversations/update */
export const MAX_PAIRS = 16;
export const MAX_KEY_LENGTH = 64;
export const MAX_VALUE_LENGTH = 512;

/** Key-value pairs as the API takes them. */
export type Metadata = Record<string, string>;

/** Metadata to put over what the conversation has; null removes the key. */
export type MetadataChanges = Record<string, string | null>;

const LIMITS = `Up to ${MAX_PAIRS} pairs. A key has up to ${MAX_KEY_LENGTH} characters, a value up to ${MAX_VALUE_LENGTH}.`;

const inputField: INodeProperties = {
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

const pairsField: INodeProperties = {
	displayName: 'Metadata',
	name: 'metadata',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true, sortable: true, multipleValueButtonText: 'Add Pair' },
	displayOptions: { show: { metadataInput: ['fields'] } },
	default: {},
	placeholder: 'Add Pair',
	description: LIMITS,
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
					placeholder: 'e.g. billing',
				},
			],
		},
	],
};

const jsonField: INodeProperties = {
	displayName: 'Metadata (JSON)',
	name: 'metadataJson',
	type: 'json',
	displayOptions: { show: { metadataInput: ['json'] } },
	default: '',
	placeholder: 'e.g. { "topic": "billing", "priority": "high" }',
	hint: 'e.g. { "topic": "billing", "priority": "high" }',
	description: LIMITS,
};

/** The three fields for a new conversation's metadata. */
export const metadataFields = [inputField, pairsField, jsonField];

const KEPT_IF_EMPTY =
	"Leave empty to keep the original's metadata. If you enter any pairs, the copy gets only those.";

/** The same for a copy. */
export const copyMetadataFields = [
	inputField,
	{ ...pairsField, description: `${KEPT_IF_EMPTY} ${LIMITS}` },
	{ ...jsonField, description: `${KEPT_IF_EMPTY} ${LIMITS}` },
];

/** The same where there must be metadata: the form starts with a pair to fill in. */
export const requiredMetadataFields = [
	inputField,
	{ ...pairsField, default: { pairs: [{ key: '', value: '' }] } },
	{
		...jsonField,
		description: `${LIMITS} With Replace, {} clears all metadata. With Merge, null as a value removes the key.`,
	},
];

const EXAMPLE = '{ "topic": "billing" }';
const LABEL = pairsField.displayName;

const pairRows: RowsField = {
	label: LABEL,
	group: 'pairs',
	advice: `For an expression that gives all pairs at once, such as {{ $json.metadata }}, set ${inputField.displayName} to Using JSON and move it to ${jsonField.displayName}.`,
};

/** A key and its value as they were entered. */
type Pair = readonly [key: unknown, value: unknown];

const usesJson = (read: ReadParameter): boolean => read(inputField.name, 'fields') === 'json';

function pairsInFields(read: ReadParameter): Pair[] {
	const pairs = rowsOf(read(pairsField.name, {}), pairRows).map(
		(row): Pair => (isPlainObject(row) ? [row.key, row.value] : [row, undefined]),
	);
	const isUntouched = pairs.length === 1 && pairs.every(([key, text]) => key === '' && text === '');
	return isUntouched ? [] : pairs;
}

/** JSON leaves out undefined and turns NaN into null, so only what is nested goes through it. */
const pairsInObject = (object: Record<string, unknown>): Pair[] =>
	Object.entries(object).map(([key, value]) =>
		typeof value === 'object' && value !== null ? [key, toJson(value) ?? undefined] : [key, value],
	);

function pairsInJson(value: unknown): Pair[] {
	if (isPlainObject(value)) return pairsInObject(value);
	const parsed = parseJsonText(value, jsonField.displayName, EXAMPLE);
	if (isPlainObject(parsed)) return Object.entries(parsed);
	throw new FieldError(
		`${jsonField.displayName} is ${kindOf(parsed)}, not an object`,
		`Enter an object such as ${EXAMPLE}.`,
	);
}

/** The pairs that were entered; undefined for none at all. An empty JSON object counts as entered. */
function enteredPairs(read: ReadParameter): Pair[] | undefined {
	if (usesJson(read)) {
		const value = read(jsonField.name, '');
		return isNothing(value) ? undefined : pairsInJson(value);
	}
	const pairs = pairsInFields(read);
	return pairs.length > 0 ? pairs : undefined;
}

function parseKey(key: unknown): string {
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
	checkText(text, `A key in ${LABEL}`);
	const length = characters(text);
	if (length > MAX_KEY_LENGTH) {
		throw new FieldError(
			`The key ${quote(text)} in ${LABEL} has ${length} characters; the API allows ${MAX_KEY_LENGTH}`,
			'Shorten the key.',
		);
	}
	return text;
}

function notText(key: string, value: unknown, howToOmit: string): FieldError {
	if (value === null || value === undefined) {
		return new FieldError(
			`The key ${quote(key)} in ${LABEL} has no value`,
			`Give the key a value: where an expression finds nothing, check the spelling of its field names, including upper and lower case. ${howToOmit}`,
		);
	}
	const message = `The value of the key ${quote(key)} in ${LABEL} is ${kindOf(value)}; the API stores text only`;
	if (key === 'metadata' && isPlainObject(value)) {
		return new FieldError(
			message,
			`Leave out the outer name "metadata": enter only the pairs, such as ${EXAMPLE}, or {{ $json.metadata }} as an expression.`,
		);
	}
	return new FieldError(
		message,
		'Turn it into text, for example with {{ JSON.stringify($json.value) }}, or use one pair for each part.',
	);
}

/** @param howToOmit what to do about a key that is to have no value */
function parseValue(key: string, value: unknown, howToOmit: string): string {
	const what = `The value of the key ${quote(key)} in ${LABEL}`;
	if (typeof value === 'number' && !Number.isFinite(value)) {
		throw new FieldError(`${what} is ${value}`, 'Check the expression that computes it.');
	}
	if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
		throw new FieldError(
			`${what} is a number too large to be exact (${String(value)})`,
			'Give it as text: in JSON, put double quotes around it.',
		);
	}
	if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
		return String(value);
	}
	if (typeof value !== 'string') throw notText(key, value, howToOmit);
	checkText(value, what);
	const length = characters(value);
	if (length > MAX_VALUE_LENGTH) {
		throw new FieldError(
			`${what} has ${length} characters; the API allows ${MAX_VALUE_LENGTH}`,
			'Shorten the value, or spread it over several keys.',
		);
	}
	return value;
}

/** @throws {FieldError} when there are more pairs than the API allows */
export function checkPairCount(count: number, what: string, how = ''): void {
	if (count > MAX_PAIRS) {
		throw new FieldError(
			`${what} has ${count} pairs; the API allows ${MAX_PAIRS}`,
			`Remove ${count - MAX_PAIRS} of them${how}.`,
		);
	}
}

/** The pairs as an object, each key once. */
function parsePairs<T>(
	pairs: readonly Pair[],
	parse: (key: string, value: unknown) => T,
): Record<string, T> {
	const seen = new Set<string>();
	const parsed = pairs.map(([rawKey, rawValue]): [string, T] => {
		const key = parseKey(rawKey);
		if (seen.has(key)) {
			throw new FieldError(
				`The key ${quote(key)} appears twice in ${LABEL}`,
				'Keep one of the two, since only one value can be stored.',
			);
		}
		seen.add(key);
		return [key, parse(key, rawValue)];
	});
	checkPairCount(parsed.filter(([, value]) => value !== null).length, LABEL);
	return Object.fromEntries(parsed);
}

/**
 * Metadata that may be left out: undefined when nothing was entered. Numbers and booleans become
 * text.
 * @throws {FieldError} for what the API would refuse
 */
export function parseOptionalMetadata(read: ReadParameter): Metadata | undefined {
	const pairs = enteredPairs(read);
	if (pairs === undefined) return undefined;
	return parsePairs(pairs, (key, value) => parseValue(key, value, 'Or leave the key out.'));
}

/**
 * Metadata that must be there. `{}` as JSON counts; no row at all does not, since a forgotten row
 * would clear everything.
 * @throws {FieldError}
 */
export function parseMetadata(read: ReadParameter): Metadata {
	const pairs = enteredPairs(read);
	if (pairs === undefined) {
		throw usesJson(read)
			? new FieldError(
					`${jsonField.displayName} is empty`,
					`Enter an object such as ${EXAMPLE}. To clear all metadata, enter {}.`,
				)
			: new FieldError(
					`${LABEL} is empty`,
					'Enter at least one key and its value. To clear all metadata, set Specify Metadata to Using JSON and enter {}.',
				);
	}
	return parsePairs(pairs, (key, value) =>
		parseValue(key, value, 'Or leave the key out: Replace removes every key that is not listed.'),
	);
}

/**
 * Metadata to put over what the conversation has; empty when nothing was entered. As JSON, null
 * removes a key.
 * @throws {FieldError}
 */
export function parseMetadataChanges(read: ReadParameter): MetadataChanges {
	const nullRemoves = usesJson(read);
	return parsePairs(enteredPairs(read) ?? [], (key, value) =>
		nullRemoves && value === null
			? null
			: parseValue(key, value, 'Or leave the key out, and list it in Keys to Remove to remove it.'),
	);
}

/** The error for a merge that would change nothing. */
export const noChanges = (read: ReadParameter): FieldError =>
	new FieldError(
		`${usesJson(read) ? jsonField.displayName : LABEL} and Keys to Remove are both empty`,
		'Enter at least one pair, or a key to remove. To clear all metadata, set Update Mode to Replace and Specify Metadata to Using JSON, and enter {}.',
	);
