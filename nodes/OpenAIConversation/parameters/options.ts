import type { INodeProperties } from 'n8n-workflow';

import type { Include } from '../../shared/api/schema';
import { INCLUDES } from '../../shared/api/schema';
import type { JsonObject } from '../../shared/values/json';
import { isJsonObject, isPlainObject } from '../../shared/values/json';
import { readBoolean } from '../../shared/values/boolean';
import type { HeaderField } from '../../shared/values/headers';
import { checkHeader, FRAMING_HEADERS } from '../../shared/values/headers';
import { parseJsonField } from '../../shared/values/jsonText';
import { readNumber } from '../../shared/values/number';
import type { ReadParameter } from '../../shared/values/field';
import {
	FieldError,
	hasHalfCharacter,
	isNothing,
	kindOf,
	quote,
	trimPasted,
} from '../../shared/values/field';

/** The collection's own name. Its fields are below; an operation may bring more (see `Operation.options`). */
export const OPTIONS_NAME = 'options';

const numberOption = (
	name: string,
	displayName: string,
	fallback: number,
	[min, max]: readonly [number, number],
	description: string,
): INodeProperties => ({
	displayName,
	name,
	type: 'number',
	typeOptions: {
		minValue: min,
		...(max < Number.MAX_SAFE_INTEGER ? { maxValue: max } : {}),
	},
	default: fallback,
	description,
});

/** No upper limit in the form; what a timer can't hold counts as the longest one it can. */
const TIMEOUT_RANGE = [0, Number.MAX_SAFE_INTEGER] as const;
/** PSOpenAI's MaxRetryCount. */
const RETRIES_RANGE = [0, 100] as const;
const CONCURRENCY_RANGE = [1, 100] as const;
const RATE_RANGE = [0, 1_000_000] as const;

const timeout = numberOption(
	'timeout',
	'Timeout',
	0,
	TIMEOUT_RANGE,
	'Seconds that one attempt may take, from its start to the last byte of the answer. 0 means no limit.',
);
const maxRetries = numberOption(
	'maxRetries',
	'Max Retries',
	0,
	RETRIES_RANGE,
	'How often a request is sent again after a rate limit (429) or a server error (5xx). One that may already have created a conversation or added messages is only sent again when a look shows that it has not.',
);
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

const retryNetworkErrors: INodeProperties = {
	displayName: 'Retry Network Errors',
	name: 'retryNetworkErrors',
	type: 'boolean',
	default: false,
	description: 'Whether Max Retries also covers a timeout and a refused or broken connection',
};

const baseUrl: INodeProperties = {
	displayName: 'Base URL',
	name: 'baseUrl',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://gateway.example.com/v1',
	description: "Replaces the credential's base URL, where the credential allows that address",
};

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
	baseUrl,
	maxConcurrency,
	maxRequestsPerMinute,
	maxRetries,
	retryNetworkErrors,
	timeout,
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

/** The options of one item, checked. */
export interface Options {
	timeout: number;
	maxRetries: number;
	retryNetworkErrors: boolean;
	maxConcurrency: number;
	maxRequestsPerMinute: number;
	/** As entered; undefined: the credential's. */
	baseUrl: string | undefined;
	additionalHeaders: Record<string, string>;
	additionalQuery: Array<readonly [string, string]>;
	additionalBody: JsonObject;
	include: string[];
	order: 'asc' | 'desc';
	after: string | undefined;
}

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

function readHeaders(value: unknown): Record<string, string> {
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

const halfCharacter = (label: string): FieldError =>
	new FieldError(
		`${label} has half of a character in it, such as a cut-off emoji`,
		'Shorten texts with {{ Array.from($json.text).slice(0, 10).join("") }}, which keeps characters whole.',
	);

function readQuery(value: unknown): Array<readonly [string, string]> {
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

function readBody(value: unknown): JsonObject {
	if (isNothing(value)) return {};
	const example = '{ "new_parameter": true }';
	const parsed = parseJsonField(value, additionalBody.displayName, example);
	if (isJsonObject(parsed)) return parsed;
	throw new FieldError(
		`${additionalBody.displayName} is ${kindOf(parsed)}, not an object`,
		`Enter an object such as ${example}.`,
	);
}

function readInclude(value: unknown): string[] {
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

function readOrder(value: unknown): 'asc' | 'desc' {
	if (isNothing(value)) return 'asc';
	if (value === 'asc' || value === 'desc') return value;
	throw new FieldError(`${orderOption.displayName} is ${quote(value)}`, 'Use asc or desc.');
}

function readText(value: unknown, label: string): string | undefined {
	if (isNothing(value)) return undefined;
	if (typeof value === 'string') {
		if (hasHalfCharacter(value)) throw halfCharacter(label);
		return trimPasted(value) || undefined;
	}
	throw new FieldError(`${label} is ${kindOf(value)}, not text`, 'Enter text.');
}

const numberIn = (
	value: unknown,
	field: INodeProperties,
	[min, max]: readonly [number, number],
	whole: boolean,
) =>
	readNumber(value, { label: field.displayName, fallback: Number(field.default), min, max, whole });

/**
 * Reads the options collection. A value that is left out, or whose expression gives nothing, means
 * its default.
 * @throws {FieldError} for a value out of its range
 */
export function readOptions(read: ReadParameter): Options {
	const value = read(OPTIONS_NAME, {});
	const given = isPlainObject(value) ? value : {};
	return {
		timeout: numberIn(given.timeout, timeout, TIMEOUT_RANGE, false),
		maxRetries: numberIn(given.maxRetries, maxRetries, RETRIES_RANGE, true),
		retryNetworkErrors: readBoolean(
			given.retryNetworkErrors,
			retryNetworkErrors.displayName,
			false,
		),
		maxConcurrency: numberIn(given.maxConcurrency, maxConcurrency, CONCURRENCY_RANGE, true),
		maxRequestsPerMinute: numberIn(
			given.maxRequestsPerMinute,
			maxRequestsPerMinute,
			RATE_RANGE,
			false,
		),
		baseUrl: readText(given.baseUrl, baseUrl.displayName),
		additionalHeaders: readHeaders(given.additionalHeaders),
		additionalQuery: readQuery(given.additionalQuery),
		additionalBody: readBody(given.additionalBody),
		include: readInclude(given.include),
		order: readOrder(given.order),
		after: readText(given.after, afterOption.displayName),
	};
}
