import type { AgentMemory } from '../../nodes/MemoryOpenAiConversation/memory';
import type { FaultRule } from '../../server/types.mjs';
import { startServer } from '../../server/index.mjs';
import { API_KEY, runMemory, until } from '../support/engine';

let server: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const SECRET = API_KEY.slice('sk-proj-'.length);
const RUNS = Array.from({ length: SECRET.length - 4 }, (_, start) =>
	SECRET.slice(start, start + 5),
);

const QUESTION = { type: 'message', role: 'user', content: 'Question' };
const ANSWER = { type: 'message', role: 'assistant', content: 'Answer' };

/** What an agent does in a turn without tools. */
const turn = async (memory: AgentMemory) => {
	await memory.loadMemoryVariables({});
	await memory.saveContext({ input: 'Hi' }, { output: 'Hello' });
};
const methods = () => server.requests.map(({ method }) => method);
const count = (id: string) => server.store.getConversation(id)?.items.length;

interface Given {
	conversationId?: unknown;
	options?: Record<string, string | number | boolean>;
	credential?: Record<string, string>;
	faults?: FaultRule[];
	use?: (memory: AgentMemory) => Promise<unknown>;
}

/** A conversation with one turn, and what came of using it as a memory. */
async function remember({ faults = [], use = turn, ...given }: Given) {
	const { id } = server.store.createConversation({ items: [QUESTION, ANSWER] });
	server.faults(faults);
	const result = await runMemory(
		server.url,
		{
			parameters: {
				conversationId: String(given.conversationId ?? id),
				contextWindowLength: 5,
				options: given.options ?? {},
			},
			...(given.credential === undefined ? {} : { credential: given.credential }),
		},
		use,
	);
	const stored = JSON.stringify(result.run, (_key, value: unknown) =>
		value instanceof Error ? { ...value, message: value.message, stack: value.stack } : value,
	);
	for (const run of RUNS) expect(stored).not.toContain(run);
	return { id, ...result };
}

