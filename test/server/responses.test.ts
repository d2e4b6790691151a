import type OpenAI from 'openai';
import { raw, rejection, sdk, sleep, until, useServer } from '../support/server';

let now = 0;
const server = useServer({ now: () => now });

type Params = OpenAI.Responses.ResponseCreateParamsNonStreaming;

/** Lets the official SDK ask for a response, in the conversation `conv_1` unless said otherwise. */
const ask = async (input: Params['input'] & {}, more: Partial<Params> = {}) =>
	await sdk(server()).responses.create({
		model: 'gpt-5',
		conversation: 'conv_1',
		input,
		...more,
	});
const items = () => server().store.getConversation('conv_1')?.items ?? [];
const texts = () => JSON.stringify(items().map(({ content }) => content));
const locked = {
	status: 400,
	code: 'conversation_locked',
	param: 'conversation',
	type: 'invalid_request_error',
	message:
		'400 Another process is currently operating on this conversation. Please retry in a few seconds.',
};
const message = (text: string) => ({
	type: 'message' as const,
	role: 'user' as const,
	content: text,
});

/** Settled once the server has begun with that many requests. */
const begun = async (count = 1) =>
	await until(() => server().requests.filter(({ conversation }) => conversation).length >= count);

beforeEach(() => {
	now = 0;
	server().store.createConversation({ id: 'conv_1' });
});

describe('a response in a conversation', () => {
	test('has the shape of the SDK’s type', async () => {
		const response = await ask('Hello', {
			instructions: 'Be brief',
			max_output_tokens: 100,
			temperature: 0.5,
			reasoning: { effort: 'low' },
			metadata: { a: '1' },
		});
		expect(response).toMatchObject({
			id: expect.stringMatching(/^resp_[0-9a-f]{48}$/),
			object: 'response',
			created_at: expect.any(Number),
			completed_at: expect.any(Number),
			status: 'completed',
			model: 'gpt-5',
			background: false,
			conversation: { id: 'conv_1' },
			error: null,
			incomplete_details: null,
			instructions: 'Be brief',
			max_output_tokens: 100,
			temperature: 0.5,
			reasoning: { effort: 'low' },
			text: { format: { type: 'text' } },
			metadata: { a: '1' },
			output_text: 'You said: Hello',
		});
		const { input_tokens, output_tokens, total_tokens } = response.usage ?? {};
		expect(input_tokens).toBeGreaterThan(0);
		expect(total_tokens).toBe((input_tokens ?? 0) + (output_tokens ?? 0));
	});

	test('adds input and output with IDs, in that order, and keeps no instructions', async () => {
		const { output } = await ask([message('One'), message('Two')], { instructions: 'Be brief' });
		expect(items().map(({ id, role }) => [id.slice(0, 4), role])).toEqual([
			['msg_', 'user'],
			['msg_', 'user'],
			['msg_', 'assistant'],
		]);
		expect(items()[2]?.id).toBe(output[0]?.id);
		expect(texts()).not.toContain('Be brief');
		expect(server().requests[0]).toMatchObject({ applied: true, conversation: 'conv_1' });
	});

	test('costs more the longer the conversation is', async () => {
		const first = await ask('Hello');
		const second = await ask('Hello');
		expect(second.usage?.input_tokens).toBeGreaterThan(first.usage?.input_tokens ?? 0);
	});

	test('knows what the user said before', async () => {
		await ask('Hi, my name is Ada. I live in Turin.');
		await ask('My favourite colour is green.');
		expect((await ask('What is my name?')).output_text).toBe('Your name is Ada.');
		expect((await ask('Do you remember my favourite colour?')).output_text).toBe(
			'Your favourite colour is green.',
		);
		expect((await ask('Where do I live?')).output_text).toBe('You live in Turin.');
		expect((await ask('What is my shoe size?')).output_text).toBe(
			'You have not told me your shoe size.',
		);
		expect((await ask('What is my name?', { conversation: null })).output_text).toBe(
			'You have not told me your name.',
		);
	});

	test('answers from memory although it has tools, and calls one otherwise', async () => {
		const tools: OpenAI.Responses.FunctionTool[] = [
			{ type: 'function', name: 'look_up', parameters: {}, strict: false },
		];
		expect((await ask('My name is Ada', { tools })).output_text).toBe('You said: My name is Ada');
		expect((await ask('What is my name?', { tools })).output_text).toBe('Your name is Ada.');
		const [call] = (await ask('Where is my parcel?', { tools })).output;
		expect(call).toMatchObject({ type: 'function_call', name: 'look_up' });
	});

	test('goes on from a previous response instead of a conversation', async () => {
		const first = await ask('My name is Ada', { conversation: null });
		const second = await ask('Hm', { conversation: null, previous_response_id: first.id });
		const third = await ask('What is my name?', {
			conversation: null,
			previous_response_id: second.id,
		});
		expect(third).toMatchObject({
			output_text: 'Your name is Ada.',
			conversation: null,
			previous_response_id: second.id,
		});
		expect(await rejection(ask('x', { previous_response_id: first.id }))).toMatchObject({
			status: 400,
			code: 'mutually_exclusive_parameters',
		});
		expect(
			await rejection(ask('x', { conversation: null, previous_response_id: 'resp_none' })),
		).toMatchObject({ status: 400, code: 'previous_response_not_found' });
	});

	test('carries rate limits, as the calls on conversations do not', async () => {
		const { response } = await sdk(server())
			.responses.create({ model: 'gpt-5', input: 'x' })
			.withResponse();
		expect(response.headers.get('x-ratelimit-limit-requests')).toBe('30000');
		expect(response.headers.get('x-ratelimit-reset-requests')).toBe('2ms');
		expect((await raw(server(), '/v1/conversations/conv_1')).head).not.toContain('x-ratelimit');
	});

	test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
		['no model', { model: undefined }, { code: 'missing_required_parameter', param: 'model' }],
		['no input', { input: undefined }, { code: 'missing_required_parameter', param: 'input' }],
		['input of a wrong type', { input: 7 }, { code: 'invalid_type', param: 'input' }],
		['a parameter of no call', { modle: 'x' }, { code: 'unknown_parameter', param: 'modle' }],
		['an ID of something else', { conversation: 'thread_1' }, { param: 'conversation' }],
		['a conversation that is gone', { conversation: 'conv_0' }, { status: 404 }],
		[
			'too few tokens',
			{ max_output_tokens: 5 },
			{ code: 'integer_below_min_value', param: 'max_output_tokens' },
		],
		['too hot', { temperature: 2.5 }, { code: 'decimal_above_max_value', param: 'temperature' }],
		['an unknown effort', { reasoning: { effort: 'huge' } }, { param: 'reasoning.effort' }],
		['an unknown include', { include: ['all'] }, { code: 'invalid_value', param: 'include[0]' }],
		['a stream from the background', { background: true, stream: true }, { param: 'stream' }],
		['background without store', { background: true, store: false }, { param: 'background' }],
	])('%s is refused', async (_, change, error) => {
		const body = { model: 'gpt-5', input: 'x', conversation: 'conv_1', ...change };
		expect(await rejection(sdk(server()).post('/responses', { body }))).toMatchObject({
			status: 400,
			requestID: expect.stringMatching(/^req_/),
			...error,
		});
		expect(items()).toEqual([]);
	});
});

