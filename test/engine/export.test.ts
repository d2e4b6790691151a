import type { INodeParameters } from 'n8n-workflow';

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
	server.configure({ unknownIncludes: [] });
});
afterAll(async () => await server.close());

const exportIt = async (parameters: INodeParameters, more: Partial<RunOptions> = {}) =>
	await runNode(server.url, {
		parameters: { operation: 'export', options: {}, ...parameters },
		...more,
	});

const ID = 'conv_68f0a1b2c3d4';

const weather = () =>
	server.store.createConversation({
		id: ID,
		items: [
			{ type: 'message', role: 'developer', content: 'Be brief.' },
			{ type: 'message', role: 'user', content: 'Weather in Köln? 🌦' },
			{ type: 'reasoning', summary: [], encrypted_content: 'x' },
			{
				type: 'function_call',
				call_id: 'c1',
				name: 'get_weather',
				arguments: '{\n  "city": "Köln"\n}',
			},
			{ type: 'function_call_output', call_id: 'c1', output: '{"celsius":21}' },
			{ type: 'message', role: 'assistant', content: '21 degrees.\n\nBring an umbrella.' },
		],
	});

const MARKDOWN = `# Conversation ${ID}

**Developer**

Be brief.

**User**

Weather in Köln? 🌦

> Tool call: get_weather ({ "city": "Köln" })

> Tool result: {"celsius":21}

**Assistant**

21 degrees.

Bring an umbrella.
`;

const TEXT = `Conversation ${ID}

Developer:
Be brief.

User:
Weather in Köln? 🌦

[Tool call: get_weather ({ "city": "Köln" })]

[Tool result: {"celsius":21}]

Assistant:
21 degrees.

Bring an umbrella.
`;

const MESSAGES = [
	{ role: 'developer', content: 'Be brief.' },
	{ role: 'user', content: 'Weather in Köln? 🌦' },
	{ role: 'assistant', content: '[Tool call: get_weather ({ "city": "Köln" })]' },
	{ role: 'assistant', content: '[Tool result: {"celsius":21}]' },
	{ role: 'assistant', content: '21 degrees.\n\nBring an umbrella.' },
];

const asFile = (messages: unknown) => `${JSON.stringify(messages, null, 2)}\n`;

