/** @import { JsonObject, Settings } from './types.mjs' */
import { badRequest } from './errors.mjs';
import { isObject } from './validate.mjs';

const REPLACEMENT = '\uFFFD';
/** NULs and half surrogates reach JSON only as escapes. */
const SUSPECT = /\\u(0000|d[89a-f])/i;

/**
 * A request's body with its NULs and half characters treated as the server is set to treat them.
 *
 * @param {JsonObject} body
 * @param {string} bodyText the same, as it came
 * @param {Settings['malformedText']} policy
 * @returns {JsonObject}
 * @throws {import('./errors.mjs').ApiError} 400, naming the field
 */
export function withTreatedText(body, bodyText, policy) {
	if (policy === 'keep' || !SUSPECT.test(bodyText)) return body;
	return Object.fromEntries(
		Object.entries(body).map(([key, value]) => [key, treated(value, key, policy)]),
	);
}

/**
 * @param {unknown} value
 * @param {string} where
 * @param {'replace' | 'refuse'} policy
 * @returns {unknown}
 */
function treated(value, where, policy) {
	if (typeof value === 'string') return treatedText(value, where, policy);
	if (Array.isArray(value)) {
		return value.map((/** @type {unknown} */ each, index) =>
			treated(each, `${where}[${index}]`, policy),
		);
	}
	if (!isObject(value)) return value;
	return Object.fromEntries(
		Object.entries(value).map(([key, each]) => [
			treatedText(key, where, policy),
			treated(each, `${where}.${key}`, policy),
		]),
	);
}

/**
 * @param {string} text
 * @param {string} where
 * @param {'replace' | 'refuse'} policy
 */
function treatedText(text, where, policy) {
	const stored = text.replace(/\p{Surrogate}/gu, REPLACEMENT).replaceAll('\0', REPLACEMENT);
	if (stored === text || policy === 'replace') return stored;
	throw badRequest(
		`Invalid '${where}': the string contains characters that are not valid Unicode text.`,
		where,
		'invalid_value',
	);
}
