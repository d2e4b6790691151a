import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, detailsOf, isFailed, runNode, until } from '../support/engine';
import type { RunOptions } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => {
	server.reset();
	server.configure({ latencyMs: 0 });
});
afterAll(async () => await server.close());

const add = async (parameters: INodeParameters, more: Partial<RunOptions> = {}) =>
	await runNode(server.url, {
		parameters: { resource: 'item', operation: 'add', options: {}, ...parameters },
		...more,
	});

/** Adds the item `{ text }` of each input as a message to the conversation that it names under `id`. */
const addEach = async (
	inputs: IDataObject[],
	more: Partial<RunOptions> = {},
	parameters: INodeParameters = {},
) =>
	await add(
		{
			conversationId: '={{ $json.id }}',
			messages: { values: [{ role: 'user', text: '={{ $json.text }}' }] },
			...parameters,
		},
		{ items: inputs.map((json) => ({ json })), ...more },
	);

const GOES_ON: Partial<RunOptions> = { settings: { onError: 'continueRegularOutput' } };

/** `m0`, `m1`, … */
const texts = (count: number) => Array.from({ length: count }, (_, n) => `m${n}`);

/** The text of an item's first part. */
function textOf({ content }: Record<string, unknown>): unknown {
	const [part]: unknown[] = Array.isArray(content) ? content : [];
	return typeof part === 'object' && part !== null && 'text' in part ? part.text : undefined;
}

const stored = (id: string) => (server.store.getConversation(id)?.items ?? []).map(textOf);

const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null;

/** The texts that each request carried. */
const sentTexts = () =>
	server.requests.map(({ body }) => {
		const items: unknown = isRecord(body) ? body.items : undefined;
		return (Array.isArray(items) ? items : []).map((item: unknown) =>
			isRecord(item) ? item.content : undefined,
		);
	});

const sizes = () => sentTexts().map(({ length }) => length);

