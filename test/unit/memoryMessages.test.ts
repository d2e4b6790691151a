import fc from 'fast-check';

import {
	itemsOf,
	messagesOf,
	turnItems,
	withOlderMethod,
} from '../../nodes/MemoryOpenAiConversation/messages';
import type { ChatMessage } from '../../nodes/MemoryOpenAiConversation/messages';
import { withoutToolAccount } from '../../nodes/MemoryOpenAiConversation/toolAccount';
import type { Item } from '../../nodes/shared/api/items';
import { ITEM_TYPES } from '../../nodes/shared/api/schema';
import { anyText, anyValue, refusal, refused, RUNS } from '../support/unit';

const user = (text: string): Item => ({
	type: 'message',
	role: 'user',
	content: [{ type: 'input_text', text }],
});
const assistant = (text: string): Item => ({
	type: 'message',
	role: 'assistant',
	content: [{ type: 'output_text', text }],
});
const call = (id: string, args = '{}'): Item => ({
	type: 'function_call',
	call_id: id,
	name: 'look_up',
	arguments: args,
});
const output = (id: string, text = 'found'): Item => ({
	type: 'function_call_output',
	call_id: id,
	output: text,
});

/** Who speaks, what, and which calls. */
const told = (messages: readonly ChatMessage[]) =>
	messages.map((message) => [
		message.getType(),
		message.content,
		...(message.tool_calls?.map(({ id }) => id) ?? []),
		...(message.tool_call_id === undefined ? [] : [message.tool_call_id]),
	]);

/** A message as n8n hands it over. */
const langChain = (kind: string, content: unknown, more: object = {}) => ({
	getType: () => kind,
	content,
	...more,
});
const ai = (content: unknown, ...calls: Array<[id: string, args: object]>) =>
	langChain('ai', content, {
		tool_calls: calls.map(([id, args]) => ({ type: 'tool_call', id, name: 'look_up', args })),
	});
const tool = (id: string, content: unknown) => langChain('tool', content, { tool_call_id: id });
const human = (content: unknown) => langChain('human', content);

const callIds = fc.constantFrom('call_1', 'call_2', 'call_3', '');
const anyItem: fc.Arbitrary<Item> = fc.oneof(
	fc.constantFrom('user', 'assistant', 'system', 'developer').chain((role) =>
		fc.oneof(
			anyText.map((content): Item => ({ type: 'message', role, content })),
			anyText.map((text): Item => ({ type: 'message', role, content: [{ type: 'text', text }] })),
		),
	),
	callIds.chain((id) => anyText.map((text) => call(id, text))),
	callIds.chain((id) => anyText.map((text) => output(id, text))),
	callIds.map((id): Item => ({ type: 'custom_tool_call', call_id: id, name: 'run', input: 'x' })),
	callIds.map((id): Item => ({ type: 'custom_tool_call_output', call_id: id, output: 'y' })),
	fc.constantFrom(...ITEM_TYPES).map((type): Item => ({ type })),
	fc.constant<Item>({}),
);
const anyItems = fc.array(anyItem, { maxLength: 30 });

const anyMessage = fc.oneof(
	anyValue,
	anyText.map(human),
	anyText.map((text) => langChain('system', text)),
	fc
		.tuple(anyText, fc.array(callIds, { maxLength: 3 }))
		.map(([text, ids]) =>
			ai(text, ...ids.map((id): [string, object] => [id, { id, city: 'Ulm' }])),
		),
	fc.tuple(callIds, anyText).map(([id, text]) => tool(id, text)),
);

