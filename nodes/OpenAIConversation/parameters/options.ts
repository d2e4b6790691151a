import type { INodeProperties } from 'n8n-workflow';

import type { Include } from '../../shared/api/schema';
import { INCLUDES } from '../../shared/api/schema';
import { numberOption, textOption } from '../../shared/fields/option';
import { requestOptionFields } from '../../shared/fields/requestOptions';
import type { GivenOptions } from '../../shared/values/field';
import { adviceFor, FieldError, isNothing, kindOf, quote } from '../../shared/values/field';
import { checkText, checkTexts, trimPasted } from '../../shared/values/text';
import type { HeaderField } from '../../shared/values/headers';
import { checkHeader, FRAMING_HEADERS } from '../../shared/values/headers';
import type { JsonObject } from '../../shared/values/json';
import { isJsonObject, isPlainObject } from '../../shared/values/json';
import { parseJsonText } from '../../shared/values/jsonText';
import { rowsOf } from '../../shared/values/rows';
import { parseItemId } from './itemId';

/** The collection's own name. Its fields are below; an operation may bring more (see `Operation.options`). */
export const OPTIONS_NAME = 'options';

const maxConcurrency = numberOption(
	{
		name: 'maxConcurrency',
		displayName: 'Max Concurrency',
		description:
			'How many requests of this run may be open at once. Input items for the same conversation always run one after the other.',
	},
	{ fallback: 10, min: 1, max: 100, whole: true },
);

const maxRequestsPerMinute = numberOption(
	{
		name: 'maxRequestsPerMinute',
		displayName: 'Max Requests per Minute',
		description: 'Spaces requests evenly to stay under a rate limit. 0 means no limit.',
	},
	{ fallback: 0, min: 0, max: 1_000_000 },
);

const additionalBody: INodeProperties = {
	displayName: 'Additional Body (JSON)',
	name: 'additionalBody',
	type: 'json',
	default: '',
	placeholder: 'e.g. { "new_parameter": true }',
	hint: 'e.g. { "new_parameter": true }',
	description:
		'API parameters that this node has no field for. They are added to the request body.',
};

/** A field for rows of a name and a value. */
function nameValueField(
	shown: Pick<INodeProperties, 'name' | 'displayName' | 'description'>,
	{ group, singular, example }: Record<'group' | 'singular' | 'example', string>,
): INodeProperties {
	return {
		...shown,
		type: 'fixedCollection',
		typeOptions: { multipleValues: true, multipleValueButtonText: `Add ${singular}` },
		default: {},
		placeholder: `Add ${singular}`,
		options: [
			{
				displayName: singular,
				name: group,
				values: [
					{ displayName: 'Name', name: 'name', type: 'string', default: '', placeholder: example },
					{ displayName: 'Value', name: 'value', type: 'string', default: '' },
				],
			},
		],
	};
}

const additionalHeaders = nameValueField(
	{
		name: 'additionalHeaders',
		displayName: 'Additional Headers',
		description:
			'Headers to send with every request of this node. Secrets belong in the credential.',
	},
	{ group: 'headers', singular: 'Header', example: 'e.g. x-trace-id' },
);

const additionalQuery = nameValueField(
	{
		name: 'additionalQuery',
		displayName: 'Additional Query Parameters',
		description: 'Query parameters to add to every request of this node',
	},
	{ group: 'parameters', singular: 'Parameter', example: 'e.g. api-version' },
);

/** Options of every operation. */
export const commonOptions: INodeProperties[] = [
	additionalHeaders,
	additionalQuery,
	maxConcurrency.field,
	maxRequestsPerMinute.field,
	...requestOptionFields,
];

/** Options of the operations that send a body. */
export const bodyOptions: INodeProperties[] = [additionalBody];

