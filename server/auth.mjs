/** @import { IncomingHttpHeaders } from 'node:http' */
import { ApiError } from './errors.mjs';

/**
 * Lets a request pass that carries one of the keys, as `Authorization: Bearer` or as `api-key`.
 *
 * @param {IncomingHttpHeaders} headers
 * @param {readonly string[]} apiKeys
 * @throws {ApiError} 401. Its text quotes the wrong key in full, as a gateway may, although OpenAI
 *   masks the middle: what must not leak downstream is worth the worst case.
 */
export function authenticate(headers, apiKeys) {
	const bearer = /^Bearer +(.*)$/i.exec(headers.authorization ?? '')?.[1];
	const apiKey = headers['api-key'];
	const key = bearer ?? (typeof apiKey === 'string' ? apiKey : undefined);
	if (key === undefined || key === '') {
		throw new ApiError(
			401,
			"You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY). You can obtain an API key from https://platform.openai.com/account/api-keys.",
		);
	}
	if (apiKeys.includes(key)) return;
	throw new ApiError(
		401,
		`Incorrect API key provided: ${key}. You can find your API key at https://platform.openai.com/account/api-keys.`,
		{ code: 'invalid_api_key' },
	);
}
