import type { Item } from '../shared/api/items';
import { textAt } from '../shared/values/json';

const CALLS = new Set(['function_call', 'custom_tool_call']);

const typeOf = (item: Item): string => textAt(item, 'type') ?? '';

export const callIdOf = (item: Item): string => textAt(item, 'call_id') ?? '';

export const isToolOutput = (item: Item): boolean =>
	typeOf(item).endsWith('_output') && CALLS.has(typeOf(item).slice(0, -'_output'.length));

/** Calls of one ID between which nothing is said and no output stands, and the outputs behind them. */
interface Stretch {
	calls: number[];
	outputs: number[];
	/** How many messages stand before it. */
	messages: number;
}

/** The items of each call ID, in stretches. */
function stretchesIn(items: readonly Item[]): Stretch[][] {
	const byId = new Map<string, Stretch[]>();
	let messages = 0;
	for (const [place, item] of items.entries()) {
		if (item.type === 'message') messages++;
		const isOutput = isToolOutput(item);
		if (callIdOf(item) === '' || !(isOutput || CALLS.has(typeOf(item)))) continue;
		const key = `${typeOf(item).replace(/_output$/, '')} ${callIdOf(item)}`;
		const stretches = byId.get(key) ?? [];
		byId.set(key, stretches);
		const last = stretches.at(-1);
		if (isOutput) last?.outputs.push(place);
		else if (last?.outputs.length === 0 && last.messages === messages) last.calls.push(place);
		else stretches.push({ calls: [place], outputs: [], messages });
	}
	return [...byId.values()];
}

/**
 * The place of each call that has an output, and the place of that output. Models may begin anew with
 * their IDs in each turn, so an output belongs to the nearest call of its ID that has none yet. Where
 * several of them are made at once, their outputs come in the same order.
 */
export function outputPlaces(items: readonly Item[]): Map<number, number> {
	const places = new Map<number, number>();
	for (const stretches of stretchesIn(items)) {
		const open: number[] = [];
		for (const { calls, outputs } of stretches) {
			const answered = calls.splice(Math.max(0, calls.length - outputs.length));
			open.push(...calls);
			for (const [index, output] of outputs.entries()) {
				const call = answered[index] ?? open.pop();
				if (call !== undefined) places.set(call, output);
			}
		}
	}
	return places;
}

/**
 * The items without calls that have no output, and outputs without a call. A call whose ID another
 * one has before its output comes stands right before that output, so that each output can be told
 * from the other.
 */
export function pairedItems(items: readonly Item[]): Item[] {
	const outputs = outputPlaces(items);
	const calls = new Map([...outputs].map(([call, output]) => [output, call]));
	const moved = new Set<number>();
	const next = new Map<string, number>();
	for (const [place, item] of [...items.entries()].toReversed()) {
		const output = outputs.get(place);
		if (output === undefined && !calls.has(place)) continue;
		if (output !== undefined && next.get(callIdOf(item)) !== output) moved.add(place);
		next.set(callIdOf(item), place);
	}
	return items.flatMap((item, place): Item[] => {
		if (item.type === 'message') return [item];
		if (outputs.has(place)) return moved.has(place) ? [] : [item];
		const callPlace = calls.get(place);
		const call = callPlace === undefined ? undefined : items[callPlace];
		if (callPlace === undefined || call === undefined) return [];
		return moved.has(callPlace) ? [call, item] : [item];
	});
}
