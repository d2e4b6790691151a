import type { INode } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { plural } from '../../shared/n8n/hints';
import type { Cancelled, LeftBehind } from '../../shared/transport/failures';
import { sentences } from '../../shared/values/text';

const LIST = new Intl.ListFormat('en');

/** What was said of stops, by the execution's cancel signal and then by the node's ID. */
const told = new WeakMap<AbortSignal, Map<string, NodeOperationError>>();

/**
 * The error that ends a stopped run. n8n starts the node again after it where Retry On Fail is on:
 * what the first run told of is then told again.
 * @param account what the run leaves behind; left out: it has not begun
 */
export function stopOf(node: INode, signal: AbortSignal, account?: string): NodeOperationError {
	const byNode = told.get(signal) ?? new Map<string, NodeOperationError>();
	told.set(signal, byNode);
	const before = account === undefined ? byNode.get(node.id) : undefined;
	if (before !== undefined) return before;
	// By the word "canceled" n8n knows that the execution did not fail.
	const error = new NodeOperationError(node, 'The execution was canceled', {
		description: account ?? '',
	});
	byNode.set(node.id, error);
	return error;
}

function leftBehindSentence(leftBehind: LeftBehind): string {
	const { conversation, items, toAdd, removed, mayBeGone = false } = leftBehind;
	if (removed !== undefined) {
		const were = `${plural(removed, 'conversation item was', 'conversation items were')} removed from ${conversation}`;
		if (mayBeGone) {
			return `${were}. The conversation itself may still be there. Run the workflow again to delete it.`;
		}
		const more = items === undefined ? 'is still there' : `holds at most ${items} more`;
		return `${were}, which ${more}. Run the workflow again to finish.`;
	}
	if (toAdd !== undefined) {
		const there = items === undefined ? 'some may be there' : `at least ${items} are there`;
		return `Adding ${plural(toAdd, 'conversation item', 'conversation items')} to ${conversation} was interrupted; ${there}. Look at its end with Conversation Item: Get Many (option Order set to Newest First), and add only the others when you run the workflow again.`;
	}
	const held =
		items === undefined
			? ''
			: ` and holds at least ${plural(items, 'conversation item', 'conversation items')}`;
	return `The conversation ${conversation} was created${held}.`;
}

/** What is known of items that were on their way when the execution was stopped. */
export class Stops {
	private readonly leftBehind: LeftBehind[] = [];
	/** Places of items of which nobody can tell whether they were carried out. */
	private readonly open: number[] = [];

	/** @param count number of input items */
	constructor(private readonly count: number) {}

	/** @param item its place in the input, from 0 */
	add(item: number, { leftBehind, outcomeUnknown }: Cancelled): void {
		if (leftBehind !== undefined) this.leftBehind.push(leftBehind);
		// The sentence about an interrupted addition says it already.
		if (outcomeUnknown && leftBehind?.toAdd === undefined) this.open.push(item);
	}

	/** Sentences for the user; empty: nothing was left behind. */
	account(): string {
		return sentences(...this.leftBehind.map(leftBehindSentence), this.openSentence());
	}

	private openSentence(): string | undefined {
		if (this.open.length === 0) return undefined;
		const places = this.open.toSorted((a, b) => a - b).map((item) => String(item + 1));
		const which = `${places.length === 1 ? 'item' : 'items'} ${LIST.format(places)} of ${this.count}`;
		const whose = this.count === 1 ? '' : ` for input ${which}`;
		return `What was being sent${whose} may have gone through anyway. Check that before you run the workflow again.`;
	}
}
