import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import type { ForEveryType } from '../types/items';
import { everyItem, everyItemOnce } from '../types/items';
import { API_KEY, runNode } from '../support/engine';
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

const getMany = async (parameters: INodeParameters, more: Partial<RunOptions> = {}) =>
	await runNode(server.url, {
		parameters: { resource: 'item', operation: 'getMany', options: {}, ...parameters },
		...more,
	});

/** A conversation of `count` messages with the IDs `msg_0`, `msg_1`, … */
const conversationOf = (count: number) =>
	server.store.createConversation({
		items: Array.from({ length: count }, (_, n) => ({
			id: `msg_${n}`,
			type: 'message',
			role: 'user',
			content: `m${n}`,
		})),
	}).id;

const ids = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `msg_${from + n}`);

const queries = () => server.requests.map(({ query }) => query);

const idsIn = (outputs: IDataObject[]) => outputs.map(({ id }) => id);

describe('Item: Get Many', () => {
	it('should give the first 50 items, oldest first, one output each', async () => {
		const id = conversationOf(60);
		const { json, items } = await getMany({ conversationId: id });
		expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
			`GET /v1/conversations/${id}/items`,
		]);
		expect(queries()).toEqual(['limit=50&order=asc']);
		expect(idsIn(json)).toEqual(ids(50));
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(json.map(() => ({ item: 0 })));
	});

	it('should say when there is more than Limit, unless the newest were asked for', async () => {
		const [id, whole] = [conversationOf(3), conversationOf(2)];
		const { hints } = await getMany({ conversationId: id, limit: 2 });
		expect(hints).toEqual([
			`1 conversation has more conversation items than Limit: ${id}. Turn on Return All to get them, or for the latest, set the option Order to Newest First.`,
		]);
		const all = await getMany({ conversationId: whole, limit: 2 });
		expect(all.hints).toEqual([]);
		const newest = await getMany({ conversationId: id, limit: 2, options: { order: 'desc' } });
		expect(newest.hints).toEqual([]);
		expect(idsIn(newest.json)).toEqual(['msg_2', 'msg_1']);
	});

	it.each([
		[1, ['limit=1&order=asc']],
		[100, ['limit=100&order=asc']],
		[101, ['limit=100&order=asc', 'limit=1&order=asc&after=msg_99']],
		[
			250,
			[
				'limit=100&order=asc',
				'limit=100&order=asc&after=msg_99',
				'limit=50&order=asc&after=msg_199',
			],
		],
	])('should give exactly Limit items: %d', async (limit, expected) => {
		const { json } = await getMany({ conversationId: conversationOf(300), limit });
		expect(queries()).toEqual(expected);
		expect(idsIn(json)).toEqual(ids(limit));
	});

	it.each([
		[0, 1],
		[1, 1],
		[100, 1],
		[101, 2],
		[250, 3],
	])('should give all %d items in pages of 100 with Return All', async (count, requests) => {
		const { json } = await getMany({ conversationId: conversationOf(count), returnAll: true });
		expect(queries()).toEqual(
			Array.from(
				{ length: requests },
				(_, page) => `limit=100&order=asc${page === 0 ? '' : `&after=msg_${page * 100 - 1}`}`,
			),
		);
		expect(idsIn(json)).toEqual(ids(count));
	});

	it('should give what there is when Limit is more', async () => {
		const { json, error } = await getMany({ conversationId: conversationOf(3), limit: 500 });
		expect(error).toBeUndefined();
		expect(idsIn(json)).toEqual(ids(3));
		expect(server.requestCount).toBe(1);
	});

	it('should start at the other end with Newest First', async () => {
		const { json } = await getMany({
			conversationId: conversationOf(150),
			limit: 120,
			options: { order: 'desc' },
		});
		expect(queries()).toEqual(['limit=100&order=desc', 'limit=20&order=desc&after=msg_50']);
		expect(idsIn(json)).toEqual(ids(120, 30).toReversed());
	});

	it.each<[string, string, IDataObject]>([
		['an ID', 'msg_4', {}],
		['an ID with white space around it', ' msg_4\n', {}],
		['an ID by expression', '={{ $json.id }}', { id: 'msg_4' }],
	])('should start after the item that After names: %s', async (_what, after, json) => {
		const result = await getMany(
			{ conversationId: conversationOf(10), limit: 3, options: { after } },
			{ items: [{ json }] },
		);
		expect(queries()).toEqual(['limit=3&order=asc&after=msg_4']);
		expect(idsIn(result.json)).toEqual(ids(3, 5));
	});

	it('should ask for every include, encoded as the official SDKs do', async () => {
		const include = [
			'file_search_call.results',
			'web_search_call.results',
			'web_search_call.action.sources',
			'message.input_image.image_url',
			'computer_call_output.output.image_url',
			'code_interpreter_call.outputs',
			'reasoning.encrypted_content',
			'message.output_text.logprobs',
		];
		const { id } = server.store.createConversation({ items: everyItemOnce });
		const { json } = await getMany({
			conversationId: id,
			returnAll: true,
			simplify: false,
			options: { include },
		});
		expect(queries()).toEqual([
			`limit=100&order=asc&${include.map((value) => `include[]=${value}`).join('&')}`,
		]);
		expect(json).toEqual(server.store.getConversation(id)?.items);
	});

	it('should take several inputs side by side, with outputs in input order', async () => {
		server.configure({ latencyMs: () => Math.random() * 30 });
		const counts = [3, 0, 5, 1];
		const inputs = counts.map((count) => ({ json: { id: conversationOf(count) } }));
		const { items } = await getMany({ conversationId: '={{ $json.id }}' }, { items: inputs });
		expect(items.map(({ json, pairedItem }) => [json.id, pairedItem])).toEqual(
			counts.flatMap((count, item) => ids(count).map((id) => [id, { item }])),
		);
	});

	it('should take 5,000 items', async () => {
		const { json } = await getMany({ conversationId: conversationOf(5_000), returnAll: true });
		expect(idsIn(json)).toEqual(ids(5_000));
		expect(server.requestCount).toBe(50);
	});

	it.each<[string, INodeParameters, string]>([
		['a limit of 0', { limit: 0 }, 'Limit is "0"'],
		['a limit that is not whole', { limit: 1.5 }, 'Limit is "1.5"'],
		[
			'an After that is a conversation',
			{ options: { after: 'conv_1' } },
			'Start After Item ID is the ID of a conversation',
		],
		[
			'an After with a path in it',
			{ options: { after: '../x' } },
			'Start After Item ID is "../x", which is not the ID of an item',
		],
		['an order that does not exist', { options: { order: 'up' } }, 'Order is "up"'],
	])('should refuse %s before any request', async (_what, parameters, message) => {
		const { error } = await getMany({ conversationId: 'conv_1', ...parameters });
		expect(error?.message).toContain(message);
		expect(error?.description).toBeTruthy();
		expect(server.requestCount).toBe(0);
	});
});

