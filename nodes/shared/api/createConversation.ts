import type { ApiClient } from '../transport/client';
import { RequestFailure, resultOf } from '../transport/failures';
import type { JsonObject } from '../values/json';
import { sentences } from '../values/text';
import { appendChunks, chunksOf, LOOK_FIRST } from './append';
import type { Conversation } from './conversations';
import { postConversation } from './conversations';
import type { Item } from './items';

const SECOND_CONVERSATION =
	"It was not sent again, because a conversation can't be looked up without its ID. Run the workflow again only if an unused second conversation does no harm.";

export interface NewConversation {
	metadata: JsonObject | undefined;
	items: readonly Item[];
	/** Laid over the body of the first request; may name neither `metadata` nor `items`. */
	additionalBody: JsonObject;
}

/**
 * Creates a conversation with any number of items, the first 20 in the same call.
 * @throws {RequestFailure} that names the conversation and how many items it holds when a later call fails
 * @throws {Cancelled} that says the same when the execution is stopped between two calls
 */
export async function createConversation(
	api: ApiClient,
	{ metadata, items, additionalBody }: NewConversation,
): Promise<Conversation> {
	const [first = [], ...others] = chunksOf(items);
	const conversation = await resultOf(
		postConversation(api, {
			...(metadata === undefined ? {} : { metadata }),
			...(first.length === 0 ? {} : { items: first }),
			...additionalBody,
		}),
	);
	if (conversation instanceof RequestFailure) {
		const { outcomeUnknown, message, cause } = conversation.details;
		if (!outcomeUnknown) throw conversation;
		throw conversation.with({
			message: `It isn't certain whether the conversation was created: ${message}`,
			advice: sentences(cause, SECOND_CONVERSATION),
		});
	}
	const before = { count: first.length };
	await appendChunks(
		api,
		conversation.id,
		others,
		{ before },
		{
			leftBehind: (added) => ({ conversation: conversation.id, items: first.length + added }),
			explain: (added, { message, cause, advice, outcomeUnknown }) => {
				const held = first.length + added;
				const missing = outcomeUnknown ? 'what is missing' : `the other ${items.length - held}`;
				const look = outcomeUnknown ? sentences(cause, LOOK_FIRST) : advice;
				return {
					message: `The conversation ${conversation.id} was created, but holds only ${held} of ${items.length} items${outcomeUnknown ? ', perhaps some more' : ''}: ${message}`,
					advice: sentences(
						`Add ${missing} with Conversation Item: Add, or delete the conversation and run the workflow again.`,
						look,
					),
				};
			},
		},
	);
	return conversation;
}
