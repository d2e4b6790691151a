import OpenAI from 'openai';
import { startServer } from '../../server/index.mjs';
import { ACCEPTED, raw, rejection, sdk, useServer } from '../support/server';

const server = useServer();

const texts = (count: number) =>
	Array.from({ length: count }, (_, index) => ({
		type: 'message' as const,
		role: 'user' as const,
		content: `text ${index}`,
	}));

describe('the eight calls, by the official SDK', () => {
	test('create gives a conversation with its metadata, and stores its items', async () => {
		const conversation = await sdk(server()).conversations.create({
			metadata: { topic: 'demo' },
			items: texts(2),
		});

		expect(conversation).toEqual({
			id: expect.stringMatching(/^conv_[0-9a-f]{48}$/),
			object: 'conversation',
			created_at: expect.any(Number),
			metadata: { topic: 'demo' },
		});
		expect(Math.abs(conversation.created_at - Date.now() / 1000)).toBeLessThan(5);
		expect(server().store.getConversation(conversation.id)?.items).toHaveLength(2);
		expect(server().requests[0]).toMatchObject({
			index: 0,
			method: 'POST',
			path: '/v1/conversations',
			status: 200,
			applied: true,
		});
	});

	test.each([undefined, null, {}, { metadata: null, items: null }])(
		'create takes %j',
		async (body) => {
			expect((await sdk(server()).conversations.create(body)).metadata).toEqual({});
		},
	);

	test('retrieve gives what create gave', async () => {
		const client = sdk(server());
		const created = await client.conversations.create({ metadata: { a: '1' } });
		expect(await client.conversations.retrieve(created.id)).toEqual(created);
		expect(server().requests[1]?.applied).toBe(false);
	});

	test('update replaces the metadata', async () => {
		const { id } = server().store.createConversation({ metadata: { old: '1' } });
		const updated = await sdk(server()).conversations.update(id, { metadata: { new: '2' } });
		expect(updated.metadata).toEqual({ new: '2' });
	});

	test('update merges the metadata when told to, within the limit of 16', async () => {
		server().configure({ updateSemantics: 'merge' });
		const metadata = Object.fromEntries(
			Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v']),
		);
		const { id } = server().store.createConversation({ metadata });
		const client = sdk(server());
		expect((await client.conversations.update(id, { metadata: { k0: 'new' } })).metadata).toEqual({
			...metadata,
			k0: 'new',
		});
		const error = await rejection(client.conversations.update(id, { metadata: { k16: 'v' } }));
		expect(error).toMatchObject({ status: 400, code: 'object_above_max_properties' });
	});

	test('a metadata key named __proto__ is a key like any other', async () => {
		const { id } = server().store.createConversation();
		const answer = await raw(server(), `/v1/conversations/${id}`, {
			method: 'POST',
			body: '{"metadata":{"__proto__":"x"}}',
		});
		expect(answer.body).toContain('"metadata":{"__proto__":"x"}');
	});

	test('delete gives a deletion object; the conversation is gone, its items are not', async () => {
		const client = sdk(server());
		const { id } = await client.conversations.create({ items: texts(1) });
		expect(await client.conversations.delete(id)).toEqual({
			id,
			object: 'conversation.deleted',
			deleted: true,
		});
		expect(await rejection(client.conversations.retrieve(id))).toBeInstanceOf(OpenAI.NotFoundError);
		expect(await rejection(client.conversations.items.list(id))).toBeInstanceOf(
			OpenAI.NotFoundError,
		);
		expect(server().store.items.size).toBe(1);
	});

	test('adding items gives a list of what was added, in order', async () => {
		const { id } = server().store.createConversation({ items: texts(1) });
		const added = await sdk(server()).conversations.items.create(id, { items: texts(20) });
		expect(added).toMatchObject({
			object: 'list',
			has_more: false,
			first_id: added.data[0]?.id,
			last_id: added.data[19]?.id,
		});
		expect(added.data.map((item) => item.id)).toEqual(
			server()
				.store.getConversation(id)
				?.items.slice(1)
				.map((item) => item.id),
		);
	});

	test('an item can be read and deleted; deleting gives the conversation', async () => {
		const client = sdk(server());
		const conversation = await client.conversations.create({
			metadata: { a: '1' },
			items: texts(2),
		});
		const [first, second] = server().store.getConversation(conversation.id)?.items ?? [];
		const place = { conversation_id: conversation.id };
		expect(await client.conversations.items.retrieve(first?.id ?? '', place)).toEqual({
			id: expect.stringMatching(/^msg_[0-9a-f]{48}$/),
			type: 'message',
			status: 'completed',
			role: 'user',
			content: [{ type: 'input_text', text: 'text 0' }],
		});
		expect(await client.conversations.items.delete(first?.id ?? '', place)).toEqual(conversation);
		expect(server().store.getConversation(conversation.id)?.items).toEqual([second]);
	});

	test('models can be listed', async () => {
		expect((await sdk(server()).models.list()).data.map(({ id }) => id)).toContain('gpt-5');
	});
});

