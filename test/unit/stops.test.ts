import { stopOf, Stops } from '../../nodes/OpenAIConversation/execution/stops';
import type { LeftBehind } from '../../nodes/shared/transport/failures';
import { Cancelled } from '../../nodes/shared/transport/failures';
import { NODE } from '../support/unit';

const accountOf = (count: number, ...stops: Array<[item: number, stop: Cancelled]>): string => {
	const all = new Stops(count);
	for (const [item, stop] of stops) all.add(item, stop);
	return all.account();
};

describe('A canceled execution', () => {
	it('should be told in the word by which n8n knows it, with what it leaves behind', () => {
		expect(stopOf(NODE, new AbortController().signal, 'One item was added.')).toMatchObject({
			message: 'The execution was canceled',
			description: 'One item was added.',
		});
	});

	it('should be told in the same words when the node is started again, and by no other node or execution', () => {
		const { signal } = new AbortController();
		const first = stopOf(NODE, signal, 'One item was added.');
		expect(stopOf(NODE, signal)).toBe(first);
		for (const other of [
			stopOf({ ...NODE, id: 'other' }, signal),
			stopOf(NODE, new AbortController().signal),
		]) {
			expect(other.message).toBe('The execution was canceled');
			expect(other.description ?? '').toBe('');
		}
	});
});

describe('What a stop leaves behind', () => {
	it('should be nothing where nothing was under way', () => {
		expect(accountOf(3)).toBe('');
		expect(accountOf(3, [0, new Cancelled()], [1, new Cancelled()])).toBe('');
	});

	it.each<[LeftBehind, string]>([
		[{ conversation: 'conv_1' }, 'The conversation conv_1 was created.'],
		[
			{ conversation: 'conv_1', items: 1 },
			'The conversation conv_1 was created and holds at least 1 conversation item.',
		],
		[
			{ conversation: 'conv_1', items: 20 },
			'The conversation conv_1 was created and holds at least 20 conversation items.',
		],
		[
			{ conversation: 'conv_1', toAdd: 40, items: 20 },
			'Adding 40 conversation items to conv_1 was interrupted; at least 20 are there. Look at its end with Conversation Item: Get Many (option Order set to Newest First), and add only the others when you run the workflow again.',
		],
		[
			{ conversation: 'conv_1', toAdd: 1 },
			'Adding 1 conversation item to conv_1 was interrupted; some may be there. Look at its end with Conversation Item: Get Many (option Order set to Newest First), and add only the others when you run the workflow again.',
		],
		[
			{ conversation: 'conv_1', removed: 1 },
			'1 conversation item was removed from conv_1, which is still there. Run the workflow again to finish.',
		],
		[
			{ conversation: 'conv_1', removed: 2, items: 7 },
			'2 conversation items were removed from conv_1, which holds at most 7 more. Run the workflow again to finish.',
		],
		[
			{ conversation: 'conv_1', removed: 2, mayBeGone: true },
			'2 conversation items were removed from conv_1. The conversation itself may still be there. Run the workflow again to delete it.',
		],
	])('should be told of %j', (leftBehind, account) => {
		expect(accountOf(1, [0, new Cancelled(leftBehind)])).toBe(account);
	});

	it('should name all conversations', () => {
		expect(
			accountOf(
				2,
				[0, new Cancelled({ conversation: 'conv_1' })],
				[1, new Cancelled({ conversation: 'conv_2' })],
			),
		).toBe('The conversation conv_1 was created. The conversation conv_2 was created.');
	});

	it.each<[count: number, open: number[], whose: string]>([
		[1, [0], ''],
		[3, [0], ' for input item 1 of 3'],
		[12, [10, 2], ' for input items 3 and 11 of 12'],
		[5, [4, 0, 2], ' for input items 1, 3, and 5 of 5'],
	])('should be, of %d items, those that may have gone through: %j', (count, open, whose) => {
		const stops = open.map((item): [number, Cancelled] => [item, new Cancelled(undefined, true)]);
		expect(accountOf(count, ...stops)).toBe(
			`What was being sent${whose} may have gone through anyway. Check that before you run the workflow again.`,
		);
	});

	it('should be told of a conversation that was created, and of the request to it', () => {
		expect(accountOf(1, [0, new Cancelled({ conversation: 'conv_1' }, true)])).toBe(
			'The conversation conv_1 was created. What was being sent may have gone through anyway. Check that before you run the workflow again.',
		);
	});

	it('should leave it at a number of items where that says it', () => {
		expect(accountOf(1, [0, new Cancelled({ conversation: 'conv_1', toAdd: 9 }, true)])).toMatch(
			/^Adding 9 conversation items to conv_1 was interrupted; some may be there\. Look at its end .+ again\.$/,
		);
	});
});
