import type { Before } from '../shared/api/conversationEnd';
import { appendChunk } from '../shared/api/append';
import type { Item, ListOptions } from '../shared/api/items';
import { listItems } from '../shared/api/items';
import { MAX_ITEMS_PER_WRITE } from '../shared/api/schema';
import type { ApiClient } from '../shared/transport/client';
import type { FailureDetails } from '../shared/transport/failures';
import { RequestFailure, resultOf } from '../shared/transport/failures';
import { FieldError } from '../shared/values/field';
import { textAt } from '../shared/values/json';
import type { ChatMessage } from './messages';
import { isUserMessage } from '../shared/api/itemLinks';
import { messagesOf } from './messages';

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
	/**
	 * Adds items to the end, each once. Up to 20 items are added as one.
	 * @throws {RequestFailure} that names the conversation and says whether it may have been saved
	 */
	append(items: readonly Item[]): Promise<void>;
	/** @throws {FieldError} always: the conversation may be all that a business has of it */
	clear(): Promise<void>;
}

/** A turn with three calls, and the least that a page is asked for: one request is to do. */
const ITEMS_PER_TURN = 8;
const SMALLEST_PAGE = 40;
/** So that a conversation in which no user speaks is not read to its beginning; per turn, and at least. */
const MOST_ITEMS_PER_TURN = 50;
const MOST_ITEMS = 500;

/** Parts of at most 20 items, where possible without a cut between a call and its output. */
export function partsOf(items: readonly Item[]): Item[][] {
	const parts: Item[][] = [];
	let start = 0;
	while (start < items.length) {
		const most = Math.min(start + MAX_ITEMS_PER_WRITE, items.length);
		const open = new Set<unknown>();
		let end = start;
		for (let place = start; place < most; place++) {
			const { type, call_id: callId } = items[place] ?? {};
			if (type === 'function_call') open.add(callId);
			else if (type === 'function_call_output') open.delete(callId);
			if (open.size === 0) end = place + 1;
		}
		if (end === start) end = most;
		parts.push(items.slice(start, end));
		start = end;
	}
	return parts;
}

const KEPT =
	'What was said is in this execution: open Logs, then the memory. Add it from there with Conversation Item: Add.';
const LOOK_FIRST =
	"First look at the end of the conversation: Conversation Item: Get Many with the option Order set to Newest First. Add the turn only if it isn't there.";
const RETRY =
	'Set Max Retries in the options of the memory, so that saving the next turn is tried again if it fails.';

/** What can be done about the cause. Running the workflow again would ask the model again. */
const cure = ({ status = 500, advice, attempts }: FailureDetails): string | undefined => {
	if (status < 500) return advice;
	return attempts === 1 ? RETRY : undefined;
};

/** What a failure says when so many items of the turn were saved before it. */
function notSaved(
	conversation: string,
	saved: number,
	count: number,
	details: FailureDetails,
): Partial<FailureDetails> {
	const { message, outcomeUnknown } = details;
	const said = saved === 0 ? '' : `, except for the first ${saved} of its ${count} items`;
	return {
		message: outcomeUnknown
			? `Whether the turn was saved in ${conversation} is not certain${said}: ${message}`
			: `The turn was not saved in ${conversation}${said}: ${message}`,
		advice: [outcomeUnknown ? LOOK_FIRST : undefined, KEPT, cure(details)]
			.filter((part) => part !== undefined)
			.join(' '),
		leftBehind: { conversation, ...(saved === 0 ? {} : { items: saved }) },
	};
}

const notLoaded = (
	conversation: string,
	{ message, advice }: FailureDetails,
): Partial<FailureDetails> => ({
	message: `The chat history in ${conversation} could not be loaded: ${message}`,
	advice: advice?.replace(/^Check the ID\./, 'Check Conversation ID in the memory.'),
	leftBehind: { conversation },
});

export function createHistory(
	api: ApiClient,
	{ conversation, turns, lockWait }: HistoryOptions,
): ConversationHistory {
	let loading: Promise<ChatMessage[]> | undefined;
	/** What was at the end of the conversation when it was last read or written. */
	let before: Before;
	let lastAppend: Promise<void> = Promise.resolve();

	const remember = (last: Item | undefined) => {
		const lastId = textAt(last ?? {}, 'id');
		before = lastId === undefined ? undefined : { lastId };
	};

	/** The conversation's last items, oldest first. */
	const readEnd = async (how: Pick<ListOptions, 'limit' | 'pageSize' | 'until'>) => {
		const { items } = await listItems(api, conversation, { order: 'desc', ...how });
		if (items.length === 0) before = { count: 0 };
		else remember(items[0]);
		return items.toReversed();
	};

	/** The last turns; reading ends with the user message that begins them. */
	const read = async () => {
		let begun = 0;
		const items = await resultOf(
			readEnd({
				limit: Math.max(MOST_ITEMS, turns * MOST_ITEMS_PER_TURN),
				pageSize: Math.max(SMALLEST_PAGE, turns * ITEMS_PER_TURN),
				until: (item) => isUserMessage(item) && ++begun === turns,
			}),
		);
		if (items instanceof RequestFailure) {
			throw items.with(notLoaded(conversation, items.details));
		}
		return messagesOf(items);
	};

	const appendAll = async (items: readonly Item[]) => {
		if (items.length === 0) return;
		let saved = 0;
		// Whether a lost turn is there can only be told from what was there before.
		if (before === undefined) {
			const end = await resultOf(readEnd({ limit: 1 }));
			if (end instanceof RequestFailure) {
				throw end.with(notSaved(conversation, saved, items.length, end.details));
			}
		}
		for (const part of partsOf(items)) {
			const result = await resultOf(
				appendChunk(api, conversation, part, { before, lockWait, verifyAlways: true }),
			);
			// It no longer shows what there is.
			loading = undefined;
			if (result instanceof RequestFailure) {
				before = undefined;
				throw result.with(notSaved(conversation, saved, items.length, result.details));
			}
			saved += part.length;
			remember(result.at(-1));
		}
	};

	return {
		async load() {
			const current = (loading ??= read());
			return await current.catch((error: unknown) => {
				if (loading === current) loading = undefined;
				throw error;
			});
		},

		async append(items) {
			// One after the other, or a look for a lost turn could take an equal one for it.
			const append = lastAppend.then(async () => await appendAll(items));
			lastAppend = append.catch(() => undefined);
			await append;
		},

		async clear() {
			throw new FieldError(
				"This memory can't be cleared, because it is a conversation at OpenAI that other workflows may use",
				'Remove single conversation items with Conversation Item: Delete, or old turns with Conversation: Trim, or begin a new conversation with Conversation: Create.',
			);
		},
	};
}
