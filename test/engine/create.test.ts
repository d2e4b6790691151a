import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, pairs, pause, runNode, until } from '../support/engine';
import type { RunOptions } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const create = async (parameters: INodeParameters = {}, more: Partial<RunOptions> = {}) =>
	await runNode(server.url, {
		parameters: { operation: 'create', options: {}, ...parameters },
		...more,
	});

/** `count` messages `m0`, `m1`, … */
const messages = (count: number) =>
	Array.from({ length: count }, (_, n) => ({ type: 'message', role: 'user', content: `m${n}` }));

const asJson = (items: unknown): INodeParameters => ({
	itemsInput: 'json',
	itemsJson: JSON.stringify(items),
});

const sent = () => server.requests.map(({ method, path, body }) => ({ method, path, body }));

/** How many items each request carried. */
const sizes = () =>
	server.requests.map(({ body }) => {
		const items: unknown =
			typeof body === 'object' && body !== null && 'items' in body ? body.items : undefined;
		return Array.isArray(items) ? items.length : 0;
	});

const onlyConversation = () => {
	const [conversation, ...others] = server.store.conversations.values();
	if (conversation === undefined || others.length > 0)
		throw new Error('There is not exactly one conversation');
	return conversation;
};

/** The texts in a conversation, oldest first. */
const texts = (items: readonly Record<string, unknown>[]) =>
	items.map(({ content }) => {
		const [part]: unknown[] = Array.isArray(content) ? content : [];
		return typeof part === 'object' && part !== null && 'text' in part ? part.text : undefined;
	});

const PATH = '/v1/conversations';