describe('Conversation: Export', () => {
	it.each<[string, unknown]>([
		['markdown', MARKDOWN],
		['text', TEXT],
		['messages', MESSAGES],
	])('should put the transcript into a field as %s', async (exportFormat, transcript) => {
		weather();
		const { json, items } = await exportIt({ conversationId: ID, returnAll: true, exportFormat });
		expect(json).toEqual([
			{ conversation: ID, format: exportFormat, item_count: 6, complete: true, transcript },
		]);
		expect(items[0]).not.toHaveProperty('binary');
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
	});

	it('should be Markdown in a field unless chosen otherwise', async () => {
		weather();
		const { json } = await exportIt({ conversationId: ID });
		expect(json[0]?.transcript).toBe(MARKDOWN);
	});

	it.each([
		['markdown', `conversation-${ID}.md`, 'text/markdown', MARKDOWN],
		['text', `conversation-${ID}.txt`, 'text/plain', TEXT],
		['messages', `conversation-${ID}.json`, 'application/json', asFile(MESSAGES)],
	])(
		'should put the transcript into a file as %s',
		async (exportFormat, fileName, mimeType, content) => {
			weather();
			const { items } = await exportIt({ conversationId: ID, exportFormat, exportTo: 'file' });
			expect(items).toHaveLength(1);
			const [{ json, binary, pairedItem } = { json: {} }] = items;
			expect(json).toEqual({
				conversation: ID,
				format: exportFormat,
				item_count: 6,
				complete: true,
				file_name: fileName,
			});
			expect(pairedItem).toEqual({ item: 0 });
			expect(Object.keys(binary ?? {})).toEqual(['data']);
			expect(binary?.data).toMatchObject({ fileName, mimeType });
			expect(Buffer.from(binary?.data?.data ?? '', 'base64').toString()).toBe(content);
		},
	);

	it('should put the file under the name that was chosen', async () => {
		weather();
		const { items } = await exportIt({
			conversationId: ID,
			exportTo: 'file',
			binaryPropertyName: ' transcript ',
		});
		expect(Object.keys(items[0]?.binary ?? {})).toEqual(['transcript']);
	});

	it('should ask for all pages of 100, and for the addresses of images', async () => {
		const items = Array.from({ length: 230 }, (_, n) => ({
			type: 'message',
			role: 'user',
			content: `m${n}`,
		}));
		server.store.createConversation({ id: ID, items });
		const { json } = await exportIt({
			conversationId: ID,
			returnAll: true,
			exportFormat: 'messages',
		});
		expect(server.requests.map(({ query }) => query.replace(/msg_[0-9a-f]+/, 'ID'))).toEqual([
			'limit=100&order=asc&include[]=message.input_image.image_url',
			'limit=100&order=asc&after=ID&include[]=message.input_image.image_url',
			'limit=100&order=asc&after=ID&include[]=message.input_image.image_url',
		]);
		expect(json[0]).toMatchObject({
			item_count: 230,
			transcript: items.map(({ content }) => ({ role: 'user', content })),
		});
	});

	it('should say in a hint that Limit cut the transcript short', async () => {
		weather();
		const cut = await exportIt({ conversationId: ID, returnAll: false, limit: 2 });
		expect(cut.json[0]).toMatchObject({ item_count: 2, complete: false });
		expect(cut.hints).toEqual([
			`1 transcript ends before the conversation does, because of Limit: ${ID}. Turn on Return All for the whole conversation.`,
		]);
		const whole = await exportIt({ conversationId: ID, returnAll: false, limit: 6 });
		expect(whole.hints).toEqual([]);
	});

	it('should say so as well when the server gives more than it was asked for', async () => {
		const data = ['a', 'b', 'c'].map((content) => ({ type: 'message', role: 'user', content }));
		server.fault({ body: { data, has_more: false } });
		const { json, hints } = await exportIt({ conversationId: ID, returnAll: false, limit: 2 });
		expect(json[0]).toMatchObject({ item_count: 2 });
		expect(hints).toHaveLength(1);
	});

	it('should give a transcript of nothing for an empty conversation', async () => {
		server.store.createConversation({ id: ID });
		const markdown = await exportIt({ conversationId: ID });
		expect(markdown.json).toEqual([
			{
				conversation: ID,
				format: 'markdown',
				item_count: 0,
				complete: true,
				transcript: `# Conversation ${ID}\n`,
			},
		]);
		const messages = await exportIt({ conversationId: ID, exportFormat: 'messages' });
		expect(messages.json[0]?.transcript).toEqual([]);
	});

	it.each<[string, INodeParameters, string]>([
		['a format that does not exist', { exportFormat: 'pdf' }, 'Export Format is "pdf"'],
		['a place that does not exist', { exportTo: 'disk' }, 'Export To is "disk"'],
		[
			'a file without a field',
			{ exportTo: 'file', binaryPropertyName: ' ' },
			'Put Output File in Field is empty',
		],
		['a limit below 1', { returnAll: false, limit: -1 }, 'Limit is "-1"'],
	])('should refuse %s before any request', async (_what, parameters, message) => {
		const { error } = await exportIt({ conversationId: ID, ...parameters });
		expect(error?.message).toContain(message);
		expect(server.requestCount).toBe(0);
	});

	it('should go on without an include value that a gateway does not know, and say what may be missing', async () => {
		server.configure({ unknownIncludes: ['message.input_image.image_url'] });
		server.store.createConversation({
			id: ID,
			items: [
				{
					role: 'user',
					content: [
						{ type: 'input_text', text: 'Look' },
						{ type: 'input_image', image_url: 'https://example.com/a.png' },
					],
				},
			],
		});
		const { json, error, hints } = await exportIt({ conversationId: ID, exportFormat: 'text' });
		expect(error).toBeUndefined();
		expect(json[0]?.transcript).toContain('Look');
		expect(hints).toEqual([
			expect.stringMatching(/message\.input_image\.image_url.*images may be missing/),
		]);
		expect(server.requests.map(({ status }) => status)).toEqual([400, 200]);
	});

	it('should give no half of a transcript when a page is lost', async () => {
		server.store.createConversation({
			id: ID,
			items: Array.from({ length: 150 }, (_, n) => ({ role: 'user', content: `m${n}` })),
		});
		server.fault({ match: { nth: 2 }, status: 500 });
		const { error, items } = await exportIt({ conversationId: ID, returnAll: true });
		expect(error).toMatchObject({ httpCode: '500' });
		expect(items).toEqual([]);
	});
});

