import type { INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, runNode } from '../support/engine';
import type { RunOptions } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;
beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
afterAll(async () => await server.close());
beforeEach(() => server.reset());

const MODEL = 'gpt-5-mini';

const send = async (parameters: INodeParameters, more: Partial<RunOptions> = {}) =>
	await runNode(server.url, {
		parameters: { operation: 'send', model: MODEL, text: 'Hello', ...parameters },
		...more,
	});

const seen = () => server.requests.map(({ method, path }) => `${method} ${path.slice(3)}`);

/** The body of the last `POST /responses`. */
const sentBody = (): Record<string, unknown> =>
	Object(server.requests.findLast(({ path }) => path.endsWith('/responses'))?.body);

const textsIn = (id: string) =>
	(server.store.getConversation(id)?.items ?? []).map(({ content }) => {
		const [part]: unknown[] = Array.isArray(content) ? content : [];
		return typeof part === 'object' && part !== null && 'text' in part ? part.text : undefined;
	});

const newConversation = () => server.store.createConversation().id;

describe('Sending a message', () => {
	it('should give the reply, and add both to the conversation', async () => {
		const id = newConversation();
		const { json, error, hints } = await send({ conversationId: id, text: 'Hello ü 😀' });
		expect(error).toBeUndefined();
		expect(json).toEqual([
			{
				conversation: id,
				response: expect.stringMatching(/^resp_/),
				status: 'completed',
				model: MODEL,
				text: 'You said: Hello ü 😀',
				usage: expect.objectContaining({ total_tokens: expect.any(Number) }),
			},
		]);
		expect(hints).toEqual([]);
		expect(textsIn(id)).toEqual(['Hello ü 😀', 'You said: Hello ü 😀']);
		expect(seen()).toEqual([`GET /conversations/${id}/items`, 'POST /responses']);
		expect(sentBody()).toEqual({
			model: MODEL,
			conversation: id,
			input: [{ type: 'message', role: 'user', content: 'Hello ü 😀' }],
		});
	});

	it.each(['', '  ', '={{ $json.missing }}'])(
		'should start a new conversation when the ID is %j',
		async (conversationId) => {
			const { json } = await send({ conversationId });
			const [conversation] = server.store.conversations.values();
			expect(json).toMatchObject([{ conversation: conversation?.id, text: 'You said: Hello' }]);
			expect(seen()).toEqual(['POST /conversations', 'POST /responses']);
		},
	);

	it('should say how many conversations it started', async () => {
		const started = (count: string) => `${count} started, because Conversation ID was empty.`;
		const one = await send({});
		expect(one.hints).toEqual([started('1 new conversation was')]);
		const two = await send({}, { items: [{ json: {} }, { json: {} }] });
		expect(two.hints).toEqual([started('2 new conversations were')]);
	});

	it('should send a message of white space as it is, and say so', async () => {
		const conversationId = newConversation();
		const { json, hints } = await send({ conversationId, text: ' \n' });
		expect(json).toMatchObject([{ text: 'You said:  \n' }]);
		expect(server.store.getConversation(conversationId)?.items[0]).toMatchObject({
			content: [{ text: ' \n' }],
		});
		expect(hints).toEqual([
			'1 message was sent that consisted of white space only. Check the expression in Message.',
		]);
	});

	it('should go on in the conversation that the reply names', async () => {
		const first = await send({ text: 'My name is Ada.' });
		const { json } = await send(
			{ conversationId: '={{ $json }}', text: 'What is my name?' },
			{ items: [{ json: first.json[0] ?? {} }] },
		);
		expect(json[0]?.['text']).toContain('Ada');
	});

	it("should give the API's response as it came without Simplify", async () => {
		const { json } = await send({ simplify: false, conversationId: newConversation() });
		expect(json).toEqual([
			expect.objectContaining({
				object: 'response',
				status: 'completed',
				output: [expect.objectContaining({ type: 'message' })],
				incomplete_details: null,
			}),
		]);
		expect(json[0]).not.toHaveProperty('text.length');
	});

	it.each<[string, INodeParameters['model']]>([
		['an ID by expression', '={{ "o4-mini" }}'],
		['an ID', { __rl: true, mode: 'id', value: ' o4-mini ' }],
		['one from the list', { __rl: true, mode: 'list', value: 'o4-mini', cachedResultName: 'o4' }],
	])('should take the model as %s', async (_what, model) => {
		const { json } = await send({ model });
		expect(json[0]?.['model']).toBe('o4-mini');
	});

	it('should send what the options give, and nothing that they do not', async () => {
		const { error } = await send({
			options: {
				instructions: ' Be brief. ',
				maxOutputTokens: 500,
				temperature: 0,
				reasoningEffort: 'low',
				additionalBody: '{ "reasoning": { "summary": "auto" }, "top_p": 0.5 }',
			},
		});
		expect(error).toBeUndefined();
		expect(sentBody()).toEqual({
			model: MODEL,
			conversation: expect.any(String),
			input: [expect.anything()],
			instructions: ' Be brief. ',
			max_output_tokens: 500,
			temperature: 0,
			reasoning: { effort: 'low', summary: 'auto' },
			top_p: 0.5,
		});
	});

	it('should take items of any type as JSON', async () => {
		const id = newConversation();
		const items = [
			{ role: 'developer', content: 'Look closely.' },
			{
				type: 'message',
				role: 'user',
				content: [
					{ type: 'input_text', text: 'What is this?' },
					{ type: 'input_image', image_url: 'https://example.com/a.png', detail: 'auto' },
				],
			},
		];
		const { error } = await send({
			conversationId: id,
			itemsInput: 'json',
			itemsJson: JSON.stringify(items),
		});
		expect(error).toBeUndefined();
		expect(sentBody()['input']).toEqual(items);
		expect(server.store.getConversation(id)?.items).toHaveLength(3);
	});

	it('should give tool calls as data, and take their outputs', async () => {
		const id = newConversation();
		server.model.plan({ toolCalls: [{ name: 'weather', arguments: { city: 'Bern' } }] });
		const { json } = await send({ conversationId: id });
		expect(json).toMatchObject([
			{
				text: '',
				status: 'completed',
				tool_calls: [
					{
						name: 'weather',
						arguments: { city: 'Bern' },
						call_id: expect.stringMatching(/^call_/),
						id: expect.stringMatching(/^fc_/),
					},
				],
			},
		]);
		const answered = await send(
			{
				conversationId: id,
				itemsInput: 'json',
				itemsJson:
					'={{ $json.tool_calls.map((call) => ({ type: "function_call_output", call_id: call.call_id, output: "12 degrees" })) }}',
			},
			{ items: [{ json: json[0] ?? {} }] },
		);
		expect(answered.error).toBeUndefined();
		expect(answered.json[0]?.['text']).toBe('The tool answered: 12 degrees');
		expect(answered.json[0]).not.toHaveProperty('tool_calls');
	});

	it('should answer the messages of one conversation in input order, others side by side', async () => {
		server.configure({ modelMs: 150 });
		try {
			const [one, two] = [newConversation(), newConversation()];
			const items = [1, 2, 3].flatMap((n) =>
				[one, two].map((id) => ({ json: { id, text: `m${n}` } })),
			);
			const { json } = await send(
				{ conversationId: '={{ $json.id }}', text: '={{ $json.text }}' },
				{ items },
			);
			expect(server.maxInFlight).toBe(2);
			expect(server.maxInFlightPerConversation).toBe(1);
			const texts = ['m1', 'm1', 'm2', 'm2', 'm3', 'm3'].map((text) => `You said: ${text}`);
			expect(json.map(({ text }) => text)).toEqual(texts);
			expect(textsIn(one).filter((_, n) => n % 2 === 0)).toEqual(['m1', 'm2', 'm3']);
			expect(server.requests.every(({ status }) => status === 200)).toBe(true);
		} finally {
			server.configure({ modelMs: 0 });
		}
	});
});

