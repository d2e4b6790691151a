import fc from 'fast-check';

import { groupItems } from '../../nodes/shared/api/itemGroups';
import type { TrimRules } from '../../nodes/shared/api/trimming';
import { planTrim } from '../../nodes/shared/api/trimming';
import type { JsonObject } from '../../nodes/shared/values/json';
import { everyItem } from '../types/items';
import { anyJson, RUNS } from '../support/unit';

const message = (role: string): JsonObject => ({ type: 'message', role, content: [] });
const user = message('user');
const assistant = message('assistant');
const system = message('system');
const reasoning: JsonObject = { type: 'reasoning', summary: [] };
const call = (name: string): JsonObject => ({ type: 'function_call', call_id: name });
const output = (name: string): JsonObject => ({ type: 'function_call_output', call_id: name });

/** Items as a conversation holds them: each an object of its own, with an ID of its own unless it has one. */
const conversationOf = (items: readonly JsonObject[]): JsonObject[] =>
	items.map((item, place) => ({ id: `id_${place}`, ...item }));

/** The output that each call waits for. */
const OUTPUTS: Record<string, string> = {
	apply_patch_call: 'apply_patch_call_output',
	computer_call: 'computer_call_output',
	custom_tool_call: 'custom_tool_call_output',
	function_call: 'function_call_output',
	local_shell_call: 'local_shell_call_output',
	mcp_approval_request: 'mcp_approval_response',
	program: 'program_output',
	shell_call: 'shell_call_output',
	tool_search_call: 'tool_search_output',
};

const nameOfCall = (item: JsonObject) =>
	item.type === 'mcp_approval_request' ? item.id : item.call_id;
const nameInOutput = (item: JsonObject) =>
	item.type === 'mcp_approval_response'
		? item.approval_request_id
		: item.type === 'local_shell_call_output'
			? item.id
			: item.call_id;

/** Calls and outputs by their name, each of which needs a counterpart, with the turn they stand in. */
function byName(items: readonly JsonObject[]) {
	const names = new Map<string, Array<{ item: JsonObject; isCall: boolean; turn: number }>>();
	let turn = 0;
	for (const item of items) {
		const type = String(item.type);
		if (item.role === 'user') turn += 1;
		const isCall = type in OUTPUTS;
		const isOutput = Object.values(OUTPUTS).includes(type);
		if ((!isCall && !isOutput) || item.execution === 'server') continue;
		const key = `${isCall ? OUTPUTS[type] : type} ${String(isCall ? nameOfCall(item) : nameInOutput(item))}`;
		names.set(key, [...(names.get(key) ?? []), { item, isCall, turn }]);
	}
	return [...names.values()];
}

/** Calls without an output of their own and outputs without a call. */
function halves(items: readonly JsonObject[]): JsonObject[] {
	return byName(items).flatMap((sameName) => {
		const open: typeof sameName = [];
		const lone: JsonObject[] = [];
		sameName.forEach((entry, place) => {
			if (entry.isCall) open.push(entry);
			else if (open.pop() === undefined && !sameName.slice(0, place).some(({ isCall }) => isCall))
				lone.push(entry.item);
		});
		const unanswered = open.filter(({ item, turn }) => {
			const behind = sameName.slice(sameName.findIndex((entry) => entry.item === item));
			return !behind.some((entry) => !entry.isCall && entry.turn === turn);
		});
		return [...lone, ...unanswered.map(({ item }) => item)];
	});
}

/** What the API would object to, one entry for each reason. */
function violations(items: readonly JsonObject[]): JsonObject[] {
	const lone = new Set(halves(items));
	return items.filter((item, place) => {
		if (item.type !== 'reasoning') return lone.has(item);
		const next = items.slice(place).find((other) => other.type !== 'reasoning');
		return (
			next === undefined ||
			/_(output|response)$/.test(String(next.type)) ||
			(next.type === 'message' && next.role !== 'assistant')
		);
	});
}

const NAMED = ['function_call', 'custom_tool_call', 'computer_call', 'shell_call', 'program'];