describe('A server that pages in its own way', () => {
	const page = (data: unknown[], more: object = {}) => ({
		object: 'list',
		data,
		has_more: true,
		...more,
	});
	const item = (id: string) => ({ id, type: 'message', role: 'user', content: [] });

	it.each<[string, (request: number) => object, number]>([
		['repeats the same page', () => page([item('a')], { last_id: 'a' }), 2],
		[
			'gives the same page under ever new cursors',
			(n) => page([item('a')], { last_id: `cursor_${n}` }),
			2,
		],
		['goes in a circle', (n) => page([item(`i${n % 2}`)], { last_id: `i${n % 2}` }), 3],
		['has nothing, but more of it', () => page([]), 1],
		['has nothing, but more of it and a cursor', (n) => page([], { last_id: `cursor_${n}` }), 1],
		['names no last item', () => page([{ type: 'message' }]), 1],
		[
			'goes in a circle of cursors with items that have no IDs',
			(n) => page([{ type: 'x' }], { last_id: `c${n % 2}` }),
			3,
		],
	])('should end with an error when it %s', async (_what, answer, requests) => {
		const id = conversationOf(1);
		let n = 0;
		server.fault({ times: Infinity, respond: () => ({ body: Object(answer(n++)) }) });
		const { error } = await getMany({
			conversationId: id,
			returnAll: true,
			options: { maxRetries: 3 },
		});
		expect(error?.message).toMatch(
			/^The server says that there are more items than the \d+ it gave, but its pages do not lead on to them$/,
		);
		expect(error?.description).toContain('kept pointing to the same page');
		expect(server.requestCount).toBe(requests);
	});

	it('should be listed without an item that overlapping pages give twice', async () => {
		const id = conversationOf(1);
		server.faults([
			{ body: page([item('a'), item('b'), item('c')], { last_id: 'c' }) },
			{ body: page([item('b'), item('c'), item('d')], { last_id: 'd' }) },
			{ body: page([item('d'), item('e')], { last_id: 'e', has_more: false }) },
		]);
		const { json } = await getMany({ conversationId: id, returnAll: true });
		expect(idsIn(json)).toEqual(['a', 'b', 'c', 'd', 'e']);
	});

	it('should be listed up to Limit although pages overlap', async () => {
		const id = conversationOf(1);
		server.faults([
			{ body: page([item('a'), item('b')], { last_id: 'b' }) },
			{ body: page([item('b'), item('c')], { last_id: 'c' }) },
			{ body: page([item('d')], { last_id: 'd' }) },
		]);
		const { json } = await getMany({ conversationId: id, limit: 4 });
		expect(idsIn(json)).toEqual(['a', 'b', 'c', 'd']);
	});

	it.each<[string, number[], number]>([
		['a page that is short', [100, 100, 30], 230],
		['a page that is empty', [100, 100, 0], 200],
		['a first page that is short', [7], 7],
		['a first page that is empty', [0], 0],
	])('should be read on without has_more until %s', async (_what, pages, count) => {
		const id = conversationOf(1);
		let given = 0;
		server.faults(
			pages.map((size) => {
				const data = Array.from({ length: size }, (_, n) => item(`i${given + n}`));
				given += size;
				return { body: { object: 'list', data } };
			}),
		);
		const { json, error } = await getMany({ conversationId: id, returnAll: true });
		expect(error).toBeUndefined();
		expect(idsIn(json)).toEqual(Array.from({ length: count }, (_, n) => `i${n}`));
		expect(server.requestCount).toBe(pages.length);
	});

	it('should go on from the last item when there is no last_id', async () => {
		const id = conversationOf(1);
		server.faults([{ body: page([item('a')]) }, { body: page([item('b')], { has_more: false }) }]);
		const { json } = await getMany({ conversationId: id, returnAll: true });
		expect(idsIn(json)).toEqual(['a', 'b']);
		expect(queries()).toEqual(['limit=100&order=asc', 'limit=100&order=asc&after=a']);
	});

	it('should give no more than Limit when a page has more than was asked for', async () => {
		const id = conversationOf(1);
		server.fault({ body: page([item('a'), item('b'), item('c')]) });
		const { json } = await getMany({ conversationId: id, limit: 2 });
		expect(idsIn(json)).toEqual(['a', 'b']);
		expect(server.requestCount).toBe(1);
	});

	it.each<[string, unknown]>([
		['an empty object', {}],
		['data that is null', { data: null }],
		['null in the data', { data: [item('a'), null] }],
		['text in the data', { data: ['a'] }],
	])('should count %s as a failure', async (_what, body) => {
		server.fault({ body: Object(body) });
		const { error } = await getMany({ conversationId: conversationOf(1) });
		expect(error?.message).toBe('The server answered with success, but not with a list of items');
		expect(server.requestCount).toBe(1);
	});

	it('should give items without ID, type or content as they are', async () => {
		const data = [
			{},
			{ id: null, type: null, role: 5, content: null },
			{ type: ['x'], content: [null, 5, { type: 7 }] },
		];
		server.faults([{ body: { data } }, { body: { data } }]);
		const id = conversationOf(1);
		const raw = await getMany({ conversationId: id, simplify: false });
		expect(raw.json).toEqual(data);
		const simple = await getMany({ conversationId: id });
		expect(simple.json).toEqual([
			{ conversation: id, text: '' },
			{ conversation: id, role: 5, text: '' },
			{ conversation: id, type: ['x'], text: '' },
		]);
	});
});