describe('what the API cannot go on from', () => {
	const call = { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' };
	const output = { type: 'function_call_output', call_id: 'call_1', output: 'o' };
	const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'e' };

	test.each([
		['a call without output', [call], 'No tool output found for function call call_1.'],
		[
			'an output without its call',
			[output],
			'No tool call found for function call output with call_id call_1.',
		],
		[
			'a custom call without output',
			[{ type: 'custom_tool_call', call_id: 'call_1', name: 'f', input: '' }],
			'No tool output found for custom tool call call_1.',
		],
		[
			'reasoning without what it led to',
			[reasoning, message('x')],
			"Item 'rs_1' of type 'reasoning' was provided without its required following item.",
		],
		[
			'reasoning at the end',
			[reasoning],
			"Item 'rs_1' of type 'reasoning' was provided without its required following item.",
		],
	])('%s is refused, until it is removed', async (_, broken, words) => {
		const conversation = server().store.createConversation({ id: 'conv_1', items: broken });
		expect(await rejection(ask('Hello'))).toMatchObject({ status: 400, message: `400 ${words}` });
		expect(items()).toHaveLength(broken.length);
		for (const { id, type } of [...conversation.items]) {
			if (type !== 'message')
				await sdk(server()).conversations.items.delete(id, { conversation_id: 'conv_1' });
		}
		expect((await ask('Hello')).status).toBe('completed');
	});

	test('the output may come with the input', async () => {
		server().store.createConversation({ id: 'conv_1', items: [message('Do it'), call] });
		const response = await ask([
			{ type: 'function_call_output', call_id: 'call_1', output: 'it worked' },
		]);
		expect(response.output_text).toBe('The tool answered: it worked');
		expect((await ask('Thanks')).status).toBe('completed');
	});
});