/** In alphabetical order. */
const INCLUDE_LABELS: Readonly<Record<Include, string>> = {
	'code_interpreter_call.outputs': 'Code Interpreter Outputs',
	'computer_call_output.output.image_url': 'Computer Call Image URLs',
	'file_search_call.results': 'File Search Results',
	'message.input_image.image_url': 'Message Image URLs',
	'message.output_text.logprobs': 'Message Log Probabilities',
	'reasoning.encrypted_content': 'Reasoning Encrypted Content',
	'web_search_call.results': 'Web Search Results',
	'web_search_call.action.sources': 'Web Search Sources',
};

export const includeOption: INodeProperties = {
	displayName: 'Include',
	name: 'include',
	type: 'multiOptions',
	options: Object.entries(INCLUDE_LABELS).map(([value, name]) => ({ name, value })),
	default: [],
	description: 'More data to return with each conversation item',
};

export const orderOption: INodeProperties = {
	displayName: 'Order',
	name: 'order',
	type: 'options',
	options: [
		{ name: 'Oldest First', value: 'asc' },
		{ name: 'Newest First', value: 'desc' },
	],
	default: 'asc',
	description: 'Which end of the conversation to start from',
};

const after = textOption({
	name: 'after',
	displayName: 'Start After Item ID',
	placeholder: 'e.g. msg_68f0a1b2c3d4',
	description: 'Skips everything up to and including this conversation item',
});

export const afterOption = after.field;

const headerField: HeaderField = {
	label: additionalHeaders.displayName,
	reserved: new Set([
		...FRAMING_HEADERS,
		'accept',
		'api-key',
		'authorization',
		'content-type',
		'cookie',
		'host',
		'openai-organization',
		'openai-project',
		'proxy-authorization',
	]),
	advice: {
		wrongName: 'Use letters, digits and hyphens, such as x-trace-id.',
		reserved:
			'This header comes from the credential or the request itself. For another way to authenticate, see Authentication and Custom Headers in the credential.',
		wrongValue:
			'Remove line breaks and special characters such as emoji or curly quotes, or encode the value.',
	},
};

/** The text of a row's part; empty for nothing. */
function rowText(value: unknown, what: string): string {
	if (isNothing(value)) return '';
	if (typeof value === 'string') return value;
	if (typeof value === 'number' || typeof value === 'boolean') return String(value);
	throw new FieldError(
		`${what} is ${kindOf(value)}`,
		'Turn it into text, for example with {{ JSON.stringify($json.value) }}.',
	);
}

/** The rows of a field as texts; the names without white space around them. */
function nameValueRows(value: unknown, group: string, label: string): Array<[string, string]> {
	const advice = `Enter ${label} row by row. An expression in their place has to give an object such as { "${group}": [{ "name": "x-a", "value": "1" }] }.`;
	return rowsOf(value, { label, group, advice }).map((row): [string, string] => {
		const [rawName, rawValue] = isPlainObject(row) ? [row.name, row.value] : [row, undefined];
		const name = trimPasted(rowText(rawName, `A name in ${label}`));
		return [name, rowText(rawValue, `The value of ${quote(name)} in ${label}`)];
	});
}

function parseHeaders(value: unknown): Record<string, string> {
	const { label } = headerField;
	const seen = new Set<string>();
	const headers = nameValueRows(value, 'headers', label).map(([name, untrimmed]) => {
		const header = [name, untrimmed.trim()] as const;
		checkHeader(header, headerField);
		if (seen.has(name.toLowerCase())) {
			throw new FieldError(`${label} has ${name} twice`, 'Keep one of the two.');
		}
		seen.add(name.toLowerCase());
		return header;
	});
	return Object.fromEntries(headers);
}

/** Query parameters of the node's own, each with its field. Of two values a server may take either. */
const SENT_BY_LISTINGS: ReadonlyMap<string, string> = new Map([
	['after', `the option ${afterOption.displayName}`],
	['include', `the option ${includeOption.displayName}`],
	['include[]', `the option ${includeOption.displayName}`],
	['limit', 'Limit'],
	['order', `the option ${orderOption.displayName}`],
]);

