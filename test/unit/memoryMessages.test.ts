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
import { anyText, anyValue, RUNS } from '../support/unit';

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

	it('never hold a call without its output behind it, an output without its call, or one twice', () => {
		fc.assert(
			fc.property(fc.array(anyMessage, { maxLength: 20 }), (messages) => {
				const seen = new Map<unknown, string[]>();
				for (const { type, call_id: id } of itemsOf(messages)) {
					if (type !== 'message') seen.set(id, [...(seen.get(id) ?? []), String(type)]);
				}
				for (const types of seen.values()) {
					expect(types).toEqual(['function_call', 'function_call_output']);
				}
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
						const id = `call_${count++}`;
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