describe('while a response is being made', () => {
	const place = { conversation_id: 'conv_1' };
	const writes = (): Array<Promise<unknown>> => {
		const { conversations } = sdk(server());
		return [
			conversations.items.create('conv_1', { items: [message('x')] }),
			conversations.items.delete('msg_1', place),
			conversations.update('conv_1', { metadata: { a: '1' } }),
			conversations.delete('conv_1'),
			ask('Me too'),
		];
	};

	beforeEach(() => {
		server().store.createConversation({
			id: 'conv_1',
			items: [{ ...message('Earlier'), id: 'msg_1' }],
		});
		server().configure({ modelMs: 60_000 });
	});

	test('every other write is refused, and reading is not', async () => {
		const response = ask('Hello');
		await begun();
		for (const write of writes()) expect(await rejection(write)).toMatchObject(locked);
		const { data } = await sdk(server()).conversations.items.list('conv_1');
		expect(data).toHaveLength(1);
		server().finishResponses();
		expect((await response).output_text).toBe('You said: Hello');
		expect(items()).toHaveLength(3);
		server().configure({ modelMs: 0 });
		expect((await ask('Me too')).status).toBe('completed');
	});

	test('an update can be let through', async () => {
		server().configure({ lockMetadata: false });
		const response = ask('Hello');
		await begun();
		await sdk(server()).conversations.update('conv_1', { metadata: { a: '1' } });
		server().finishResponses();
		await response;
		expect(server().store.getConversation('conv_1')?.metadata).toEqual({ a: '1' });
	});

	test('a client that leaves does not end it', async () => {
		const controller = new AbortController();
		const response = sdk(server()).responses.create(
			{ model: 'gpt-5', input: 'Hello', conversation: 'conv_1' },
			{ signal: controller.signal },
		);
		const refused = rejection(response);
		await begun();
		controller.abort();
		await refused;
		await until(() => server().requests[0]?.aborted === true);
		expect(server().requests[0]?.applied).toBe(false);
		server().finishResponses();
		expect(server().requests[0]).toMatchObject({ applied: true, status: undefined });
		expect(items()).toHaveLength(3);
	});

	test('somebody else may hold the lock', async () => {
		server().configure({ modelMs: 0 });
		const unlock = server().lockConversation('conv_1', 60_000);
		expect(await rejection(ask('Hello'))).toMatchObject(locked);
		unlock();
		server().lockConversation('conv_1', 1);
		await sleep(20);
		expect((await ask('Hello')).status).toBe('completed');
	});

	test('a reset gives everything up', async () => {
		const refused = rejection(ask('Hello'));
		await begun();
		server().reset();
		expect(await refused).toMatchObject({ status: 500 });
		server().store.createConversation({ id: 'conv_1' });
		server().configure({ modelMs: 0 });
		await ask('Hello');
		server().finishResponses();
		expect(items()).toHaveLength(2);
	});

	test('requests to one conversation are counted, also when the body names it', async () => {
		const first = ask('One');
		await begun();
		await rejection(ask('Two'));
		server().finishResponses();
		await first;
		expect(server().maxInFlightPerConversation).toBe(2);
	});
});

