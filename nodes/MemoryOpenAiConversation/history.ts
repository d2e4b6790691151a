import type { Before } from '../shared/api/append';
import { appendItems } from '../shared/api/append';
import type { Item } from '../shared/api/items';
import { listItems } from '../shared/api/items';
import type { ApiClient } from '../shared/transport/client';
import { RequestFailure, resultOf } from '../shared/transport/failures';
import { FieldError } from '../shared/values/field';
import { textAt } from '../shared/values/json';
import type { ChatMessage } from './messages';
import { isUserMessage, messagesOf } from './messages';

export interface HistoryOptions {
	conversation: string;
	/** How many turns are loaded, 1 or more. */
	turns: number;
	/** Seconds to wait for a conversation in which another response is being made. */
	lockWait: number;
}

/** A conversation as an agent's chat history. */
export interface ConversationHistory {
	/** The last turns, oldest first. Read once until something is added. */
	load(): Promise<ChatMessage[]>;
	/** Adds items to the end, each once. */
	append(items: readonly Item[]): Promise<void>;
	/** @throws {FieldError} always: the conversation may be all that a business has of it */
	clear(): Promise<void>;
}

/** Items that a turn takes on the average, and the least that a page is asked for: one request is to do. */
const ITEMS_PER_TURN = 4;
const SMALLEST_PAGE = 20;

export function createHistory(
	api: ApiClient,
	{ conversation, turns, lockWait }: HistoryOptions,
): ConversationHistory {
	let loaded: ChatMessage[] | undefined;
	/** What was at the end of the conversation when it was last read or written. */
	let before: Before;

	/** The items of the last turns, oldest first; reading ends with the user message that begins them. */
	const readWindow = async (): Promise<Item[]> => {
		let begun = 0;
		const { items } = await listItems(api, conversation, {
			order: 'desc',
			limit: Infinity,
			pageSize: Math.max(SMALLEST_PAGE, turns * ITEMS_PER_TURN),
			until: (item) => isUserMessage(item) && ++begun === turns,
		});
		return items.toReversed();
	};

	const remember = (last: Item | undefined) => {
		const lastId = textAt(last ?? {}, 'id');
		before = lastId === undefined ? undefined : { lastId };
	};

	return {
		async load() {
			if (loaded === undefined) {
				const items = await readWindow();
				if (items.length === 0) before = { count: 0 };
				else remember(items.at(-1));
				loaded = messagesOf(items);
			}
			return loaded;
		},

		async append(items) {
			if (items.length === 0) return;
			const result = await resultOf(appendItems(api, conversation, items, { before, lockWait }));
			loaded = undefined;
			before = undefined;
			if (result instanceof RequestFailure) {
				throw result.with({
					message: `The turn was not saved in ${conversation}: ${result.details.message}`,
					leftBehind: result.details.leftBehind ?? { conversation },
				});
			}
			remember(result.at(-1));
		},

		async clear() {
			throw new FieldError(
				"This memory can't be cleared, because it is a conversation at OpenAI that other workflows may use",
				'Remove single conversation items with Conversation Item: Delete, or old turns with Conversation: Trim, or begin a new conversation with Conversation: Create.',
			);
		},
	};
}