describe("As an agent's tool", () => {
	it('should give the reply, and what went wrong as an answer that the agent sees', async () => {
		const { json } = await send({ conversationId: newConversation() }, { asTool: true });
		expect(json).toMatchObject([{ text: 'You said: Hello', status: 'completed' }]);

		server.model.plan({ failed: { code: 'invalid_prompt', message: 'Not allowed.' } });
		const failed = await send({ conversationId: newConversation() }, { asTool: true });
		expect(failed.json).toMatchObject([{ error: 'Not allowed.' }]);
	});
});

const SCHEMA = {
	type: 'object',
	properties: {
		category: { type: 'string', enum: ['billing', 'other'] },
		urgency: { type: 'integer' },
	},
	required: ['category', 'urgency'],
	additionalProperties: false,
};
const asJson = (jsonSchema: unknown = SCHEMA) => ({
	options: { outputFormat: 'json', jsonSchema: JSON.stringify(jsonSchema) },
});

describe('A reply as JSON', () => {
	it('should follow the schema and come parsed', async () => {
		const { json, error } = await send(asJson());
		expect(error).toBeUndefined();
		expect(json[0]?.['data']).toEqual({ category: 'billing', urgency: expect.any(Number) });
		expect(JSON.parse(String(json[0]?.['text']))).toEqual(json[0]?.['data']);
		expect(sentBody()['text']).toEqual({
			format: { type: 'json_schema', name: 'reply', strict: true, schema: SCHEMA },
		});
	});

	it('should keep what Additional Body says of the text beside it', async () => {
		const { options } = asJson();
		const { error } = await send({
			options: { ...options, additionalBody: '{ "text": { "verbosity": "low" } }' },
		});
		expect(error).toBeUndefined();
		expect(sentBody()['text']).toEqual({
			verbosity: 'low',
			format: expect.objectContaining({ schema: SCHEMA }),
		});
	});

	it('should come as text, with a hint, when it is no JSON', async () => {
		server.model.plan({ text: '{"category": "bil', incomplete: 'max_output_tokens' });
		const { json, hints } = await send(asJson());
		expect(json[0]).toMatchObject({
			text: '{"category": "bil',
			status: 'incomplete',
			incomplete_reason: 'max_output_tokens',
		});
		expect(json[0]).not.toHaveProperty('data');
		expect(hints.join('\n')).toContain('The reply to 1 message is incomplete (max_output_tokens)');
		expect(hints.join('\n')).toContain('not valid JSON');
	});

	it.each<[string, unknown, string]>([
		['no schema', '', 'JSON Schema is empty'],
		['a list', [], 'JSON Schema is a list, not a schema'],
		[
			'a schema that is no object',
			{ type: 'array' },
			'JSON Schema does not describe an object: its "type" is "array"',
		],
		[
			"the API's format around the schema",
			{ name: 'x', strict: true, schema: SCHEMA },
			'JSON Schema does not describe an object: its "type" is missing',
		],
		[
			'objects that may have more properties',
			{ ...SCHEMA, additionalProperties: true },
			'the outermost object lacks "additionalProperties": false',
		],
		[
			'properties that are not required, wherever they are',
			{
				type: 'object',
				properties: {
					people: {
						type: 'array',
						items: {
							type: ['object', 'null'],
							properties: { name: { type: 'string' }, age: { type: 'integer' } },
							required: ['name'],
							additionalProperties: false,
						},
					},
				},
				required: ['people', 'places'],
				additionalProperties: false,
				$defs: { place: { type: 'object', properties: {} } },
			},
			'JSON Schema breaks the rules of strict mode: the outermost object requires "places", which its "properties" do not have; properties.people.items does not list "age" in "required"; $defs.place lacks "additionalProperties": false',
		],
	])('should be refused before any request with %s', async (_what, schema, message) => {
		const options = {
			outputFormat: 'json',
			jsonSchema: typeof schema === 'string' ? schema : JSON.stringify(schema),
		};
		const { error } = await send({ options });
		expect(error?.message).toContain(message);
		expect(error?.description).toBeTruthy();
		expect(server.requestCount).toBe(0);
	});
});

