import type { Before } from '../shared/api/conversationEnd';
import { endWith, readEnd } from '../shared/api/conversationEnd';
import { appendChunk, endAfterAdding } from '../shared/api/append';
import type { Item } from '../shared/api/items';
import { listItems } from '../shared/api/items';
import { MAX_ITEMS_PER_WRITE } from '../shared/api/schema';
import type { ApiClient } from '../shared/transport/client';
import { CORRECT_IT } from '../shared/transport/advice';
import type { FailureDetails } from '../shared/transport/failures';
import { RequestFailure, resultOf } from '../shared/transport/failures';
import { FieldError } from '../shared/values/field';
import { textAt } from '../shared/values/json';
import { sentences } from '../shared/values/text';
import { isUserMessage } from '../shared/api/itemLinks';
import { KEPT } from './content';
import type { ChatMessage } from './messages';
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
	/** The last turns, oldest first, as messages of the caller's own. Read once until something is added. */
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
/** How much further is read for the user message that begins a turn in which that many end. */
const MOST_ITEMS_TO_USER = 1_000;

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

const LOOK_FIRST =
	"First look at the end of the conversation: Conversation Item: Get Many with the option Order set to Newest First. Add the turn only if it isn't there.";
const RETRY =
	'Set Max Retries in the options of the memory, so that saving the next turn is tried again if it fails.';

const ONCE_MORE = 'Running the workflow again would ask the model again.';

/** What can be done about the cause, without a word about running the workflow again. */
const cure = ({ status = 500, cause, advice, attempts }: FailureDetails): string | undefined => {
	if (status < 500) return cause ?? (advice === CORRECT_IT ? undefined : advice);
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
		advice: sentences(outcomeUnknown ? LOOK_FIRST : undefined, KEPT, ONCE_MORE, cure(details)),
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
	let loading: Promise<Item[]> | undefined;
	/** What was at the end of the conversation when it was last read or written. */
	let before: Before;
	let lastAppend: Promise<void> = Promise.resolve();
	let appendsBegun = 0;
	let isAppending = false;

	/** The last turns; reading ends with the user message that begins them. */
	const readTurns = async (): Promise<Item[]> => {
		const [begun, wasAppending] = [appendsBegun, isAppending];
		let turnsBegun = 0;
		const limit = Math.max(MOST_ITEMS, turns * MOST_ITEMS_PER_TURN);
		const listing = await listItems(api, conversation, {
			order: 'desc',
			limit,
			pageSize: Math.max(SMALLEST_PAGE, turns * ITEMS_PER_TURN),
			until: (item) => isUserMessage(item) && ++turnsBegun === turns,
		});
		const [last] = listing.items;
		// What was read while something was added may be older than what is known of the end by now.
		if (!wasAppending && appendsBegun === begun) {
			before = last === undefined ? { count: 0 } : endWith(last);
		}
		const newest = listing.items.toReversed();
		if (!listing.hasMore || turnsBegun === turns) return newest;
		return await fromUserMessage(newest);
	};

	/** Items in which a turn was cut, from its beginning, or else from the first turn that begins in them. */
	const fromUserMessage = async (newest: Item[]): Promise<Item[]> => {
		const after = textAt(newest[0] ?? {}, 'id');
		if (after === undefined) return newest;
		const older = await listItems(api, conversation, {
			order: 'desc',
			after,
			limit: MOST_ITEMS_TO_USER,
			until: isUserMessage,
		});
		const items = [...older.items.toReversed(), ...newest];
		const start = items.findIndex(isUserMessage);
		return start < 0 ? newest : items.slice(start);
	};

	const read = async (): Promise<Item[]> => {
		const items = await resultOf(readTurns());
		if (items instanceof RequestFailure) {
			throw items.with(notLoaded(conversation, items.details));
		}
		return items;
	};

	/** Adds a part; afterwards the end is known, unless the part came back in another order. */
	const appendPart = async (part: readonly Item[]): Promise<void> => {
		const added = await appendChunk(api, conversation, part, {
			before,
			lockWait,
			verifyAlways: true,
		});
		before = endAfterAdding(conversation, part, added);
	};

	const appendAll = async (items: readonly Item[]) => {
		let saved = 0;
		const attempt = async (action: () => Promise<void>) => {
			const result = await resultOf(action());
			if (!(result instanceof RequestFailure)) return;
			before = undefined;
			throw result.with(notSaved(conversation, saved, items.length, result.details));
		};
		for (const part of partsOf(items)) {
			// Whether a lost turn is there can only be told from what was there before.
			if (before === undefined) {
				await attempt(async () => {
					before = await readEnd(api, conversation);
				});
			}
			try {
				await attempt(async () => await appendPart(part));
			} finally {
				// It no longer shows what there is.
				loading = undefined;
			}
			saved += part.length;
		}
	};

	/** One after the other, or a look for a lost turn could take an equal one for it. */
	const inTurn = async (items: readonly Item[]) => {
		if (items.length === 0) return;
		appendsBegun++;
		isAppending = true;
		try {
			await appendAll(items);
		} finally {
			isAppending = false;
		}
	};

	return {
		async load() {
			const current = (loading ??= read());
			const items = await current.catch((error: unknown) => {
				if (loading === current) loading = undefined;
				throw error;
			});
			return messagesOf(items);
		},

		async append(items) {
			const append = lastAppend.then(async () => await inTurn(items));
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