describe('Conversation: Create', () => {
	it('should send an empty object when nothing is given, and give the conversation as it came', async () => {
		const { json, items } = await create();
		expect(sent()).toEqual([{ method: 'POST', path: PATH, body: {} }]);
		expect(json).toEqual([
			{
				id: onlyConversation().id,
				object: 'conversation',
				created_at: expect.any(Number),
				metadata: {},
			},
		]);
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
	});

	it('should send metadata alone', async () => {
		await create({ metadata: pairs({ topic: 'x', n: 3 }) });
		expect(sent()).toEqual([
			{ method: 'POST', path: PATH, body: { metadata: { topic: 'x', n: '3' } } },
		]);
	});

	it.each<[string, INodeParameters, string, string]>([
		[
			'an item with the same key twice',
			{ itemsInput: 'json', itemsJson: '[{ "role": "user", "content": "a", "content": "b" }]' },
			'Items (JSON) has the key "content" twice',
			'Keep one of the two',
		],
		[
			'a number that JSON has no word for',
			{ options: { additionalBody: '={{ { a: { b: NaN } } }}' } },
			'The value of the key "b" in Additional Body (JSON) is NaN',
			'Check the expression',
		],
	])('should refuse %s, and drop nothing of it', async (_what, parameters, message, advice) => {
		const { error } = await create(parameters);
		expect(error?.message).toBe(message);
		expect(error?.description).toContain(advice);
		expect(server.requestCount).toBe(0);
	});

	it('should say which metadata the answer does not show', async () => {
		server.fault({ body: { id: 'conv_1', object: 'conversation', metadata: { topic: 'x' } } });
		const { hints, json } = await create({ metadata: pairs({ topic: 'x', n: '3' }) });
		expect(json).toHaveLength(1);
		expect(hints).toEqual([
			'The API accepted the metadata, but its response does not show these keys with the values sent ("n") in 1 conversation. Check them with Conversation: Get.',
		]);
	});

	it('should send an empty metadata object when that is what was entered', async () => {
		await create({ metadataInput: 'json', metadataJson: '{}' });
		expect(sent()).toEqual([{ method: 'POST', path: PATH, body: { metadata: {} } }]);
	});

	it('should send message rows in the easy form, in order', async () => {
		await create({
			messages: {
				values: [
					{ role: 'developer', text: 'Be brief' },
					{ role: 'user', text: 'Hello 👋' },
					{ role: 'assistant', text: 'Hi' },
				],
			},
		});
		expect(sent()).toEqual([
			{
				method: 'POST',
				path: PATH,
				body: {
					items: [
						{ type: 'message', role: 'developer', content: 'Be brief' },
						{ type: 'message', role: 'user', content: 'Hello 👋' },
						{ type: 'message', role: 'assistant', content: 'Hi' },
					],
				},
			},
		]);
		expect(texts(onlyConversation().items)).toEqual(['Be brief', 'Hello 👋', 'Hi']);
	});

	it('should pass JSON items on untouched, with metadata beside them', async () => {
		const items = [
			{ type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' },
			{ type: 'function_call_output', call_id: 'call_1', output: 'ok' },
		];
		const { error } = await create({ ...asJson(items), metadata: pairs({ a: 'b' }) });
		expect(error).toBeUndefined();
		expect(sent()).toEqual([{ method: 'POST', path: PATH, body: { metadata: { a: 'b' }, items } }]);
	});

	it.each([
		['no JSON at all', ''],
		['an empty list', '[]'],
	])('should leave items out for %s', async (_what, itemsJson) => {
		const { error } = await create({ itemsInput: 'json', itemsJson });
		expect(error).toBeUndefined();
		expect(sent()).toEqual([{ method: 'POST', path: PATH, body: {} }]);
	});

	it.each([
		[1, [1]],
		[20, [20]],
		[21, [20, 1]],
		[45, [20, 20, 5]],
	])('should send %d items in order, 20 at a time', async (count, expected) => {
		const { json, error } = await create(asJson(messages(count)));
		expect(error).toBeUndefined();
		expect(sizes()).toEqual(expected);
		const { id, items } = onlyConversation();
		expect(server.requests.map(({ path }) => path)).toEqual([
			PATH,
			...expected.slice(1).map(() => `${PATH}/${id}/items`),
		]);
		expect(texts(items)).toEqual(messages(count).map(({ content }) => content));
		expect(json.map((output) => output.id)).toEqual([id]);
	});

	it('should keep reasoning in one call with the item it led to', async () => {
		const items: unknown[] = messages(19);
		items.push({ type: 'reasoning', summary: [], encrypted_content: 'x' });
		items.push({ type: 'message', role: 'assistant', content: 'thought' });
		const { error } = await create(asJson(items));
		expect(error).toBeUndefined();
		expect(sizes()).toEqual([19, 2]);
	});

	it('should name the conversation and how many items it holds when a later call is refused', async () => {
		server.fault({
			match: { method: 'POST', path: /items$/, nth: 2 },
			status: 400,
			body: { error: { message: 'No more.' } },
		});
		const { error } = await create(asJson(messages(45)));
		const { id, items } = onlyConversation();
		expect(error?.message).toBe(
			`The conversation ${id} was created, but holds only 40 of 45 items: No more.`,
		);
		expect(error?.description).toContain('Add the other 5 with Conversation Item: Add');
		expect(items).toHaveLength(40);
		expect(sizes()).toEqual([20, 20, 5]);
	});

	it('should keep what it says in single fields of the failed item as well', async () => {
		server.fault({ match: { path: /items$/ }, status: 401 });
		const { json, items } = await create(asJson(messages(25)), {
			settings: { onError: 'continueRegularOutput' },
		});
		const { id } = onlyConversation();
		expect(json).toEqual([
			{
				error: `The conversation ${id} was created, but holds only 20 of 25 items: Incorrect API key provided.`,
				details: {
					advice: expect.stringMatching(/^Add the other 5 .*Check API Key/),
					status: 401,
					code: 'invalid_api_key',
					type: 'invalid_request_error',
					request_id: expect.any(String),
					attempts: 1,
					conversation: id,
					item_count: 20,
				},
			},
		]);
		expect(items[0]?.error).toBeUndefined();
	});

	it('should finish what it began when another item ends the run meanwhile', async () => {
		server.fault({ match: { path: /items$/, nth: 1 }, delayMs: 150 });
		server.fault({
			match: { predicate: ({ bodyText }) => bodyText.includes('bad') },
			status: 400,
			delayMs: 50,
		});
		const { error } = await create(
			{ itemsInput: 'json', itemsJson: '={{ $json.items }}' },
			{
				items: [
					{ json: { items: messages(45) } },
					{ json: { items: [{ type: 'message', role: 'user', content: 'bad' }] } },
				],
			},
		);
		expect(error?.message).toContain('[item 1]');
		expect(error?.description).toContain('1 of 2 input items was done');
		expect(onlyConversation().items).toHaveLength(45);
	});

	it.each<[string, (conversations: readonly string[]) => boolean, boolean]>([
		['when a later call is on its way', (created) => created.length === 1, true],
		['before any call was answered', () => server.requestCount > 0, false],
	])(
		'should name the conversation that a stop leaves behind %s',
		async (_what, ready, isCreated) => {
			server.fault({ match: { path: isCreated ? /items$/ : PATH }, hang: true });
			const stop = new AbortController();
			const running = create(asJson(messages(45)), { stop: stop.signal });
			await until(
				() =>
					ready([...server.store.conversations.keys()]) &&
					server.inFlight === 1 &&
					server.requestCount === (isCreated ? 2 : 1),
			);
			stop.abort();
			const { run, error } = await running;
			expect(run.status).toBe('canceled');
			expect(error?.message).toBe('The execution was canceled');
			if (isCreated)
				expect(error?.description).toContain(
					`The conversation ${onlyConversation().id} was created and holds at least 20 conversation items.`,
				);
			else expect(error?.description ?? '').not.toContain('was created');
		},
	);

	it('should name the conversation that a stop leaves behind while it waits for a retry', async () => {
		server.fault({ match: { path: /items$/ }, status: 429, headers: { 'retry-after': '30' } });
		const stop = new AbortController();
		const running = create(
			{ ...asJson(messages(45)), options: { maxRetries: 3 } },
			{ stop: stop.signal },
		);
		await until(() => server.requests[1]?.status === 429);
		await pause(20);
		stop.abort();
		const { error } = await running;
		expect(error?.description).toContain(`The conversation ${onlyConversation().id} was created`);
	});

	it('should create side by side, with the outputs in input order', async () => {
		server.configure({ latencyMs: () => Math.random() * 40 });
		const inputs = Array.from({ length: 30 }, (_, n): IDataObject => ({ n: String(n) }));
		const { json, items } = await create(
			{ metadata: pairs({ n: '={{ $json.n }}' }) },
			{ items: inputs.map((json) => ({ json })) },
		);
		server.configure({ latencyMs: 0 });
		expect(json.map(({ metadata }) => metadata)).toEqual(inputs);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(inputs.map((_, item) => ({ item })));
		expect(server.maxInFlight).toBeGreaterThan(5);
		expect(server.maxInFlight).toBeLessThanOrEqual(10);
	});

	it('should lay Additional Body over the first call alone', async () => {
		server.configure({ unknownParameters: 'ignore' });
		await create({
			...asJson(messages(21)),
			options: { additionalBody: '{ "new_parameter": true }' },
		});
		server.configure({ unknownParameters: 'refuse' });
		expect(server.requests.map(({ body }) => Object.keys(Object(body)))).toEqual([
			['items', 'new_parameter'],
			['items'],
		]);
	});

	it.each<[string, INodeParameters, string]>([
		[
			'an Additional Body with items',
			{ options: { additionalBody: '{ "items": [] }' } },
			'Additional Body (JSON) sets "items"',
		],
		[
			'a message without text',
			{ messages: { values: [{ role: 'user', text: '' }] } },
			'The text of message 1 in Messages is empty',
		],
		[
			'a role that does not exist',
			{ messages: { values: [{ role: 'bot', text: 'x' }] } },
			'The role of message 1 in Messages is "bot"',
		],
		['JSON that is none', { itemsInput: 'json', itemsJson: '{' }, "Items (JSON) isn't valid JSON"],
		[
			'a list with null in it',
			{ itemsInput: 'json', itemsJson: '[{}, null]' },
			'Conversation item 2 in Items (JSON) is nothing, not an object',
		],
		[
			'17 pairs',
			{
				metadataInput: 'json',
				metadataJson: `={{ Object.fromEntries(Array.from({ length: 17 }, (_, n) => ['k' + n, 'v'])) }}`,
			},
			'Metadata has 17 pairs',
		],
	])('should refuse %s before any request', async (_what, parameters, message) => {
		const { error } = await create(parameters);
		expect(error?.message).toContain(message);
		expect(error?.description).toBeTruthy();
		expect(server.requestCount).toBe(0);
	});

	it.each<[string, unknown]>([
		['an empty object', {}],
		['a conversation whose ID is empty', { id: '', object: 'conversation' }],
		['a conversation whose ID is a number', { id: 5 }],
		['a list', { object: 'list', data: [] }],
	])('should count %s as an answer for a failure that may have happened', async (_what, body) => {
		server.fault({ body: Object(body) });
		const { error } = await create({ options: { maxRetries: 3 } });
		expect(error?.message).toBe(
			"It isn't certain whether the conversation was created: The server answered with success, but not with a conversation",
		);
		expect(error?.description).toContain('may have gone through');
		expect(server.requestCount).toBe(1);
	});
});