describe('Statuses', () => {
	it('should tell why a reply is incomplete', async () => {
		server.model.plan({ text: 'Half an ans', incomplete: 'content_filter' });
		const { json, hints } = await send({ conversationId: newConversation() });
		expect(json[0]).toMatchObject({
			status: 'incomplete',
			incomplete_reason: 'content_filter',
			text: 'Half an ans',
		});
		expect(hints).toEqual([expect.stringContaining('content_filter')]);
	});

	it('should give a refusal as text, with a hint', async () => {
		server.model.plan({ refusal: 'I will not.' });
		const { json, hints } = await send(asJson());
		expect(json[0]).toMatchObject({ status: 'completed', text: 'I will not.' });
		expect(json[0]).not.toHaveProperty('data');
		expect(hints[0]).toContain('The model refused to answer 1 message');
	});

	it("should fail with the API's reason, and name the conversation", async () => {
		const id = newConversation();
		server.model.plan({ failed: { code: 'invalid_prompt', message: 'Not allowed.' } });
		const { error } = await send({ conversationId: id, options: { maxRetries: 3 } });
		expect(error?.message).toBe('Not allowed.');
		expect(error?.context).toMatchObject({ code: 'invalid_prompt', conversation: id, attempts: 1 });
		expect(error?.context).not.toHaveProperty('may_have_happened');
		expect(server.requestCount).toBe(2);
		expect(textsIn(id)).toEqual([]);
	});

	it.each(['server_error', 'rate_limit_exceeded'])(
		'should ask again after %s, as often as Max Retries says',
		async (code) => {
			const id = newConversation();
			server.model.plan({ failed: { code } });
			const { json, error } = await send({ conversationId: id, options: { maxRetries: 1 } });
			expect(error).toBeUndefined();
			expect(json).toHaveLength(1);
			expect(textsIn(id)).toEqual(['Hello', 'You said: Hello']);

			server.model.plan({ failed: { code }, times: Infinity });
			const failed = await send({ conversationId: id, options: { maxRetries: 1 } });
			expect(failed.error?.context).toMatchObject({ code, attempts: 2 });
			expect(textsIn(id)).toHaveLength(2);
		},
	);

	it('should name the new conversation in which the reply failed', async () => {
		server.model.plan({ failed: { code: 'invalid_prompt', message: 'Not allowed.' } });
		const { error } = await send({});
		const [conversation] = server.store.conversations.values();
		expect(error?.message).toBe(
			`The conversation ${conversation?.id} was created, but has no reply: Not allowed.`,
		);
		expect(error?.context).toMatchObject({ conversation: conversation?.id });
	});

	it("should keep the row of a message that failed, and go on with the others'", async () => {
		server.model.plan({ failed: { code: 'invalid_prompt', message: 'Not allowed.' } });
		const { json } = await send(
			{ text: '={{ $json.text }}', conversationId: newConversation() },
			{
				items: [{ json: { text: 'a' } }, { json: { text: 'b' } }],
				settings: { onError: 'continueRegularOutput' },
			},
		);
		expect(json).toEqual([
			{ error: 'Not allowed.', details: expect.objectContaining({ code: 'invalid_prompt' }) },
			expect.objectContaining({ text: 'You said: b' }),
		]);
	});
});

