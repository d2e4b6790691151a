import { startServer } from '../../server/index.mjs';
import { at, field } from '../../sandbox/index.mjs';
import { leakOf } from '../e2e/support/leaks.mjs';
import { postJson } from '../e2e/support/post.mjs';
import { CREDENTIAL_TYPE, newId, newKey } from '../e2e/support/workflows.mjs';
import { until } from '../support/until.mjs';
import {
	agentWorkflow,
	calculator,
	link,
	MEMORY,
	memoryNode,
	modelNode,
	node,
	tagTool,
	webhook,
	workflow,
} from './support/memoryWorkflows.mjs';
import { startVersion, versions } from './support/versions.mjs';

/** The memory in the last n8n 1.x and in the newest n8n: under every agent that they have, and wherever memories work. */

type Server = Awaited<ReturnType<typeof startServer>>;
type Workflow = ReturnType<typeof workflow>;

const LANGCHAIN = '@n8n/n8n-nodes-langchain';
jest.setTimeout(60_000);

const key = newKey();
let server: Server;
beforeAll(async () => {
	server = await startServer({ apiKeys: [key] });
});
beforeEach(() => server.reset());
afterAll(async () => await server?.close());

/** What a conversation holds, in a line for each item. */
const storedIn = (id: string) =>
	server.store.getConversation(id)?.items.map((item) => {
		if (item['type'] === 'message') return `${item['role']}: ${at(item, 'content', '0', 'text')}`;
		if (item['type'] === 'function_call') return `call: ${item['name']}(${item['arguments']})`;
		return `output: ${item['output']}`;
	});
/** The reads and writes of conversations' items. */
const itemCalls = () =>
	server.requests.filter(({ path }) => path.includes('/items')).map(({ method }) => method);
/** Who speaks in the model's last request. */
const lastPrompt = () => {
	const messages = field(
		server.requests.findLast(({ path }) => path.endsWith('/chat/completions'))?.body,
		'messages',
	);
	return Array.isArray(messages)
		? messages
				.map((message: unknown) =>
					field(message, 'tool_calls') === undefined ? field(message, 'role') : 'calls',
				)
				.filter((role) => role !== 'system')
		: [];
};

