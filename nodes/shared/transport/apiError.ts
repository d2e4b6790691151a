import type { JsonObject } from '../values/json';
import { isJsonObject } from '../values/json';

/** What an error answer says of itself: `{ error: { message, type, param, code } }`. */
export interface ApiErrorBody {
	message?: string | undefined;
	type?: string | undefined;
	param?: string | undefined;
	code?: string | undefined;
}

/**
 * Reads an error object, also in the forms gateways use: `{ error: "text" }`, `{ message }`,
 * `{ detail }`. Undefined where the body is none of these.
 */
export function parseApiError(body: JsonObject | undefined): ApiErrorBody | undefined {
	if (body === undefined) return undefined;
	const { error } = body;
	if (typeof error === 'string' && error.trim() !== '') return { message: error };
	const source = isJsonObject(error) ? error : body;
	const textOf = (key: string) => {
		const value = source[key];
		const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
		return text.trim() === '' ? undefined : text;
	};
	const message = textOf('message') ?? textOf('detail');
	const found = { message, type: textOf('type'), param: textOf('param'), code: textOf('code') };
	const says = source === body ? [message] : Object.values(found);
	return says.every((text) => text === undefined) ? undefined : found;
}

/** Whether a 404 says that the server has no such address, rather than nothing by that ID. */
export const isUnknownAddress = (error: ApiErrorBody | undefined): boolean =>
	error === undefined || /invalid url/i.test(error.message ?? '');

/** Another request is working on the conversation. It comes as a 400, or as a 409 from gateways. */
export function isConversationLocked(
	status: number | undefined,
	error: ApiErrorBody | undefined,
): boolean {
	if ((status !== 400 && status !== 409) || error === undefined) return false;
	return (
		error.code === 'conversation_locked' ||
		(error.param === 'conversation' && /retry in a few seconds/i.test(error.message ?? ''))
	);
}

/** A 429 that no wait will cure: the account has run out of credit, or its limit is reached. */
export function isQuota(status: number | undefined, error: ApiErrorBody | undefined): boolean {
	if (status !== 429 || error === undefined) return false;
	return error.code === 'insufficient_quota' || /\bquota\b/i.test(error.message ?? '');
}