describe('The memory in n8n’s engine', () => {
	it('should take one read and one write for a turn', async () => {
		const { id, error } = await remember({});
		expect(error).toBeUndefined();
		expect(methods()).toEqual(['GET', 'POST']);
		expect(count(id)).toBe(4);
	});

	it('should read once in a turn, however often it is asked', async () => {
		await remember({
			use: async (memory) => {
				await memory.loadMemoryVariables({});
				await memory.chatHistory.getMessages();
				await memory.loadMemoryVariables({});
			},
		});
		expect(methods()).toEqual(['GET']);
	});

	it('should show in the logs what was loaded and saved', async () => {
		const { logs } = await remember({});
		expect(logs.map(({ data }) => data?.['ai_memory']?.[0]?.[0]?.json)).toMatchObject([
			{ action: 'loadMemoryVariables', chatHistory: [{}, { kwargs: { content: 'Answer' } }] },
			{ action: 'saveContext', stored: [{ content: 'Hi' }, { content: 'Hello' }] },
		]);
	});

	it('should not fail over values that JSON has no words for', async () => {
		const cyclic: Record<string, unknown> = {};
		cyclic['self'] = cyclic;
		const { error } = await remember({
			use: async (memory) => await memory.loadMemoryVariables({ cyclic, big: 1n }),
		});
		expect(error).toBeUndefined();
	});

	it('should take messages one by one, as texts too', async () => {
		const { id } = await remember({
			use: async ({ chatHistory }) => {
				await chatHistory.addUserMessage('A');
				await chatHistory.addAIMessage('B');
				await chatHistory.addAIChatMessage({ getType: () => 'ai', content: 'C' });
				await chatHistory.addMessage({ getType: () => 'human', content: 'D' });
			},
		});
		expect(server.store.getConversation(id)?.items.map(({ role }) => role)).toEqual([
			...['user', 'assistant'],
			...['user', 'assistant', 'assistant', 'user'],
		]);
	});

	it('should take the only value of a chain whose input has another name', async () => {
		const { id } = await remember({
			use: async (memory) => await memory.saveContext({ question: 'Why?' }, { text: 'So.' }),
		});
		expect(count(id)).toBe(4);
	});

	const sides = (id: string) =>
		server.store
			.getConversation(id)
			?.items.slice(2)
			.map(({ role, content }) => [
				role,
				JSON.stringify(content).match(/"text":(".*?[^\\]")/)?.[1],
			]);
	const hiHello = [
		['user', '"Hi"'],
		['assistant', '"Hello"'],
	];

	it.each<[Record<string, unknown>, Record<string, unknown>]>([
		[
			{ input: 'Hi', system_message: 'Be kind.' },
			{ output: 'Hello', intermediateSteps: [] },
		],
		[
			{ chatInput: 'Hi', sessionId: 's', action: 'sendMessage' },
			{ text: 'Hello', sources: [] },
		],
		[
			{ input: undefined, chatInput: 'Hi' },
			{ output: '', response: 'Hello' },
		],
		[
			{ question: 'Hi', chat_history: [1] },
			{ answer: 'Hello', sourceDocuments: [{}] },
		],
		[{ query: 'Hi', language: 'en' }, { result: 'Hello' }],
		[
			{ topic: 'Hi', sessionId: 's' },
			{ poem: 'Hello', usage: {} },
		],
	])('should save both sides of %j and %j', async (input, output) => {
		const { id, error } = await remember({
			use: async (memory) => await memory.saveContext(input, output),
		});
		expect(error).toBeUndefined();
		expect(sides(id)).toEqual(hiHello);
	});

	it('should save values as JSON of which none has a usual name', async () => {
		const { id } = await remember({
			use: async (memory) =>
				await memory.saveContext({ from: 'Ulm', to: 'Bonn', sessionId: 's' }, { output: 'Hello' }),
		});
		expect(JSON.stringify(sides(id))).toContain('from');
		expect(JSON.stringify(sides(id))).toContain('Bonn');
		expect(JSON.stringify(sides(id))).not.toContain('sessionId');
	});

	it('should show a turn in the logs that can’t be made into text', async () => {
		const cyclic: Record<string, unknown> = { a: 'kept' };
		cyclic['self'] = cyclic;
		const { logs, error } = await remember({
			use: async (memory) => await memory.saveContext({ input: cyclic }, { output: 'Hello' }),
		});
		expect(error?.message).toMatch(/can't be made into text/);
		expect(logs.at(-1)).toMatchObject({
			executionStatus: 'error',
			inputOverride: {
				ai_memory: [
					[
						{
							json: {
								action: 'saveContext',
								input: { input: { a: 'kept', self: '[circular]' } },
								output: { output: 'Hello' },
							},
						},
					],
				],
			},
		});
		expect(methods()).toEqual([]);
	});

	it('should keep the key from the agent and the logs, and store it as it was said', async () => {
		const { id } = server.store.createConversation({
			items: [
				{ type: 'message', role: 'user', content: `my key is ${API_KEY}` },
				{
					type: 'function_call',
					call_id: 'c1',
					name: 'x',
					// As a model may write it.
					arguments: JSON.stringify({ key: API_KEY }).replace('sk', '\\u0073k'),
				},
				{ type: 'function_call_output', call_id: 'c1', output: API_KEY },
				{ type: 'message', role: 'assistant', content: 'noted' },
			],
		});
		let loaded: unknown;
		const { logs } = await remember({
			conversationId: id,
			use: async (memory) => {
				const messages = await memory.chatHistory.getMessages();
				loaded = [await memory.loadMemoryVariables({}), messages, messages.map((m) => ({ ...m }))];
				await memory.saveContext({ input: `again ${API_KEY}` }, { output: 'ok' });
			},
		});
		expect(JSON.stringify(loaded).match(/\[redacted\]/g)).toHaveLength(9);
		expect(JSON.stringify([loaded, logs])).not.toContain(API_KEY);
		const stored = JSON.stringify(server.store.getConversation(id)?.items);
		expect(stored).toContain(`again ${API_KEY}`);
		expect(stored).not.toContain('[redacted]');
	});

	it.each([
		['clear', async (memory: AgentMemory) => await memory.clear()],
		['clear its history', async (memory: AgentMemory) => await memory.chatHistory.clear()],
	])('should not %s', async (_what, use) => {
		const { error, id } = await remember({ use });
		expect(error?.message).toContain("This memory can't be cleared");
		expect(count(id)).toBe(2);
	});

	it('should be stopped with the execution', async () => {
		const stop = new AbortController();
		const { id } = server.store.createConversation();
		server.fault({ hang: true });
		const running = runMemory(
			server.url,
			{ parameters: { conversationId: id, contextWindowLength: 5 }, stop: stop.signal },
			turn,
		);
		await until(() => server.inFlight === 1);
		stop.abort();
		const { logs } = await running;
		await until(() => server.inFlight === 0);
		expect(logs.at(-1)?.executionStatus).not.toBe('success');
		expect(server.requests).toMatchObject([{ aborted: true }]);
	});
});

describe('Faults', () => {
	const quick = { maxRetries: 2, timeout: 2 };
	const on = (method: string, rule: FaultRule): FaultRule[] => [{ match: { method }, ...rule }];

	it.each<[string, FaultRule[], string]>([
		['a 500 on loading', on('GET', { status: 500 }), 'GET GET POST'],
		[
			'a 429 on loading',
			on('GET', { status: 429, headers: { 'retry-after-ms': '5' } }),
			'GET GET POST',
		],
		['a 500 on saving', on('POST', { status: 500 }), 'GET POST GET POST'],
		[
			'a 500 behind which the turn was saved',
			on('POST', { status: 500, apply: true }),
			'GET POST GET',
		],
		[
			'a lost answer to saving',
			on('POST', { apply: true, reset: 'before-headers' }),
			'GET POST GET',
		],
		['a broken answer to saving', on('POST', { apply: true, close: 'mid-body' }), 'GET POST GET'],
		['no answer to saving in time', on('POST', { apply: true, hang: true }), 'GET POST GET'],
		[
			'a gateway’s 500 that lands later',
			on('POST', { status: 500, gateway: true, applyAfterMs: 200 }),
			'GET POST GET',
		],
	])('should survive %s, and save the turn once', async (_what, faults, calls) => {
		const { id, error } = await remember({ faults, options: quick });
		expect(error).toBeUndefined();
		expect(methods().join(' ')).toBe(calls);
		expect(count(id)).toBe(4);
	});

	it('should wait for a conversation in which a response is being made', async () => {
		const { id, error } = await remember({
			use: async (memory) => {
				await memory.loadMemoryVariables({});
				const [held] = [...server.store.conversations.keys()].slice(-1);
				server.lockConversation(held ?? '', 300);
				await memory.saveContext({ input: 'Hi' }, { output: 'Hello' });
			},
		});
		expect(error).toBeUndefined();
		expect(count(id)).toBe(4);
	});

	it.each<[string, Given, RegExp, RegExp]>([
		['an empty ID', { conversationId: '' }, /^Conversation ID is empty/, /starts with "conv_"/],
		[
			'the ID of something else',
			{ conversationId: 'resp_1' },
			/^Conversation ID is the ID of a response/,
			/starts with "conv_"/,
		],
		[
			'a conversation that is gone',
			{ conversationId: 'conv_gone' },
			/^The chat history in conv_gone could not be loaded/,
			/Check Conversation ID in the memory/,
		],
		[
			'a wrong key',
			{ credential: { apiKey: `${API_KEY}x` } },
			/Incorrect API key/,
			/Check API Key/,
		],
		[
			'an empty key',
			{ credential: { apiKey: '' } },
			/API Key in the credential is empty/,
			/Enter the key again/,
		],
		['an option out of its range', { options: { maxRetries: 101 } }, /^Max Retries is "101"/, /./],
		[
			'no answer to loading',
			{ faults: [{ hang: true }], options: { timeout: 1 } },
			/within 1 second/,
			/Timeout/,
		],
		[
			'a redirect',
			{ faults: [{ status: 307, headers: { location: 'http://127.0.0.1:9/' } }] },
			/redirected/,
			/Base URL/,
		],
		[
			'a turn that was not saved',
			{ faults: on('POST', { status: 400, times: Infinity }) },
			/^The turn was not saved in conv_/,
			/open Logs, then the memory/,
		],
		[
			'a turn that may have been saved',
			{ faults: on('POST', { status: 504, gateway: true, times: Infinity }) },
			/^Whether the turn was saved in conv_\w+ is not certain/,
			/First look at the end.*Newest First.*open Logs, then the memory/,
		],
	])('should say so after %s', async (_what, given, message, advice) => {
		const { error } = await remember(given);
		expect(error?.message).toMatch(message);
		expect(error && 'description' in error ? error.description : '').toMatch(advice);
	});

	it('should keep a turn that was not saved in the execution', async () => {
		const { logs } = await remember({ faults: on('POST', { status: 400 }) });
		expect(logs.at(-1)).toMatchObject({
			executionStatus: 'error',
			inputOverride: {
				ai_memory: [[{ json: { input: { input: 'Hi' }, output: { output: 'Hello' } } }]],
			},
		});
	});
});
