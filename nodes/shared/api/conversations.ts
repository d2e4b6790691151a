import type { ApiClient } from '../transport/client';
import { isNotFound, RequestFailure, resultOf } from '../transport/failures';
import type { ApiRequest } from '../transport/request';
import type { JsonObject } from '../values/json';
import { isJsonObject, textAt } from '../values/json';

/** The first segment of every path. */
export const ROOT = 'conversations';

/** A conversation: `{ id, object, created_at (Unix seconds), metadata }`, as it came. */
export interface Conversation extends JsonObject {
	id: string;
}

/** What is wrong with an answer that should hold a conversation. */
const checkConversation = (answer: JsonObject): string | undefined =>
	textAt(answer, 'id') === undefined ? 'not with a conversation' : undefined;

/** An answer that `checkConversation` has found to be one. */
const asConversation = (answer: JsonObject): Conversation => ({
	...answer,
	id: textAt(answer, 'id') ?? '',
});

/**
 * GET /conversations/{id} for its metadata, which is written again: an answer without it must not
 * pass for an empty one.
 */
export const getMetadata = async (api: ApiClient, id: string): Promise<JsonObject> =>
	metadataOf(
		asConversation(
			await api.call({
				method: 'GET',
				path: [ROOT, id],
				idempotent: true,
				check: (answer) =>
					checkConversation(answer) ??
					(answer.metadata === undefined ? 'without the metadata of the conversation' : undefined),
			}),
		),
	);

/** The metadata of a conversation; empty where the API gives null or none. */
export function metadataOf(conversation: Conversation): JsonObject {
	const { metadata } = conversation;
	return isJsonObject(metadata) ? metadata : {};
}

/** GET /conversations/{id} */
export const getConversation = async (api: ApiClient, id: string): Promise<Conversation> =>
	asConversation(
		await api.call({
			method: 'GET',
			path: [ROOT, id],
			idempotent: true,
			check: checkConversation,
		}),
	);

/**
 * POST /conversations/{id} with `{ metadata }`.
 * @param additionalBody laid over the body; may not name `metadata`
 */
export const updateConversation = async (
	api: ApiClient,
	id: string,
	metadata: JsonObject,
	additionalBody: JsonObject = {},
): Promise<Conversation> =>
	asConversation(
		await api.call({
			method: 'POST',
			path: [ROOT, id],
			body: { metadata, ...additionalBody },
			idempotent: true,
			check: checkConversation,
		}),
	);

/** POST /conversations with `{ metadata?, items? }`, at most 20 items. Never repeated where it may have been carried out. */
export const postConversation = async (api: ApiClient, body: JsonObject): Promise<Conversation> =>
	asConversation(
		await api.call({
			method: 'POST',
			path: [ROOT],
			body,
			idempotent: false,
			check: checkConversation,
		}),
	);

/** What the API answers when it has deleted a conversation. */
export const deletionOf = (id: string): JsonObject => ({
	id,
	object: 'conversation.deleted',
	deleted: true,
});

/**
 * DELETE /conversations/{id}. Its items are not deleted by that.
 * @returns the API's `{ id, object: "conversation.deleted", deleted: true }`, and whether the
 * conversation was already gone when a first attempt without an answer was repeated
 */
export async function deleteConversation(
	api: ApiClient,
	id: string,
): Promise<{ answer: JsonObject; wasGone: boolean }> {
	const { answer, wasGone } = await deleteAt(api, [ROOT, id], ({ deleted }) =>
		deleted === true ? undefined : 'did not confirm that the conversation is deleted',
	);
	return { answer: wasGone ? deletionOf(id) : answer, wasGone };
}

/**
 * Deletes. When the API does not find what an earlier attempt may have deleted, that attempt did it;
 * a proxy that answers 404 in the API's place says nothing.
 */
export async function deleteAt(
	api: ApiClient,
	path: readonly string[],
	check: (answer: JsonObject) => string | undefined,
	options: Pick<ApiRequest, 'lockWait'> = {},
): Promise<{ answer: JsonObject; wasGone: boolean }> {
	const result = await resultOf(
		api.call({
			method: 'DELETE',
			path,
			idempotent: true,
			check,
			...options,
		}),
	);
	if (!(result instanceof RequestFailure)) return { answer: result, wasGone: false };
	if (isNotFound(result) && result.details.outcomeUnknown) return { answer: {}, wasGone: true };
	throw result;
}