function parseQuery(value: unknown): Array<readonly [string, string]> {
	const label = additionalQuery.displayName;
	const parameters = nameValueRows(value, 'parameters', label);
	for (const [name, text] of parameters) {
		const instead = SENT_BY_LISTINGS.get(name);
		if (instead !== undefined) {
			throw new FieldError(
				`${label} sets "${name}", which the node sends itself`,
				`Remove it, and use ${instead} where the operation has it.`,
			);
		}
		if (name === '') {
			throw new FieldError(
				`A name in ${label} is empty`,
				'Give every parameter a name, or remove it.',
			);
		}
		checkText(name, `A name in ${label}`);
		checkText(text, `The value of ${quote(name)} in ${label}`);
	}
	return parameters;
}

/**
 * What to add to a request's body.
 * @param reserved the names that the operation itself sends, each with what to do instead
 * @throws {FieldError} also when it sets one of these names
 */
export function parseAdditionalBody(
	options: GivenOptions,
	reserved: Readonly<Record<string, string>>,
): JsonObject {
	const value = options[additionalBody.name];
	if (isNothing(value)) return {};
	const label = additionalBody.displayName;
	const example = '{ "new_parameter": true }';
	const parsed = parseJsonText(value, label, example);
	if (!isJsonObject(parsed)) {
		throw new FieldError(
			`${label} is ${kindOf(parsed)}, not an object`,
			`Enter an object such as ${example}.`,
		);
	}
	checkTexts(parsed, label);
	for (const [name, advice] of Object.entries(reserved)) {
		if (!Object.hasOwn(parsed, name)) continue;
		throw new FieldError(`${label} sets "${name}", which this operation sends itself`, advice);
	}
	return parsed;
}

/** @throws {FieldError} for a value that the API does not know */
export function parseInclude(options: GivenOptions): string[] {
	const value = options[includeOption.name];
	if (isNothing(value)) return [];
	const list: unknown[] = Array.isArray(value) ? value : [value];
	return Array.from(list, (entry) => {
		if (typeof entry === 'string' && INCLUDES.some((known) => known === entry)) return entry;
		throw new FieldError(
			`${includeOption.displayName} has ${quote(entry)}, which the API does not know`,
			adviceFor(entry, `Use one of ${INCLUDES.join(', ')}.`),
		);
	});
}

/** @throws {FieldError} */
export function parseOrder(options: GivenOptions): 'asc' | 'desc' {
	const value = options[orderOption.name];
	if (isNothing(value)) return 'asc';
	if (value === 'asc' || value === 'desc') return value;
	throw new FieldError(
		`${orderOption.displayName} is ${quote(value)}`,
		adviceFor(value, 'Use asc or desc.'),
	);
}

/** @throws {FieldError} when it is no item's ID */
export function parseAfter(options: GivenOptions): string | undefined {
	const value = after.parse(options);
	return value === undefined ? undefined : parseItemId(value, after.field.displayName);
}

/** Headers and query parameters of every request. */
export interface AdditionalParts {
	additionalHeaders: Record<string, string>;
	additionalQuery: Array<readonly [string, string]>;
}

/** @throws {FieldError} */
export const parseAdditionalParts = (options: GivenOptions): AdditionalParts => ({
	additionalHeaders: parseHeaders(options[additionalHeaders.name]),
	additionalQuery: parseQuery(options[additionalQuery.name]),
});

/** What holds for a run as a whole. */
export interface RunOptions {
	/** 1 to 100. */
	maxConcurrency: number;
	/** 0: no limit. */
	maxRequestsPerMinute: number;
}

/** @throws {FieldError} for a value out of its range */
export const parseRunOptions = (options: GivenOptions): RunOptions => ({
	maxConcurrency: maxConcurrency.parse(options),
	maxRequestsPerMinute: maxRequestsPerMinute.parse(options),
});