describe('What a person would call the conversation', () => {
	/** One line of the text format for each type; empty: left out. */
	const expected: ForEveryType<string> = {
		message: 'User:\nWhat is in this picture? 🐈\n[image: https://example.com/cat.png]',
		file_search_call: '[Tool call: file search (warranty return policy)]',
		web_search_call: '[Tool call: web search (cats)]',
		image_generation_call: '[Tool call: image generation (A cat on a mat)]',
		computer_call: '[Tool call: computer (click)]',
		computer_call_output: '[Tool result: [screenshot]]',
		reasoning: '',
		function_call: '[Tool call: get_weather ({"city":"Köln"})]',
		function_call_output: '[Tool result: {"celsius":21}]',
		tool_search_call: '',
		tool_search_output: '',
		additional_tools: '',
		configuration_update: '',
		program: '[Tool call: program (print(1))]',
		program_output: '[Tool result: 1]',
		compaction: '',
		code_interpreter_call: '[Tool call: code interpreter (print(6 * 7))]',
		local_shell_call: '[Tool call: local shell (ls -l)]',
		local_shell_call_output: '[Tool result: total 0]',
		shell_call: '[Tool call: shell (cd /tmp ls)]',
		shell_call_output: '[Tool result: notes.txt a warning]',
		apply_patch_call: '[Tool call: apply patch (notes.txt)]',
		apply_patch_call_output: '[Tool result: Done!]',
		mcp_list_tools: '',
		mcp_approval_request: '[Tool call: approval of pay ({"amount":5})]',
		mcp_approval_response: '[Tool result: approved]',
		mcp_call: '[Tool call: pay ({"amount":5})]',
		custom_tool_call: '[Tool call: run_sql (SELECT 1)]',
		custom_tool_call_output: '[Tool result: 1 row]',
	};

	it('should be told of every type of item, tools in one line each', async () => {
		server.store.createConversation({ id: ID, items: everyItemOnce });
		const { json } = await exportIt({ conversationId: ID, returnAll: true, exportFormat: 'text' });
		const blocks = Object.values(everyItem).map(({ type }) => expected[type]);
		expect(json[0]?.transcript).toBe(
			`${[`Conversation ${ID}`, ...blocks.filter((block) => block !== '')].join('\n\n')}\n`,
		);
		expect(json[0]?.item_count).toBe(everyItemOnce.length);
	});

	it('should show a type that does not exist yet as a tool call, and skip what has no type', async () => {
		server.store.createConversation({
			id: ID,
			items: [
				{ type: 'hologram_call', name: 'project', arguments: '{}' },
				{ type: 'poll', text: 'Tea?' },
			],
		});
		const { json } = await exportIt({ conversationId: ID, exportFormat: 'messages' });
		expect(json[0]?.transcript).toEqual([
			{ role: 'assistant', content: '[Tool call: project ({})]' },
			{ role: 'assistant', content: '[Tool call: poll (Tea?)]' },
		]);
		server.fault({ body: { data: [{}, { type: 5 }, { type: 'message', content: null }] } });
		const nothing = await exportIt({ conversationId: ID, exportFormat: 'messages' });
		expect(nothing.json[0]?.transcript).toEqual([]);
	});

	it('should cut what a tool was given or gave to 200 characters, emoji whole', async () => {
		server.store.createConversation({
			id: ID,
			items: [
				{ type: 'function_call', call_id: 'c', name: 'f', arguments: '😀'.repeat(300) },
				{ type: 'function_call_output', call_id: 'c', output: 'x'.repeat(200) },
				{ type: 'function_call_output', call_id: 'c', output: 'y'.repeat(201) },
			],
		});
		const { json } = await exportIt({ conversationId: ID, exportFormat: 'messages' });
		expect(json[0]?.transcript).toEqual([
			{ role: 'assistant', content: `[Tool call: f (${'😀'.repeat(200)}…)]` },
			{ role: 'assistant', content: `[Tool result: ${'x'.repeat(200)}]` },
			{ role: 'assistant', content: `[Tool result: ${'y'.repeat(200)}…]` },
		]);
	});

	it('should give messages of a role that no model takes as those of the assistant', async () => {
		const items = ['user', 'critic', 'tool'].map((role) => ({
			type: 'message',
			role,
			content: [{ type: 'text', text: role }],
		}));
		server.store.createConversation({ id: ID, items });
		const { json } = await exportIt({ conversationId: ID, exportFormat: 'messages' });
		expect(json[0]?.transcript).toEqual([
			{ role: 'user', content: 'user' },
			{ role: 'assistant', content: 'critic' },
			{ role: 'assistant', content: 'tool' },
		]);
	});
});