const anyItem: fc.Arbitrary<JsonObject> = fc.oneof(
	{ weight: 4, arbitrary: fc.constantFrom(user, assistant, system, message('developer')) },
	{ weight: 3, arbitrary: fc.constant(reasoning) },
	{
		weight: 6,
		arbitrary: fc
			.tuple(fc.constantFrom(...NAMED), fc.constantFrom('1', '2', '3'), fc.boolean())
			.map(([type, name, isCall]) => ({
				type: isCall ? type : String(OUTPUTS[type]),
				call_id: name,
			})),
	},
	{
		weight: 2,
		arbitrary: fc.constantFrom<JsonObject>(
			{ type: 'function_call', call_id: '1', caller: { type: 'program', caller_id: '2' } },
			{ type: 'mcp_approval_request', id: 'mcpr_1' },
			{ type: 'mcp_approval_response', approval_request_id: 'mcpr_1' },
			{ type: 'mcp_call', approval_request_id: 'mcpr_1' },
			{ type: 'tool_search_call', execution: 'server', call_id: null },
			{ type: 'tool_search_output', execution: 'server', call_id: null },
			{ type: 'local_shell_call', call_id: 'shell_1' },
			{ type: 'local_shell_call_output', id: 'shell_1' },
			{ type: 'web_search_call' },
			{ type: 'code_interpreter_call' },
			{ type: 'compaction' },
			{ type: 'hologram' },
		),
	},
);

const anyConversation = fc.array(anyItem, { maxLength: 40 }).map(conversationOf);
const anyRules: fc.Arbitrary<TrimRules> = fc.record({
	keepTurns: fc.integer({ min: 0, max: 6 }),
	removeIncomplete: fc.boolean(),
});

/** Items in the order in which they are deleted. */
const deletions = (items: readonly JsonObject[], rules: TrimRules) =>
	planTrim(items, rules).stages.flat(2);
const without = (items: readonly JsonObject[], removed: readonly JsonObject[]) => {
	const gone = new Set(removed);
	return items.filter((item) => !gone.has(item));
};
const trimmed = (items: readonly JsonObject[], rules: TrimRules) =>
	without(items, deletions(items, rules));

/** The items of the turns that are to stay. */
function lastTurns(items: readonly JsonObject[], keepTurns: number): readonly JsonObject[] {
	const starts = items.flatMap((item, place) => (item.role === 'user' ? [place] : []));
	return keepTurns === 0 || starts.length <= keepTurns ? items : items.slice(starts.at(-keepTurns));
}

const isInstruction = ({ role }: JsonObject) => role === 'system' || role === 'developer';

describe('A trimmed conversation, whatever it held', () => {
	it('should hold nothing that the API refuses', () => {
		fc.assert(
			fc.property(anyConversation, anyRules, (items, rules) => {
				expect(violations(trimmed(items, { ...rules, removeIncomplete: true }))).toEqual([]);
			}),
			RUNS,
		);
	});

	it('should hold nothing more that the API refuses, where that may stay', () => {
		fc.assert(
			fc.property(anyConversation, anyRules, (items, rules) => {
				const before = violations(items);
				for (const item of violations(trimmed(items, { ...rules, removeIncomplete: false }))) {
					expect(before).toContain(item);
				}
			}),
			RUNS,
		);
	});

	it('should have all of its instructions', () => {
		fc.assert(
			fc.property(anyConversation, anyRules, (items, rules) => {
				expect(trimmed(items, rules).filter(isInstruction)).toEqual(items.filter(isInstruction));
			}),
			RUNS,
		);
	});

	it('should have the last turns whole, but for what belongs to something incomplete', () => {
		fc.assert(
			fc.property(anyConversation, anyRules, (items, rules) => {
				const incomplete = groupItems(items)
					.filter((group) => rules.removeIncomplete && group.isIncomplete)
					.flatMap((group) => group.items);
				const kept = trimmed(items, rules);
				for (const item of without(lastTurns(items, rules.keepTurns), incomplete)) {
					expect(kept).toContain(item);
				}
			}),
			RUNS,
		);
	});

	it('should have nothing of older turns but instructions and what a later turn needs', () => {
		fc.assert(
			fc.property(anyConversation, anyRules, (items, rules) => {
				const last = lastTurns(items, rules.keepTurns);
				const needed = groupItems(items)
					.filter((group) => group.items.some((item) => last.includes(item)))
					.flatMap((group) => group.items);
				for (const item of without(trimmed(items, rules), last)) {
					expect(isInstruction(item) || needed.includes(item)).toBe(true);
				}
			}),
			RUNS,
		);
	});

	it('should have nothing left to remove', () => {
		fc.assert(
			fc.property(anyConversation, anyRules, (items, rules) => {
				expect(deletions(trimmed(items, rules), rules)).toEqual([]);
			}),
			RUNS,
		);
	});

	it('should keep whole groups, or nothing of them', () => {
		fc.assert(
			fc.property(anyConversation, anyRules, (items, rules) => {
				const kept = new Set(trimmed(items, rules));
				for (const group of groupItems(items)) {
					expect(new Set(group.items.map((item) => kept.has(item))).size).toBe(1);
				}
			}),
			RUNS,
		);
	});
});