describe('Simplify', () => {
	const expected: ForEveryType<string> = {
		message: 'What is in this picture? 🐈\n[image: https://example.com/cat.png]',
		file_search_call: 'warranty\nreturn policy',
		web_search_call: 'cats',
		image_generation_call: 'A cat on a mat',
		computer_call: 'click',
		computer_call_output: '[screenshot: https://example.com/screen.png]',
		reasoning: 'Looking up the weather',
		function_call: 'get_weather({"city":"Köln"})',
		function_call_output: '{"celsius":21}',
		tool_search_call: '{"query":"weather"}',
		tool_search_output: 'get_weather',
		additional_tools: 'get_time',
		configuration_update: '',
		program: 'print(1)',
		program_output: '1',
		compaction: '',
		code_interpreter_call: 'print(6 * 7)',
		local_shell_call: 'ls -l',
		local_shell_call_output: 'total 0',
		shell_call: 'cd /tmp\nls',
		shell_call_output: 'notes.txt\na warning',
		apply_patch_call: 'notes.txt',
		apply_patch_call_output: 'Done!',
		mcp_list_tools: 'pay',
		mcp_approval_request: 'pay({"amount":5})',
		mcp_approval_response: 'approved',
		mcp_call: 'pay({"amount":5})',
		custom_tool_call: 'run_sql(SELECT 1)',
		custom_tool_call_output: '1 row',
	};

	it('should give ID, type, role, status and one text for every type of item', async () => {
		const { id, items } = server.store.createConversation({ items: everyItemOnce });
		const { json } = await getMany({
			conversationId: id,
			returnAll: true,
			options: {
				include: ['message.input_image.image_url', 'computer_call_output.output.image_url'],
			},
		});
		const texts = Object.values(everyItem).map(({ type }) => expected[type]);
		expect(json).toEqual(
			items.map((item, place) => ({
				id: item.id,
				conversation: id,
				type: item.type,
				...('role' in item ? { role: item.role } : {}),
				...('status' in item ? { status: item.status } : {}),
				text: texts[place],
			})),
		);
	});

	it('should say what can be said of a type that does not exist yet', async () => {
		const items = [
			{ type: 'poll', id: 'poll_1', status: 'open', text: 'Tea or coffee?' },
			{ type: 'hologram_call', id: 'h_1', name: 'project', arguments: { size: 3 } },
			{ type: 'mystery', id: 'x_1' },
		];
		const { id } = server.store.createConversation({ items });
		const { json } = await getMany({ conversationId: id });
		expect(json).toEqual([
			{ id: 'poll_1', conversation: id, type: 'poll', status: 'open', text: 'Tea or coffee?' },
			{ id: 'h_1', conversation: id, type: 'hologram_call', text: 'project({"size":3})' },
			{ id: 'x_1', conversation: id, type: 'mystery', text: '' },
		]);
		const raw = await getMany({ conversationId: id, simplify: false });
		expect(raw.json).toEqual(items);
	});
});