describe.each(versions)('n8n $version', (version) => {
	const isTwo = !version.version.startsWith('1.');
	const newest = isTwo ? 3.1 : 3;
	const agents = isTwo ? [1.7, 1.8, 1.9, 2, 2.1, 2.2, 3, 3.1] : [1.7, 1.8, 1.9, 2, 2.1, 2.2, 3];
	const streaming = agents.filter((each) => each >= 2.1);
	/** Whether n8n hands over the calls of its agent's last round. */
	const handsOverCalls = (agent: number) => isTwo && agent >= 3;
	const calculatorName = isTwo ? 'Calculator' : 'calculator';

	let running: Awaited<ReturnType<typeof startVersion>>;
	let credential: { id: string; name: string };
	let model: { id: string; name: string };

	beforeAll(async () => {
		running = await startVersion(version);
		credential = await credentialWith(key);
		const data = { apiKey: key, url: server.url };
		const id = await running.n8n.createCredential({ name: 'Model', type: 'openAiApi', data });
		model = { id, name: 'Model' };
	}, 600_000);
	afterAll(async () => await running?.stop(), 60_000);

	async function credentialWith(apiKey: string) {
		const name = `Key ${newId()}`;
		const data = { apiKey, baseUrl: server.url, authentication: 'bearer' };
		return { name, id: await running.n8n.createCredential({ name, type: CREDENTIAL_TYPE, data }) };
	}

	async function publish(made: Workflow) {
		const id = await running.n8n.createWorkflow(made);
		await running.n8n.publishWorkflow(id);
		return id;
	}

	/** What n8n keeps of the workflow's last execution. */
	async function ended(workflowId: string) {
		const { status, stored, data } = await until(
			async () => {
				const [last] = await running.n8n.executions({ workflowId });
				return last && !['new', 'running'].includes(last.status)
					? await running.n8n.execution(last.id)
					: undefined;
			},
			'the end of the execution',
			15_000,
		);
		const logs = (data.resultData.runData[MEMORY] ?? []).map((task) => ({
			input: task.inputOverride?.['ai_memory']?.[0]?.[0]?.json,
			output: task.data?.['ai_memory']?.[0]?.[0]?.json,
			error: task.error,
		}));
		return { status, stored, logs, error: data.resultData.error };
	}

	interface Talk {
		agent?: number;
		conversationId: string;
		requests?: string[];
		withTools?: boolean;
		options?: Record<string, unknown>;
		chosen?: { id: string; name: string };
		agentOptions?: Record<string, unknown>;
		isStreamed?: boolean;
		/** The kind of an agent before version 2. */
		kind?: string;
	}

	/** Publishes an agent with the memory, and says one thing after the other to it. */
	async function talk({
		agent = newest,
		conversationId,
		requests = ['Hi'],
		withTools = false,
		options = { timeout: 120, maxRetries: 3 },
		chosen = credential,
		agentOptions = {},
		isStreamed = false,
		kind,
	}: Talk) {
		const path = newId();
		const workflowId = await publish(
			agentWorkflow({
				path,
				version: agent,
				model,
				memory: memoryNode(chosen, { conversationId, options }),
				tools: withTools ? [calculator, tagTool(credential, conversationId)] : [],
				agentParameters: { options: agentOptions, ...(kind === undefined ? {} : { agent: kind }) },
				webhookParameters: isStreamed ? { responseMode: 'streaming' } : {},
			}),
		);
		const answers: string[] = [];
		for (const request of requests) {
			const { text } = await postJson(`${running.n8n.url}/webhook/${path}`, { request });
			answers.push(text);
		}
		return { answers, execution: await ended(workflowId) };
	}

	const sum = (input: string) => ({ name: calculatorName, arguments: { input } });

	describe.each(agents)('AI Agent %s', (agent) => {
		it('should remember what was said, with one read and one write for a turn', async () => {
			const { id } = server.store.createConversation();
			const requests = ['My name is Ada.', 'What is my name?'];
			const { answers } = await talk({ agent, conversationId: id, requests });
			expect(answers.map((answer) => field(JSON.parse(answer), 'output'))).toEqual([
				'You said: My name is Ada.',
				'Your name is Ada.',
			]);
			expect(storedIn(id)).toEqual([
				'user: My name is Ada.',
				'assistant: You said: My name is Ada.',
				'user: What is my name?',
				'assistant: Your name is Ada.',
			]);
			expect(itemCalls()).toEqual(['GET', 'POST', 'GET', 'POST']);
		});

		it('should store a turn with tools once, and go on from it', async () => {
			const { id } = server.store.createConversation();
			server.model.plan({ toolCalls: [sum('2+2'), sum('3+3')] }, { text: '4 and 6.' });
			const requests = ['My name is Ada. Add.', 'What is my name?'];
			const { answers } = await talk({ agent, conversationId: id, requests, withTools: true });
			expect(answers[1]).toContain('Your name is Ada.');
			expect(storedIn(id)).toEqual([
				'user: My name is Ada. Add.',
				...(handsOverCalls(agent)
					? [
							'call: Calculator({"input":"2+2"})',
							'output: [{"response":"4"}]',
							'call: Calculator({"input":"3+3"})',
							'output: [{"response":"6"}]',
						]
					: []),
				'assistant: 4 and 6.',
				'user: What is my name?',
				'assistant: Your name is Ada.',
			]);
			expect(lastPrompt()).toEqual([
				'user',
				...(handsOverCalls(agent) ? ['calls', 'tool', 'calls', 'tool'] : []),
				'assistant',
				'user',
			]);
			expect(itemCalls().filter((method) => method === 'POST')).toHaveLength(2);
		});

		it('should store a turn with several rounds of tools once', async () => {
			const { id } = server.store.createConversation();
			const tag = { name: 'Tag', arguments: { metadata: { topic: 'sums' } } };
			server.model.plan({ toolCalls: [sum('2+2')] }, { toolCalls: [tag] }, { text: 'Done [1].' });
			await talk({ agent, conversationId: id, withTools: true });
			const stored = storedIn(id) ?? [];
			expect([stored[0], stored.at(-1)]).toEqual(['user: Hi', 'assistant: Done [1].']);
			// n8n hands over the last round only, if any.
			expect(stored.slice(1, -1).map((line) => line.split(/[({]/)[0])).toEqual(
				handsOverCalls(agent) ? ['call: Tag', 'output: ['] : [],
			);
			expect(server.store.getConversation(id)?.metadata).toEqual({ topic: 'sums' });
			expect(itemCalls().filter((method) => method === 'POST')).toHaveLength(1);
		});
	});

	it.each([
		['conversationalAgent', '{"action":"Final Answer","action_input":"Hello Ada."}'],
		['openAiFunctionsAgent', 'Hello Ada.'],
	])('should work under the older %s', async (kind, text) => {
		const { id } = server.store.createConversation({ items: TURN });
		server.model.plan({ text });
		const { execution } = await talk({ agent: 1.7, kind, conversationId: id });
		expect(execution.error?.message).toBeUndefined();
		expect(storedIn(id)?.slice(4)).toEqual(['user: Hi', 'assistant: Hello Ada.']);
		expect(lastPrompt()).toContain('assistant');
		expect(itemCalls()).toEqual(['GET', 'POST']);
	});

	it.each(streaming)('should work with streaming under AI Agent %s', async (agent) => {
		const { id } = server.store.createConversation();
		server.model.plan({ toolCalls: [sum('2+2')] }, { text: 'It is 4.' });
		const { answers } = await talk({
			agent,
			conversationId: id,
			withTools: true,
			isStreamed: true,
		});
		expect(answers[0]).toContain('"type":"item"');
		expect(storedIn(id)?.at(0)).toBe('user: Hi');
		expect(storedIn(id)?.at(-1)).toBe('assistant: It is 4.');
		expect(itemCalls().filter((method) => method === 'POST')).toHaveLength(1);
	});

	const TURN = [
		{ type: 'message', role: 'user', content: 'Question' },
		{ type: 'function_call', call_id: 'call_1', name: 'look_up', arguments: '{}' },
		{ type: 'function_call_output', call_id: 'call_1', output: 'found' },
		{ type: 'message', role: 'assistant', content: 'Answer' },
	];

	it('should give Chat Trigger the previous session, without what tools said', async () => {
		const { id } = server.store.createConversation({ items: TURN });
		const webhookId = newId();
		const options = { loadPreviousSession: 'memory', responseMode: 'lastNode' };
		const chat = node(
			'Chat',
			`${LANGCHAIN}.chatTrigger`,
			1.3,
			{ public: true, options },
			{ webhookId },
		);
		await publish(
			workflow(
				'Chat',
				[
					chat,
					node('AI Agent', `${LANGCHAIN}.agent`, newest, { options: {} }),
					modelNode(model),
					memoryNode(credential, { conversationId: id }),
				],
				[
					link('Chat', 'AI Agent'),
					link('Model', 'AI Agent', 'ai_languageModel'),
					link(MEMORY, 'AI Agent', 'ai_memory'),
					link(MEMORY, 'Chat', 'ai_memory'),
				],
			),
		);
		const address = `${running.n8n.url}/webhook/${webhookId}/chat`;
		const said = { action: 'sendMessage', sessionId: 's', chatInput: 'And now?' };
		expect(await postJson(address, said)).toMatchObject({ status: 200 });
		const { text } = await postJson(address, { action: 'loadPreviousSession', sessionId: 's' });
		const data = field(JSON.parse(text), 'data');
		expect(
			Array.isArray(data) &&
				data.map((message: unknown) => [at(message, 'id', '2'), at(message, 'kwargs', 'content')]),
		).toEqual([
			['HumanMessage', 'Question'],
			['AIMessage', 'Answer'],
			['HumanMessage', 'And now?'],
			['AIMessage', 'You said: And now?'],
		]);
	});

	/** Runs Chat Memory Manager on a conversation with one turn. */
	async function manage(parameters: Record<string, unknown>) {
		const { id } = server.store.createConversation({ items: TURN });
		const path = newId();
		const workflowId = await publish(
			workflow(
				'Manager',
				[
					webhook(path),
					node('Manager', `${LANGCHAIN}.memoryManager`, 1.1, parameters),
					memoryNode(credential, { conversationId: id }),
				],
				[link('Webhook', 'Manager'), link(MEMORY, 'Manager', 'ai_memory')],
			),
		);
		const { body } = await running.n8n.callWebhook(path, {});
		return { id, body, execution: await ended(workflowId) };
	}

	it('should let Chat Memory Manager read', async () => {
		const { body } = await manage({ mode: 'load' });
		expect(body).toEqual({
			messages: [{ human: 'Question', ai: '', tool: 'found' }, { ai: 'Answer' }],
			messagesCount: 2,
		});
	});

	it('should let Chat Memory Manager insert', async () => {
		const messageValues = [
			{ type: 'user', message: 'U' },
			{ type: 'ai', message: 'A' },
			{ type: 'system', message: 'S' },
		];
		const { id } = await manage({ mode: 'insert', messages: { messageValues } });
		expect(storedIn(id)?.slice(4)).toEqual(['user: U', 'assistant: A', 'system: S']);
	});

	it.each([
		['override', { mode: 'insert', insertMode: 'override', messages: {} }],
		['delete all', { mode: 'delete', deleteMode: 'all' }],
		['delete the last', { mode: 'delete', deleteMode: 'lastN', lastMessagesCount: 1 }],
	])('should not let Chat Memory Manager %s, and say what to do instead', async (_what, mode) => {
		const { id, execution } = await manage(mode);
		expect(execution.error?.message).toContain("This memory can't be cleared");
		expect(field(execution.error, 'description')).toContain('Conversation: Trim');
		expect(storedIn(id)).toHaveLength(4);
	});

	it('should work in a sub-workflow', async () => {
		const { id } = server.store.createConversation();
		const made = workflow(
			'Inner',
			[
				node('Start', 'n8n-nodes-base.executeWorkflowTrigger', 1.1, {
					inputSource: 'passthrough',
				}),
				node('AI Agent', `${LANGCHAIN}.agent`, newest, {
					promptType: 'define',
					text: '={{ $json.body.request }}',
					options: {},
				}),
				modelNode(model),
				memoryNode(credential, { conversationId: '={{ $json.body.conversation }}' }),
			],
			[
				link('Start', 'AI Agent'),
				link('Model', 'AI Agent', 'ai_languageModel'),
				link(MEMORY, 'AI Agent', 'ai_memory'),
			],
		);
		// n8n 1.x runs it as it is, and does not publish what nothing starts.
		const inner = await (isTwo ? publish(made) : running.n8n.createWorkflow(made));
		const path = newId();
		const call = node('Call', 'n8n-nodes-base.executeWorkflow', 1.2, {
			workflowId: { __rl: true, mode: 'id', value: inner },
			options: {},
		});
		await publish(workflow('Outer', [webhook(path), call], [link('Webhook', 'Call')]));
		for (const request of ['My name is Ada.', 'What is my name?']) {
			await running.n8n.callWebhook(path, { request, conversation: id });
		}
		expect(storedIn(id)?.at(-1)).toBe('assistant: Your name is Ada.');
	});

	it('should show in the Logs panel what was loaded and saved', async () => {
		const { id } = server.store.createConversation({ items: TURN });
		const { execution } = await talk({ conversationId: id });
		expect(execution.logs).toMatchObject([
			{
				input: { action: 'loadMemoryVariables' },
				output: { chatHistory: [{}, {}, {}, { kwargs: { content: 'Answer' } }] },
			},
			{
				input: {
					action: 'saveContext',
					input: { input: 'Hi' },
					output: { output: 'You said: Hi' },
				},
				output: { stored: [{ role: 'user' }, { role: 'assistant' }] },
			},
		]);
		expect(leakOf(execution.stored, key)).toBeUndefined();
	});

	describe('failures', () => {
		it.each([
			['nothing', '={{ $json.nothing }}', 'Conversation ID is empty', 'starts with "conv_"'],
			['a response', 'resp_123', 'Conversation ID is the ID of a response', 'starts with "conv_"'],
			['what is gone', 'conv_gone', /in conv_gone could not be loaded/, 'Check Conversation ID'],
		])('should say so when the ID names %s', async (_what, conversationId, message, advice) => {
			const { execution } = await talk({ conversationId });
			expect(execution.status).toBe('error');
			expect(execution.error?.message).toMatch(message);
			expect(field(execution.error, 'description')).toContain(advice);
		});

		it('should say so when the key is wrong, and show none of it', async () => {
			const { id } = server.store.createConversation();
			const wrong = newKey();
			const chosen = await credentialWith(wrong);
			const { execution } = await talk({ conversationId: id, chosen });
			expect(field(execution.error, 'description')).toContain('Check API Key');
			expect(leakOf(execution.stored, wrong)).toBeUndefined();
		});

		it.each([
			['was not saved', { status: 500 }, /^The turn was not saved in conv_/],
			[
				'may have been saved',
				{ status: 502, gateway: true as const },
				/^Whether the turn was saved in conv_\w+ is not certain/,
			],
		])('should say that a turn %s, and keep it in the execution', async (_what, fault, message) => {
			const { id } = server.store.createConversation();
			const match = { method: 'POST', path: `/conversations/${id}/items` };
			server.fault({ match, times: Infinity, ...fault });
			const { execution } = await talk({ conversationId: id, options: {} });
			expect(execution.error?.message).toMatch(message);
			expect(field(execution.error, 'description')).toContain('open Logs, then the memory');
			expect(execution.logs.at(-1)).toMatchObject({
				input: { input: { input: 'Hi' }, output: { output: 'You said: Hi' } },
				error: { message: expect.stringMatching(message) },
			});
		});

		it('should save a turn once, although the answer to it was lost', async () => {
			const { id } = server.store.createConversation();
			const match = { method: 'POST', path: `/conversations/${id}/items` };
			server.fault({ match, apply: true, reset: 'before-headers' });
			const { execution } = await talk({ conversationId: id, options: {} });
			expect(execution.status).toBe('success');
			expect(storedIn(id)).toHaveLength(2);
		});
	});
});