describe('The order of deletions', () => {
	it('should break no more than the one pair that is being deleted', () => {
		fc.assert(
			fc.property(anyConversation, anyRules, (items, rules) => {
				const order = deletions(items, rules);
				const before = violations(items).length;
				for (let done = 0; done <= order.length; done++) {
					const now = violations(without(items, order.slice(0, done)));
					expect(now.length).toBeLessThanOrEqual(before + 1);
				}
			}),
			RUNS,
		);
	});

	it('should lead to the same conversation when it is interrupted anywhere and planned again', () => {
		fc.assert(
			fc.property(anyConversation, anyRules, fc.nat(), (items, rules, nat) => {
				const order = deletions(items, rules);
				const rest = without(items, order.slice(0, nat % (order.length + 1)));
				expect(trimmed(rest, rules)).toEqual(trimmed(items, rules));
			}),
			RUNS,
		);
	});

	it('should lead there too when deletions of a stage side by side end in any order', () => {
		fc.assert(
			fc.property(
				anyConversation,
				fc.integer({ min: 1, max: 6 }),
				fc.infiniteStream(fc.boolean()),
				(items, keepTurns, choices) => {
					const rules = { keepTurns, removeIncomplete: false };
					const [first = []] = planTrim(items, rules).stages;
					const done = first.flat().filter(() => choices.next().value === true);
					expect(trimmed(without(items, done), rules)).toEqual(trimmed(items, rules));
				},
			),
			RUNS,
		);
	});
});

/** The places of the items that are deleted, in order. */
const placesDeleted = (items: readonly JsonObject[], rules: Partial<TrimRules> = {}) => {
	const conversation = conversationOf(items);
	return deletions(conversation, { keepTurns: 1, removeIncomplete: true, ...rules }).map((item) =>
		conversation.indexOf(item),
	);
};

describe('planTrim', () => {
	it('should remove the oldest turns, each with its user message last', () => {
		const items = [user, assistant, user, reasoning, assistant, user, assistant];
		expect(placesDeleted(items)).toEqual([1, 0, 3, 4, 2]);
		expect(placesDeleted(items, { keepTurns: 2 })).toEqual([1, 0]);
	});

	it.each([0, 3, 10])('should keep three turns where %d are wanted', (keepTurns) => {
		expect(placesDeleted([assistant, user, user, assistant, user], { keepTurns })).toEqual([]);
	});

	it('should remove what precedes the first user message with the first turn', () => {
		expect(placesDeleted([assistant, system, user, assistant, user])).toEqual([0, 3, 2]);
	});

	it('should delete the newest of the old user messages when all else is gone', () => {
		const items = conversationOf([user, assistant, user, user, call('a')]);
		const { stages } = planTrim(items, { keepTurns: 1, removeIncomplete: true });
		expect(stages).toEqual([[[items[4]], [items[1]], [items[0]]], [[items[2]]]]);
	});

	it('should delete a call directly before its output, and reasoning before both', () => {
		const items = [user, reasoning, call('a'), call('b'), output('a'), output('b'), user];
		expect(placesDeleted(items)).toEqual([1, 2, 4, 3, 5, 0]);
	});

	it('should remove the calls and outputs of old turns, where each turn has the same call IDs', () => {
		const turn = [user, call('functions.f:0'), output('functions.f:0'), assistant];
		expect(placesDeleted([...turn, ...turn, ...turn])).toEqual([1, 2, 3, 0, 5, 6, 7, 4]);
	});

	it('should remove what is incomplete anywhere, before anything else', () => {
		const items = [user, assistant, user, reasoning, call('a'), assistant, output('b')];
		expect(placesDeleted(items)).toEqual([3, 4, 6, 1, 0]);
	});

	it('should leave what is incomplete where it is to stay', () => {
		const items = [user, reasoning, user, call('a'), output('b'), reasoning];
		expect(placesDeleted(items, { removeIncomplete: false })).toEqual([1, 0]);
	});

	it('should keep a call of an old turn whose output stands in one that stays', () => {
		const items = [user, reasoning, call('a'), assistant, user, output('a'), assistant];
		expect(placesDeleted(items)).toEqual([3, 0]);
	});

	it('should take the call at the end that waits for its output for incomplete', () => {
		expect(placesDeleted([user, call('a')])).toEqual([1]);
	});

	it('should name what is incomplete in the turns that stay', () => {
		const items = conversationOf([user, call('a'), user, reasoning, call('b')]);
		const { incomplete } = planTrim(items, { keepTurns: 1, removeIncomplete: true });
		expect(incomplete).toEqual([items[3], items[4]]);
	});

	it('should take whatever a server sends', () => {
		const item = fc.dictionary(
			fc.constantFrom('type', 'id', 'role', 'call_id', 'caller', 'approval_request_id', 'async'),
			fc.oneof(anyJson, fc.constantFrom('message', 'program', 'program_output', 'user', 'x')),
		);
		fc.assert(
			fc.property(fc.array(item, { maxLength: 8 }), anyRules, (items, rules) => {
				const order = deletions(items, rules);
				expect(new Set(order).size).toBe(order.length);
				expect(groupItems(items).flatMap((group) => group.items).length).toBe(items.length);
			}),
			RUNS,
		);
	});
});