describe('What is refused before any request', () => {
	it.each<[string, INodeParameters, string]>([
		['no model', { model: '={{ $json.missing }}' }, 'Model is empty'],
		['a model that is no text', { model: '={{ [1] }}' }, 'Model is a list'],
		['no text', { text: '' }, 'Message is empty'],
		['an object as text', { text: '={{ ({ a: 1 }) }}' }, 'Message is an object, not text'],
		['half a character', { text: '={{ "\\ud83d" }}' }, 'Message contains half a character'],
		['a null character', { text: '={{ "a\\u0000" }}' }, 'Message contains a null character'],
		['no items', { itemsInput: 'json', itemsJson: '[]' }, 'Items (JSON) is empty'],
		['an ID of something else', { conversationId: 'resp_1' }, 'Conversation ID'],
		['a temperature out of range', { options: { temperature: 3 } }, 'Temperature is "3"'],
		['too few tokens', { options: { maxOutputTokens: 1 } }, 'Max Output Tokens is "1"'],
		['an unknown effort', { options: { reasoningEffort: 'much' } }, 'Reasoning Effort is "much"'],
		['an unknown format', { options: { outputFormat: 'xml' } }, 'Output Format is "xml"'],
		[
			'instructions with half a character',
			{ options: { instructions: '={{ "\\ud83d" }}' } },
			'Instructions contains half a character',
		],
		['a negative wait', { options: { lockWait: -1 } }, 'Wait If Busy (Seconds) is "-1"'],
		...['conversation', 'input', 'stream', 'background', 'model', 'previous_response_id'].map(
			(name): [string, INodeParameters, string] => [
				`${name} in Additional Body`,
				{ options: { additionalBody: JSON.stringify({ [name]: 'x' }) } },
				`Additional Body (JSON) sets "${name}"`,
			],
		),
		[
			'a format in Additional Body beside a schema',
			{
				options: {
					...asJson().options,
					additionalBody: '{ "text": { "format": { "type": "text" } } }',
				},
			},
			'Additional Body (JSON) sets "text.format"',
		],
	])('%s', async (_what, parameters, message) => {
		const { error } = await send(parameters);
		expect(error?.message).toContain(message);
		expect(error?.description).toBeTruthy();
		expect(server.requestCount).toBe(0);
	});
});

