import type OpenAI from 'openai';
import { rejection, sdk, useServer } from '../support/server';

const server = useServer();

const parameters = {
	type: 'object',
	properties: {
		conversationId: { type: 'string' },
		mode: { enum: ['replace', 'merge'] },
		limit: { type: 'integer', minimum: 3 },
		pairs: { type: 'array', items: { $ref: '#/$defs/pair' } },
		maybe: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
		optional: { type: 'string' },
	},
	required: ['conversationId', 'mode', 'limit', 'pairs', 'maybe'],
	$defs: {
		pair: {
			type: 'object',
			properties: { key: { type: 'string', maxLength: 4 }, value: { const: 'v' } },
		},
	},
};
const filled = {
	conversationId: 'example conversationId',
	mode: 'replace',
	limit: 3,
	pairs: [{ key: 'exam', value: 'v' }],
	maybe: true,
};

describe('chat completions', () => {
	type Message = OpenAI.Chat.ChatCompletionMessageParam;
	const tools: OpenAI.Chat.ChatCompletionFunctionTool[] = [
		{ type: 'function', function: { name: 'set_conversation', parameters } },
		{ type: 'function', function: { name: 'other', parameters: {} } },
	];
	const question: Message = { role: 'user', content: 'Tag it' };
	const answered: Message[] = [
		question,
		{
			role: 'assistant',
			tool_calls: [
				{ id: 'call_1', type: 'function', function: { name: 'other', arguments: '{}' } },
			],
		},
		{ role: 'tool', tool_call_id: 'call_1', content: 'it worked' },
	];
	const ask = async (
		messages: Message[],
		more: Partial<OpenAI.Chat.ChatCompletionCreateParamsNonStreaming> = { tools },
	) =>
		(await sdk(server()).chat.completions.create({ model: 'gpt-5', messages, ...more })).choices[0];

	test.each([
		['My name is Ada.', 'What is my name?', 'Your name is Ada.'],
		[
			'My favourite city is Lisbon and my name is Grace.',
			'What is my name?',
			'Your name is Grace.',
		],
		[
			'I live in Rio and I am called Ana, and my dog is Rex and Bello',
			'What is my dog?',
			'Your dog is Rex and Bello.',
		],
		['I live in Rio and I am called Ana', 'Where do I live?', 'You live in Rio.'],
		[
			'My favourite film is Withnail and I.',
			'What is my favourite film?',
			'Your favourite film is Withnail and I.',
		],
		['My name is Ada' + ' '.repeat(50_000) + 'x', 'Where do I live?', 'You said: Where do I live?'],
		['Hello', 'What is my name?', 'You have not told me your name.'],
	])('it remembers what it was told: %s %s', async (told, asked, answer) => {
		const messages: Message[] = [told, asked].map((content) => ({ role: 'user', content }));
		expect((await ask(messages, {}))?.message.content).toBe(answer);
	});

	test('it calls no tool for what only the user can know', async () => {
		const choice = await ask([{ role: 'user', content: 'What is my name?' }]);
		expect(choice?.message.content).toBe('You have not told me your name.');
	});

	test('without tools it answers a text', async () => {
		expect(await ask([question], {})).toMatchObject({
			finish_reason: 'stop',
			message: { role: 'assistant', content: 'You said: Tag it' },
		});
		expect((await ask([question], { tools, tool_choice: 'none' }))?.finish_reason).toBe('stop');
	});

	test('with tools it calls the first, with arguments made up from its schema', async () => {
		const choice = await ask([question]);
		expect(choice?.finish_reason).toBe('tool_calls');
		const [call] = choice?.message.tool_calls ?? [];
		if (call?.type !== 'function') throw new Error('No call');
		expect(call).toMatchObject({
			id: expect.stringMatching(/^call_/),
			function: { name: 'set_conversation' },
		});
		expect(JSON.parse(call.function.arguments)).toEqual(filled);
	});

	test.each<[string, Record<string, string>]>([
		['Tag conv_1 as an urgent refund.', { topic: 'refund', priority: 'urgent' }],
		['tag conv_1 as billing', { topic: 'billing' }],
		['Set the topic of conv_1 to billing', { topic: 'billing' }],
		['conv_1: topic=billing, plan: pro', { topic: 'billing', plan: 'pro' }],
		['Tag conv_… as spam', { topic: 'spam' }],
		['Look after conv_1', { note: 'Look after conv_1' }],
	])('an object of any keys holds the tags of: %s', async (content, tags) => {
		const tool = { type: 'function' as const, function: { name: 'tag', parameters: {} } };
		const choice = await ask([{ role: 'user', content }], { tools: [tool] });
		expect(choice?.message.tool_calls).toMatchObject([
			{ function: { arguments: JSON.stringify(tags) } },
		]);
	});

	test('it makes the planned calls first', async () => {
		server().model.nextToolCall = { arguments: { a: 1 } };
		server().model.nextToolCall = { name: 'other', arguments: '{broken' };
		expect((await ask([question]))?.message.tool_calls).toMatchObject([
			{ function: { name: 'set_conversation', arguments: '{"a":1}' } },
		]);
		expect((await ask([question]))?.message.tool_calls).toMatchObject([
			{ function: { name: 'other', arguments: '{broken' } },
		]);
	});

	test('once the tool has answered, it says what', async () => {
		expect((await ask(answered))?.message.content).toBe('The tool answered: it worked');
		expect((await ask([...answered, question]))?.finish_reason).toBe('tool_calls');
	});

	test('both can be streamed', async () => {
		const collect = async (messages: Message[]) => {
			const stream = sdk(server()).chat.completions.stream({
				model: 'gpt-5',
				messages,
				tools,
				stream_options: { include_usage: true },
			});
			return await stream.finalChatCompletion();
		};
		const [call] = (await collect([question])).choices[0]?.message.tool_calls ?? [];
		expect(JSON.parse(call?.type === 'function' ? call.function.arguments : '')).toEqual(filled);
		const final = await collect(answered);
		expect(final.choices[0]?.message.content).toBe('The tool answered: it worked');
		expect(final.usage?.total_tokens).toBeGreaterThan(0);
	});

	test('a request without a model or messages is refused', async () => {
		const client = sdk(server());
		expect(await rejection(client.post('/chat/completions', { body: {} }))).toMatchObject({
			status: 400,
			param: 'model',
		});
		expect(
			await rejection(client.post('/chat/completions', { body: { model: 'm' } })),
		).toMatchObject({ param: 'messages' });
		expect(await rejection(client.get('/chat/completions'))).toMatchObject({ status: 405 });
	});
});