describe('in the background', () => {
	const statusOf = async (id: string) => (await sdk(server()).responses.retrieve(id)).status;

	test('it is queued, in progress and completed, and joins the conversation then', async () => {
		server().configure({ modelMs: 60_000 });
		const first = await ask('Hello', { background: true });
		expect(first).toMatchObject({ status: 'queued', background: true, output: [], usage: null });
		expect(await statusOf(first.id)).toBe('queued');
		expect(items()).toHaveLength(0);
		now = 30_000;
		expect(await statusOf(first.id)).toBe('in_progress');
		expect(await rejection(ask('Me too'))).toMatchObject(locked);
		server().finishResponses();
		expect(await sdk(server()).responses.retrieve(first.id)).toMatchObject({
			id: first.id,
			status: 'completed',
			output_text: 'You said: Hello',
			conversation: { id: 'conv_1' },
			usage: { total_tokens: expect.any(Number) },
		});
		expect(items()).toHaveLength(2);
	});

	test('it can be cancelled, twice, and then nothing is added', async () => {
		server().configure({ modelMs: 60_000 });
		const { id } = await ask('Hello', { background: true });
		for (let count = 0; count < 2; count++) {
			expect(await sdk(server()).responses.cancel(id)).toMatchObject({
				id,
				status: 'cancelled',
				output: [],
			});
		}
		server().finishResponses();
		server().configure({ modelMs: 0 });
		await ask('Something else');
		expect(await statusOf(id)).toBe('cancelled');
		expect(texts()).not.toContain('Hello');
		expect(items()).toHaveLength(2);
	});

	test('cancelling one that is done changes nothing; others cannot be cancelled', async () => {
		const { id } = await ask('Hello', { background: true });
		await until(async () => (await statusOf(id)) === 'completed');
		expect((await sdk(server()).responses.cancel(id)).status).toBe('completed');
		const synchronous = await ask('Hello');
		expect(await rejection(sdk(server()).responses.cancel(synchronous.id))).toMatchObject({
			status: 400,
			message: '400 Cannot cancel a synchronous response.',
		});
	});

	test('it is kept for a while, and then gone', async () => {
		const { id } = await ask('Hello', { background: true });
		await until(async () => (await statusOf(id)) === 'completed');
		now = 599_999;
		expect(await statusOf(id)).toBe('completed');
		now = 600_000;
		expect(await rejection(sdk(server()).responses.retrieve(id))).toMatchObject({
			status: 404,
			message: `404 Response with id '${id}' not found.`,
		});
		expect(await rejection(sdk(server()).responses.cancel(id))).toMatchObject({ status: 404 });
	});

	test('any response can be retrieved and deleted, unless it was not to be stored', async () => {
		const client = sdk(server());
		const { id } = await ask('Hello');
		expect((await client.responses.retrieve(id)).output_text).toBe('You said: Hello');
		await client.responses.delete(id);
		expect(await rejection(client.responses.retrieve(id))).toMatchObject({ status: 404 });
		const unstored = await ask('Hello', { store: false });
		expect(await rejection(client.responses.retrieve(unstored.id))).toMatchObject({ status: 404 });
		expect(items()).toHaveLength(4);
	});
});

describe('what the model is told to answer', () => {
	test('a text, a refusal, calls with reasoning', async () => {
		server().model.plan(
			{ text: 'Good day' },
			{ refusal: 'I cannot help with that.' },
			{
				reasoning: true,
				toolCalls: [
					{ name: 'f', arguments: { a: 1 } },
					{ name: 'g', arguments: '' },
				],
			},
		);
		expect((await ask('x')).output_text).toBe('Good day');
		expect((await ask('x')).output).toMatchObject([
			{ type: 'message', content: [{ type: 'refusal', refusal: 'I cannot help with that.' }] },
		]);
		const { output } = await ask('x');
		expect(output).toMatchObject([
			{ type: 'reasoning', summary: [] },
			{ type: 'function_call', name: 'f', arguments: '{"a":1}', status: 'completed' },
			{ type: 'function_call', name: 'g', arguments: '' },
		]);
		expect(JSON.stringify(output)).not.toContain('encrypted_content');
		expect(
			items()
				.slice(-4)
				.map(({ type }) => type),
		).toEqual(['message', 'reasoning', 'function_call', 'function_call']);
	});

	test.each(['max_output_tokens', 'content_filter'] as const)(
		'a reply that is incomplete for %s, and yet joins the conversation',
		async (incomplete) => {
			server().model.plan({ text: 'Once upon', incomplete });
			expect(await ask('x')).toMatchObject({
				status: 'incomplete',
				incomplete_details: { reason: incomplete },
				output_text: 'Once upon',
				output: [{ status: 'incomplete' }],
			});
			expect(items()).toHaveLength(2);
		},
	);

	test('a reply that is longer than it may be', async () => {
		const response = await ask('a'.repeat(100), { max_output_tokens: 16 });
		expect(response).toMatchObject({
			status: 'incomplete',
			incomplete_details: { reason: 'max_output_tokens' },
		});
		expect(response.output_text).toHaveLength(64);
	});

	test.each(['server_error', 'rate_limit_exceeded', 'invalid_prompt'])(
		'a failure with %s, after which nothing is stored',
		async (code) => {
			server().model.plan({ failed: { code, message: 'It went wrong.' }, times: 2 });
			expect(await ask('x')).toMatchObject({
				status: 'failed',
				error: { code, message: 'It went wrong.' },
				output: [],
				usage: null,
			});
			expect(server().requests[0]?.applied).toBe(false);
			const { id } = await ask('x', { background: true });
			await until(async () => (await sdk(server()).responses.retrieve(id)).status === 'failed');
			expect(items()).toEqual([]);
			expect((await ask('x')).status).toBe('completed');
		},
	);

	test('reasoning, with its encrypted content when asked for', async () => {
		server().model.plan({ reasoning: true, text: 'x' });
		const include: Params['include'] = ['reasoning.encrypted_content'];
		const [reasoning] = (await ask('x', { include })).output;
		expect(reasoning).toMatchObject({ type: 'reasoning', encrypted_content: expect.any(String) });
		expect((await ask('y')).status).toBe('completed');
	});

	test('items of any type, and a time of its own', async () => {
		server().model.plan({
			text: 'Found',
			items: [{ type: 'web_search_call', status: 'completed', action: { type: 'search' } }],
			ms: 60,
		});
		const start = performance.now();
		expect((await ask('x')).output.map(({ type }) => type)).toEqual(['message', 'web_search_call']);
		expect(performance.now() - start).toBeGreaterThan(58);
	});

	test('the same for chat completions', async () => {
		const chat = async () =>
			(
				await sdk(server()).chat.completions.create({
					model: 'gpt-5',
					messages: [
						{ role: 'user', content: 'My name is Ada' },
						{ role: 'user', content: 'What is my name?' },
					],
				})
			).choices[0];
		expect((await chat())?.message.content).toBe('Your name is Ada.');
		server().model.plan(
			{ text: 'Once', incomplete: 'max_output_tokens' },
			{ refusal: 'No.' },
			{ failed: { code: 'server_error' } },
		);
		expect(await chat()).toMatchObject({ finish_reason: 'length', message: { content: 'Once' } });
		expect(await chat()).toMatchObject({ message: { content: null, refusal: 'No.' } });
		expect(await rejection(chat())).toMatchObject({ status: 500 });
	});

	test.each([
		[{ txt: 'x' }, "no field 'txt'"],
		[{ incomplete: 'tired' }, "incomplete is 'max_output_tokens'"],
		[{ failed: {} }, 'failed is an object with a code'],
	])('a slip in a plan is refused: %j', (plan, words) => {
		// @ts-expect-error: these are slips.
		expect(() => server().model.plan(plan)).toThrow(words);
	});
});