describe('paging', () => {
	test.each(['asc', 'desc'] as const)('the SDK pages over 250 items, %s', async (order) => {
		const { id, items } = server().store.createConversation({ items: texts(250) });
		const seen: string[] = [];
		for await (const item of sdk(server()).conversations.items.list(id, { order, limit: 100 })) {
			seen.push(item.id ?? '');
		}
		const expected = items.map((item) => item.id);
		expect(seen).toEqual(order === 'asc' ? expected : expected.reverse());
		expect(server().requests.map(({ query }) => new URLSearchParams(query).get('after'))).toEqual([
			null,
			seen[99],
			seen[199],
		]);
	});

	test('a page has 20 items, newest first, unless asked otherwise', async () => {
		const { id, items } = server().store.createConversation({ items: texts(21) });
		const page = await sdk(server()).conversations.items.list(id);
		expect(page.data.map((item) => item.id)).toEqual(
			items
				.slice(1)
				.reverse()
				.map((item) => item.id),
		);
		expect(page).toMatchObject({ has_more: true, last_id: items[1]?.id });
	});

	test('the last page says that there is no more, also when it is full', async () => {
		const { id, items } = server().store.createConversation({ items: texts(4) });
		const page = await sdk(server()).conversations.items.list(id, {
			order: 'asc',
			limit: 2,
			after: items[1]?.id ?? '',
		});
		expect(page.has_more).toBe(false);
		expect(page.data).toHaveLength(2);
	});

	test('an empty conversation gives an empty list', async () => {
		const { id } = server().store.createConversation();
		const answer = await raw(server(), `/v1/conversations/${id}/items`);
		expect(JSON.parse(answer.body)).toEqual({
			object: 'list',
			data: [],
			first_id: null,
			last_id: null,
			has_more: false,
		});
	});

	test.each([
		['limit=0', 'limit', 'integer_below_min_value'],
		['limit=101', 'limit', 'integer_above_max_value'],
		['limit=ten', 'limit', 'invalid_type'],
		['order=up', 'order', 'invalid_value'],
		['after=msg_unknown', 'after', null],
		['include=everything', 'include[0]', 'invalid_value'],
	])('%s is refused', async (query, param, code) => {
		const { id } = server().store.createConversation();
		const answer = await raw(server(), `/v1/conversations/${id}/items?${query}`);
		expect(answer.head).toMatch(/^HTTP\/1\.1 400 /);
		expect(JSON.parse(answer.body)).toMatchObject({
			error: { type: 'invalid_request_error', param, code },
		});
	});
});

describe('metadata limits, at their edges', () => {
	const pairs = (count: number) =>
		Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, '']));
	const create = async (metadata: unknown) =>
		await raw(server(), '/v1/conversations', {
			method: 'POST',
			body: JSON.stringify({ metadata }),
		});

	test.each([
		['16 pairs', pairs(16)],
		['a key of 64 characters', { ['k'.repeat(64)]: '' }],
		['a value of 512 characters', { k: 'v'.repeat(512) }],
		['a value of 512 characters beyond the basic plane', { k: '😀'.repeat(512) }],
	])('%s may be', async (_, metadata) => {
		expect(JSON.parse((await create(metadata)).body)).toMatchObject({ metadata });
	});

	test.each([
		['17 pairs', pairs(17), 'object_above_max_properties', 'metadata'],
		[
			'a key of 65 characters',
			{ ['k'.repeat(65)]: '' },
			'string_above_max_length',
			`metadata.${'k'.repeat(65)}`,
		],
		['a value of 513 characters', { k: 'v'.repeat(513) }, 'string_above_max_length', 'metadata.k'],
		['a number', { k: 1 }, 'invalid_type', 'metadata.k'],
		['a null', { k: null }, 'invalid_type', 'metadata.k'],
		['a nested object', { k: {} }, 'invalid_type', 'metadata.k'],
		['an array for the whole', [], 'invalid_type', 'metadata'],
	])('%s may not', async (_, metadata, code, param) => {
		expect(JSON.parse((await create(metadata)).body)).toMatchObject({ error: { code, param } });
		expect(server().store.conversations.size).toBe(0);
	});

	test.each([
		['', 'missing_required_parameter'],
		['{}', 'missing_required_parameter'],
		['{"metadata":null}', 'invalid_type'],
	])('an update with %j is refused', async (body, code) => {
		const { id } = server().store.createConversation({ metadata: { a: '1' } });
		const answer = await raw(server(), `/v1/conversations/${id}`, { method: 'POST', body });
		expect(JSON.parse(answer.body)).toMatchObject({ error: { code, param: 'metadata' } });
		expect(server().requests[0]?.applied).toBe(false);
	});
});

