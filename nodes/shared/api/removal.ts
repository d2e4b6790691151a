import type { ApiClient } from '../transport/client';
import type { FailureDetails } from '../transport/failures';
import { Cancelled, isNotFound, RequestFailure, resultOf, unusable } from '../transport/failures';
import { isConversationLocked } from '../transport/apiError';
import { textAt } from '../values/json';
import { sentences } from '../values/text';
import { groupItems } from './itemGroups';
import type { Item } from './items';
import { deleteItem, listItems } from './items';
import { namingOnStop } from './leftBehind';

/**
 * Seconds to wait for a conversation that our own deletions have locked, since these are not the
 * user's to retry.
 */
const OWN_LOCK_SECONDS = 10;

/** How far a removal has come. */
export interface RemovalProgress {
	/** Items that are gone. */
	deleted: number;
	/** Items that were to go and are still there. */
	left: number;
}

export interface RemovalOptions {
	/** Maximum number of deletions in flight, 1 to 100. */
	concurrency: number;
	/** What a failure says when the removal has come so far. */
	explain(progress: RemovalProgress, details: FailureDetails): Partial<FailureDetails>;
	/** How many items the conversation held before. */
	held: number;
	/** How many items of the conversation are gone already; left out: none. */
	removedBefore?: number;
}

interface Deletion {
	/** Its place in the order. */
	place: number;
	group: readonly Item[];
	item: string;
}

const isLocked = ({ details }: RequestFailure): boolean =>
	isConversationLocked(details.status, details);

/** The ID to delete an item by. One that is a path of its own would lead to something else. */
function idOf(item: Item): string {
	const id = textAt(item, 'id');
	if (id !== undefined && id !== '.' && id !== '..') return id;
	throw unusable(
		`The server listed an item with ${id === undefined ? 'no ID' : `the ID "${id}"`}, by which it can't be deleted`,
		'The server at Base URL may not offer the Conversations API. Nothing was deleted.',
	);
}

/**
 * Deletes items side by side, one stage after the other. Deletions start in the order given, and one
 * at a time from the moment when the API answers that the conversation is locked. An item that the
 * API does not find is taken for deleted; `checkGone` tells whether it is. After a failure nothing
 * starts any more but the rest of a group that is half deleted, and after a stop nothing at all.
 * @param stages groups of items, in the order in which they are to go
 * @returns the IDs of those that the API did not find
 * @throws {RequestFailure} the first failure in that order, explained
 * @throws {Cancelled} that says how far it has come
 */
export async function removeItems(
	api: ApiClient,
	conversation: string,
	stages: ReadonlyArray<ReadonlyArray<readonly Item[]>>,
	{ concurrency, explain, held, removedBefore = 0 }: RemovalOptions,
): Promise<ReadonlySet<string>> {
	let place = 0;
	const plan = stages.map((groups) =>
		groups.flatMap((group) =>
			group.map((item): Deletion => ({ place: place++, group, item: idOf(item) })),
		),
	);
	const total = place;
	let deleted = 0;
	const notFound = new Set<string>();
	let mostInFlight = concurrency;
	let hasLockedItself = false;

	const deleteAlone = async (item: string) => {
		if (hasLockedItself) {
			const result = await resultOf(
				deleteItem(api, conversation, item, { lockWait: OWN_LOCK_SECONDS }),
			);
			if (!(result instanceof RequestFailure)) return result;
			if (!isLocked(result)) throw result;
		}
		return await deleteItem(api, conversation, item);
	};

	const runStage = async (waiting: Deletion[]): Promise<void> => {
		/** Groups of which at least one item is gone. */
		const begun = new Set<readonly Item[]>();
		const failed = new Map<Deletion, unknown>();
		const inFlight = new Set<Promise<void>>();

		const takeNext = (): Deletion | undefined => {
			if (failed.size === 0) return waiting.shift();
			if ([...failed.values()].some((error) => !(error instanceof RequestFailure)))
				return undefined;
			const stuck = new Set([...failed.keys()].map(({ group }) => group));
			const index = waiting.findIndex(({ group }) => begun.has(group) && !stuck.has(group));
			return index < 0 ? undefined : waiting.splice(index, 1)[0];
		};

		const run = async (deletion: Deletion): Promise<void> => {
			const isAlone = mostInFlight === 1;
			const { item } = deletion;
			const result = await resultOf(
				// A lock that comes of our own deletions would stay as long as they are repeated side by side.
				isAlone ? deleteAlone(item) : deleteItem(api, conversation, item, { lockWait: 0 }),
			).catch((error: unknown) => ({ error }));
			if ('error' in result) {
				failed.set(deletion, result.error);
			} else if (!(result instanceof RequestFailure) || isNotFound(result)) {
				begun.add(deletion.group);
				deleted += 1;
				if (result instanceof RequestFailure || result.wasGone) notFound.add(item);
			} else if (isLocked(result) && !isAlone) {
				mostInFlight = 1;
				hasLockedItself = true;
				const behind = waiting.findIndex((other) => other.place > deletion.place);
				waiting.splice(behind < 0 ? waiting.length : behind, 0, deletion);
			} else {
				failed.set(deletion, result);
			}
		};

		for (;;) {
			while (inFlight.size < mostInFlight) {
				const next = takeNext();
				if (next === undefined) break;
				const running = run(next).finally(() => inFlight.delete(running));
				inFlight.add(running);
			}
			if (inFlight.size === 0) break;
			await Promise.race(inFlight);
		}

		const inOrder = [...failed].toSorted(([a], [b]) => a.place - b.place);
		const [first] = inOrder.map(([, error]) => error);
		if (first === undefined) return;
		const removed = removedBefore + deleted;
		const leftBehind = { conversation, items: held - deleted, removed };
		const stop = inOrder.find(([, error]) => !(error instanceof RequestFailure))?.[1];
		if (stop instanceof Cancelled && removed > 0) throw new Cancelled(leftBehind);
		if (stop !== undefined) throw stop;
		if (!(first instanceof RequestFailure)) throw first;
		const progress = { deleted, left: total - deleted };
		throw first.with({ leftBehind, ...explain(progress, first.details) });
	};

	for (const stage of plan) await runStage(stage);
	return notFound;
}