describe('structured output', () => {
	const schema = {
		type: 'object',
		properties: {
			category: { enum: ['billing', 'delivery', 'other'] },
			urgency: { type: 'integer', minimum: 2, maximum: 5 },
			answer: { type: 'string' },
			since: { type: 'string', format: 'date' },
			paid: { type: 'boolean' },
			tags: { type: 'array', items: { type: 'string' }, minItems: 2 },
			customer: {
				type: 'object',
				properties: { name: { type: 'string' } },
				required: ['name'],
				additionalProperties: false,
			},
		},
		required: ['category', 'urgency', 'answer', 'since', 'paid', 'tags', 'customer'],
		additionalProperties: false,
	};
	const format = { type: 'json_schema' as const, name: 'ticket', schema, strict: true };

	test('follows the schema', async () => {
		const response = await ask('My delivery is late', { text: { format } });
		expect(JSON.parse(response.output_text)).toEqual({
			category: 'delivery',
			urgency: 2,
			answer: 'You said: My delivery is late',
			since: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
			paid: true,
			tags: ['example tags', 'example tags'],
			customer: { name: 'example name' },
		});
		expect(response.text?.format).toEqual(format);
	});

	test('is what the model is told, too', async () => {
		server().model.plan({ json: { category: 'other' } });
		expect((await ask('x', { text: { format } })).output_text).toBe('{"category":"other"}');
	});

	test.each([
		['a name with a space', { name: 'a b' }, { param: 'text.format.name' }],
		['a schema of an array', { schema: { type: 'array' } }, { code: 'invalid_json_schema' }],
		[
			'further properties in strict mode',
			{ schema: { ...schema, additionalProperties: true } },
			{ message: expect.stringContaining("'additionalProperties' is required to be supplied") },
		],
		[
			'an optional property in strict mode',
			{ schema: { ...schema, required: schema.required.slice(1) } },
			{ message: expect.stringContaining("Missing 'category'"), param: 'text.format.schema' },
		],
		[
			'an open object within',
			{ schema: { ...schema, properties: { ...schema.properties, customer: { type: 'object' } } } },
			{ message: expect.stringContaining("In context=('properties', 'customer')") },
		],
	])('%s is refused', async (_, change, error) => {
		expect(await rejection(ask('x', { text: { format: { ...format, ...change } } }))).toMatchObject(
			{ status: 400, ...error },
		);
	});

	test('needs nothing of this without strict mode', async () => {
		const loose = { type: 'object', properties: { answer: { type: 'string' } } };
		const response = await ask('x', {
			text: { format: { type: 'json_schema', name: 'n', schema: loose, strict: false } },
		});
		expect(JSON.parse(response.output_text)).toEqual({ answer: 'You said: x' });
	});
});