describe('The messages that an agent sees', () => {
	it('are what was said and the calls with their outputs, in order', () => {
		const items = [
			user('Weather?'),
			assistant('Let me look.'),
			call('call_1', '{"city":"Ulm"}'),
			call('call_2', '{"city":"Bonn"}'),
			output('call_1', 'rain'),
			output('call_2', 'sun'),
			assistant('Rain in Ulm, sun in Bonn.'),
		];

		const messages = messagesOf(items);

		expect(told(messages)).toEqual([
			['human', 'Weather?'],
			['ai', 'Let me look.', 'call_1', 'call_2'],
			['tool', 'rain', 'call_1'],
			['tool', 'sun', 'call_2'],
			['ai', 'Rain in Ulm, sun in Bonn.'],
		]);
		expect(messages[1]?.tool_calls).toEqual([
			{ type: 'tool_call', id: 'call_1', name: 'look_up', args: { city: 'Ulm' } },
			{ type: 'tool_call', id: 'call_2', name: 'look_up', args: { city: 'Bonn' } },
		]);
	});

	it('have rounds of calls one after the other', () => {
		const items = [user('?'), call('call_1'), output('call_1'), call('call_2'), output('call_2')];
		expect(told(messagesOf(items))).toEqual([
			['human', '?'],
			['ai', '', 'call_1'],
			['tool', 'found', 'call_1'],
			['ai', '', 'call_2'],
			['tool', 'found', 'call_2'],
		]);
	});

	it('have the calls of each turn where a model begins anew with their IDs', () => {
		const turnOf = (n: number) => [
			user(`question ${n}`),
			call('call_0', `{"n":${n}}`),
			output('call_0', `result ${n}`),
			assistant(`answer ${n}`),
		];
		const messages = messagesOf([...turnOf(1), ...turnOf(2)]);
		expect(told(messages)).toEqual(
			[1, 2].flatMap((n) => [
				['human', `question ${n}`],
				['ai', '', 'call_0'],
				['tool', `result ${n}`, 'call_0'],
				['ai', `answer ${n}`],
			]),
		);
		const args = messages.flatMap(({ tool_calls: made }) => made ?? []).map((each) => each.args);
		expect(args).toEqual([{ n: 1 }, { n: 2 }]);
	});

	it('don’t have a call without its output with the output of a later call of the same ID', () => {
		const messages = messagesOf([
			user('Delete A'),
			call('call_0', '{"target":"A"}'),
			assistant('That went wrong.'),
			user('Delete B'),
			call('call_0', '{"target":"B"}'),
			output('call_0', 'B deleted'),
		]);
		const calls = messages.flatMap(({ tool_calls: made }) => made ?? []);
		expect(calls.map(({ args }) => args)).toEqual([{ target: 'B' }]);
	});

	it('have calls of one ID that were made at once one by one, each with its output', () => {
		const messages = messagesOf([
			user('?'),
			call('unknown', '{"city":"Ulm"}'),
			call('unknown', '{"city":"Bonn"}'),
			output('unknown', 'rain'),
			output('unknown', 'sun'),
		]);
		expect(
			messages.map(({ tool_calls: made, content }) => [content, made?.map(({ args }) => args)]),
		).toEqual([
			['?', undefined],
			['', [{ city: 'Ulm' }]],
			['rain', undefined],
			['', [{ city: 'Bonn' }]],
			['sun', undefined],
		]);
	});

	it('leave out instructions, reasoning, built-in tools and what has lost its counterpart', () => {
		const items: Item[] = [
			{ type: 'message', role: 'system', content: 'Be kind.' },
			output('call_0'),
			user('?'),
			{ type: 'reasoning', summary: [] },
			{ type: 'web_search_call', action: { type: 'search', query: 'x' } },
			call('call_1'),
			{ type: 'compaction', encrypted_content: 'x' },
			assistant('!'),
		];
		expect(told(messagesOf(items))).toEqual([
			['human', '?'],
			['ai', '!'],
		]);
	});

	it('name images and files in the text', () => {
		const content = [
			{ type: 'input_text', text: 'See' },
			{ type: 'input_image', image_url: 'data:image/png;base64,AAAA' },
			{ type: 'input_file', filename: 'plan.pdf' },
		];
		const [message] = messagesOf([{ type: 'message', role: 'user', content }]);
		expect(message?.content).toBe('See\n[image]\n[file: plan.pdf]');
	});

	it('never have a tool message without its call before it, nor a call without its output behind it', () => {
		fc.assert(
			fc.property(anyItems, fc.nat(30), (items, start) => {
				// A window may begin anywhere.
				const messages = messagesOf(items.slice(start));
				const open = new Set<string>();
				for (const message of messages) {
					if (message.getType() === 'tool')
						expect(open.delete(String(message.tool_call_id))).toBe(true);
					else expect([...open]).toEqual([]);
					for (const { id } of message.tool_calls ?? []) {
						expect(open.has(id)).toBe(false);
						open.add(id);
					}
				}
				expect([...open]).toEqual([]);
				expect(messages[0]?.getType()).not.toBe('tool');
			}),
			RUNS,
		);
	});

	it('are data only when they are copied or sent elsewhere', () => {
		const messages = messagesOf([user('Hi'), call('call_1'), output('call_1'), assistant('Yes')]);
		expect(structuredClone(messages.map((message) => ({ ...message })))).toEqual([
			{ role: 'user', content: 'Hi', additional_kwargs: {}, response_metadata: {} },
			{
				role: 'assistant',
				content: '',
				tool_calls: [{ type: 'tool_call', id: 'call_1', name: 'look_up', args: {} }],
				additional_kwargs: { hideFromUI: true },
				response_metadata: {},
			},
			{
				role: 'tool',
				content: 'found',
				tool_call_id: 'call_1',
				additional_kwargs: { hideFromUI: true },
				response_metadata: {},
			},
			{ role: 'assistant', content: 'Yes', additional_kwargs: {}, response_metadata: {} },
		]);
	});

	it('have arguments as text that are no JSON or too deep to work with', () => {
		for (const text of ['{"a":', `${'['.repeat(50_000)}${']'.repeat(50_000)}`]) {
			const [message] = messagesOf([call('c', text), output('c')]);
			expect(message?.tool_calls?.[0]?.args).toEqual({ input: text });
		}
	});

	it('answer through a proxy too', () => {
		const [message] = messagesOf([user('Hi')]).map((each) => new Proxy(each, {}));
		expect(message?.getType()).toBe('human');
	});

	it('have the form in which LangChain writes its own', () => {
		const written: unknown = JSON.parse(
			JSON.stringify(messagesOf([user('Hi'), call('c'), output('c')])),
		);
		expect(written).toMatchObject([
			{ lc: 1, type: 'constructor', id: ['langchain_core', 'messages', 'HumanMessage'] },
			{
				id: ['langchain_core', 'messages', 'AIMessage'],
				kwargs: { tool_calls: [{ id: 'c', name: 'look_up', args: {}, type: 'tool_call' }] },
			},
			{
				id: ['langchain_core', 'messages', 'ToolMessage'],
				kwargs: { content: 'found', tool_call_id: 'c' },
			},
		]);
	});

	it('have the method that older nodes call only where no model reads them', () => {
		const [message] = messagesOf([user('Hi')]);
		if (message === undefined) throw new Error('No message');
		expect('_getType' in message).toBe(false);
		const older: object = withOlderMethod(message);
		expect(older).toMatchObject({ role: 'user', content: 'Hi' });
		expect(Object.keys(older)).toEqual(Object.keys(message));
		expect('_getType' in older && typeof older._getType === 'function' && older._getType()).toBe(
			'human',
		);
	});
});

