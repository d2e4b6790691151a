import type { ApiClient } from '../transport/client';
import { RequestFailure } from '../transport/failures';
import type { JsonObject } from '../transport/json';
import { isJsonObject, textAt } from '../transport/json';

const ROOT = 'conversations';

/** A conversation: `{ id, object, created_at (Unix seconds), metadata }`, as it came. */
export type Conversation = JsonObject;

/** The failure of an answer that is a JSON object, but not the promised one. */
export function unexpected(what: string, mayHaveHappened: boolean): RequestFailure {
	return new RequestFailure({
		kind: 'malformedAnswer',
		message: `The server answered with success, but not with ${what}`,
		advice:
			'The server at Base URL may not offer the Conversations API. Check Base URL in the credential and in the options.',
		attempts: 1,
		mayHaveHappened,
	});
}

function asConversation(answer: JsonObject, isWrite: boolean): Conversation {
	if (textAt(answer, 'id') === undefined) throw unexpected('a conversation', isWrite);
	return answer;
}

/** The metadata of a conversation; empty where the API gives null or none. */
export function metadataOf(conversation: Conversation): JsonObject {
	const { metadata } = conversation;
	return isJsonObject(metadata) ? metadata : {};
}

/** GET /conversations/{id} */
export async function getConversation(api: ApiClient, id: string): Promise<Conversation> {
	return asConversation(await api.call({ method: 'GET', path: [ROOT, id], repeatable: true }), false);
}

/** POST /conversations/{id}: the body is `{ metadata }`. */
export async function updateConversation(
	api: ApiClient,
	id: string,
	metadata: JsonObject,
): Promise<Conversation> {
	const body = { metadata };
	return asConversation(
		await api.call({ method: 'POST', path: [ROOT, id], body, repeatable: true }),
		true,
	);
}
