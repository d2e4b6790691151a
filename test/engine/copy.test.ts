import type { INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { everyItemOnce } from '../types/items';
import { API_KEY, pairs, runNode, until } from '../support/engine';
import type { RunOptions } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
type Item = Record<string, unknown>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => {
	server.reset();
	server.configure({ unknownIncludes: [] });
});
afterAll(async () => await server.close());

const copy = async (parameters: INodeParameters, more: Partial<RunOptions> = {}) =>
	await runNode(server.url, {
		parameters: { operation: 'copy', options: {}, ...parameters },
		...more,
	});

const messages = (count: number): Item[] =>
	Array.from({ length: count }, (_, n) => ({
		id: `msg_${n}`,
		type: 'message',
		role: 'user',
		content: `m${n}`,
	}));

const itemsOf = (id: unknown) => server.store.getConversation(String(id))?.items ?? [];

/** An item without what each conversation has for itself: IDs, and fields that say nothing. */
function essence(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(essence);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.filter(([name, part]) => part !== null && name !== 'id' && name !== 'created_by')
			.map(([name, part]) => [name, essence(part)]),
	);
}

/** The items that were sent, in order. */
const sentItems = () =>
	server.requests.flatMap(({ method, body }) => {
		const items: unknown =
			typeof body === 'object' && body !== null && 'items' in body ? body.items : [];
		return method === 'POST' && Array.isArray(items) ? items : [];
	});

const calls = () =>
	server.requests.map(
		({ method, path }) => `${method} ${path.replace(/conv_[0-9a-f]{20,}/, 'NEW')}`,
	);

const INCLUDES = [
	'code_interpreter_call.outputs',
	'computer_call_output.output.image_url',
	'file_search_call.results',
	'message.input_image.image_url',
	'reasoning.encrypted_content',
	'web_search_call.action.sources',
	'web_search_call.results',
];

describe('Conversation: Copy', () => {
	it('should copy 45 items in order into a new conversation, with the metadata', async () => {
		const source = server.store.createConversation({
			id: 'conv_source',
			metadata: { topic: 'x' },
			items: messages(45),
		});
		const before = structuredClone(source);
		const { json, items, error, hints } = await copy({ conversationId: 'conv_source' });
		expect(error).toBeUndefined();
		expect(calls()).toEqual([
			'GET /v1/conversations/conv_source/items',
			'GET /v1/conversations/conv_source',
			'POST /v1/conversations',
			'POST /v1/conversations/NEW/items',
			'POST /v1/conversations/NEW/items',
		]);
		expect(server.requests[0]?.query).toBe(
			`limit=100&order=asc&${INCLUDES.map((value) => `include[]=${value}`).join('&')}`,
		);
		const [{ id, ...rest } = { id: undefined }] = json;
		expect(rest).toEqual({
			object: 'conversation',
			created_at: expect.any(Number),
			metadata: { topic: 'x' },
			copied_from: 'conv_source',
			item_count: 45,
		});
		expect(id).not.toBe('conv_source');
		expect(essence(itemsOf(id))).toEqual(essence(source.items));
		expect(server.store.getConversation('conv_source')).toEqual(before);
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
		expect(hints).toEqual([]);
	});

	it('should copy an empty conversation', async () => {
		const { id } = server.store.createConversation();
		const { json } = await copy({ conversationId: id });
		expect(json[0]).toMatchObject({ copied_from: id, item_count: 0, metadata: {} });
		expect(server.requests.at(-1)?.body).toEqual({ metadata: {} });
	});

	it('should read a source of several pages', async () => {
		const { id, items } = server.store.createConversation({ items: messages(230) });
		const { json } = await copy({ conversationId: id });
		expect(json[0]).toMatchObject({ item_count: 230 });
		expect(essence(itemsOf(json[0]?.id))).toEqual(essence(items));
		expect(server.requests.filter(({ method }) => method === 'GET')).toHaveLength(4);
		expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(12);
	});

	it('should copy every type of item', async () => {
		const { id, items } = server.store.createConversation({ items: everyItemOnce });
		const { json, error, hints } = await copy({ conversationId: id });
		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		expect(json[0]).toMatchObject({ item_count: items.length });
		expect(essence(itemsOf(json[0]?.id))).toEqual(essence(items));
	});

	it('should copy several conversations side by side, and the same one twice', async () => {
		const ids = [1, 2].map(
			(n) => server.store.createConversation({ items: messages(n), metadata: { n: `${n}` } }).id,
		);
		const inputs = [ids[0], ids[1], ids[0]];
		const { json } = await copy(
			{ conversationId: '={{ $json.id }}' },
			{ items: inputs.map((id) => ({ json: { id } })) },
		);
		expect(json.map(({ copied_from, item_count }) => [copied_from, item_count])).toEqual([
			[ids[0], 1],
			[ids[1], 2],
			[ids[0], 1],
		]);
		expect(new Set(json.map(({ id }) => id)).size).toBe(3);
	});
});

