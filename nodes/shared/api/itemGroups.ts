import { isJsonObject, textAt } from '../values/json';
import { anchorsOf, isFromUser, isOutput, linkOf } from './itemLinks';
import type { Item } from './items';
import type { ItemType } from './schema';

/** Calls that somebody else answers. All other calls come with their result. */
const ANSWERED_CALLS = [
	'apply_patch_call',
	'computer_call',
	'custom_tool_call',
	'function_call',
	'local_shell_call',
	'mcp_approval_request',
	'program',
	'shell_call',
	'tool_search_call',
] as const satisfies readonly ItemType[];

const answeredCalls = new Set<string>(ANSWERED_CALLS);

/** Items of a conversation that are kept or removed together. */
export interface ItemGroup {
	/**
	 * In the order in which they are best deleted: reasoning before what it led to, then each call
	 * directly before its output. So at most one of them stands without its counterpart at a time. A
	 * call or output that had none to begin with comes last, so that what is left of the group still
	 * shows that it is incomplete.
	 */
	items: readonly Item[];
	/**
	 * Whether the API refuses a conversation that holds it: it has a call without its output, an output
	 * without its call, or reasoning without the item it led to.
	 */
	isIncomplete: boolean;
}

/** A partition of things, each of them alone at first. */
class Partition<T> {
	private readonly parts = new Map<T, T[]>();

	/** The thing and all that it was joined with, in no particular order. */
	partOf(thing: T): readonly T[] {
		return this.parts.get(thing) ?? [thing];
	}

	join(one: T, other: T): void {
		const a = this.parts.get(one) ?? [one];
		const b = this.parts.get(other) ?? [other];
		if (a === b) return;
		const [large, small] = a.length < b.length ? [b, a] : [a, b];
		large.push(...small);
		for (const thing of large === a ? [one, ...small] : [other, ...small]) {
			this.parts.set(thing, large);
		}
	}
}

/** A call and its output by one name, such as `function` or `mcp_approval`. */
const kindOf = (item: Item): string =>
	(textAt(item, 'type') ?? '')
		.replace(/_(?:output|response)$/, '')
		.replace(/_(?:call|request)$/, '');

/** A local shell's output has no other name for its call than its own ID. */
const callNamedBy = (output: Item): string | undefined =>
	linkOf(output) ?? (output.type === 'local_shell_call_output' ? textAt(output, 'id') : undefined);

/** Whether the API refuses the call for as long as it has no output. */
function needsOutput(call: Item): boolean {
	if (!answeredCalls.has(textAt(call, 'type') ?? '') || call.async === true) return false;
	// A search that the API itself carries out names no call.
	return (
		call.type !== 'tool_search_call' ||
		(call.execution !== 'server' && textAt(call, 'call_id') !== undefined)
	);
}

/** Calls of one name that have had no output yet, each with the answered calls that came behind it. */
type WaitingCalls = Array<{ call: Item; within: Item[] }>;

/**
 * Calls and outputs of one name that belong together, in pairs. A name may come again in each turn, so
 * an output belongs to the nearest call before it that has none yet. What lies between the two may
 * not be told from them once a part of it is gone, and neither may what precedes an output too many;
 * so that stays with them.
 * @param items of one name, in order, each with the number of its turn
 */
function pairsOf(items: ReadonlyArray<readonly [item: Item, turn: number]>): Links['pairs'] {
	const pairs: Links['pairs'] = [];
	const waiting: WaitingCalls = [];
	let answered: Item[] = [];
	for (const [item] of items) {
		if (!isOutput(item)) {
			waiting.push({ call: item, within: [] });
			continue;
		}
		const last = waiting.pop();
		if (last === undefined) {
			for (const call of answered) pairs.push([call, item]);
			answered = answered.slice(-1);
			continue;
		}
		pairs.push([last.call, item], ...last.within.map((call) => [last.call, call] as const));
		answered.push(last.call);
		waiting.at(-1)?.within.push(last.call);
	}

	// A call that was stored twice within a turn shares the output.
	const unanswered = new Set(waiting.map(({ call }) => call));
	let next: readonly [item: Item, turn: number] | undefined;
	for (const [item, turn] of items.toReversed()) {
		if (isOutput(item)) next = [item, turn];
		else if (unanswered.has(item) && next?.[1] === turn) pairs.push([item, next[0]]);
	}
	return pairs;
}

interface Links {
	/** Calls with their outputs, and with calls that share these, in pairs. */
	pairs: Array<readonly [Item, Item]>;
	/** Other items that belong together, in pairs. */
	others: Array<readonly [Item, Item]>;
	incomplete: Set<Item>;
}