describe('A conversation in which another response is being made', () => {
	it('should be waited for, without a retry', async () => {
		const id = newConversation();
		server.lockConversation(id, 700);
		const { json, error } = await send({ conversationId: id });
		expect(error).toBeUndefined();
		expect(json[0]?.['text']).toBe('You said: Hello');
		expect(seen().filter((request) => request === 'POST /responses').length).toBeGreaterThan(1);
	});

	it('should be reported at once with a Wait If Busy of 0', async () => {
		const id = newConversation();
		server.lockConversation(id, 700);
		const { error } = await send({ conversationId: id, options: { lockWait: 0, maxRetries: 3 } });
		expect(error?.context).toMatchObject({ status: 400, param: 'conversation', conversation: id });
		expect(error?.context).not.toHaveProperty('may_have_happened');
		expect(server.requestCount).toBe(2);
	});

	it('should answer each of 5 runs at once, in the order in which the API takes them', async () => {
		const id = newConversation();
		server.configure({ modelMs: 100 });
		try {
			const texts = ['a', 'b', 'c', 'd', 'e'];
			const runs = await Promise.all(
				texts.map(async (text) => await send({ conversationId: id, text })),
			);
			expect(runs.map(({ json }) => json[0]?.['text'])).toEqual(
				texts.map((text) => `You said: ${text}`),
			);
			const stored = textsIn(id);
			const said = stored.filter((_, place) => place % 2 === 0);
			expect(said.toSorted()).toEqual(texts);
			expect(stored).toEqual(said.flatMap((text) => [text, `You said: ${String(text)}`]));
		} finally {
			server.configure({ modelMs: 0 });
		}
	}, 30_000);
});
