/** @import { JsonObject } from './types.mjs' */
import {
	ApiError,
	badRequest,
	invalidType,
	missingParameter,
	unknownParameter,
	unsupportedValue,
} from './errors.mjs';

export const MAX_PAIRS = 16;
export const MAX_KEY_LENGTH = 64;
export const MAX_VALUE_LENGTH = 512;
const MAX_ITEMS = 20;
const MAX_PAGE = 100;
const DEFAULT_PAGE = 20;

const INCLUDABLE = Object.freeze([
	'file_search_call.results',
	'web_search_call.results',
	'web_search_call.action.sources',
	'message.input_image.image_url',
	'computer_call_output.output.image_url',
	'code_interpreter_call.outputs',
	'reasoning.encrypted_content',
	'message.output_text.logprobs',
]);

/**
 * @param {unknown} value
 * @returns {value is JsonObject}
 */
export const isObject = (value) =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A string's length in Unicode code points. That OpenAI counts so, and not UTF-16 units or bytes,
 * is an assumption: its schema says "characters", and JSON Schema's `maxLength` means code points.
 *
 * @param {string} text
 */
export function characters(text) {
	let count = 0;
	for (const _ of text) count += 1;
	return count;
}

/**
 * @param {string} text
 * @param {string | undefined} contentType
 * @returns {JsonObject} an empty object when there is no body
 */
export function parseBody(text, contentType) {
	if (text === '') return {};
	if (contentType === undefined || !/^application\/json\b/i.test(contentType)) {
		throw badRequest(
			`Unsupported content type: '${contentType ?? ''}'. This API method only accepts 'application/json' requests, but you specified the header 'Content-Type: ${contentType ?? ''}'. Please try again with a supported content type.`,
			null,
			'unsupported_content_type',
		);
	}
	/** @type {unknown} */
	let body;
	try {
		body = JSON.parse(text);
	} catch {
		throw new ApiError(
			400,
			"We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)",
		);
	}
	if (body === null) return {};
	if (!isObject(body)) throw invalidType(body, 'body', 'an object');
	return body;
}

/**
 * @param {JsonObject} body
 * @param {readonly string[]} known
 */
export function refuseUnknownParameters(body, known) {
	const unknown = Object.keys(body).find((key) => !known.includes(key));
	if (unknown !== undefined) throw unknownParameter(unknown);
}

/**
 * @param {unknown} value
 * @returns {Record<string, string>}
 */
export function readMetadata(value) {
	if (value === undefined) throw missingParameter('metadata');
	if (!isObject(value)) throw invalidType(value, 'metadata', 'an object');
	const pairs = Object.entries(value);
	if (pairs.length > MAX_PAIRS) {
		throw badRequest(
			`Invalid 'metadata': too many properties. Expected an object with at most ${MAX_PAIRS} properties, but got an object with ${pairs.length} properties instead.`,
			'metadata',
			'object_above_max_properties',
		);
	}
	return Object.fromEntries(pairs.map(([key, each]) => [key, readMetadataValue(key, each)]));
}

/**
 * @param {string} key
 * @param {unknown} value
 */
function readMetadataValue(key, value) {
	const param = `metadata.${key}`;
	const keyLength = characters(key);
	if (keyLength > MAX_KEY_LENGTH) throw tooLong(param, MAX_KEY_LENGTH, keyLength, 'property name');
	if (typeof value !== 'string') throw invalidType(value, param, 'a string');
	const length = characters(value);
	if (length > MAX_VALUE_LENGTH) throw tooLong(param, MAX_VALUE_LENGTH, length);
	return value;
}

/**
 * @param {string} param
 * @param {number} maximum
 * @param {number} length
 * @param {string} [what]
 */
export const tooLong = (param, maximum, length, what = 'string') =>
	badRequest(
		`Invalid '${param}': ${what} too long. Expected a string with maximum length ${maximum}, but got a string with length ${length} instead.`,
		param,
		'string_above_max_length',
	);

/**
 * @param {unknown} value the body's `items`
 * @returns {unknown[]}
 */
export function readItemsArray(value) {
	if (value === undefined) throw missingParameter('items');
	if (!Array.isArray(value)) throw invalidType(value, 'items', 'an array of items');
	if (value.length > MAX_ITEMS) {
		throw badRequest(
			`Invalid 'items': array too long. Expected an array with maximum length ${MAX_ITEMS}, but got an array with length ${value.length} instead.`,
			'items',
			'array_above_max_length',
		);
	}
	return value;
}

/**
 * @param {string} value
 * @param {number} index its place, for errors
 * @param {readonly string[]} unknown values that are refused although OpenAI knows them
 */
export function checkInclude(value, index, unknown) {
	const known = INCLUDABLE.filter((each) => !unknown.includes(each));
	if (!known.includes(value)) throw unsupportedValue(value, `include[${index}]`, known);
}

/**
 * The `include` values of a query, sent as `include=a`, `include[]=a` or `include[0]=a`.
 *
 * @param {string} query raw
 * @param {readonly string[]} [unknown] values that are refused although OpenAI knows them
 * @returns {Set<string>}
 */
export function readInclude(query, unknown = []) {
	/** @type {Set<string>} */
	const included = new Set();
	if (query === '') return included;
	for (const [key, value] of new URLSearchParams(query)) {
		if (!/^include(\[\d*\])?$/.test(key)) continue;
		checkInclude(value, included.size, unknown);
		included.add(value);
	}
	return included;
}

/**
 * @param {string} query raw
 * @param {readonly string[]} [unknownIncludes]
 * @returns {{ limit: number, order: 'asc' | 'desc', after: string | undefined, include: Set<string> }}
 */
export function readListQuery(query, unknownIncludes) {
	const parameters = new URLSearchParams(query);
	const order = parameters.get('order') ?? 'desc';
	if (order !== 'asc' && order !== 'desc') throw unsupportedValue(order, 'order', ['asc', 'desc']);
	return {
		limit: readLimit(parameters.get('limit')),
		order,
		after: parameters.get('after') ?? undefined,
		include: readInclude(query, unknownIncludes),
	};
}

/** @param {string | null} text */
function readLimit(text) {
	if (text === null) return DEFAULT_PAGE;
	if (!/^-?\d+$/.test(text)) throw invalidType(text, 'limit', 'an integer');
	const limit = Number(text);
	if (limit < 1) {
		throw badRequest(
			`Invalid 'limit': integer below minimum value. Expected a value >= 1, but got ${limit} instead.`,
			'limit',
			'integer_below_min_value',
		);
	}
	if (limit > MAX_PAGE) {
		throw badRequest(
			`Invalid 'limit': integer above maximum value. Expected a value <= ${MAX_PAGE}, but got ${limit} instead.`,
			'limit',
			'integer_above_max_value',
		);
	}
	return limit;
}
