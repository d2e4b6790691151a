/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureN8n, n8n1Folder, n8nFolder } from '../../sandbox/index.mjs';
import type { ChatMessage } from '../../nodes/MemoryOpenAiConversation/messages';
import { itemsOf, messagesOf } from '../../nodes/MemoryOpenAiConversation/messages';

/** What n8n's agents use of LangChain. */
interface LangChain {
	coerceMessageLikeToMessage(message: unknown): LangChainMessage;
	trimMessages(messages: unknown[], options: object): Promise<LangChainMessage[]>;
	AIMessage: new (fields: object) => object;
	HumanMessage: new (content: string) => object;
	ToolMessage: new (fields: object) => object;
}

interface LangChainMessage {
	constructor: { name: string };
	content: unknown;
	tool_calls?: unknown;
	tool_call_id?: unknown;
}

const calls = [{ type: 'tool_call', id: 'call_1', name: 'look_up', args: { city: 'Ulm' } }];
const messages = messagesOf([
	{ type: 'message', role: 'user', content: 'Weather?' },
	{ type: 'function_call', call_id: 'call_1', name: 'look_up', arguments: '{"city":"Ulm"}' },
	{ type: 'function_call_output', call_id: 'call_1', output: 'rain' },
	{ type: 'message', role: 'assistant', content: 'It rains.' },
]);

describe.each([
	['n8n 1.x', n8n1Folder],
	['the newest n8n', n8nFolder],
])('The LangChain of %s', (_which, folder) => {
	let langChain: LangChain;
	beforeAll(async () => {
		await ensureN8n(undefined, folder);
		const agents = join(folder, 'node_modules/@n8n/n8n-nodes-langchain/package.json');
		langChain = createRequire(agents)('@langchain/core/messages');
	}, 600_000);

	const expected = [
		['HumanMessage', 'Weather?', undefined, undefined],
		['AIMessage', '', calls, undefined],
		['ToolMessage', 'rain', undefined, 'call_1'],
		['AIMessage', 'It rains.', [], undefined],
	];
	const told = (made: LangChainMessage[]) =>
		made.map((message) => [
			message.constructor.name,
			message.content,
			message.tool_calls,
			message.tool_call_id,
		]);

	it('should make messages of its own of them, tool calls included', () => {
		expect(told(messages.map((each) => langChain.coerceMessageLikeToMessage(each)))).toEqual(
			expected,
		);
	});

	it('should make the same of what was written as JSON', () => {
		const written: ChatMessage[] = JSON.parse(JSON.stringify(messages));
		expect(told(written.map((each) => langChain.coerceMessageLikeToMessage(each)))).toEqual(
			expected,
		);
	});

	it('should trim them', async () => {
		const options = { strategy: 'last', startOn: 'human', includeSystem: true, allowPartial: true };
		const count = { ...options, tokenCounter: (list: unknown[]) => list.length };
		const all = await langChain.trimMessages(messages, { ...count, maxTokens: 10 });
		expect(told(all)).toEqual(expected);
		expect(await langChain.trimMessages(messages, { ...count, maxTokens: 3 })).toEqual([]);
	});

	it('should have its own messages stored', () => {
		const { HumanMessage, AIMessage, ToolMessage } = langChain;
		const turn = [
			new HumanMessage('Weather?'),
			new AIMessage({ content: [], tool_calls: calls }),
			new ToolMessage({ content: 'rain', tool_call_id: 'call_1', name: 'look_up' }),
			new AIMessage({ content: 'It rains.' }),
		];
		expect(itemsOf(turn)).toEqual(itemsOf(messages));
		expect(itemsOf(turn)).toHaveLength(4);
	});
});