describe('groupItems', () => {
	it('should pair the call and output of every type that the official SDK knows', () => {
		const items: JsonObject[] = JSON.parse(JSON.stringify(Object.values(everyItem)));
		const groups = groupItems(items).map((group) => group.items.map(({ type }) => type));
		expect(groups.filter(({ length }) => length > 1)).toEqual([
			['computer_call', 'computer_call_output'],
			['reasoning', 'function_call', 'function_call_output'],
			['tool_search_call', 'tool_search_output'],
			['program', 'program_output'],
			['local_shell_call', 'local_shell_call_output'],
			['shell_call', 'shell_call_output'],
			['apply_patch_call', 'apply_patch_call_output'],
			['mcp_approval_request', 'mcp_approval_response', 'mcp_call'],
			['custom_tool_call', 'custom_tool_call_output'],
		]);
		expect(groupItems(items).filter((group) => group.isIncomplete)).toEqual([]);
	});

	it.each(Object.entries(OUTPUTS))('should miss the other half of a pair: %s, %s', (of, to) => {
		for (const type of [of, to]) {
			const item = Object.values(everyItem).find((each) => each.type === type);
			const alone: JsonObject = JSON.parse(JSON.stringify(item));
			expect(groupItems([alone]).map((group) => group.isIncomplete)).toEqual([true]);
		}
	});

	it.each<[string, JsonObject]>([
		['a tool that the API runs itself', { type: 'web_search_call' }],
		['a search for tools that the API makes', { type: 'tool_search_call', execution: 'server' }],
		['a call whose output may come later', { ...call('a'), async: true }],
		['an output that was given without a call', { type: 'function_call_output', name: 'news' }],
		['a type that does not exist yet', { type: 'hologram_call', call_id: 'a' }],
	])('should miss nothing beside %s', (_what, item) => {
		expect(groupItems([item]).map((group) => group.isIncomplete)).toEqual([false]);
	});

	it('should pair a type that does not exist yet by its name', () => {
		const items = [
			{ type: 'hologram_call', call_id: 'a' },
			{ type: 'hologram_call_output', call_id: 'a' },
			{ type: 'hologram_call_output', call_id: 'b' },
		];
		expect(groupItems(items).map((group) => [group.items.length, group.isIncomplete])).toEqual([
			[2, false],
			[1, true],
		]);
	});

	it('should pair an output without a name with the last call before it', () => {
		const shell = { type: 'local_shell_call', call_id: 'a' };
		const result = { type: 'local_shell_call_output', id: 'lsho_1' };
		const items = [{ ...shell }, { ...shell, call_id: 'b' }, result];
		expect(groupItems(items).map((group) => [group.items.length, group.isIncomplete])).toEqual([
			[1, true],
			[2, false],
		]);
	});

	it('should keep a program together with the calls that it made', () => {
		const items: JsonObject[] = [
			{ type: 'program', call_id: 'p' },
			{ ...call('a'), caller: { type: 'program', caller_id: 'p' } },
			{ ...output('a'), caller: { type: 'program', caller_id: 'p' } },
			{ type: 'program_output', call_id: 'p' },
		];
		const groups = groupItems(items);
		expect(groups.map((group) => group.items.map((item) => items.indexOf(item)))).toEqual([
			[0, 3, 1, 2],
		]);
	});

	it('should pair an output with the nearest call before it that has none, where IDs come again', () => {
		const turn = [user, call('functions.f:0'), output('functions.f:0')];
		const items = [...turn, ...turn, user, call('functions.f:0')];
		const groups = groupItems(conversationOf(items));
		expect(groups.map((group) => [group.items.map(({ id }) => id), group.isIncomplete])).toEqual([
			[['id_0'], false],
			[['id_1', 'id_2'], false],
			[['id_3'], false],
			[['id_4', 'id_5'], false],
			[['id_6'], false],
			[['id_7'], true],
		]);
	});

	it('should see calls of one ID as complete whose outputs follow together', () => {
		const items = conversationOf([call('a'), call('a'), user, output('a'), output('a')]);
		expect(groupItems(items).filter((group) => group.isIncomplete)).toEqual([]);
	});

	it('should see a call that was stored twice with one output as complete', () => {
		const items = [call('a'), call('a'), output('a')];
		expect(groupItems(items)).toEqual([{ items, isIncomplete: false }]);
	});
});