describe('responses', () => {
	const tools: OpenAI.Responses.FunctionTool[] = [
		{ type: 'function', name: 'set_conversation', parameters, strict: false },
	];

	test('input and reply join the conversation, named by its ID or by an object', async () => {
		const client = sdk(server());
		const { id } = await client.conversations.create();
		const first = await client.responses.create({
			model: 'gpt-5',
			input: 'Hello',
			conversation: id,
		});
		expect(first).toMatchObject({
			object: 'response',
			status: 'completed',
			output_text: 'You said: Hello',
			conversation: { id },
		});
		await client.responses.create({
			model: 'gpt-5',
			input: [{ role: 'user', content: 'Again' }],
			conversation: { id },
		});
		const { data } = await client.conversations.items.list(id, { order: 'asc' });
		expect(data).toMatchObject([
			{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
			{
				id: first.output[0]?.id,
				role: 'assistant',
				content: [{ type: 'output_text', text: 'You said: Hello' }],
			},
			{ role: 'user' },
			{ role: 'assistant' },
		]);
		expect(server().requests[1]?.applied).toBe(true);
	});

	test('an unknown conversation is refused', async () => {
		const error = await rejection(
			sdk(server()).responses.create({ model: 'gpt-5', input: 'x', conversation: 'conv_none' }),
		);
		expect(error).toMatchObject({
			status: 404,
			message: expect.stringContaining("'conv_none' not found"),
		});
	});

	test('a tool is called, and its answer told', async () => {
		const client = sdk(server());
		const asked = { model: 'gpt-5', tools, input: [{ role: 'user' as const, content: 'Tag it' }] };
		const [call] = (await client.responses.create(asked)).output;
		if (call?.type !== 'function_call') throw new Error('No call');
		expect([call.name, JSON.parse(call.arguments)]).toEqual(['set_conversation', filled]);
		const { call_id } = call;
		const input = [
			...asked.input,
			call,
			{ type: 'function_call_output' as const, call_id, output: 'it worked' },
		];
		expect((await client.responses.create({ ...asked, input })).output_text).toBe(
			'The tool answered: it worked',
		);
	});

	test('both can be streamed', async () => {
		const client = sdk(server());
		const text = client.responses.stream({ model: 'gpt-5', input: 'Hello you' });
		const deltas: string[] = [];
		text.on('response.output_text.delta', ({ delta }) => deltas.push(delta));
		expect((await text.finalResponse()).output_text).toBe('You said: Hello you');
		expect(deltas.join('')).toBe('You said: Hello you');
		const [call] = (
			await client.responses.stream({ model: 'gpt-5', input: 'x', tools }).finalResponse()
		).output;
		expect(call).toMatchObject({
			type: 'function_call',
			name: 'set_conversation',
			status: 'completed',
		});
	});
});