describe('what a request must bring', () => {
	const headersOf = () => server().requests.at(-1)?.headers;

	test('a key as bearer or as api-key', async () => {
		await sdk(server()).models.list();
		expect(headersOf()?.authorization).toBe(`Bearer ${ACCEPTED}`);
		const byHeader = sdk(server(), {
			defaultHeaders: { authorization: null, 'api-key': ACCEPTED },
		});
		await byHeader.models.list();
		expect(headersOf()).toMatchObject({ 'api-key': ACCEPTED });
		expect(headersOf()?.authorization).toBeUndefined();
	});

	test.each([
		['Bearer sk-wrong-key', 'Incorrect API key provided: sk-wrong-key.', 'invalid_api_key'],
		['Basic abc', "You didn't provide an API key.", null],
	])('not %s', async (authorization, message, code) => {
		const error = await rejection(
			sdk(server(), { defaultHeaders: { authorization } }).models.list(),
		);
		expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
		expect(error).toMatchObject({ message: expect.stringContaining(message), code });
	});

	test('JSON, said to be JSON', async () => {
		const bad = await raw(server(), '/v1/conversations', { method: 'POST', body: '{"metadata":' });
		expect(JSON.parse(bad.body)).toMatchObject({
			error: { message: expect.stringContaining('could not parse the JSON body') },
		});
		const headers = [`api-key: ${ACCEPTED}`, 'content-type: text/plain'];
		const plain = await raw(server(), '/v1/conversations', { method: 'POST', body: '{}', headers });
		expect(JSON.parse(plain.body)).toMatchObject({ error: { code: 'unsupported_content_type' } });
	});

	test('no parameter that the API does not know, unless told to let it pass', async () => {
		const body = '{"metadata":{},"extra":1}';
		const refused = await raw(server(), '/v1/conversations', { method: 'POST', body });
		expect(JSON.parse(refused.body)).toMatchObject({
			error: { code: 'unknown_parameter', param: 'extra' },
		});
		server().configure({ unknownParameters: 'ignore' });
		expect((await raw(server(), '/v1/conversations', { method: 'POST', body })).head).toMatch(
			/^HTTP\/1\.1 200 /,
		);
	});

	test.each([
		[
			'PUT',
			'/v1/conversations/conv_1',
			405,
			'Invalid method for URL (PUT /v1/conversations/conv_1)',
		],
		['GET', '/v1/conversations', 405, 'Invalid method for URL (GET /v1/conversations)'],
		['POST', '/v1/conversation', 404, 'Invalid URL (POST /v1/conversation)'],
		['GET', '/v1/conversations/', 404, 'Invalid URL (GET /v1/conversations/)'],
		[
			'GET',
			'/v1/conversations/conv_1/items/msg_1/more',
			404,
			'Invalid URL (GET /v1/conversations/conv_1/items/msg_1/more)',
		],
		['GET', '/conversations/conv_1', 404, 'Invalid URL (GET /conversations/conv_1)'],
		['GET', '/v1/conversations/%zz', 404, 'Invalid URL (GET /v1/conversations/%zz)'],
		['GET', '/v1/conversations/conv_1', 404, "Conversation with id 'conv_1' not found."],
		[
			'GET',
			'/v1/conversations/thread_1',
			400,
			"Invalid 'conversation_id': 'thread_1'. Expected an ID that begins with 'conv'.",
		],
	])('%s %s answers %i', async (method, path, status, message) => {
		const answer = await raw(server(), path, { method });
		expect(answer.head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
		expect(JSON.parse(answer.body)).toMatchObject({
			error: { message, type: 'invalid_request_error' },
		});
	});

	test('an item of its own conversation', async () => {
		const { items } = server().store.createConversation({ items: texts(1) });
		const other = server().store.createConversation();
		const error = await rejection(
			sdk(server()).conversations.items.retrieve(items[0]?.id ?? '', { conversation_id: other.id }),
		);
		expect(error).toBeInstanceOf(OpenAI.NotFoundError);
	});
});

test('every answer carries a request ID of its own and the usual headers', async () => {
	const answers = [await raw(server(), '/v1/models'), await raw(server(), '/v1/nothing')];
	for (const { head } of answers) {
		expect(head).toMatch(/^x-request-id: req_[0-9a-f]{32}$/m);
		expect(head).toMatch(/^openai-processing-ms: \d+$/m);
		expect(head).toMatch(/^content-type: application\/json$/m);
	}
	expect(new Set(answers.map(({ head }) => /^x-request-id: (.*)$/m.exec(head)?.[1])).size).toBe(2);
});

test('a base path, latency and seeded IDs can be had', async () => {
	const waits = [60, 0];
	const options = {
		apiKeys: [ACCEPTED],
		basePath: '/openai/v1',
		latencyMs: () => waits.shift() ?? 0,
		random: () => 0.5,
	};
	const own = await startServer(options);
	try {
		const start = performance.now();
		const { id } = await sdk(own).conversations.create();
		expect(performance.now() - start).toBeGreaterThanOrEqual(59);
		expect(id).toBe(`conv_${'8'.repeat(48)}`);
		expect(own.requests[0]?.path).toBe('/openai/v1/conversations');
	} finally {
		await own.close();
	}
});