describe('Last Item to Copy', () => {
	it.each<[string, string, number, number]>([
		['in the middle', 'msg_7', 8, 1],
		['that is the first', 'msg_0', 1, 1],
		['that is the last', 'msg_149', 150, 2],
		['on a later page', 'msg_120', 121, 2],
		['at the end of a page', 'msg_99', 100, 1],
		['by expression, as an object', '={{ $json }}', 4, 1],
	])('should copy up to and including an item %s', async (_what, throughItemId, count, pages) => {
		const { id, items } = server.store.createConversation({ items: messages(150) });
		const { json, error } = await copy(
			{ conversationId: id, throughItemId },
			{ items: [{ json: { id: 'msg_3' } }] },
		);
		expect(error).toBeUndefined();
		expect(json[0]).toMatchObject({ item_count: count });
		expect(essence(itemsOf(json[0]?.id))).toEqual(essence(items.slice(0, count)));
		expect(
			server.requests.filter(({ path }) => path === `/v1/conversations/${id}/items`),
		).toHaveLength(pages);
	});

	it.each([0, 3])(
		'should create nothing when the item is not in the conversation (of %d items)',
		async (count) => {
			const { id } = server.store.createConversation({ items: messages(count) });
			const { error } = await copy({ conversationId: id, throughItemId: 'msg_none' });
			expect(error?.message).toBe(
				'Last Item to Copy is "msg_none", which is not in the conversation',
			);
			expect(error?.description).toContain('Nothing was copied.');
			expect(calls().filter((call) => call.startsWith('POST'))).toEqual([]);
		},
	);

	it.each([
		['a conversation', 'conv_1', 'Last Item to Copy is the ID of a conversation'],
		['a path', '../x', 'Last Item to Copy is "../x", which is not the ID of an item'],
	])('should refuse %s before any request', async (_what, throughItemId, message) => {
		const { error } = await copy({ conversationId: 'conv_1', throughItemId });
		expect(error?.message).toBe(message);
		expect(server.requestCount).toBe(0);
	});

	it('should leave out reasoning at the end, whose result is not copied', async () => {
		const { id } = server.store.createConversation({
			items: [
				{ type: 'message', role: 'user', content: 'a' },
				{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' },
				{ type: 'message', role: 'assistant', content: 'b' },
			],
		});
		const { json, hints } = await copy({ conversationId: id, throughItemId: 'rs_1' });
		expect(json[0]).toMatchObject({ item_count: 1 });
		expect(hints[0]).toContain(`1 of ${id}: reasoning (rs_1)`);
	});
});

describe('Metadata of the copy', () => {
	it.each<[string, INodeParameters, object]>([
		['that of the original', {}, { topic: 'x', lang: 'de' }],
		['the given pairs instead', { metadata: pairs({ topic: 'y' }) }, { topic: 'y' }],
		['the given JSON instead', { metadataInput: 'json', metadataJson: '{ "n": 1 }' }, { n: '1' }],
		['nothing, when {} is entered', { metadataInput: 'json', metadataJson: '{}' }, {}],
	])('should be %s', async (_what, parameters, expected) => {
		const { id } = server.store.createConversation({ metadata: { topic: 'x', lang: 'de' } });
		const { json } = await copy({ conversationId: id, ...parameters });
		expect(json[0]?.metadata).toEqual(expected);
		expect(server.requests.at(-1)?.body).toEqual({ metadata: expected });
	});

	it('should not be asked for when the fields give it', async () => {
		const { id } = server.store.createConversation();
		await copy({ conversationId: id, metadata: pairs({ a: 'b' }) });
		expect(calls()).toEqual([expect.stringMatching(/^GET .*\/items$/), 'POST /v1/conversations']);
	});
});

describe('What is sent of an item', () => {
	const copyOf = async (...items: Item[]) => {
		const { id } = server.store.createConversation({ items });
		const result = await copy({ conversationId: id });
		return { ...result, id };
	};

	it('should be without ID, status and null fields where the server makes them', async () => {
		const { error } = await copyOf(
			{
				id: 'msg_1',
				type: 'message',
				role: 'assistant',
				status: 'completed',
				phase: null,
				content: [{ type: 'output_text', text: 'a', annotations: [], logprobs: [] }],
			},
			{
				id: 'fc_1',
				type: 'function_call',
				call_id: 'c',
				name: 'f',
				arguments: '{}',
				status: 'completed',
				created_by: 'someone',
			},
			{
				id: 'sh_1',
				type: 'shell_call',
				call_id: 's',
				action: { commands: ['ls'], timeout_ms: null },
				environment: null,
			},
		);
		expect(error).toBeUndefined();
		expect(sentItems()).toEqual([
			{
				type: 'message',
				role: 'assistant',
				content: [{ type: 'output_text', text: 'a', annotations: [], logprobs: [] }],
			},
			{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
			{ type: 'shell_call', call_id: 's', action: { commands: ['ls'] } },
		]);
	});

	it('should keep ID, status and null where the API asks for them', async () => {
		const items = [
			{
				type: 'web_search_call',
				id: 'ws_1',
				status: 'completed',
				action: { type: 'search', query: 'cats' },
			},
			{ type: 'image_generation_call', id: 'ig_1', status: 'failed', result: null },
			{
				type: 'code_interpreter_call',
				id: 'ci_1',
				status: 'completed',
				code: null,
				container_id: 'c',
				outputs: null,
			},
			{ type: 'local_shell_call_output', id: 'lsho_1', output: 'x' },
		];
		const { error } = await copyOf(...items);
		expect(error).toBeUndefined();
		expect(sentItems()).toEqual([...items.slice(0, 3), expect.objectContaining(items[3] ?? {})]);
	});

	it('should keep the status of a patch, which the API asks for', async () => {
		await copyOf(
			{
				type: 'apply_patch_call',
				id: 'apc_1',
				call_id: 'c',
				status: 'completed',
				operation: { type: 'delete_file', path: 'a' },
			},
			{
				type: 'apply_patch_call_output',
				id: 'apco_1',
				call_id: 'c',
				status: 'failed',
				output: null,
			},
		);
		expect(sentItems()).toEqual([
			{
				type: 'apply_patch_call',
				call_id: 'c',
				status: 'completed',
				operation: { type: 'delete_file', path: 'a' },
			},
			{ type: 'apply_patch_call_output', call_id: 'c', status: 'failed' },
		]);
	});

	it('should keep null where it has a meaning, such as in a JSON schema', async () => {
		const tools = [
			{ name: 'f', input_schema: { properties: { a: { default: null } } }, description: null },
		];
		await copyOf({ type: 'mcp_list_tools', id: 'mcpl_1', server_label: 's', tools });
		expect(sentItems()).toEqual([
			{ type: 'mcp_list_tools', id: 'mcpl_1', server_label: 's', tools },
		]);
	});

	it('should bring text back under the name that it has on input', async () => {
		await copyOf(
			{ type: 'message', role: 'user', content: [{ type: 'text', text: 'a' }] },
			{ type: 'message', role: 'assistant', content: [{ type: 'text', text: 'b' }] },
		);
		expect(sentItems()).toEqual([
			{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a' }] },
			{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'b' }] },
		]);
	});

	it('should bring images along, which a listing shows only when asked', async () => {
		const { json } = await copyOf({
			type: 'message',
			role: 'user',
			content: [{ type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=' }],
		});
		expect(JSON.stringify(itemsOf(json[0]?.id))).toContain('data:image/png;base64,iVBORw0KGgo=');
	});
});

describe('What can not be carried over', () => {
	const user = (text: string): Item => ({ type: 'message', role: 'user', content: text });
	const assistant = (text: string): Item => ({ type: 'message', role: 'assistant', content: text });
	const reasoning = (id: string, more: Item = {}): Item => ({
		type: 'reasoning',
		id,
		summary: [],
		...more,
	});
	const webSearch = (id: string): Item => ({
		type: 'web_search_call',
		id,
		status: 'completed',
		action: { type: 'search' },
	});
	const call = (id: string): Item => ({
		type: 'function_call',
		call_id: id,
		name: 'f',
		arguments: '{}',
	});
	const output = (id: string): Item => ({ type: 'function_call_output', call_id: id, output: 'x' });
	const computerCall: Item = {
		type: 'computer_call',
		id: 'cu_1',
		call_id: 'cc',
		pending_safety_checks: [],
		status: 'completed',
		action: { type: 'wait' },
	};
	const screenshot: Item = {
		id: 'cuo_1',
		type: 'computer_call_output',
		call_id: 'cc',
		output: { type: 'computer_screenshot', file_id: 'f' },
	};
	const encrypted = { encrypted_content: 'x' };

	it.each<[string, Item[], number[], string[]]>([
		[
			'nothing with encrypted reasoning',
			[user('a'), reasoning('rs_1', encrypted), assistant('b')],
			[0, 1, 2],
			[],
		],
		[
			'reasoning without its encrypted content',
			[user('a'), reasoning('rs_1'), assistant('b')],
			[0, 2],
			['reasoning (rs_1)'],
		],
		[
			'one of two in a row',
			[user('a'), reasoning('rs_1', encrypted), reasoning('rs_2'), assistant('b')],
			[0, 1, 3],
			['reasoning (rs_2)'],
		],
		[
			'calls that the API refuses without the reasoning in front of them',
			[
				user('a'),
				reasoning('rs_1'),
				webSearch('ws_1'),
				webSearch('ws_2'),
				assistant('b'),
				webSearch('ws_3'),
			],
			[0, 4, 5],
			['reasoning (rs_1)', 'web search call (ws_1)', 'web search call (ws_2)'],
		],
		[
			'the answer to such a call',
			[user('a'), reasoning('rs_1'), computerCall, screenshot, assistant('b')],
			[0, 4],
			['reasoning (rs_1)', 'computer call (cu_1)', 'computer call output (cuo_1)'],
		],
		[
			'no function call, which goes without its reasoning',
			[user('a'), reasoning('rs_1'), call('c'), output('c')],
			[0, 2, 3],
			['reasoning (rs_1)'],
		],
		['no output whose call was deleted before', [user('a'), output('gone')], [0, 1], []],
		[
			'reasoning that led to nothing',
			[user('a'), reasoning('rs_1', encrypted), user('b')],
			[0, 2],
			['reasoning (rs_1)'],
		],
		[
			'two in a row that led to nothing',
			[reasoning('rs_1', encrypted), reasoning('rs_2', encrypted)],
			[],
			['reasoning (rs_1)', 'reasoning (rs_2)'],
		],
		[
			'a message that is known to hold an image, but not which',
			[
				user('a'),
				{ type: 'message', id: 'msg_i', role: 'user', content: [{ type: 'input_image' }] },
				assistant('b'),
			],
			[0, 2],
			['message (msg_i)'],
		],
		[
			'a message of a role that is not taken',
			[
				user('a'),
				{ type: 'message', id: 'msg_c', role: 'critic', content: [{ type: 'text', text: 'x' }] },
			],
			[0],
			['message (msg_c)'],
		],
		[
			'a message with a part that is not taken',
			[
				user('a'),
				{ type: 'message', id: 'msg_s', role: 'user', content: [{ type: 'computer_screenshot' }] },
			],
			[0],
			['message (msg_s)'],
		],
	])('should be left out, counted and named: %s', async (_what, items, kept, names) => {
		const source = server.store.createConversation({ items });
		const { json, error, hints } = await copy({ conversationId: source.id });
		expect(error).toBeUndefined();
		expect(json[0]).toMatchObject({ item_count: kept.length });
		expect(essence(itemsOf(json[0]?.id))).toEqual(
			essence(kept.map((place) => source.items[place])),
		);
		expect(hints).toEqual(
			names.length === 0
				? []
				: [
						expect.stringContaining(
							`not copied, because the API does not accept them a second time: ${names.length} of ${source.id}: ${names.join(', ')}. `,
						),
					],
		);
	});

	it('should name ten, and count the others', async () => {
		const { id } = server.store.createConversation({
			items: Array.from({ length: 13 }, (_, n) => reasoning(`rs_${n}`)),
		});
		const { hints } = await copy({ conversationId: id });
		expect(hints[0]).toContain(`13 of ${id}: reasoning (rs_0), `);
		expect(hints[0]).toContain('reasoning (rs_9), 3 more.');
	});

	it('should be told of several copies in one hint', async () => {
		const ids = [1, 2].map(
			(n) => server.store.createConversation({ items: [reasoning(`rs_${n}`)] }).id,
		);
		const { hints } = await copy(
			{ conversationId: '={{ $json.id }}' },
			{ items: ids.map((id) => ({ json: { id } })) },
		);
		expect(hints).toHaveLength(1);
		expect(hints[0]).toContain(
			`1 of ${ids[0]}: reasoning (rs_1); 1 of ${ids[1]}: reasoning (rs_2).`,
		);
	});
});

describe('A gateway that does not know an include value', () => {
	const image = {
		type: 'message',
		role: 'user',
		content: [{ type: 'input_image', image_url: 'https://example.com/a.png' }],
	};
	const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' };
	const answer = { type: 'message', role: 'assistant', content: 'b' };
	const asked = () =>
		server.requests
			.filter(({ path }) => path.endsWith('/items'))
			.map(({ query }) => INCLUDES.filter((value) => query.includes(value)).length);

	it.each([
		['one of them', ['web_search_call.results'], [7, 6]],
		['two of them', ['web_search_call.results', 'code_interpreter_call.outputs'], [7, 6, 5]],
		['none of them', INCLUDES, [7, 6, 5, 4, 3, 2, 1, 0]],
	])('should be asked without it, and the user told: %s', async (_what, unknown, requests) => {
		server.configure({ unknownIncludes: unknown });
		const source = server.store.createConversation({ items: messages(2) });
		const { json, error, hints } = await copy({ conversationId: source.id });
		expect(error).toBeUndefined();
		expect(asked()).toEqual(requests);
		expect(essence(itemsOf(json[0]?.id))).toEqual(essence(source.items));
		expect(hints).toHaveLength(1);
		for (const value of unknown) expect(hints[0]).toContain(value);
		expect(hints[0]).toContain('may be missing from the copy');
	});

	it('should still be asked for what it knows, though its refusal lists all of that', async () => {
		server.configure({ unknownIncludes: ['web_search_call.results'] });
		const source = server.store.createConversation({ items: [image, reasoning, answer] });
		const { json, hints } = await copy({ conversationId: source.id });
		expect(essence(itemsOf(json[0]?.id))).toEqual(essence(source.items));
		expect(hints).toHaveLength(1);
		expect(hints[0]).not.toContain('reasoning.encrypted_content');
	});

	it.each<[string, object, number[]]>([
		['a place in the list', { message: 'Not allowed', param: 'include[2]' }, [7, 6]],
		['the parameter alone', { message: 'Not allowed', param: 'include' }, [7, 0]],
		['the parameter in its message', { message: 'Unknown query parameter: include[]' }, [7, 0]],
	])('should be understood when it names %s', async (_what, body, requests) => {
		server.fault({ match: { path: /items$/ }, status: 400, body: { error: body } });
		const { id } = server.store.createConversation({ items: messages(1) });
		const { error } = await copy({ conversationId: id });
		expect(error).toBeUndefined();
		expect(asked()).toEqual(requests);
	});

	it('should not be asked again after a refusal that speaks of something else', async () => {
		server.fault({ match: { path: /items$/ }, status: 400, body: { error: { message: 'No' } } });
		const { id } = server.store.createConversation({ items: messages(1) });
		const { error } = await copy({ conversationId: id });
		expect(error?.message).toBe('No');
		expect(asked()).toEqual([7]);
		expect(server.store.conversations.size).toBe(1);
	});
});

describe('A copy that is stopped', () => {
	it('should name the conversation that it leaves behind', async () => {
		const { id } = server.store.createConversation({ items: messages(45) });
		server.fault({ match: { method: 'POST', path: /items$/ }, hang: true });
		const stop = new AbortController();
		const running = copy({ conversationId: id }, { stop: stop.signal });
		await until(() =>
			server.requests.some(({ path, method }) => method === 'POST' && path.endsWith('/items')),
		);
		stop.abort();
		const { run, error } = await running;
		const created = [...server.store.conversations.keys()].find((other) => other !== id) ?? '';
		expect(run.status).toBe('canceled');
		expect(error?.description).toContain(
			`The conversation ${created} was created and holds at least 20 conversation items.`,
		);
	});
});

describe('A copy that fails', () => {
	it('should name the new conversation and how many items it holds', async () => {
		const { id } = server.store.createConversation({ items: messages(45) });
		server.fault({ match: { method: 'POST', path: /items$/, nth: 2 }, status: 403 });
		const { error } = await copy({ conversationId: id });
		const created = [...server.store.conversations.keys()].find((other) => other !== id) ?? '';
		expect(error?.message).toBe(
			`The conversation ${created} was created, but holds only 40 of 45 items: You do not have access to this resource.`,
		);
		expect(error?.context).toMatchObject({ conversation: created, item_count: 40 });
		expect(itemsOf(created)).toHaveLength(40);
	});

	it.each([
		['the items', { path: /items$/ }],
		['the metadata', { method: 'GET', path: /conv_[0-9a-f]+$/ }],
	])('should create nothing when %s can not be read', async (_what, match) => {
		const { id } = server.store.createConversation({ items: messages(3) });
		server.fault({ match, status: 500 });
		const { error } = await copy({ conversationId: id });
		expect(error).toMatchObject({ httpCode: '500' });
		expect(server.store.conversations.size).toBe(1);
	});
});