describe('Item: Add', () => {
	it('should send message rows in the easy form, and give one output per item as it was stored', async () => {
		const { id } = server.store.createConversation();
		const { json, items, error } = await add({
			conversationId: id,
			messages: {
				values: [
					{ role: 'user', text: 'Hello 👩‍👩‍👧' },
					{ text: 'the role is user unless chosen' },
					{ role: 'assistant', text: '={{ 7 }}' },
					{ role: 'system', text: 'a' },
					{ role: 'developer', text: 'b' },
				],
			},
		});
		expect(error).toBeUndefined();
		expect(
			server.requests.map(({ method, path, query, body }) => ({ method, path, query, body })),
		).toEqual([
			{
				method: 'POST',
				path: `/v1/conversations/${id}/items`,
				query: '',
				body: {
					items: [
						{ type: 'message', role: 'user', content: 'Hello 👩‍👩‍👧' },
						{ type: 'message', role: 'user', content: 'the role is user unless chosen' },
						{ type: 'message', role: 'assistant', content: '7' },
						{ type: 'message', role: 'system', content: 'a' },
						{ type: 'message', role: 'developer', content: 'b' },
					],
				},
			},
		]);
		expect(json).toEqual(server.store.getConversation(id)?.items);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(json.map(() => ({ item: 0 })));
	});

	it.each<[string, unknown]>([
		['one item', { type: 'message', role: 'user', content: 'Hello' }],
		['an item without a type', { role: 'user', content: 'Hello' }],
		[
			'a list',
			[
				{ type: 'message', role: 'user', content: 'a' },
				{ type: 'message', role: 'assistant', content: 'b' },
			],
		],
		[
			'content parts with images and files',
			{
				type: 'message',
				role: 'user',
				content: [
					{ type: 'input_text', text: 'Look' },
					{ type: 'input_image', image_url: 'https://example.com/a.png', detail: 'low' },
					{ type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=' },
					{ type: 'input_image', file_id: 'file-1' },
					{ type: 'input_file', file_id: 'file-2' },
					{
						type: 'input_file',
						filename: 'a.pdf',
						file_data: 'data:application/pdf;base64,JVBERi0=',
					},
					{ type: 'input_file', file_url: 'https://example.com/a.pdf' },
				],
			},
		],
		[
			'a function call and its output',
			[
				{
					type: 'function_call',
					call_id: 'call_1',
					name: 'get_weather',
					arguments: '{"city":"Köln"}',
				},
				{ type: 'function_call_output', call_id: 'call_1', output: '21' },
			],
		],
		[
			'an item with an ID of its own',
			{ type: 'message', id: 'msg_mine', role: 'user', content: 'x' },
		],
	])('should pass JSON on untouched: %s', async (_what, item) => {
		const given = Array.isArray(item) ? item : [item];
		for (const itemsJson of [
			JSON.stringify(item),
			'={{ $json.item }}',
			'={{ JSON.stringify($json.item) }}',
		]) {
			server.reset();
			const { id } = server.store.createConversation();
			const { error, json } = await add(
				{ conversationId: id, itemsInput: 'json', itemsJson },
				{ items: [{ json: { item: Object(item) } }] },
			);
			expect(error).toBeUndefined();
			expect(server.requests.map(({ body }) => body)).toEqual([{ items: given }]);
			expect(json).toHaveLength(given.length);
		}
	});

	it('should send 45 items of one input in order, 20 at a time', async () => {
		const { id } = server.store.createConversation();
		const items = texts(45).map((content) => ({ type: 'message', role: 'user', content }));
		const { json } = await add({
			conversationId: id,
			itemsInput: 'json',
			itemsJson: JSON.stringify(items),
		});
		expect(sizes()).toEqual([20, 20, 5]);
		expect(stored(id)).toEqual(texts(45));
		expect(json.map(textOf)).toEqual(texts(45));
	});

	it('should say how many were added when a later part is refused, and send nothing after it', async () => {
		const { id } = server.store.createConversation();
		const items = texts(45).map((content, n) => ({
			type: 'message',
			role: n === 30 ? 'nobody' : 'user',
			content,
		}));
		const { error } = await add({
			conversationId: id,
			itemsInput: 'json',
			itemsJson: JSON.stringify(items),
		});
		expect(error?.message).toMatch(
			`The first 20 of 45 conversation items were added to ${id}; the others were not: Invalid value: 'nobody'.`,
		);
		expect(error?.description).toContain('Add only what is missing');
		expect(error?.context).toMatchObject({ conversation: id, item_count: 20 });
		expect(sizes()).toEqual([20, 20]);
		expect(stored(id)).toEqual(texts(20));
	});

	it('should send Include as the API takes it, and give what was asked for', async () => {
		const { id } = server.store.createConversation();
		const { json } = await add({
			conversationId: id,
			itemsInput: 'json',
			itemsJson:
				'{ "role": "user", "content": [{ "type": "input_image", "image_url": "https://example.com/a.png" }] }',
			options: { include: ['message.input_image.image_url', 'reasoning.encrypted_content'] },
		});
		expect(server.requests[0]?.query).toBe(
			'include[]=message.input_image.image_url&include[]=reasoning.encrypted_content',
		);
		expect(JSON.stringify(json)).toContain('https://example.com/a.png');
	});

	it.each<[string, INodeParameters, string]>([
		['no message', { messages: {} }, 'Messages is empty'],
		[
			'a message without text',
			{ messages: { values: [{ text: 'a' }, { text: '={{ $json.none }}' }] } },
			'The text of message 2 in Messages is empty',
		],
		[
			'a text that is an object',
			{ messages: { values: [{ text: '={{ ({ a: 1 }) }}' }] } },
			'The text of message 1 in Messages is an object',
		],
		['empty JSON', { itemsInput: 'json', itemsJson: '' }, 'Items (JSON) is empty'],
		['an empty list', { itemsInput: 'json', itemsJson: '[]' }, 'Items (JSON) is empty'],
		[
			'text as JSON',
			{ itemsInput: 'json', itemsJson: '"Hello"' },
			'Conversation item 1 in Items (JSON) is text, not an object',
		],
		[
			'a list in the list',
			{ itemsInput: 'json', itemsJson: '[[]]' },
			'Conversation item 1 in Items (JSON) is a list',
		],
		[
			'an include that does not exist',
			{ messages: { values: [{ text: 'a' }] }, options: { include: ['all'] } },
			'Include has "all"',
		],
		[
			'an Additional Body with items',
			{ messages: { values: [{ text: 'a' }] }, options: { additionalBody: { items: [] } } },
			'Additional Body (JSON) sets "items"',
		],
		[
			'an item ID as the conversation',
			{ conversationId: 'msg_1', messages: { values: [{ text: 'a' }] } },
			'Conversation ID is the ID of a conversation item',
		],
	])('should refuse %s before any request', async (_what, parameters, message) => {
		const { error } = await add({ conversationId: 'conv_1', ...parameters });
		expect(error?.name).toBe('NodeOperationError');
		expect(error?.message).toContain(message);
		expect(error?.description).toBeTruthy();
		expect(server.requestCount).toBe(0);
	});

	it.each<[string, unknown]>([
		['half an emoji', { role: 'user', content: 'cut \ud83d' }],
		['the other half of an emoji', { role: 'user', content: '\ude00 cut' }],
		['a NUL', { role: 'user', content: 'a\0b' }],
		[
			'half an emoji deep inside',
			{ role: 'user', content: [{ type: 'input_text', text: '\ud83d' }] },
		],
		[
			'a NUL in an argument',
			{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":"\0"}' },
		],
	])(
		'should refuse %s before any request, since it would be stored in another form',
		async (_what, item) => {
			const { id } = server.store.createConversation();
			for (const parameters of [
				{ itemsInput: 'json', itemsJson: '={{ $json.item }}' },
				...(typeof Object(item).content === 'string'
					? [{ messages: { values: [{ text: '={{ $json.item.content }}' }] } }]
					: []),
			]) {
				const { error } = await add(
					{ conversationId: id, ...parameters },
					{ items: [{ json: { item: Object(item) } }] },
				);
				expect(error?.message).toMatch(/Items \(JSON\)|Messages/);
				expect(error?.description).toBeTruthy();
			}
			expect(server.requestCount).toBe(0);
		},
	);

	it.each<[string, unknown]>([
		['an empty object', {}],
		['a list whose data is none', { object: 'list', data: 'x' }],
		['a list with null in it', { object: 'list', data: [null] }],
		['a list with too few items', { object: 'list', data: [] }],
		['a list with too many items', { object: 'list', data: [{ id: 'a' }, { id: 'b' }] }],
	])('should count %s as an answer for a failure that may have happened', async (_what, body) => {
		const { id } = server.store.createConversation();
		server.fault({ body: Object(body) });
		const { error } = await addEach([{ id, text: 'a' }], {}, { options: { maxRetries: 3 } });
		expect(error?.message).toMatch(
			/^It isn't certain whether the conversation items were added: The server answered with success, but (not with a list of items|with \d items instead of the 1 that were sent)$/,
		);
		expect(error?.description).toContain('may have gone through');
		expect(error?.context).toMatchObject({ may_have_happened: true });
		expect(server.requestCount).toBe(1);
	});
});

describe('Items of several inputs', () => {
	it('should take 50 requests for 1,000 messages to one conversation, in order, each with its own output', async () => {
		const { id } = server.store.createConversation();
		const { items, error } = await addEach(texts(1_000).map((text) => ({ id, text })));
		expect(error).toBeUndefined();
		expect(server.requests.map(({ method }) => method)).toEqual(Array<string>(50).fill('POST'));
		expect(sizes()).toEqual(Array<number>(50).fill(20));
		expect(stored(id)).toEqual(texts(1_000));
		expect(items.map(({ json, pairedItem }) => [textOf(json), pairedItem])).toEqual(
			texts(1_000).map((text, item) => [text, { item }]),
		);
		expect(server.maxInFlightPerConversation).toBe(1);
	}, 30_000);

	it('should give each input all of its own outputs when inputs have several items', async () => {
		const { id } = server.store.createConversation();
		const inputs = [3, 1, 25, 2, 18, 2].map((count, input) => ({
			items: Array.from({ length: count }, (_, n) => ({ role: 'user', content: `${input}.${n}` })),
		}));
		const { items } = await add(
			{ conversationId: id, itemsInput: 'json', itemsJson: '={{ $json.items }}' },
			{ items: inputs.map((json) => ({ json })) },
		);
		expect(sizes()).toEqual([4, 20, 5, 20, 2]);
		const expected = inputs.flatMap((input, item) =>
			input.items.map(({ content }) => [content, { item }]),
		);
		expect(items.map(({ json, pairedItem }) => [textOf(json), pairedItem])).toEqual(expected);
		expect(stored(id)).toEqual(expected.map(([content]) => content));
	});

	it('should keep mixed conversations apart, each in its order', async () => {
		const ids = [0, 1, 2].map(() => server.store.createConversation().id);
		const inputs = texts(90).map((text, n) => ({ id: ids[n % 3] ?? '', text }));
		const { items } = await addEach(inputs);
		expect(items.map(({ json, pairedItem }) => [textOf(json), pairedItem])).toEqual(
			inputs.map(({ text }, item) => [text, { item }]),
		);
		for (const id of ids) {
			expect(stored(id)).toEqual(inputs.filter((input) => input.id === id).map(({ text }) => text));
		}
		expect(server.maxInFlightPerConversation).toBe(1);
		expect(server.requestCount).toBeLessThanOrEqual(90);
	});

	it('should let neighbors for one conversation travel together between those of others', async () => {
		const [a = '', b = ''] = [0, 1].map(() => server.store.createConversation().id);
		const order = [a, a, a, b, b, a, a];
		await addEach(
			order.map((id, n) => ({ id, text: `m${n}` })),
			{},
			{ options: { maxConcurrency: 1 } },
		);
		expect(stored(a)).toEqual(['m0', 'm1', 'm2', 'm5', 'm6']);
		expect(stored(b)).toEqual(['m3', 'm4']);
		expect(server.requestCount).toBeLessThanOrEqual(3);
	});

	it('should not put inputs with different options into one call', async () => {
		const { id } = server.store.createConversation();
		const inputs = texts(6).map((text, n) => ({ id, text, trace: n < 3 ? 'one' : 'two' }));
		await addEach(
			inputs,
			{},
			{
				options: {
					additionalHeaders: { headers: [{ name: 'x-trace-id', value: '={{ $json.trace }}' }] },
				},
			},
		);
		expect(server.requests.map(({ headers }) => headers['x-trace-id'])).toEqual(['one', 'two']);
		expect(sizes()).toEqual([3, 3]);
		expect(stored(id)).toEqual(texts(6));
	});

	it('should leave out an input that is refused before any request', async () => {
		const { id } = server.store.createConversation();
		const inputs = [
			{ id, text: 'm0' },
			{ id, text: '' },
			{ id: 'oops', text: 'x' },
			{ id, text: 'm1' },
		];
		const { items } = await addEach(inputs, GOES_ON);
		expect(items.map(({ json }) => json.error)).toEqual([
			undefined,
			expect.stringContaining('Messages'),
			'Conversation ID is "oops", which is not the ID of a conversation',
			undefined,
		]);
		expect(sentTexts().flat()).toEqual(['m0', 'm1']);
		expect(stored(id)).toEqual(['m0', 'm1']);
	});

	describe('with one that the API refuses', () => {
		const withCulprit = (id: string, culprit: number) =>
			texts(20).map((text, n) => ({ id, text, role: n === culprit ? 'nobody' : 'user' }));
		const parameters: INodeParameters = {
			itemsInput: 'json',
			itemsJson: '={{ { role: $json.role, content: $json.text } }}',
			options: { maxRetries: 2 },
		};

		it.each([0, 7, 19])(
			'should send them singly, so that only the culprit fails (input %d)',
			async (culprit) => {
				const { id } = server.store.createConversation();
				const { items } = await addEach(withCulprit(id, culprit), GOES_ON, parameters);
				expect(items).toHaveLength(20);
				expect(items.flatMap((item, n) => (isFailed(item) ? [n] : []))).toEqual([culprit]);
				expect(items[culprit]?.json).toMatchObject({
					error: expect.stringContaining(`Invalid value: 'nobody'.`),
					details: { status: 400, attempts: 1 },
				});
				expect(items.map(({ pairedItem }) => pairedItem)).toEqual(
					items.map((_, item) => ({ item })),
				);
				expect(stored(id)).toEqual(texts(20).filter((_, n) => n !== culprit));
				expect(sizes()).toEqual([20, ...Array<number>(20).fill(1)]);
			},
		);

		it.each([0, 7, 19])(
			'should send nothing after the culprit when the first failure ends the node (input %d)',
			async (culprit) => {
				const { id } = server.store.createConversation();
				const { error } = await addEach(withCulprit(id, culprit), {}, parameters);
				expect(error?.message).toContain(`[item ${culprit}]`);
				expect(error?.description).toContain(`${culprit} of 20 input items were done.`);
				expect(stored(id)).toEqual(texts(culprit));
				expect(sizes()).toEqual([20, ...Array<number>(culprit + 1).fill(1)]);
			},
		);

		it('should go on with calls of 20 afterwards', async () => {
			const { id } = server.store.createConversation();
			const inputs = texts(60).map((text, n) => ({ id, text, role: n === 5 ? 'nobody' : 'user' }));
			await addEach(inputs, GOES_ON, parameters);
			expect(sizes()).toEqual([20, ...Array<number>(20).fill(1), 20, 20]);
			expect(stored(id)).toEqual(texts(60).filter((text) => text !== 'm5'));
		});
	});

	it.each([
		[401, 1],
		[403, 1],
		[404, 1],
		[409, 1],
		[429, 3],
	])(
		'should not send them singly when the whole call is answered with %d',
		async (status, requests) => {
			const { id } = server.store.createConversation();
			server.fault({ times: Infinity, status, headers: { 'retry-after-ms': '1' } });
			const { items } = await addEach(
				texts(5).map((text) => ({ id, text })),
				GOES_ON,
				{ options: { maxRetries: 2 } },
			);
			expect(items.map((item) => detailsOf(item).status)).toEqual(Array(5).fill(status));
			expect(sizes()).toEqual(Array<number>(requests).fill(5));
			expect(stored(id)).toEqual([]);
		},
	);

	it('should not send them singly while another request works on the conversation', async () => {
		const { id } = server.store.createConversation();
		const body = {
			error: {
				message: 'Another process is at work. Please retry in a few seconds.',
				type: 'invalid_request_error',
				param: 'conversation',
				code: 'conversation_locked',
			},
		};
		server.fault({ times: 2, status: 400, body, headers: { 'retry-after-ms': '1' } });
		const { error } = await addEach(
			texts(5).map((text) => ({ id, text })),
			{},
			{ options: { maxRetries: 2 } },
		);
		expect(error).toBeUndefined();
		expect(sizes()).toEqual([5, 5, 5]);
		expect(stored(id)).toEqual(texts(5));
	});

	describe('whose answer is not in the order in which they were sent', () => {
		const image = (name: string) => ({
			role: 'user',
			content: [{ type: 'input_image', image_url: `https://example.com/${name}.png` }],
		});
		/** Adds each with an input of its own; the answer's items are what `change` makes of them. */
		const addChanged = async (
			items: object[],
			change: (data: Array<Record<string, unknown>>) => unknown[],
		) => {
			const { id } = server.store.createConversation();
			server.fault({
				match: { method: 'POST' },
				respond: (_request, genuine) => {
					genuine();
					const data = (server.store.getConversation(id)?.items ?? []).map((item) => ({ ...item }));
					return { body: { object: 'list', data: change(data), has_more: false } };
				},
			});
			const result = await add(
				{
					conversationId: id,
					itemsInput: 'json',
					itemsJson: '={{ $json.item }}',
					options: { include: ['message.input_image.image_url'] },
				},
				{ items: items.map((item) => ({ json: { item } })), ...GOES_ON },
			);
			return { ...result, own: server.store.getConversation(id)?.items ?? [] };
		};
		const text = (content: string) => ({ role: 'user', content });

		it.each<[string, object[]]>([
			['texts', ['a', 'b', 'c'].map(text)],
			['images', ['a', 'b', 'c'].map(image)],
			['texts of which two are the same', ['a', 'b', 'a'].map(text)],
			['texts and images', [text('a'), image('b'), text('c'), image('d')]],
		])('should each get its own output: %s', async (_what, items) => {
			const { json, own } = await addChanged(items, (data) => data.toReversed());
			expect(json.map(({ content }) => content)).toEqual(own.map(({ content }) => content));
			expect(server.requestCount).toBe(1);
		});

		it.each<[string, object[], (data: Array<Record<string, unknown>>) => unknown[]]>([
			[
				'holds an item of somebody else',
				['a', 'b', 'c'].map(text),
				(data) => [
					...data.slice(0, 2),
					{ id: 'msg_theirs', type: 'message', role: 'user', content: 'theirs' },
				],
			],
			['holds too few', ['a', 'b', 'c'].map(text), (data) => data.slice(1)],
			['holds too many', ['a', 'b', 'c'].map(text), (data) => [...data, ...data]],
		])(
			'should be reported as not certain rather than paired when the answer %s',
			async (_what, items, change) => {
				const { items: outputs, own } = await addChanged(items, change);
				expect(outputs.map((output) => detailsOf(output).may_have_happened)).toEqual(
					Array(3).fill(true),
				);
				expect(outputs.map(({ json }) => json.id)).toEqual(Array(3).fill(undefined));
				expect(own).toHaveLength(3);
				expect(server.requestCount).toBe(1);
			},
		);
	});

	it.each<[string, object]>([
		['a call whose answer was lost', { apply: true, reset: 'before-headers' }],
		['a call that met a server error', { apply: true, status: 500 }],
	])('should fail all inputs of %s, and send none of them again', async (_what, fault) => {
		const { id } = server.store.createConversation();
		server.fault(fault);
		const { items } = await addEach(
			texts(5).map((text) => ({ id, text })),
			GOES_ON,
		);
		expect(items.map((item) => detailsOf(item).may_have_happened)).toEqual(Array(5).fill(true));
		expect(server.requestCount).toBe(1);
		expect(stored(id)).toEqual(texts(5));
	});
});

describe('Adding many items, when the execution is stopped', () => {
	it('should say how many were added to which conversation, so that none is added twice', async () => {
		const { id } = server.store.createConversation();
		server.fault({ match: { nth: 2 }, hang: true });
		const stop = new AbortController();
		const itemsJson = JSON.stringify(texts(40).map((content) => ({ role: 'user', content })));
		const running = add(
			{ conversationId: id, itemsInput: 'json', itemsJson },
			{ stop: stop.signal },
		);
		await until(() => server.requestCount === 2);
		stop.abort();
		const { run, error } = await running;
		expect(run.status).toBe('canceled');
		expect(error?.description).toBe(
			`Adding 40 conversation items to ${id} was interrupted; at least 20 are there. Look at its end with Conversation Item: Get Many (option Order set to Newest First), and add only the others when you run the workflow again.`,
		);
		expect(stored(id)).toEqual(texts(20));
	});

	it('should say that it may have gone through when the only request was on its way', async () => {
		const { id } = server.store.createConversation();
		server.fault({ hang: true });
		const stop = new AbortController();
		const running = addEach([{ id, text: 'Hello' }], { stop: stop.signal });
		await until(() => server.requestCount === 1);
		stop.abort();
		const { run, error } = await running;
		expect(run.status).toBe('canceled');
		expect(error?.description).toBe(
			'What was being sent may have gone through anyway. Check that before you run the workflow again.',
		);
	});

	it('should name the input items of which that is so', async () => {
		const ids = texts(3).map(() => server.store.createConversation().id);
		server.fault({ match: { path: new RegExp(`${ids[1]}|${ids[2]}`) }, times: 2, hang: true });
		const stop = new AbortController();
		const running = addEach(
			ids.map((id) => ({ id, text: 'Hello' })),
			{ stop: stop.signal },
		);
		await until(() => server.requestCount === 3 && stored(ids[0] ?? '').length === 1);
		await until(() => server.inFlight === 2);
		stop.abort();
		const { error } = await running;
		expect(error?.description).toBe(
			'1 of 3 input items was done. What was being sent for input items 2 and 3 of 3 may have gone through anyway. Check that before you run the workflow again.',
		);
	});
});
