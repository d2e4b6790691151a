/** @import { HeaderPair, JsonObject } from './types.mjs' */

/** A refusal by the API: what becomes `{ error: { message, type, param, code } }`. */
export class ApiError extends Error {
	/**
	 * @param {number} status
	 * @param {string} message
	 * @param {{ type?: string, param?: string | null, code?: string | null, headers?: HeaderPair[] }} [details]
	 */
	constructor(status, message, details = {}) {
		super(message);
		this.status = status;
		this.type = details.type ?? 'invalid_request_error';
		this.param = details.param ?? null;
		this.code = details.code ?? null;
		this.headers = details.headers ?? [];
	}

	/** @returns {JsonObject} */
	get body() {
		const { message, type, param, code } = this;
		return { error: { message, type, param, code } };
	}
}

/**
 * @param {string} message
 * @param {string | null} param
 * @param {string | null} [code]
 */
export const badRequest = (message, param, code = null) =>
	new ApiError(400, message, { param, code });

/** @param {string} param */
export const unknownParameter = (param) =>
	badRequest(`Unknown parameter: '${param}'.`, param, 'unknown_parameter');

/** @param {string} param */
export const missingParameter = (param) =>
	badRequest(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter');

/**
 * @param {unknown} value
 * @param {string} param
 * @param {string} expected such as `a string`
 */
export const invalidType = (value, param, expected) =>
	badRequest(
		`Invalid type for '${param}': expected ${expected}, but got ${describeType(value)} instead.`,
		param,
		'invalid_type',
	);

/**
 * @param {string} value
 * @param {string} param
 * @param {readonly string[]} supported
 */
export function unsupportedValue(value, param, supported) {
	const quoted = supported.map((each) => `'${each}'`);
	const last = quoted.pop() ?? '';
	const list =
		quoted.length < 2 ? [...quoted, last].join(' and ') : `${quoted.join(', ')}, and ${last}`;
	return badRequest(
		`Invalid value: '${value}'. Supported values are: ${list}.`,
		param,
		'invalid_value',
	);
}

/** @param {unknown} value */
function describeType(value) {
	if (value === null) return 'null';
	if (Array.isArray(value)) return 'an array';
	if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal number';
	return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** @param {string} id */
export const conversationNotFound = (id) =>
	new ApiError(404, `Conversation with id '${id}' not found.`);

/**
 * OpenAI's usual error for a status, for faults that name only the status.
 *
 * @param {number} status
 * @returns {JsonObject}
 */
export function usualErrorBody(status) {
	switch (status) {
		case 401:
			return new ApiError(status, 'Incorrect API key provided.', { code: 'invalid_api_key' }).body;
		case 403:
			return new ApiError(status, 'You do not have access to this resource.').body;
		case 404:
			return new ApiError(status, 'The requested resource was not found.').body;
		case 409:
			return new ApiError(status, 'The resource was changed by another request.').body;
		case 429:
			return rateLimited().body;
		case 503:
			return new ApiError(status, 'The engine is currently overloaded, please try again later.', {
				type: 'service_unavailable_error',
			}).body;
		default:
			return status >= 500
				? new ApiError(
						status,
						'The server had an error while processing your request. Sorry about that!',
						{ type: 'server_error' },
					).body
				: new ApiError(status, `The request was refused with status ${status}.`).body;
	}
}

/** @param {HeaderPair[]} [headers] such as the wait */
export const rateLimited = (headers = []) =>
	new ApiError(429, 'Rate limit reached for requests. Please try again in a moment.', {
		type: 'requests',
		code: 'rate_limit_exceeded',
		headers,
	});

/** The 400 with which the API refuses a second writer on a conversation. */
export const conversationLocked = () =>
	badRequest(
		'Another process is currently operating on this conversation. Please retry in a few seconds.',
		'conversation',
		'conversation_locked',
	);

/** The 429 that no retry cures. */
export const insufficientQuota = () =>
	new ApiError(
		429,
		'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.',
		{ type: 'insufficient_quota', code: 'insufficient_quota' },
	);
