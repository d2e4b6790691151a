/* eslint-disable @n8n/community-nodes/no-restricted-globals */
import fc from 'fast-check';
import type { INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, pause, runNode, until } from '../support/engine';
import type { RunResult } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
type Rule = Parameters<Server['fault']>[0];

// Looks at what may still come are repeated after longer and longer pauses.
jest.setTimeout(30_000);

/** Each test has a server of its own, so that those that wait can do so side by side. */
async function withServer(test: (server: Server) => Promise<void>): Promise<void> {
	const server = await startServer({ apiKeys: [API_KEY] });
	try {
		await test(server);
	} finally {
		await server.close();
	}
}

const texts = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `m${from + n}`);
const messages = (contents: readonly string[]) =>
	contents.map((content) => ({ type: 'message', role: 'user', content }));

/** Seconds; long enough for what does answer, on a busy machine as well. */
const TIMEOUT = 1;

const RETRIES: INodeParameters = { maxRetries: 3, retryNetworkErrors: true, timeout: TIMEOUT };

/** Writes the texts with one input: adds them to the conversation, or creates one. */
const write = async (
	server: Server,
	id: string | undefined,
	contents: readonly string[],
	options: INodeParameters = RETRIES,
) =>
	await runNode(server.url, {
		parameters: {
			...(id === undefined
				? { operation: 'create' }
				: { resource: 'item', operation: 'add', conversationId: id }),
			itemsInput: 'json',
			itemsJson: JSON.stringify(messages(contents)),
			options,
		},
	});

function textOf({ content }: Record<string, unknown>): string {
	const [part]: unknown[] = Array.isArray(content) ? content : [];
	return typeof part === 'object' && part !== null && 'text' in part ? String(part.text) : '';
}

const stored = (server: Server, id: string) =>
	(server.store.getConversation(id)?.items ?? []).map(textOf);

/** All texts that the server holds, in whatever conversation. */
const everywhere = (server: Server) =>
	[...server.store.conversations.values()].flatMap(({ items }) => items.map(textOf));

const count = (server: Server, method: string) =>
	server.requests.filter((request) => request.method === method).length;

const methods = (server: Server) => server.requests.map(({ method }) => method);

function expectUncertain({ error }: RunResult): void {
	expect(error?.context).toMatchObject({ may_have_happened: true });
	expect(error?.description).toMatch(/^It may have gone through anyway\. /);
}

const RETRY = { 'retry-after-ms': '1' };
const HTML = {
	body: '<html>Something went wrong</html>',
	headers: { ...RETRY, 'content-type': 'text/html' },
};

/** What the API says itself when it has come to an end with the request. */
const FINAL_ERRORS: Array<[string, Rule]> = [500, 503].map((status) => [
	`${status} in the API's own words`,
	{ status, headers: RETRY },
]);

/** What leaves open whether the server is still at work on the request. */
const LOST: Array<[string, Rule]> = [
	...[502, 504].map((status): [string, Rule] => [
		`${status} in the API's form`,
		{ status, headers: RETRY },
	]),
	...[500, 503].map((status): [string, Rule] => [
		`${status} of a gateway in the API's form`,
		{ status, headers: RETRY, gateway: true },
	]),
	[
		'500 of a gateway that forwards the headers of the API under other names',
		{ status: 500, headers: RETRY, gateway: 'forwarding' },
	],
	...[500, 502, 503].map((status): [string, Rule] => [
		`${status} with a page of a proxy`,
		{ status, ...HTML, gateway: true },
	]),
	['a reset connection', { reset: 'before-headers' }],
	[
		'a connection that ends in the middle of the answer',
		{ status: 200, body: { data: [{ id: 'half' }] }, close: 'mid-body' },
	],
	['no answer within the timeout', { hang: true }],
];

const POST_ITEMS = { method: 'POST', path: /\/items$/ };
const CREATE = { method: 'POST', path: '/conversations' };

