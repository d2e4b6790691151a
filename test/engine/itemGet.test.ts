import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, runNode } from '../support/engine';
import type { RunOptions } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const get = async (parameters: INodeParameters, more: Partial<RunOptions> = {}) =>
	await runNode(server.url, {
		parameters: { resource: 'item', operation: 'get', options: {}, ...parameters },
		...more,
	});

const image = {
	id: 'msg_1',
	type: 'message',
	role: 'user',
	content: [
		{ type: 'input_text', text: 'Look 🙂' },
		{ type: 'input_image', image_url: 'https://example.com/a.png' },
	],
};

describe('Item: Get', () => {
	it('should give the item in short', async () => {
		const { id } = server.store.createConversation({ items: [image] });
		const { json, items } = await get({ conversationId: id, itemId: 'msg_1' });
		expect(
			server.requests.map(({ method, path, query, bodyText }) => [method, path, query, bodyText]),
		).toEqual([['GET', `/v1/conversations/${id}/items/msg_1`, '', '']]);
		expect(json).toEqual([
			{
				id: 'msg_1',
				conversation: id,
				type: 'message',
				role: 'user',
				status: 'completed',
				text: 'Look 🙂\n[image]',
			},
		]);
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
	});

	it('should give the item as it came without Simplify, with what Include asks for', async () => {
		const { id, items } = server.store.createConversation({ items: [image] });
		const { json } = await get({
			conversationId: id,
			itemId: 'msg_1',
			simplify: false,
			options: { include: ['message.input_image.image_url'] },
		});
		expect(server.requests[0]?.query).toBe('include[]=message.input_image.image_url');
		expect(json).toEqual(items);
	});

	it.each<[string, string, IDataObject]>([
		['an ID by expression', '={{ $json.item }}', { item: 'msg_1' }],
		[
			'an item, such as Get Many gives',
			'={{ $json }}',
			{ id: 'msg_1', type: 'message', text: 'x' },
		],
		['an ID with white space around it', ' msg_1\u00A0', {}],
	])('should take %s', async (_what, itemId, json) => {
		const { id } = server.store.createConversation({ items: [image] });
		const { error } = await get({ conversationId: id, itemId }, { items: [{ json }] });
		expect(error).toBeUndefined();
		expect(server.requests.map(({ path }) => path)).toEqual([
			`/v1/conversations/${id}/items/msg_1`,
		]);
	});

	it.each<[string, string, string]>([
		['nothing', '={{ "" }}', 'Item ID is empty'],
		['an expression that finds nothing', '={{ $json.none }}', 'Item ID is empty'],
		['a conversation', 'conv_1', 'Item ID is the ID of a conversation'],
		['a path', '../../models', 'Item ID is "../../models", which is not the ID of an item'],
		['a dot', '..', 'Item ID is "..", which'],
		['a query string', 'msg_1?x=1', 'Item ID is "msg_1?x=1", which'],
		['a number', '={{ 5 }}', 'Item ID is a number, not the ID of an item'],
		['a list', '={{ ["msg_1"] }}', 'Item ID is a list, not the ID of an item'],
		['a key', API_KEY, 'Item ID contains an API key'],
	])('should refuse %s before any request', async (_what, itemId, message) => {
		const { error } = await get({ conversationId: 'conv_1', itemId });
		expect(error?.message).toContain(message);
		expect(error?.description).toContain('Conversation Item: Get Many lists');
		expect(`${error?.message} ${error?.description}`).not.toContain(API_KEY.slice(-5));
		expect(server.requestCount).toBe(0);
	});

	it('should say what the API says of an item that is not there', async () => {
		const { id } = server.store.createConversation();
		const { error } = await get({
			conversationId: id,
			itemId: 'msg_none',
			options: { maxRetries: 3 },
		});
		expect(error?.message).toBe(
			`Item with id 'msg_none' not found in conversation with id '${id}'.`,
		);
		expect(error?.description).toContain('Check the ID');
		expect(server.requestCount).toBe(1);
	});

	it('should ask again after an answer was lost', async () => {
		const { id } = server.store.createConversation({ items: [image] });
		server.faults([{ status: 500, headers: { 'retry-after-ms': '1' } }, { reset: 'mid-body' }]);
		const { json } = await get({
			conversationId: id,
			itemId: 'msg_1',
			options: { maxRetries: 2, retryNetworkErrors: true },
		});
		expect(json).toHaveLength(1);
		expect(server.requestCount).toBe(3);
	});

	it.each<[string, unknown]>([
		['an empty object', {}],
		['a conversation', { id: 'conv_1', object: 'conversation', metadata: {} }],
	])('should count %s as an answer for a failure', async (_what, body) => {
		const { id } = server.store.createConversation({ items: [image] });
		server.fault({ body: Object(body) });
		const { error } = await get({ conversationId: id, itemId: 'msg_1' });
		expect(error?.message).toBe('The server answered with success, but not with an item');
	});
});