function findLinks(items: readonly Item[]): Links {
	const pairs: Links['pairs'] = [];
	const others: Links['others'] = [];
	const incomplete = new Set<Item>();

	const calls = new Map<string, Item[]>();
	const called = items.filter((item) => !isOutput(item) && item.type !== 'message');
	for (const call of called) {
		for (const name of new Set(anchorsOf(call))) {
			const key = `${kindOf(call)} ${name}`;
			calls.set(key, [...(calls.get(key) ?? []), call]);
		}
	}
	const callsOf = (kind: string, name: string | undefined): readonly Item[] =>
		name === undefined ? [] : (calls.get(`${kind} ${name}`) ?? []);

	const paired = new Set<Item>();
	const pair = (one: Item, other: Item) => {
		pairs.push([one, other]);
		paired.add(one).add(other);
	};
	const named = new Map<string, Array<readonly [Item, number]>>();
	let turn = 0;
	for (const item of items) {
		if (item.type === 'message') {
			if (item.role === 'user') turn += 1;
			continue;
		}
		const names = isOutput(item) ? [callNamedBy(item)] : anchorsOf(item);
		for (const name of new Set(names)) {
			if (name === undefined) continue;
			const key = `${kindOf(item)} ${name}`;
			const sameName = named.get(key);
			if (sameName === undefined) named.set(key, [[item, turn]]);
			else sameName.push([item, turn]);
		}
	}
	for (const sameName of named.values()) {
		for (const [one, other] of pairsOf(sameName)) pair(one, other);
	}

	// Where an output names no call, it belongs to the last one before it that has no name either.
	const waiting = new Map<string, Item[]>();
	for (const item of items) {
		if (paired.has(item)) continue;
		const kind = kindOf(item);
		if (isOutput(item)) {
			const call = linkOf(item) === undefined ? waiting.get(kind)?.pop() : undefined;
			if (call !== undefined) pair(call, item);
		} else if (textAt(item, 'call_id') === undefined || item.type === 'local_shell_call') {
			waiting.set(kind, [...(waiting.get(kind) ?? []), item]);
		}
	}

	for (const item of items) {
		const isLone = !paired.has(item);
		if (isLone && (isOutput(item) ? callNamedBy(item) !== undefined : needsOutput(item))) {
			incomplete.add(item);
		}
		if (item.type === 'message') continue;
		const { caller } = item;
		const program = isJsonObject(caller) ? textAt(caller, 'caller_id') : undefined;
		const approval = isOutput(item) ? undefined : textAt(item, 'approval_request_id');
		for (const other of [...callsOf('program', program), ...callsOf('mcp_approval', approval)]) {
			others.push([other, item]);
		}
	}

	let reasoning: Item[] = [];
	for (const item of items) {
		if (item.type === 'reasoning') {
			reasoning.push(item);
			continue;
		}
		for (const each of reasoning) {
			if (isFromUser(item)) incomplete.add(each);
			else others.push([each, item]);
		}
		reasoning = [];
	}
	for (const each of reasoning) incomplete.add(each);
	return { pairs, others, incomplete };
}

/**
 * Calls and their outputs in the order in which they are best deleted: of calls and the outputs
 * behind them, one call and one output at the end, so that what is deleted before leaves each a
 * counterpart.
 */
function pairInOrder(pair: readonly Item[]): Item[] {
	const runs: Array<{ calls: Item[]; outputs: Item[] }> = [];
	for (const item of pair) {
		let run = runs.at(-1);
		if (run === undefined || (!isOutput(item) && run.outputs.length > 0)) {
			run = { calls: [], outputs: [] };
			runs.push(run);
		}
		(isOutput(item) ? run.outputs : run.calls).push(item);
	}
	return runs.flatMap(({ calls, outputs }) => [
		...calls.slice(0, -1),
		...outputs.slice(0, -1),
		...calls.slice(-1),
		...outputs.slice(-1),
	]);
}

/**
 * Sorts items into groups that are kept or removed together: a call and its output, an approval with
 * its request and the call it allowed, a program with the calls it made, reasoning and the item it led
 * to (the next one, unless that comes from the user). Tools that the API runs itself are complete
 * without an output.
 * @param items all items of a conversation, oldest first
 * @returns groups in the order of the oldest item of each
 */
export function groupItems(items: readonly Item[]): ItemGroup[] {
	const { pairs, others, incomplete } = findLinks(items);
	const outputs = new Partition<Item>();
	const groups = new Partition<Item>();
	for (const [one, other] of pairs) outputs.join(one, other);
	for (const [one, other] of [...pairs, ...others]) groups.join(one, other);

	const places = new Map(items.map((item, place) => [item, place]));
	const inOrder = (part: readonly Item[]) =>
		part.toSorted((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
	const taken = new Set<Item>();
	return items.flatMap((first): ItemGroup[] => {
		if (taken.has(first)) return [];
		const group = inOrder(groups.partOf(first));
		for (const item of group) taken.add(item);

		const done = new Set<Item>();
		const complete: Item[] = [];
		const lone: Item[] = [];
		for (const item of group) {
			if (item.type === 'reasoning' || done.has(item)) continue;
			const pair = inOrder(outputs.partOf(item));
			for (const each of pair) done.add(each);
			(incomplete.has(item) ? lone : complete).push(...pairInOrder(pair));
		}
		const reasoning = group.filter(({ type }) => type === 'reasoning');
		return [
			{
				items: [...reasoning, ...complete, ...lone],
				isIncomplete: group.some((item) => incomplete.has(item)),
			},
		];
	});
}