describe('The items that are stored', () => {
	const turn = [
		human('Weather?'),
		ai('', ['call_1', { city: 'Ulm', id: 'call_1' }]),
		tool('call_1', '"rain"'),
		ai('It rains.'),
	];

	it('are the user’s message, the calls with their outputs, and the reply', () => {
		expect(itemsOf(turn)).toEqual([
			{ type: 'message', role: 'user', content: 'Weather?' },
			{ type: 'function_call', call_id: 'call_1', name: 'look_up', arguments: '{"city":"Ulm"}' },
			{ type: 'function_call_output', call_id: 'call_1', output: '"rain"' },
			{ type: 'message', role: 'assistant', content: 'It rains.' },
		]);
	});

	it('keep an ID among the arguments that is not the call’s', () => {
		const [, stored] = itemsOf([human('?'), ai('', ['call_1', { id: 7 }]), tool('call_1', 'x')]);
		expect(stored).toMatchObject({ arguments: '{"id":7}' });
	});

	it('do not have what n8n says in the model’s place', () => {
		for (const text of ['Calling look_up with input: {"city":"Ulm"}', 'Calling tools: A, B']) {
			const items = itemsOf([human('?'), ai(text, ['call_1', {}]), tool('call_1', 'x')]);
			expect(items.map(({ type }) => type)).toEqual([
				'message',
				'function_call',
				'function_call_output',
			]);
		}
	});

	it('have what the model said beside its calls', () => {
		const items = itemsOf([ai('Let me see.', ['call_1', {}]), tool('call_1', 'x')]);
		expect(items[0]).toEqual({ type: 'message', role: 'assistant', content: 'Let me see.' });
	});

	it('have a message with several calls once, although n8n hands it over once for each', () => {
		const both = ai('Two things.', ['call_1', {}], ['call_2', {}]);
		const items = itemsOf([human('?'), both, tool('call_1', 'a'), both, tool('call_2', 'b')]);
		expect(items.map(({ type, call_id: id = null }) => [type, id])).toEqual([
			['message', null],
			['message', null],
			['function_call', 'call_1'],
			['function_call', 'call_2'],
			['function_call_output', 'call_1'],
			['function_call_output', 'call_2'],
		]);
	});

	it('have each round of calls where a model begins anew with their IDs', () => {
		const round = (n: number) => [
			ai(`Looking for ${n}.`, ['call_0', { n }]),
			tool('call_0', `r${n}`),
		];
		const items = itemsOf([human('?'), ...round(1), ...round(2), ai('Done')]);
		expect(
			items.map(({ content, arguments: args, output: out }) => content ?? args ?? out),
		).toEqual([
			'?',
			...['Looking for 1.', '{"n":1}', 'r1'],
			...['Looking for 2.', '{"n":2}', 'r2'],
			'Done',
		]);
	});

	it('have the same call twice when it was made twice', () => {
		const asked = () => [ai('', ['call_0', {}]), tool('call_0', 'not yet')];
		expect(itemsOf([...asked(), ...asked()])).toHaveLength(4);
	});

	it('have calls of one ID that were made at once one by one, each with its output', () => {
		const both = ai('', ['unknown', { city: 'Ulm' }], ['unknown', { city: 'Bonn' }]);
		for (const messages of [
			[both, tool('unknown', 'rain'), tool('unknown', 'sun')],
			[both, tool('unknown', 'rain'), both, tool('unknown', 'sun')],
		]) {
			const items = itemsOf(messages);
			expect(items.map(({ arguments: args, output: out }) => args ?? out)).toEqual([
				'{"city":"Ulm"}',
				'rain',
				'{"city":"Bonn"}',
				'sun',
			]);
		}
	});

	it('have a call once that stands in the content and beside it', () => {
		const content = [{ type: 'tool_use', id: 'toolu_1', name: 'look_up', input: {} }];
		const calls = [{ id: 'toolu_1', name: 'look_up', args: {} }];
		const items = itemsOf([langChain('ai', content, { tool_calls: calls }), tool('toolu_1', 'x')]);
		expect(items).toHaveLength(2);
	});

	it('have the calls of messages in the form of model APIs', () => {
		const calls = [
			{ id: 'call_1', type: 'function', function: { name: 'look_up', arguments: '{"a":1}' } },
		];
		expect(
			itemsOf([
				{ role: 'assistant', content: null, tool_calls: calls },
				{ role: 'tool', tool_call_id: 'call_1', content: 'x' },
			]),
		).toEqual([
			{ type: 'function_call', call_id: 'call_1', name: 'look_up', arguments: '{"a":1}' },
			{ type: 'function_call_output', call_id: 'call_1', output: 'x' },
		]);
	});

	it.each<[string, unknown]>([
		['of a role of its own', { getType: () => 'generic', role: 'user', content: 'Hi' }],
		['as LangChain stores it', { type: 'human', data: { content: 'Hi' } }],
		[
			'as LangChain writes it',
			{
				lc: 1,
				type: 'constructor',
				id: ['langchain_core', 'messages', 'HumanMessage'],
				kwargs: { content: 'Hi' },
			},
		],
		['with a type', { type: 'human', content: 'Hi' }],
		['as text', 'Hi'],
	])('have a message %s', (_how, message) => {
		expect(itemsOf([message])).toEqual([{ type: 'message', role: 'user', content: 'Hi' }]);
	});

	it('have messages that were written as JSON', () => {
		const written: unknown[] = JSON.parse(JSON.stringify(messagesOf(itemsOf(turn))));
		expect(itemsOf(written)).toEqual(itemsOf(turn));
	});

	it.each<[unknown]>([[{ text: 'Hi' }], [7], [{ getType: () => 'generic', role: 'judge' }]])(
		'are refused where nobody can tell who speaks: %j',
		(message) => {
			const error = refused(() => itemsOf([human('?'), message]));
			expect(error.message).toMatch(/does not say who speaks/);
			expect(error.advice).toMatch(/open Logs, then the memory/);
		},
	);

	it('hold the pieces of a model’s text as one', () => {
		const pieces = ['According to ', 'the report', ', yes.'].map((text) => ({
			type: 'text',
			text,
		}));
		expect(itemsOf([ai(pieces)])).toMatchObject([{ content: 'According to the report, yes.' }]);
	});

	it('hold a user’s texts one below the other, and tear no sentence', () => {
		const content = ['What is this?', 'It is ', 'green'].map((text) => ({ type: 'text', text }));
		expect(itemsOf([human(content)])).toMatchObject([{ content: 'What is this?\nIt is green' }]);
	});

	it('hold a part of an unknown kind as JSON', () => {
		const part = { type: 'rating', stars: 5 };
		expect(itemsOf([human([{ type: 'text', text: 'Good' }, part])])).toMatchObject([
			{ content: `Good\n${JSON.stringify(part)}` },
		]);
	});

	it('have the calls that Anthropic’s models put into the content', () => {
		const content = [
			{ type: 'thinking', thinking: 'Hm.', signature: 's' },
			{ type: 'text', text: 'I look.' },
			{ type: 'tool_use', id: 'toolu_1', name: 'look_up', input: { city: 'Ulm' } },
		];
		expect(itemsOf([langChain('ai', content), tool('toolu_1', 'rain')])).toEqual([
			{ type: 'message', role: 'assistant', content: 'I look.' },
			{ type: 'function_call', call_id: 'toolu_1', name: 'look_up', arguments: '{"city":"Ulm"}' },
			{ type: 'function_call_output', call_id: 'toolu_1', output: 'rain' },
		]);
	});

	it('name images and files in the text', () => {
		const content = [
			{ type: 'text', text: 'See' },
			{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
			{ type: 'file', file: { filename: 'plan.pdf' } },
			{ type: 'input_audio' },
		];
		expect(itemsOf([human(content)])).toEqual([
			{ type: 'message', role: 'user', content: 'See\n[image]\n[file: plan.pdf]\n[audio]' },
		]);
	});

	it('shorten the ID that n8n makes up, alike for a call and its output', () => {
		const id = `synthetic_${'x'.repeat(80)}_1764086400000`;
		const items = itemsOf([ai('', [id, {}]), tool(id, 'x')]);
		expect(items.map(({ call_id: stored }) => stored)).toEqual([id.slice(-64), id.slice(-64)]);
	});

	it('hold half characters and null characters as the API would store them', () => {
		expect(itemsOf([human('cut \ud83d'), tool('none', 'x'), ai('a\0b')])).toEqual([
			{ type: 'message', role: 'user', content: 'cut \ufffd' },
			{ type: 'message', role: 'assistant', content: 'a\ufffdb' },
		]);
	});

	it('never hold a call without its output behind it, nor an output without its call before it', () => {
		fc.assert(
			fc.property(fc.array(anyMessage, { maxLength: 20 }), (messages) => {
				let items: Item[] = [];
				// What is no message is refused.
				if (refusal(() => (items = itemsOf(messages))) !== undefined) return;
				const open = new Set<unknown>();
				for (const { type, call_id: id } of items) {
					if (type === 'function_call') expect(open.has(id)).toBe(false);
					if (type === 'function_call') open.add(id);
					if (type === 'function_call_output') expect(open.delete(id)).toBe(true);
				}
				expect([...open]).toEqual([]);
			}),
			RUNS,
		);
	});

	it('come back as the same messages', () => {
		const word = fc.string({ minLength: 1 }).filter((text) => !/^Calling /.test(text));
		const anyTurn = fc.record({
			asked: word,
			calls: fc.array(fc.tuple(fc.boolean(), word), { maxLength: 3 }),
			said: word,
		});
		fc.assert(
			fc.property(fc.array(anyTurn, { maxLength: 4 }), (turns) => {
				let count = 0;
				const messages = turns.flatMap(({ asked, calls, said }) => [
					human(asked),
					...calls.flatMap(([, text]) => {
						const id = `call_${count++ % 3}`;
						return [ai('', [id, { text }]), tool(id, text)];
					}),
					ai(said),
				]);
				const back = messagesOf(itemsOf(messages));
				expect(back.map((message) => [message.getType(), message.content])).toEqual(
					messages.map((message) => [message.getType(), message.content]),
				);
				expect(itemsOf(back)).toEqual(itemsOf(messages));
			}),
			RUNS,
		);
	});
});

describe('A turn that n8n hands over as input and output', () => {
	it('is a message and a reply', () => {
		expect(turnItems('Hi', 'Hello')).toEqual([
			{ type: 'message', role: 'user', content: 'Hi' },
			{ type: 'message', role: 'assistant', content: 'Hello' },
		]);
	});

	it('has values as JSON', () => {
		expect(turnItems(7, { mood: 'good' })).toMatchObject([
			{ content: '7' },
			{ content: '{"mood":"good"}' },
		]);
	});

	it.each<[unknown]>([
		[['a', 1, { x: 2 }]],
		[[{ type: 'text', text: 'a' }, { price: 3 }]],
		[[{ type: 'book', text: 'Dune', price: 3 }]],
		[[{ text: 'Dune', price: 3 }]],
		[[{ type: 'cat', name: 'Tom', age: 3 }]],
		[[{ type: 'image', title: 'Tom', price: 3 }]],
		[[null]],
	])('has every member of a list: %j', (value) => {
		expect(turnItems('Hi', value)[1]).toMatchObject({ content: JSON.stringify(value) });
		expect(turnItems(value, 'Hi')[0]).toMatchObject({ content: JSON.stringify(value) });
	});

	it('has the text of what a model or a user says in parts', () => {
		const parts = [
			{ type: 'text', text: 'See' },
			{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
		];
		expect(turnItems(parts, [{ type: 'thinking' }, { type: 'text', text: 'Yes' }])).toMatchObject([
			{ content: 'See\n[image]' },
			{ content: 'Yes' },
		]);
		expect(turnItems(['a', 'b'], 7n)).toMatchObject([{ content: 'a\nb' }, { content: '7' }]);
	});

	it('is refused where it can’t be made into text', () => {
		const cyclic: Record<string, unknown> = {};
		cyclic['self'] = cyclic;
		for (const value of [cyclic, [1n], () => 1]) {
			expect(refused(() => turnItems(value, 'Hi')).message).toMatch(/can't be made into text/);
		}
	});

	it('leaves out what is empty', () => {
		expect(turnItems('Hi', '')).toHaveLength(1);
		expect(turnItems(undefined, null)).toEqual([]);
	});

	it('does not have the account of tools as if the model had said it', () => {
		const account = (result: string) =>
			`[Used tools: Tool: A, Input: {"x":"] }"}, Result: ${result}; Tool: B, Input: "y", Result: "z"] Done [1].`;
		for (const result of ['"ok"', '[{"response":"a ] b \\" ["}]', '4', '{"a":[[]]}']) {
			expect(turnItems('Hi', account(result))[1]).toMatchObject({ content: 'Done [1].' });
		}
	});

	it('keeps the text where the end of such an account can’t be told', () => {
		const texts = [
			'[Used tools: none] Hello',
			'[Used tools: Tool: A, Input: {}, Result: no JSON] Hello',
			'[Used tools: Tool: A, Input: {}, Result: "x"]',
			'[Used tools: Tool: A, Input: {',
		];
		for (const text of texts) expect(withoutToolAccount(text)).toBe(text);
	});

	it('keeps every text that is no such account', () => {
		fc.assert(
			fc.property(anyText, (text) => {
				expect(withoutToolAccount(text)).toBe(text);
			}),
			RUNS,
		);
	});
});
