import type { INodeProperties } from 'n8n-workflow';

import type { Include } from '../../shared/api/schema';
import { INCLUDES } from '../../shared/api/schema';
import {
	numberOption,
	parseNumberOption,
	parseTextOption,
	requestOptionFields,
} from '../../shared/fields/requestOptions';
import type { GivenOptions } from '../../shared/values/field';
import {
	FieldError,
	hasHalfCharacter,
	isNothing,
	kindOf,
	quote,
	trimPasted,
} from '../../shared/values/field';
import type { HeaderField } from '../../shared/values/headers';
import { checkHeader, FRAMING_HEADERS } from '../../shared/values/headers';
import type { JsonObject } from '../../shared/values/json';
import { isJsonObject, isPlainObject } from '../../shared/values/json';
import { parseJsonText } from '../../shared/values/jsonText';
import { checkTexts, halfCharacter } from '../../shared/values/text';
import { parseItemId } from './itemId';

/** The collection's own name. Its fields are below; an operation may bring more (see `Operation.options`). */
export const OPTIONS_NAME = 'options';

const CONCURRENCY_RANGE = [1, 100] as const;
const RATE_RANGE = [0, 1_000_000] as const;

const maxConcurrency = numberOption(
	'maxConcurrency',
	'Max Concurrency',
	10,
	CONCURRENCY_RANGE,
	'Requests in flight at once. Items of the same conversation always run one after the other.',
);
const maxRequestsPerMinute = numberOption(
	'maxRequestsPerMinute',
	'Max Requests per Minute',
	0,
	RATE_RANGE,
	'Spaces requests evenly to stay under a rate limit. 0 means no limit.',
);

const additionalBody: INodeProperties = {
	displayName: 'Additional Body (JSON)',
	name: 'additionalBody',
	type: 'json',
	default: '',
	placeholder: 'e.g. { "new_parameter": true }',
	description:
		'JSON that is added to what the request sends, and replaces what has the same name, for parameters that this node does not know yet',
};

const pairs = (
	field: { name: string; displayName: string; description: string },
	rows: string,
	singular: string,
	placeholder: string,
): INodeProperties => ({
	...field,
	type: 'fixedCollection',
	typeOptions: { multipleValues: true, multipleValueButtonText: `Add ${singular}` },
	default: {},
	placeholder: `Add ${singular}`,
	options: [
		{
			displayName: singular,
			name: rows,
			values: [
				{ displayName: 'Name', name: 'name', type: 'string', default: '', placeholder },
				{ displayName: 'Value', name: 'value', type: 'string', default: '' },
			],
		},
	],
});

const additionalHeaders = pairs(
	{
		name: 'additionalHeaders',
		displayName: 'Additional Headers',
		description: 'Headers sent with every request of this node. Secrets belong in the credential.',
	},
	'headers',
	'Header',
	'e.g. x-trace-id',
);

const additionalQuery = pairs(
	{
		name: 'additionalQuery',
		displayName: 'Additional Query Parameters',
		description: 'Parameters added to the address of every request',
	},
	'parameters',
	'Parameter',
	'e.g. api-version',
);

/** Options of every operation. */
export const commonOptions: INodeProperties[] = [
	additionalHeaders,
	additionalQuery,
	maxConcurrency,
	maxRequestsPerMinute,
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
	description: 'Further data to return with the items',
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

export const afterOption: INodeProperties = {
	displayName: 'After',
	name: 'after',
	type: 'string',
	default: '',
	placeholder: 'e.g. msg_68f0a1b2c3d4',
	description: 'Starts after the item with this ID',
};

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
			'The credential and the request itself settle this header. For another way to authenticate, see Authentication and Custom Headers in the credential.',
		wrongValue: 'Remove line breaks and characters beyond Latin-1, or encode the value.',
	},
};

function rowsOf(value: unknown, key: string): Array<readonly [name: unknown, value: unknown]> {
	const rows = isPlainObject(value) ? value[key] : undefined;
	const list = Array.isArray(rows) ? rows : isPlainObject(rows) ? [rows] : [];
	return Array.from(list, (row: unknown) =>
		isPlainObject(row) ? [row.name, row.value] : [row, undefined],
	);
}

function rowText(value: unknown, what: string, label: string): string {
	if (typeof value === 'number' || typeof value === 'boolean') return String(value);
	if (value === undefined || value === null) return '';
	if (typeof value === 'string') return value;
	throw new FieldError(`${what} in ${label} is ${kindOf(value)}`, 'Give it as text.');
}

function parseHeaders(value: unknown): Record<string, string> {
	const { label } = headerField;
	const headers = new Map<string, string>();
	for (const [rawName, rawValue] of rowsOf(value, 'headers')) {
		const name = trimPasted(rowText(rawName, 'A name', label));
		const text = rowText(rawValue, `The value of ${quote(name)}`, label).trim();
		checkHeader([name, text], headerField);
		if ([...headers.keys()].some((other) => other.toLowerCase() === name.toLowerCase())) {
			throw new FieldError(`${label} has ${name} twice`, 'Keep one of the two.');
		}
		headers.set(name, text);
	}
	return Object.fromEntries(headers);
}

function parseQuery(value: unknown): Array<readonly [string, string]> {
	const label = additionalQuery.displayName;
	return rowsOf(value, 'parameters').map(([rawName, rawValue]) => {
		const name = trimPasted(rowText(rawName, 'A name', label));
		if (name === '') {
			throw new FieldError(
				`A name in ${label} is empty`,
				'Give every parameter a name, or remove it.',
			);
		}
		const text = rowText(rawValue, `The value of ${quote(name)}`, label);
		if (hasHalfCharacter(name + text)) throw halfCharacter(label);
		return [name, text] as const;
	});
}

/**
 * What is laid over a body.
 * @param reserved names that the operation itself sends, with what to use in their place
 * @throws {FieldError} also when it would replace one of the reserved names
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
			`Use one of ${INCLUDES.join(', ')}.`,
		);
	});
}

/** @throws {FieldError} */
export function parseOrder(options: GivenOptions): 'asc' | 'desc' {
	const value = options[orderOption.name];
	if (isNothing(value)) return 'asc';
	if (value === 'asc' || value === 'desc') return value;
	throw new FieldError(`${orderOption.displayName} is ${quote(value)}`, 'Use asc or desc.');
}

/** @throws {FieldError} when it is no item's ID */
export function parseAfter(options: GivenOptions): string | undefined {
	const value = parseTextOption(options, afterOption);
	return value === undefined ? undefined : parseItemId(value, afterOption.displayName);
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
	maxConcurrency: parseNumberOption(options, maxConcurrency, CONCURRENCY_RANGE, true),
	maxRequestsPerMinute: parseNumberOption(options, maxRequestsPerMinute, RATE_RANGE, false),
});