describe('Adding a message', () => {
	/** Adds `new` to a conversation that holds another message. */
	const addOne = async (server: Server, rule: Rule, options: INodeParameters = {}) => {
		const { id } = server.store.createConversation({ items: messages(['old']) });
		server.fault({ match: POST_ITEMS, ...rule });
		return { id, result: await write(server, id, ['new'], { ...RETRIES, ...options }) };
	};

	it.concurrent.each(FINAL_ERRORS)(
		'should be repeated after %s, when a look shows that it is not there',
		async (_what, rule) => {
			await withServer(async (server) => {
				const { id, result } = await addOne(server, rule);
				expect(result.error).toBeUndefined();
				expect(result.json.map(textOf)).toEqual(['new']);
				expect(stored(server, id)).toEqual(['old', 'new']);
				expect(server.requests.map(({ method, query }) => `${method} ${query}`)).toEqual([
					'POST ',
					'GET limit=100&order=desc',
					'POST ',
				]);
			});
		},
	);

	it.concurrent.each([...FINAL_ERRORS, ...LOST])(
		'should not be repeated after %s, when it was added',
		async (_what, rule) => {
			await withServer(async (server) => {
				const { id, result } = await addOne(server, { apply: true, ...rule });
				expectUncertain(result);
				expect(result.error?.message).toMatch(
					/^It isn't certain whether the conversation items were added: ./,
				);
				expect(result.error?.description).toContain('Order set to Newest First');
				expect(result.error?.description).not.toMatch(/Run the workflow again|Max Retries/);
				expect(stored(server, id)).toEqual(['old', 'new']);
				expect(methods(server)).toEqual(['POST', 'GET']);
			});
		},
	);

	it.concurrent.each(LOST)(
		'should not be repeated after %s, since it may still be added, but looked for while retries are left',
		async (_what, rule) => {
			await withServer(async (server) => {
				const { id, result } = await addOne(server, rule);
				expectUncertain(result);
				expect(result.error?.context).toMatchObject({ attempts: 1 });
				expect(stored(server, id)).toEqual(['old']);
				expect(methods(server)).toEqual(['POST', 'GET', 'GET', 'GET']);
			});
		},
	);

	it.concurrent('should be looked for after longer and longer pauses', async () => {
		await withServer(async (server) => {
			await addOne(server, { status: 500, headers: { 'retry-after-ms': '200' }, gateway: true });
			const arrivals = server.requests.map(({ receivedAt }) => receivedAt);
			const gaps = arrivals.slice(1).map((arrival, place) => arrival - (arrivals[place] ?? 0));
			expect(gaps).toHaveLength(3);
			for (const [place, gap] of gaps.entries()) {
				expect(gap).toBeGreaterThan(200 * 2 ** place - 5);
			}
		});
	});

	it.concurrent.each<[string, Rule]>([
		["500 of a gateway in the API's form", { status: 500, headers: RETRY, gateway: true }],
		['504 with a page of a proxy', { status: 504, ...HTML, gateway: true }],
		[
			'500 of a gateway that asks to send it again',
			{ status: 500, headers: { ...RETRY, 'x-should-retry': 'true' }, gateway: true },
		],
		['a reset connection', { reset: 'before-headers' }],
		['a connection that ends in the middle of the answer', { close: 'mid-body' }],
	])('should stand there once when it lands some time after %s', async (_what, rule) => {
		await withServer(async (server) => {
			const { id } = server.store.createConversation();
			server.fault({ match: POST_ITEMS, ...rule, applyAfterMs: 400 });
			const result = await write(server, id, ['pay invoice 7']);
			await until(() => stored(server, id).length > 0);
			expectUncertain(result);
			expect(stored(server, id)).toEqual(['pay invoice 7']);
			expect(count(server, 'POST')).toBe(1);
		});
	});

	it.concurrent.each([
		['an empty object', {}],
		['a page of a proxy', HTML.body],
	])('should not be repeated after success with %s', async (_what, body) => {
		await withServer(async (server) => {
			const { id, result } = await addOne(server, { apply: true, body });
			expectUncertain(result);
			expect(stored(server, id)).toEqual(['old', 'new']);
			expect(server.requestCount).toBe(1);
		});
	});

	it.concurrent('should be repeated at once, without a look, after a rate limit', async () => {
		await withServer(async (server) => {
			const { id, result } = await addOne(server, { status: 429, headers: RETRY, times: 3 });
			expect(result.error).toBeUndefined();
			expect(stored(server, id)).toEqual(['old', 'new']);
			expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST', 'POST']);
		});
	});

	it.concurrent('should be repeated as often as Max Retries says', async () => {
		await withServer(async (server) => {
			const { result } = await addOne(server, { status: 500, headers: RETRY, times: Infinity });
			expect(result.error?.context).toMatchObject({
				status: 500,
				attempts: 4,
				may_have_happened: true,
			});
			expect(count(server, 'POST')).toBe(4);
			expect(count(server, 'GET')).toBe(3);
		});
	});

	it.concurrent('should not even be looked for without Max Retries', async () => {
		await withServer(async (server) => {
			const { result } = await addOne(server, { status: 500, headers: RETRY }, { maxRetries: 0 });
			expectUncertain(result);
			expect(server.requestCount).toBe(1);
		});
	});

	it.concurrent(
		'should not be repeated after a lost connection unless Retry Network Errors is on',
		async () => {
			await withServer(async (server) => {
				const { result } = await addOne(
					server,
					{ reset: 'before-headers' },
					{ retryNetworkErrors: false },
				);
				expectUncertain(result);
				expect(server.requestCount).toBe(1);
			});
		},
	);

	it.concurrent('should be repeated when the connection could not be made at all', async () => {
		await withServer(async (server) => {
			const { url } = server;
			await server.close();
			const result = await runNode(url, {
				parameters: {
					resource: 'item',
					operation: 'add',
					conversationId: 'conv_1',
					messages: { values: [{ text: 'new' }] },
					options: { maxRetries: 1, retryNetworkErrors: true },
				},
			});
			expect(result.error?.context).toMatchObject({ attempts: 2, code: 'ECONNREFUSED' });
			expect(result.error?.context).not.toHaveProperty('may_have_happened');
		});
	});

	it.concurrent('should not be repeated when the look fails', async () => {
		await withServer(async (server) => {
			server.fault({ match: { method: 'GET' }, status: 404 });
			const { id, result } = await addOne(server, { apply: true, status: 500, headers: RETRY });
			expectUncertain(result);
			expect(result.error?.context).toMatchObject({ status: 500, attempts: 1 });
			expect(stored(server, id)).toEqual(['old', 'new']);
		});
	});

	it.concurrent('should be looked for again when the look meets a server error', async () => {
		await withServer(async (server) => {
			server.fault({ match: { method: 'GET' }, status: 503, headers: RETRY });
			const { id, result } = await addOne(server, { status: 503, headers: RETRY });
			expect(result.error).toBeUndefined();
			expect(stored(server, id)).toEqual(['old', 'new']);
		});
	});

	it.concurrent(
		'should be looked for even if the server says that it may be sent again',
		async () => {
			await withServer(async (server) => {
				const headers = { ...RETRY, 'x-should-retry': 'true' };
				const { id, result } = await addOne(server, { apply: true, status: 500, headers });
				expectUncertain(result);
				expect(stored(server, id)).toEqual(['old', 'new']);
			});
		},
	);

	it.concurrent('should not be repeated when the server says so', async () => {
		await withServer(async (server) => {
			const { result } = await addOne(server, {
				status: 500,
				headers: { ...RETRY, 'x-should-retry': 'false' },
			});
			expectUncertain(result);
			expect(server.requestCount).toBe(1);
		});
	});

	it.concurrent(
		'should not be repeated while the same text stands at the end from before',
		async () => {
			await withServer(async (server) => {
				const { id } = server.store.createConversation({ items: messages(['yes', 'no', 'yes']) });
				server.fault({ match: POST_ITEMS, status: 500, headers: RETRY });
				const result = await write(server, id, ['yes']);
				expectUncertain(result);
				expect(stored(server, id)).toEqual(['yes', 'no', 'yes']);
				expect(count(server, 'POST')).toBe(1);
			});
		},
	);

	it.concurrent(
		'should not be repeated when another writer has added the same in the meantime',
		async () => {
			await withServer(async (server) => {
				const conversation = server.store.createConversation();
				server.fault({
					match: POST_ITEMS,
					status: 500,
					headers: RETRY,
					respond: (_request, genuine) => {
						genuine();
						return undefined;
					},
				});
				server.store.addItems(
					conversation,
					server.store.createConversation({ items: messages(['new']) }).items,
				);
				const result = await write(server, conversation.id, ['new']);
				expectUncertain(result);
				expect(stored(server, conversation.id)).toEqual(['new', 'new']);
			});
		},
	);

	it.concurrent.each<[string, object, object]>([
		[
			'an image, which a listing does not show',
			{ role: 'user', content: [{ type: 'input_image', image_url: 'https://example.com/a.png' }] },
			{},
		],
		[
			'a text that the server stores in another form',
			{ role: 'user', content: ' Cafe\u0301 \n au lait' },
			{ content: [{ type: 'input_text', text: 'Café au lait' }] },
		],
		[
			"a system message that comes back as the developer's",
			{ role: 'system', content: 'x' },
			{ role: 'developer' },
		],
		[
			'a function call',
			{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a": 1}' },
			{ arguments: '{"a":1}' },
		],
		[
			'a message whose type a listing leaves out',
			{ role: 'user', content: 'x' },
			{ type: undefined },
		],
		['an item by reference', { type: 'item_reference', id: 'msg_old' }, {}],
		[
			'a message with a part of the key in it',
			{ role: 'user', content: `key ${API_KEY.slice(-12)}` },
			{},
		],
	])('should know again %s', async (_what, item, change) => {
		await withServer(async (server) => {
			server.store.createConversation({
				items: [{ id: 'msg_old', type: 'message', role: 'user', content: 'old' }],
			});
			const conversation = server.store.createConversation();
			server.fault({
				match: POST_ITEMS,
				headers: RETRY,
				respond: (_request, genuine) => {
					genuine();
					Object.assign(conversation.items[0] ?? {}, change);
					return { status: 500 };
				},
			});
			const result = await runNode(server.url, {
				parameters: {
					resource: 'item',
					operation: 'add',
					conversationId: conversation.id,
					itemsInput: 'json',
					itemsJson: JSON.stringify(item),
					options: RETRIES,
				},
			});
			expectUncertain(result);
			expect(conversation.items).toHaveLength(1);
			expect(count(server, 'POST')).toBe(1);
		});
	});

	it.concurrent.each<[string, Rule]>([
		['the API says 500', { status: 500, headers: RETRY }],
		['a gateway says 500', { status: 500, headers: RETRY, gateway: true }],
	])(
		'should not send a compaction_trigger twice, which is stored as a compaction: %s',
		async (_what, rule) => {
			await withServer(async (server) => {
				const conversation = server.store.createConversation();
				server.fault({
					match: POST_ITEMS,
					...rule,
					respond: () => {
						server.store.addItems(conversation, [
							{ type: 'compaction', id: 'cmp_1', encrypted_content: 'x' },
						]);
						return { status: 500 };
					},
				});
				const result = await runNode(server.url, {
					parameters: {
						resource: 'item',
						operation: 'add',
						conversationId: conversation.id,
						itemsInput: 'json',
						itemsJson: '{ "type": "compaction_trigger" }',
						options: RETRIES,
					},
				});
				expectUncertain(result);
				expect(conversation.items).toHaveLength(1);
				expect(count(server, 'POST')).toBe(1);
			});
		},
	);

	it.concurrent(
		'should be reported as not certain after a 303, which may mean that it was added',
		async () => {
			await withServer(async (server) => {
				const { id, result } = await addOne(server, {
					apply: true,
					status: 303,
					headers: { location: '/v1/conversations' },
				});
				expectUncertain(result);
				expect(result.error?.message).toMatch(
					/^It isn't certain whether the conversation items were added: .*303/,
				);
				expect(stored(server, id)).toEqual(['old', 'new']);
				expect(methods(server)).toEqual(['POST']);
			});
		},
	);

	it.concurrent('should know again an item by a reference without a type', async () => {
		await withServer(async (server) => {
			server.store.createConversation({
				items: [{ id: 'msg_old', type: 'message', role: 'user', content: 'old' }],
			});
			const conversation = server.store.createConversation();
			server.fault({
				match: POST_ITEMS,
				headers: RETRY,
				respond: () => {
					server.store.addItems(conversation, [{ type: 'item_reference', id: 'msg_old' }]);
					return { status: 500 };
				},
			});
			const result = await runNode(server.url, {
				parameters: {
					resource: 'item',
					operation: 'add',
					conversationId: conversation.id,
					itemsInput: 'json',
					itemsJson: '{ "id": "msg_old" }',
					options: RETRIES,
				},
			});
			expectUncertain(result);
			expect(conversation.items).toHaveLength(1);
			expect(count(server, 'POST')).toBe(1);
		});
	});

	it.concurrent('should be repeated behind many other messages', async () => {
		await withServer(async (server) => {
			const { id } = server.store.createConversation({ items: messages(texts(200)) });
			server.fault({ match: POST_ITEMS, status: 500, headers: RETRY });
			const result = await write(server, id, ['new']);
			expect(result.error).toBeUndefined();
			expect(stored(server, id)).toEqual([...texts(200), 'new']);
			expect(count(server, 'GET')).toBe(1);
		});
	});

	describe('to a server that is still at work', () => {
		it.concurrent.each<[string, number, Rule]>([
			['answers 504 first', 300, { status: 504, headers: RETRY }],
			['answers with a page of a proxy first', 300, { status: 502, ...HTML }],
		])('should not be repeated when it %s', async (_what, ms, { status, headers, body }) => {
			await withServer(async (server) => {
				const { id } = server.store.createConversation();
				const late = { done: false };
				server.fault({
					match: POST_ITEMS,
					respond: (_request, genuine) => {
						void pause(ms).then(() => {
							genuine();
							late.done = true;
						});
						return {
							status: status ?? 500,
							...(headers === undefined ? {} : { headers }),
							...(body === undefined ? {} : { body }),
						};
					},
				});
				const result = await write(server, id, ['new']);
				await until(() => late.done);
				expectUncertain(result);
				expect(stored(server, id)).toEqual(['new']);
				expect(count(server, 'POST')).toBe(1);
			});
		});

		it.concurrent(
			'should not be repeated when it is slower than the timeout and the look',
			async () => {
				await withServer(async (server) => {
					const { id } = server.store.createConversation();
					const late = { done: false };
					server.fault({
						match: POST_ITEMS,
						respond: async (_request, genuine) => {
							await pause(1_000 * TIMEOUT + 2_500);
							genuine();
							late.done = true;
							return undefined;
						},
					});
					const result = await write(server, id, ['new'], { ...RETRIES, maxRetries: 1 });
					expectUncertain(result);
					expect(stored(server, id)).toEqual([]);
					await until(() => late.done);
					expect(stored(server, id)).toEqual(['new']);
					expect(count(server, 'POST')).toBe(1);
				});
			},
		);
	});

	/** Adds a message to two conversations side by side: what comes of each is a rule of its own. */
	const addToTwo = async (server: Server, rules: [Rule, Rule], options: INodeParameters = {}) => {
		const ids = rules.map((rule) => {
			const { id } = server.store.createConversation();
			server.fault({ match: { method: 'POST', path: `/conversations/${id}/items` }, ...rule });
			return id;
		});
		return await runNode(server.url, {
			items: ids.map((id) => ({ json: { id } })),
			parameters: {
				resource: 'item',
				operation: 'add',
				conversationId: '={{ $json.id }}',
				messages: { values: [{ text: 'new' }] },
				options: { ...RETRIES, ...options },
			},
		});
	};

	it.concurrent.each<[string, number, string, INodeParameters]>([
		['before the look', 200, '500', {}],
		['while the look waits for its turn', 600, '1', { maxRequestsPerMinute: 150 }],
	])(
		'should not be looked for any more when an earlier item ends the run %s',
		async (_what, delayMs, wait, options) => {
			await withServer(async (server) => {
				const result = await addToTwo(
					server,
					[
						{ status: 400, delayMs },
						{ apply: true, status: 500, headers: { 'retry-after-ms': wait } },
					],
					options,
				);
				expect(result.error?.message).toMatch(/refused with status 400.*\[item 0\]$/);
				expect(methods(server)).toEqual(['POST', 'POST']);
			});
		},
	);

	it.concurrent('should be looked for although a later item has failed by then', async () => {
		await withServer(async (server) => {
			const result = await addToTwo(server, [
				{ apply: true, status: 500, headers: { 'retry-after-ms': '400' } },
				{ status: 400 },
			]);
			expectUncertain(result);
			expect(result.error?.message).toContain('[item 0]');
			expect(methods(server)).toEqual(['POST', 'POST', 'GET']);
		});
	});
});

describe('Adding 45 messages', () => {
	/** Adds them to a conversation that holds the same texts already; the rule takes the second call. */
	const add45 = async (server: Server, rule: Rule) => {
		const { id } = server.store.createConversation({ items: messages(texts(45)) });
		server.fault({ match: { ...POST_ITEMS, nth: 2 }, ...rule });
		return { id, result: await write(server, id, texts(45)) };
	};

	it.concurrent.each([...FINAL_ERRORS, ...LOST])(
		'should go on after %s, when a look proves that the second call got through',
		async (_what, rule) => {
			await withServer(async (server) => {
				const { id, result } = await add45(server, { apply: true, ...rule });
				expect(result.error).toBeUndefined();
				expect(result.json.map(textOf)).toEqual(texts(45));
				expect(stored(server, id)).toEqual([...texts(45), ...texts(45)]);
				expect(count(server, 'POST')).toBe(3);
			});
		},
	);

	it.concurrent.each(FINAL_ERRORS)(
		'should repeat the second call after %s, when a look proves that it did not',
		async (_what, rule) => {
			await withServer(async (server) => {
				const { id, result } = await add45(server, rule);
				expect(result.error).toBeUndefined();
				expect(stored(server, id)).toEqual([...texts(45), ...texts(45)]);
				expect(count(server, 'POST')).toBe(4);
			});
		},
	);

	it.concurrent.each(LOST)(
		'should stop after %s, when the second call may still get through',
		async (_what, rule) => {
			await withServer(async (server) => {
				const { id, result } = await add45(server, rule);
				expectUncertain(result);
				expect(result.error?.message).toContain(
					`The first 20 of 45 conversation items were added to ${id}; it isn't certain whether the others were added: `,
				);
				expect(result.error?.context).toMatchObject({ conversation: id, item_count: 20 });
				expect(stored(server, id)).toEqual([...texts(45), ...texts(20)]);
				expect(count(server, 'POST')).toBe(2);
			});
		},
	);

	it.concurrent('should find its items before those of another writer', async () => {
		await withServer(async (server) => {
			const conversation = server.store.createConversation();
			server.fault({
				match: { ...POST_ITEMS, nth: 2 },
				headers: RETRY,
				respond: (_request, genuine) => {
					genuine();
					server.store.addItems(
						conversation,
						server.store.createConversation({ items: messages(['theirs', 'm3']) }).items,
					);
					return { status: 500 };
				},
			});
			const result = await write(server, conversation.id, texts(45));
			expect(result.error).toBeUndefined();
			expect(result.json.map(textOf)).toEqual(texts(45));
			expect(stored(server, conversation.id)).toEqual([
				...texts(40),
				'theirs',
				'm3',
				...texts(5, 40),
			]);
		});
	});

	it.concurrent(
		'should not guess when more was added behind them than the look shows',
		async () => {
			await withServer(async (server) => {
				const conversation = server.store.createConversation();
				const others = texts(165).map((text) => `their ${text}`);
				server.fault({
					match: { ...POST_ITEMS, nth: 2 },
					headers: RETRY,
					respond: (_request, genuine) => {
						genuine();
						server.store.addItems(
							conversation,
							server.store.createConversation({ items: messages(others) }).items,
						);
						return { status: 500 };
					},
				});
				const result = await write(server, conversation.id, texts(45));
				expectUncertain(result);
				expect(stored(server, conversation.id)).toEqual([...texts(40), ...others]);
			});
		},
	);

	it.concurrent.each<[string, string[]]>([
		['has added the very same items', texts(20, 20)],
		['has added one of the items', ['m33']],
	])('should not guess when another writer %s', async (_what, theirs) => {
		await withServer(async (server) => {
			const conversation = server.store.createConversation();
			server.fault({
				match: { ...POST_ITEMS, nth: 2 },
				headers: RETRY,
				respond: (_request, genuine) => {
					if (theirs.length > 1) genuine();
					server.store.addItems(
						conversation,
						server.store.createConversation({ items: messages(theirs) }).items,
					);
					return { status: 500 };
				},
			});
			const result = await write(server, conversation.id, texts(45));
			expectUncertain(result);
			expect(count(server, 'POST')).toBe(2);
		});
	});

	const image = (name: string) => ({
		type: 'message',
		role: 'user',
		content: [{ type: 'input_image', image_url: `https://example.com/${name}.png` }],
	});
	const text = (content: string) => ({ type: 'message', role: 'user', content });

	it.concurrent.each<[string, object, object]>([
		['other white space', text('a\n\n- b'), text('a - b')],
		['an image of its own', image('ours'), image('theirs')],
		['our text and an image', text('ours'), { ...image('x'), role: 'user' }],
		[
			'our call with other arguments',
			{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{"n":1}' },
			{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{"n":2}' },
		],
	])(
		"should not take another writer's message for the last of ours: %s",
		async (_what, ours, theirs) => {
			await withServer(async (server) => {
				const conversation = server.store.createConversation();
				server.fault({
					match: { ...POST_ITEMS, nth: 2 },
					headers: RETRY,
					respond: () => {
						server.store.addItems(
							conversation,
							server.store.createConversation({ items: [{ ...theirs }] }).items,
						);
						return { status: 500 };
					},
				});
				const result = await runNode(server.url, {
					parameters: {
						resource: 'item',
						operation: 'add',
						conversationId: conversation.id,
						itemsInput: 'json',
						itemsJson: JSON.stringify([...messages(texts(20)), ours]),
						options: RETRIES,
					},
				});
				// It goes on only where theirs is certainly not ours.
				if (result.error !== undefined) expectUncertain(result);
				const theirId = conversation.items[20]?.id;
				expect(result.json.map(({ id }) => id)).not.toContain(theirId);
				const isOurs = conversation.items.slice(21).length === 1;
				expect(isOurs).toBe(result.error === undefined);
			});
		},
	);

	it.concurrent(
		'should find ours, and no other, beside messages that are nearly the same',
		async () => {
			await withServer(async (server) => {
				const conversation = server.store.createConversation();
				server.fault({
					match: { ...POST_ITEMS, nth: 2 },
					headers: RETRY,
					respond: (_request, genuine) => {
						const near = ['a - b', 'a\n- b'];
						const addTheirs = (content: string) =>
							server.store.addItems(
								conversation,
								server.store.createConversation({ items: messages([content]) }).items,
							);
						addTheirs(near[0] ?? '');
						genuine();
						addTheirs(near[1] ?? '');
						return { status: 500 };
					},
				});
				const result = await write(server, conversation.id, [...texts(20), 'a\n\n- b']);
				expect(result.error).toBeUndefined();
				expect(result.json.at(-1)?.id).toBe(conversation.items[21]?.id);
				expect(conversation.items).toHaveLength(23);
				expect(count(server, 'POST')).toBe(2);
			});
		},
	);

	it.concurrent('should not guess when the last item from before was deleted', async () => {
		await withServer(async (server) => {
			const conversation = server.store.createConversation();
			server.fault({
				match: { ...POST_ITEMS, nth: 2 },
				headers: RETRY,
				respond: (_request, genuine) => {
					const last = conversation.items.at(-1);
					genuine();
					if (last !== undefined) server.store.deleteItem(conversation, last);
					return { status: 500 };
				},
			});
			const result = await write(server, conversation.id, texts(45));
			expectUncertain(result);
			expect(stored(server, conversation.id)).toEqual([...texts(19), ...texts(20, 20)]);
		});
	});

	it.concurrent('should give what Include asks for when a look found the items', async () => {
		await withServer(async (server) => {
			const { id } = server.store.createConversation();
			server.fault({ match: { ...POST_ITEMS, nth: 2 }, apply: true, status: 500, headers: RETRY });
			const items = texts(21).map((text) => ({
				role: 'user',
				content: [
					{ type: 'input_text', text },
					{ type: 'input_image', image_url: `https://example.com/${text}.png` },
				],
			}));
			const { json } = await runNode(server.url, {
				parameters: {
					resource: 'item',
					operation: 'add',
					conversationId: id,
					itemsInput: 'json',
					itemsJson: JSON.stringify(items),
					options: { ...RETRIES, include: ['message.input_image.image_url'] },
				},
			});
			expect(json).toEqual(server.store.getConversation(id)?.items);
		});
	});
});

describe('Creating a conversation', () => {
	it.concurrent.each(
		[...FINAL_ERRORS, ...LOST].flatMap(
			([what, rule]): Array<[string, boolean, Rule]> => [
				[what, true, rule],
				[what, false, rule],
			],
		),
	)(
		'should not be repeated after %s (created: %s), since nobody can look whether it happened',
		async (_what, apply, rule) => {
			await withServer(async (server) => {
				server.fault({ match: CREATE, apply, ...rule });
				const result = await write(server, undefined, ['new']);
				expectUncertain(result);
				expect(result.error?.message).toMatch(
					/^It isn't certain whether the conversation was created: ./,
				);
				expect(everywhere(server)).toEqual(apply ? ['new'] : []);
				expect(server.requestCount).toBe(1);
			});
		},
	);

	it.concurrent.each<[string, Rule]>([
		['a rate limit', { status: 429, headers: RETRY, times: 2 }],
		[
			'a refusal with the word to send it again',
			{ status: 409, headers: { ...RETRY, 'x-should-retry': 'true' } },
		],
	])('should be repeated after %s', async (_what, rule) => {
		await withServer(async (server) => {
			server.fault({ match: CREATE, ...rule });
			const result = await write(server, undefined, ['new']);
			expect(result.error).toBeUndefined();
			expect(everywhere(server)).toEqual(['new']);
			expect(server.store.conversations.size).toBe(1);
		});
	});

	it.concurrent.each<[string, Rule]>([
		['500', { status: 500 }],
		['503', { status: 503 }],
		['500 of a gateway', { status: 500, gateway: true }],
		['504 with a page of a proxy', { status: 504, body: HTML.body }],
		['303 to somewhere else', { status: 303 }],
	])(
		'should be reported as not certain after %s, even with the word to send it again',
		async (_what, rule) => {
			await withServer(async (server) => {
				const headers = {
					...RETRY,
					'x-should-retry': 'true',
					...(rule.status === 303 ? { location: '/v1/conversations/conv_1' } : {}),
				};
				server.fault({ match: CREATE, apply: true, times: Infinity, ...rule, headers });
				const result = await write(server, undefined, ['new']);
				expectUncertain(result);
				expect(result.error?.message).toMatch(
					/^It isn't certain whether the conversation was created: ./,
				);
				expect(server.store.conversations.size).toBe(1);
				expect(methods(server)).toEqual(['POST']);
			});
		},
	);

	it.concurrent('should leave one conversation behind when it lands after the answer', async () => {
		await withServer(async (server) => {
			server.fault({
				match: CREATE,
				status: 500,
				gateway: true,
				headers: { ...RETRY, 'x-should-retry': 'true' },
				applyAfterMs: 300,
			});
			const result = await write(server, undefined, ['pay invoice 7']);
			await until(() => server.store.conversations.size > 0);
			expectUncertain(result);
			expect(everywhere(server)).toEqual(['pay invoice 7']);
			expect(count(server, 'POST')).toBe(1);
		});
	});

	it.concurrent.each([...FINAL_ERRORS, ...LOST])(
		'should go on after %s, when a look proves that the second call got through',
		async (_what, rule) => {
			await withServer(async (server) => {
				server.fault({ match: POST_ITEMS, apply: true, ...rule });
				const result = await write(server, undefined, texts(45));
				expect(result.error).toBeUndefined();
				expect(everywhere(server)).toEqual(texts(45));
				expect(count(server, 'POST')).toBe(3);
			});
		},
	);

	it.concurrent.each(FINAL_ERRORS)(
		'should repeat the second call after %s, when a look proves that it did not',
		async (_what, rule) => {
			await withServer(async (server) => {
				server.fault({ match: POST_ITEMS, ...rule });
				const result = await write(server, undefined, texts(45));
				expect(result.error).toBeUndefined();
				expect(everywhere(server)).toEqual(texts(45));
				expect(count(server, 'POST')).toBe(4);
			});
		},
	);

	it.concurrent.each(LOST)(
		'should name the conversation after %s, when the second call may still get through',
		async (_what, rule) => {
			await withServer(async (server) => {
				server.fault({ match: POST_ITEMS, ...rule });
				const result = await write(server, undefined, texts(45));
				expectUncertain(result);
				const [id] = server.store.conversations.keys();
				expect(result.error?.message).toContain(
					`The conversation ${id} was created, but holds only 20 of 45 items, perhaps some more: `,
				);
				expect(everywhere(server)).toEqual(texts(20));
			});
		},
	);

	it.concurrent(
		'should not guess when more was added behind the second call than the look shows',
		async () => {
			await withServer(async (server) => {
				const others = texts(165).map((text) => `their ${text}`);
				server.fault({
					match: POST_ITEMS,
					headers: RETRY,
					respond: (_request, genuine) => {
						genuine();
						const [conversation] = server.store.conversations.values();
						if (conversation !== undefined) {
							const theirs = server.store.createConversation({ items: messages(others) });
							server.store.addItems(conversation, theirs.items);
							server.store.deleteConversation(theirs.id);
						}
						return { status: 500 };
					},
				});
				const result = await write(server, undefined, texts(45));
				expectUncertain(result);
				expect(everywhere(server)).toEqual([...texts(40), ...others]);
			});
		},
	);

	it.concurrent('should not guess when an item was deleted meanwhile', async () => {
		await withServer(async (server) => {
			server.fault({
				match: POST_ITEMS,
				headers: RETRY,
				respond: (_request, genuine) => {
					genuine();
					const [conversation] = server.store.conversations.values();
					const [first] = conversation?.items ?? [];
					if (conversation !== undefined && first !== undefined)
						server.store.deleteItem(conversation, first);
					return { status: 500 };
				},
			});
			const result = await write(server, undefined, texts(45));
			expectUncertain(result);
			expect(everywhere(server)).toEqual(texts(39, 1));
		});
	});
});

describe('Whatever goes wrong', () => {
	const wrong = fc.record({
		apply: fc.boolean(),
		rule: fc.constantFrom<Rule>(
			{ status: 500, headers: RETRY },
			{ status: 503, headers: RETRY },
			{ status: 502, ...HTML },
			{ status: 504, headers: RETRY },
			{ status: 500, headers: RETRY, gateway: true },
			{ status: 503, headers: { ...RETRY, 'x-should-retry': 'true' }, gateway: 'forwarding' },
			{ status: 429, headers: RETRY },
			{ status: 400 },
			{ body: {} },
		),
		/** Whether what is applied lands later. */
		isLate: fc.boolean(),
		/** Requests that pass before it. */
		skip: fc.integer({ min: 0, max: 3 }),
	});

	it('should never write a message twice, and never be certain of what is not so', async () => {
		await withServer(async (server) => {
			const property = fc.asyncProperty(
				fc.boolean(),
				fc.integer({ min: 1, max: 65 }),
				fc.array(wrong, { maxLength: 4 }),
				async (isCreate, size, wrongs) => {
					server.reset();
					let hasLate = false;
					for (const { apply, rule, skip, isLate } of wrongs) {
						// A refusal is one that applies nothing, and the API's own answer comes when all is done.
						const isRefusal = rule.status !== undefined && rule.status < 500;
						const landsLater = apply && isLate && rule.gateway !== undefined;
						hasLate ||= landsLater;
						server.fault({
							match: { method: 'POST' },
							...rule,
							skip,
							...(landsLater ? { applyAfterMs: 3 } : { apply: apply && !isRefusal }),
						});
					}
					const id = isCreate ? undefined : server.store.createConversation().id;
					const { error, json } = await write(server, id, texts(size));
					if (hasLate) await pause(20);
					const all = everywhere(server);
					expect(all).toEqual(texts(all.length));
					if (error === undefined) {
						expect(all).toHaveLength(size);
						expect(json).toHaveLength(isCreate ? 1 : size);
					} else if (error.context.may_have_happened !== true) {
						expect(all).toHaveLength(Number(error.context.item_count ?? 0));
					}
				},
			);
			await fc.assert(property, { numRuns: Number(process.env.PROPERTY_RUNS ?? 100) });
		});
	}, 300_000);
});
