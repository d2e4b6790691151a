import type OpenAI from 'openai';
import { raw, sdk, useServer } from '../support/server';

const server = useServer();

type Input = OpenAI.Responses.ResponseInputItem;

/** One of each type, with what the official types require. */
const everyType: Input[] = [
	{ type: 'message', role: 'user', content: 'Hello' },
	{ type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
	{ type: 'function_call_output', call_id: 'c1', output: 'done' },
	{
		type: 'file_search_call',
		id: 'fs_1',
		queries: ['q'],
		status: 'completed',
		results: [{ text: 'r' }],
	},
	{
		type: 'web_search_call',
		id: 'ws_1',
		status: 'completed',
		action: { type: 'search', query: 'q', sources: [{ type: 'url', url: 'https://example.com' }] },
	},
	{ type: 'image_generation_call', id: 'ig_1', status: 'completed', result: null },
	{
		type: 'computer_call',
		id: 'cu_1',
		call_id: 'c2',
		pending_safety_checks: [],
		status: 'completed',
	},
	{
		type: 'computer_call_output',
		call_id: 'c2',
		output: { type: 'computer_screenshot', image_url: 'https://example.com/a.png' },
	},
	{ type: 'tool_search_call', arguments: {} },
	{ type: 'tool_search_output', tools: [] },
	{ type: 'additional_tools', role: 'developer', tools: [] },
	{ type: 'configuration_update' },
	{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'secret' },
	{ type: 'program', id: 'prog_1', call_id: 'c3', code: 'x', fingerprint: 'f' },
	{ type: 'program_output', id: 'po_1', call_id: 'c3', result: 'r', status: 'completed' },
	{ type: 'compaction', encrypted_content: 'e' },
	{
		type: 'code_interpreter_call',
		id: 'ci_1',
		code: null,
		container_id: 'cntr',
		outputs: [{ type: 'logs', logs: 'l' }],
		status: 'completed',
	},
	{
		type: 'local_shell_call',
		id: 'lsh_1',
		call_id: 'c4',
		status: 'completed',
		action: { type: 'exec', command: ['ls'], env: {} },
	},
	{ type: 'local_shell_call_output', id: 'lsho_1', output: 'o' },
	{ type: 'shell_call', call_id: 'c5', action: { commands: ['ls'] } },
	{ type: 'shell_call_output', call_id: 'c5', output: [] },
	{
		type: 'apply_patch_call',
		call_id: 'c6',
		status: 'completed',
		operation: { type: 'delete_file', path: 'a' },
	},
	{ type: 'apply_patch_call_output', call_id: 'c6', status: 'completed' },
	{ type: 'mcp_list_tools', id: 'mcpl_1', server_label: 's', tools: [] },
	{ type: 'mcp_approval_request', id: 'mcpr_1', arguments: '{}', name: 'f', server_label: 's' },
	{ type: 'mcp_approval_response', approval_request_id: 'mcpr_1', approve: true },
	{ type: 'mcp_call', id: 'mcp_1', arguments: '{}', name: 'f', server_label: 's' },
	{ type: 'custom_tool_call', call_id: 'c7', input: 'i', name: 'f' },
	{ type: 'custom_tool_call_output', call_id: 'c7', output: 'o' },
];

/** The error that adding these items meets. */
async function refusal(items: unknown): Promise<unknown> {
	const { id } = server().store.createConversation();
	const path = `/v1/conversations/${id}/items`;
	const answer = await raw(server(), path, { method: 'POST', body: JSON.stringify({ items }) });
	expect(server().requests.at(-1)).toMatchObject({ status: 400, applied: false });
	const parsed: { error: unknown } = JSON.parse(answer.body);
	return parsed.error;
}

test('every item type is taken, keeps its fields and gets an ID', async () => {
	const client = sdk(server());
	const { id } = await client.conversations.create({ items: everyType.slice(0, 14) });
	await client.conversations.items.create(id, { items: everyType.slice(14) });
	const { items } = server().store.conversations.get(id) ?? { items: [] };
	expect(items.map(({ type }) => type)).toEqual(everyType.map(({ type }) => type));
	expect(items.slice(1)).toMatchObject(everyType.slice(1));
	expect(new Set(items.map((item) => item.id)).size).toBe(everyType.length);
	expect(items[1]).toMatchObject({
		id: expect.stringMatching(/^fc_[0-9a-f]{48}$/),
		status: 'completed',
	});
});

test.each([
	['user', 'input_text', {}],
	['developer', 'input_text', {}],
	['assistant', 'output_text', { annotations: [], logprobs: [] }],
])('the easy form of a message by the %s becomes a part %s', async (role, type, more) => {
	const { id } = server().store.createConversation();
	const body = JSON.stringify({ items: [{ role, content: 'Hello' }] });
	const answer = await raw(server(), `/v1/conversations/${id}/items`, { method: 'POST', body });
	expect(JSON.parse(answer.body)).toMatchObject({
		data: [
			{ type: 'message', role, status: 'completed', content: [{ type, text: 'Hello', ...more }] },
		],
	});
});

test.each([
	['an unknown type', [{ type: 'poem', text: 'x' }], { code: 'invalid_value', param: 'items[0]' }],
	[
		'a null status',
		[
			{ role: 'user', content: 'x' },
			{ role: 'user', content: 'x', status: null },
		],
		{
			code: 'unknown_parameter',
			param: 'items[1].status',
			message: "Unknown parameter: 'items[1].status'.",
		},
	],
	[
		'a null that means nothing',
		[{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}', namespace: null }],
		{ code: 'unknown_parameter' },
	],
	[
		'a field of no type',
		[{ role: 'user', content: 'x', colour: 'red' }],
		{ code: 'unknown_parameter', param: 'items[0].colour' },
	],
	[
		'a missing field',
		[{ type: 'function_call', name: 'f', arguments: '{}' }],
		{ code: 'missing_required_parameter', param: 'items[0].call_id' },
	],
	['no type', [{}], { code: 'missing_required_parameter', param: 'items[0].type' }],
	[
		'an unknown role',
		[{ role: 'bot', content: 'x' }],
		{ code: 'invalid_value', param: 'items[0].role' },
	],
	[
		'a part of the wrong side',
		[{ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }],
		{
			code: 'invalid_value',
			param: 'items[0].content[0]',
			message: "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
		},
	],
	[
		'a text that is none',
		[{ role: 'user', content: [{ type: 'input_text', text: 7 }] }],
		{ code: 'invalid_type', param: 'items[0].content[0].text' },
	],
	[
		'an image from nowhere',
		[{ role: 'user', content: [{ type: 'input_image' }] }],
		{ code: 'missing_required_parameter', param: 'items[0].content[0].image_url' },
	],
	[
		'an ID of another type',
		[{ role: 'user', content: 'x', id: 'fc_1' }],
		{ code: 'invalid_value', param: 'items[0].id' },
	],
	[
		'an ID twice',
		[
			{ role: 'user', content: 'x', id: 'msg_1' },
			{ role: 'user', content: 'x', id: 'msg_1' },
		],
		{ message: expect.stringContaining('Duplicate item found with id msg_1') },
	],
	[
		'reasoning without its encrypted content',
		[
			{ type: 'reasoning', id: 'rs_gone', summary: [] },
			{ role: 'assistant', content: 'x' },
		],
		{ code: 'invalid_item', param: 'items[0]' },
	],
	[
		'reasoning at the end',
		[{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'e' }],
		{
			message: "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
		},
	],
	[
		'reasoning before what the user says',
		[
			{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'e' },
			{ role: 'user', content: 'x' },
		],
		{ message: expect.stringContaining('required following item') },
	],
	[
		'21 items',
		Array(21).fill({ role: 'user', content: 'x' }),
		{ code: 'array_above_max_length', param: 'items' },
	],
	['no items at all', undefined, { code: 'missing_required_parameter', param: 'items' }],
	['null for items', null, { code: 'invalid_type', param: 'items' }],
	['a string for an item', ['x'], { code: 'invalid_type', param: 'items[0]' }],
])('%s is refused, and nothing is added', async (_, items, error) => {
	expect(await refusal(items)).toMatchObject({ type: 'invalid_request_error', ...error });
	expect(server().store.items.size).toBe(0);
});

test('reasoning whose ID is stored needs no encrypted content, also after its conversation is gone', async () => {
	const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'e' } as const;
	const reply = { role: 'assistant', content: 'x' } as const;
	const old = server().store.createConversation({ items: [reasoning, reply] });
	const client = sdk(server());
	await client.conversations.delete(old.id);
	const copy = await client.conversations.create({
		items: [{ type: 'reasoning', id: 'rs_1', summary: [] }, reply],
	});
	expect(server().store.getConversation(copy.id)?.items[0]).toMatchObject(reasoning);
});

describe('include', () => {
	const stored = [
		...everyType.slice(3),
		{
			type: 'message',
			role: 'user',
			content: [{ type: 'input_image', image_url: 'https://example.com/b.png' }],
		},
		{
			type: 'message',
			role: 'assistant',
			content: [{ type: 'output_text', text: 'x', logprobs: [{ token: 'x' }] }],
		},
		{ type: 'web_search_call', status: 'completed', results: ['r'] },
	];
	const includable = [
		['file_search_call.results', '"results":[{"text":"r"}]'],
		['web_search_call.results', '"results":["r"]'],
		['web_search_call.action.sources', '"sources":[{"type":"url"'],
		['message.input_image.image_url', 'https://example.com/b.png'],
		['computer_call_output.output.image_url', 'https://example.com/a.png'],
		['code_interpreter_call.outputs', '"logs":"l"'],
		['reasoning.encrypted_content', '"encrypted_content":"secret"'],
		['message.output_text.logprobs', '"token":"x"'],
	] as const;

	test.each(includable)('%s is left out unless asked for', async (value, evidence) => {
		const { id } = server().store.createConversation({
			items: stored.map((item) => ({ ...item })),
		});
		const client = sdk(server());
		const without = await client.conversations.items.list(id, { limit: 100 });
		const included = await client.conversations.items.list(id, { limit: 100, include: [value] });
		expect(JSON.stringify(without.data)).not.toContain(evidence);
		expect(JSON.stringify(included.data)).toContain(evidence);
	});

	test('several can be asked for, as the SDK sends them, on list, add and retrieve', async () => {
		const { id, items } = server().store.createConversation({
			items: stored.map((item) => ({ ...item })),
		});
		const include = includable.map(([value]) => value);
		const client = sdk(server());
		await client.conversations.items.list(id, { include });
		await client.conversations.items.create(id, { items: [], include });
		await client.conversations.items.retrieve(items[0]?.id ?? '', { conversation_id: id, include });
		for (const { query, status } of server().requests) {
			expect(new URLSearchParams(query).getAll('include[]')).toEqual(include);
			expect(status).toBe(200);
		}
	});

	test.each(['include', 'include[]', 'include[0]'])('%s= is understood', async (name) => {
		const { id } = server().store.createConversation({
			items: [{ type: 'reasoning', summary: [], encrypted_content: 'e' }],
		});
		const { body } = await raw(
			server(),
			`/v1/conversations/${id}/items?${name}=reasoning.encrypted_content`,
		);
		expect(body).toContain('"encrypted_content":"e"');
	});
});
