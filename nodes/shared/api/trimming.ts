import { groupItems } from './itemGroups';
import { isUserMessage } from './itemLinks';
import type { Item } from './items';

export interface TrimRules {
	/** How many turns stay, a whole number; 0: all of them. */
	keepTurns: number;
	/** Whether what makes the API refuse the conversation goes, wherever it stands. */
	removeIncomplete: boolean;
}

export interface TrimPlan {
	/**
	 * What is to be deleted: stages that follow one another, of groups whose items are to be deleted in
	 * their order.
	 */
	stages: Item[][][];
	/** What goes from the turns that stay, because it is incomplete. */
	incomplete: Item[];
}

const isInstruction = ({ type, role }: Item): boolean =>
	type === 'message' && (role === 'system' || role === 'developer');

/**
 * Decides what is removed from a conversation, and in which order. A turn is a user message and what
 * follows up to the next one; what precedes the first of them goes as soon as any turn goes.
 * Instructions stay wherever they are. What belongs together is kept or removed together: where a
 * part of it stands in a turn that stays, all of it stays, unless it is incomplete.
 *
 * The order is one that may be interrupted anywhere. What is incomplete goes first, then the oldest
 * turns, each with its user message last, and the newest of these messages when all else is gone: as
 * long as it is there, planning again finds what is left of the turns to be removed. A call and its
 * output can't be deleted in one step; they go directly after one another, and a half of them that is
 * left is incomplete, so planning again finds that as well.
 * @param items all items of the conversation, oldest first
 */
export function planTrim(
	items: readonly Item[],
	{ keepTurns, removeIncomplete }: TrimRules,
): TrimPlan {
	const messages = items.filter(isUserMessage);
	const firstKept = keepTurns > 0 ? messages.at(-keepTurns) : undefined;
	const lastRemoved = keepTurns > 0 ? messages.at(-keepTurns - 1) : undefined;
	const isTrimmed = firstKept !== undefined && lastRemoved !== undefined;
	const old = new Set(isTrimmed ? items.slice(0, items.indexOf(firstKept)) : []);

	let turn = 0;
	const turns = new Map<Item, number>();
	for (const item of items) {
		if (isUserMessage(item)) turn += 1;
		turns.set(item, turn);
	}

	const groups = groupItems(items);
	const isBroken = (group: (typeof groups)[number]) => removeIncomplete && group.isIncomplete;
	const broken = groups.filter(isBroken).map((group) => [...group.items]);
	const outdated = groups
		.filter(
			(group) =>
				!isBroken(group) && group.items.every((item) => old.has(item) && !isInstruction(item)),
		)
		.map((group) => [...group.items])
		.filter(([item]) => item !== lastRemoved);

	/** Within a turn its user message comes last. */
	const rank = ([first]: Item[]): number =>
		first === undefined ? 0 : 2 * (turns.get(first) ?? 0) + Number(isUserMessage(first));
	const inOrder = outdated.toSorted((a, b) => rank(a) - rank(b));
	const stages = [[...broken, ...inOrder], isTrimmed ? [[lastRemoved]] : []];
	return {
		stages: stages.filter(({ length }) => length > 0),
		incomplete: broken.filter((group) => !group.every((item) => old.has(item))).flat(),
	};
}
