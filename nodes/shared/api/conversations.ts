import type { ApiClient } from '../transport/client';
import { attempted, RequestFailure } from '../transport/failures';
import type { JsonObject } from '../values/json';
import { isJsonObject, textAt } from '../values/json';

/** The first segment of every path. */
export const ROOT = 'conversations';

/** A conversation: `{ id, object, created_at (Unix seconds), metadata }`, as it came. */
export interface Conversation extends JsonObject {
	id: string;
}

/**
 * The failure of an answer that is a JSON object, but not the promised one.
 * @param what goes on from "The server answered with success, but"
 */
export function unexpected(what: string, isWrite: boolean): RequestFailure {
	return new RequestFailure({
		kind: 'malformedAnswer',
		message: `The server answered with success, but ${what}`,
		advice:
			'The server at Base URL may not offer the Conversations API. Check Base URL in the credential and in the options.',
		attempts: 1,
		mayHaveHappened: isWrite,
		repeatable: !isWrite,
	});
}

function asConversation(answer: JsonObject, isWrite: boolean): Conversation {
	const id = textAt(answer, 'id');
	if (id === undefined) throw unexpected('not with a conversation', isWrite);
	return { ...answer, id };
}

/** The metadata of a conversation; empty where the API gives null or none. */
export function metadataOf(conversation: Conversation): JsonObject {
	const { metadata } = conversation;
	return isJsonObject(metadata) ? metadata : {};
}

/** GET /conversations/{id} */
export async function getConversation(api: ApiClient, id: string): Promise<Conversation> {
	const answer = await api.call({ method: 'GET', path: [ROOT, id], repeatable: true });
	return asConversation(answer, false);
}

/** POST /conversations/{id} with `{ metadata }`. */
export async function updateConversation(
	api: ApiClient,
	id: string,
	metadata: JsonObject,
): Promise<Conversation> {
	const answer = await api.call({
		method: 'POST',
		path: [ROOT, id],
		body: { metadata },
		extensible: true,
		repeatable: true,
	});
	return asConversation(answer, false);
}

/** POST /conversations with `{ metadata?, items? }`, at most 20 items. */
export async function postConversation(api: ApiClient, body: JsonObject): Promise<Conversation> {
	const answer = await api.call({
		method: 'POST',
		path: [ROOT],
		body,
		extensible: true,
		repeatable: false,
	});
	return asConversation(answer, true);
}

/**
 * DELETE /conversations/{id}. Its items are not deleted by that.
 * @returns the API's `{ id, object: "conversation.deleted", deleted: true }`, and whether the
 * conversation was already gone when a first attempt without an answer was repeated
 */
export async function deleteConversation(
	api: ApiClient,
	id: string,
): Promise<{ answer: JsonObject; wasGone: boolean }> {
	const { answer, wasGone } = await deleteAt(api, [ROOT, id]);
	if (wasGone) return { answer: { id, object: 'conversation.deleted', deleted: true }, wasGone };
	if (answer.deleted !== true)
		throw unexpected('did not confirm that the conversation is deleted', false);
	return { answer, wasGone };
}

/**
 * Deletes. When the API does not find what an earlier attempt may have deleted, that attempt did it;
 * a proxy that answers 404 in the API's place says nothing.
 */
export async function deleteAt(
	api: ApiClient,
	path: readonly string[],
): Promise<{ answer: JsonObject; wasGone: boolean }> {
	const outcome = await attempted(api.call({ method: 'DELETE', path, repeatable: true }));
	if (!(outcome instanceof RequestFailure)) return { answer: outcome, wasGone: false };
	const { status, settled, mayHaveHappened } = outcome.details;
	if (status === 404 && settled === true && mayHaveHappened) return { answer: {}, wasGone: true };
	throw outcome;
}