/**
 * Refuses to take items for deleted that the API still lists.
 * @param listed what a conversation holds after a removal
 * @param notFound what `removeItems` gave
 * @param removed how many items the removal took for deleted
 * @throws {RequestFailure}
 */
export function checkGone(
	conversation: string,
	listed: readonly Item[],
	notFound: ReadonlySet<string>,
	removed: number,
): void {
	const left = listed.filter((item) => notFound.has(textAt(item, 'id') ?? '')).length;
	if (left === 0) return;
	throw unusable(
		`${removed - left} of ${removed} items were removed from ${conversation}. The API still lists the rest, but answered 404 when they were to be deleted`,
		'Run the workflow again. If the message stays the same, check Base URL in the credential and in the options: the server there may not be able to delete conversation items.',
	).with({ leftBehind: { conversation, items: listed.length, removed: removed - left } });
}

/** How often a conversation is listed again for items that came while others were deleted. */
const MOST_ROUNDS = 10;

/**
 * Deletes all items of a conversation, those as well that come meanwhile.
 * @returns how many
 * @throws {RequestFailure} that says how many are gone when not all of them are
 * @throws {Cancelled} that says how far it has come
 */
export async function removeAllItems(
	api: ApiClient,
	conversation: string,
	concurrency: number,
): Promise<number> {
	const gone = new Set<string>();
	let notFound: ReadonlySet<string> = new Set();
	const explain = ({ deleted, left }: RemovalProgress, { message, advice }: FailureDetails) => ({
		message: `The conversation ${conversation} was not deleted. ${deleted + gone.size} of its ${deleted + left + gone.size} items are gone, ${left} left: ${message}`,
		advice: sentences('Run the workflow again to delete the rest.', advice),
	});
	for (let round = 0; ; round++) {
		const leftBehind = gone.size === 0 ? undefined : { conversation, removed: gone.size };
		const listing = await namingOnStop(
			leftBehind,
			resultOf(listItems(api, conversation, { order: 'asc', limit: Infinity })),
		);
		if (listing instanceof RequestFailure) {
			if (leftBehind === undefined) throw listing;
			// Somebody else has deleted the conversation meanwhile.
			if (isNotFound(listing)) return gone.size;
			throw listing.with({
				...notDeleted(conversation, gone.size, listing.details),
				leftBehind,
			});
		}
		checkGone(conversation, listing.items, notFound, gone.size);
		// What is still listed was confirmed as deleted all the same.
		const fresh = listing.items.filter((item) => !gone.has(textAt(item, 'id') ?? ''));
		if (fresh.length === 0) return gone.size;
		if (round === MOST_ROUNDS) throw endless(conversation, gone.size, fresh.length);
		notFound = await removeItems(api, conversation, [groupItems(fresh).map(({ items }) => items)], {
			concurrency,
			explain,
			held: fresh.length,
			removedBefore: gone.size,
		});
		for (const item of fresh) gone.add(textAt(item, 'id') ?? '');
	}
}

/** What a failure says when it leaves a conversation whose items are gone. */
export const notDeleted = (
	conversation: string,
	items: number,
	{ message, advice }: FailureDetails,
): Pick<FailureDetails, 'message' | 'advice'> => ({
	message: `The conversation ${conversation} was not deleted, but ${items === 1 ? '1 of its items is' : `${items} of its items are`} gone: ${message}`,
	advice: sentences('Run the workflow again to delete the conversation.', advice),
});

const endless = (conversation: string, gone: number, left: number): RequestFailure =>
	unusable(
		`The conversation ${conversation} was not deleted. ${gone} of its items are gone, but others keep coming`,
		'Stop whatever is adding to the conversation, then run the workflow again.',
	).with({ leftBehind: { conversation, items: left, removed: gone } });