describe('streamed', () => {
	const stream = (input: string) =>
		sdk(server()).responses.stream({ model: 'gpt-5', conversation: 'conv_1', input });

	test('the SDK puts together what was not streamed', async () => {
		server().model.plan(
			{
				reasoning: true,
				text: 'Good day to you',
				toolCalls: [{ name: 'f', arguments: '{"a":1}' }],
			},
			{ refusal: 'I cannot do that.' },
		);
		const final = await stream('x').finalResponse();
		expect(final).toMatchObject({
			status: 'completed',
			output_text: 'Good day to you',
			output: [{ type: 'reasoning' }, { type: 'message' }, { arguments: '{"a":1}' }],
		});
		await sdk(server()).conversations.items.create('conv_1', {
			items: items()
				.filter(({ type }) => type === 'function_call')
				.map(({ call_id }) => ({
					type: 'function_call_output',
					call_id: String(call_id),
					output: '',
				})),
		});
		const refusals: string[] = [];
		for await (const event of stream('y')) {
			if (event.type === 'response.refusal.delta') refusals.push(event.delta);
		}
		expect(refusals.join('')).toBe('I cannot do that.');
	});

	test('it ends with what became of it', async () => {
		server().model.plan(
			{ text: 'Once', incomplete: 'content_filter' },
			{ failed: { code: 'server_error' } },
		);
		const lastOf = async () => {
			let last: string | undefined;
			for await (const { type } of stream('x')) last = type;
			return last;
		};
		expect([await lastOf(), await lastOf()]).toEqual(['response.incomplete', 'response.failed']);
	});
});

describe('faults', () => {
	const fails = async () => await rejection(ask('Hello'));

	test('a lost answer leaves message and reply in the conversation, or nothing', async () => {
		server().configure({ modelMs: 20 });
		server().fault({ status: 500, apply: true });
		expect(await fails()).toMatchObject({ status: 500 });
		expect(items()).toHaveLength(2);
		server().fault({ reset: 'before-headers' });
		await fails();
		expect(items()).toHaveLength(2);
		server().fault({ reset: 'mid-body' });
		await fails();
		expect(items()).toHaveLength(4);
		expect(server().requests.map(({ applied }) => applied)).toEqual([true, false, true]);
	});

	test('a gateway gives up while the response is still being made', async () => {
		server().configure({ modelMs: 60_000 });
		server().fault({ gateway: true, status: 504, applyAfterMs: 0 });
		expect(await fails()).toMatchObject({ status: 504, requestID: null });
		await sleep(20);
		expect(await fails()).toMatchObject(locked);
		expect(items()).toHaveLength(0);
		server().finishResponses();
		await until(() => server().requests[0]?.applied === true);
		expect(items()).toHaveLength(2);
	});

	test('the answers to a background response can be lost, too', async () => {
		server().fault({ status: 502, apply: true, match: { method: 'POST', path: '/responses' } });
		expect(await rejection(ask('Hello', { background: true }))).toMatchObject({ status: 502 });
		await until(() => items().length === 2);
		server().configure({ modelMs: 60_000 });
		const { id } = await ask('Again', { background: true });
		server().fault({ reset: 'before-headers', match: { path: `/responses/${id}` } });
		await rejection(sdk(server()).responses.retrieve(id));
		server().fault({ status: 500, apply: true, match: { path: `/responses/${id}/cancel` } });
		await rejection(sdk(server()).responses.cancel(id));
		expect((await sdk(server()).responses.retrieve(id)).status).toBe('cancelled');
	});

	test('respond may change the genuine answer, which then takes no time', async () => {
		server().configure({ modelMs: 60_000 });
		server().fault({
			respond: (_request, genuine) => {
				const body: Record<string, unknown> = JSON.parse(String(genuine().body));
				return { body: { ...body, status: 'in_progress' } };
			},
		});
		expect((await ask('Hello')).status).toBe('in_progress');
		expect(items()).toHaveLength(2);
	});
});
