/** @import { Answer, RequestRecord } from './types.mjs' */
import { ApiError } from './errors.mjs';

/**
 * @param {unknown} body
 * @param {number} [status]
 * @returns {Answer}
 */
export const json = (body, status = 200) => ({
	status,
	headers: [['content-type', 'application/json']],
	body: JSON.stringify(body),
});

/**
 * @param {string[]} chunks
 * @returns {Answer}
 */
export const eventStream = (chunks) => ({
	status: 200,
	headers: [['content-type', 'text/event-stream; charset=utf-8']],
	body: chunks.join(''),
	chunks,
});

/**
 * @param {RequestRecord} request
 * @returns {never}
 */
export function undefinedMethod(request) {
	throw new ApiError(405, `Invalid method for URL (${request.method} ${request.path})`);
}
