import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, runNode } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const conversationOf = (count: number) =>
	server.store.createConversation({
		items: Array.from({ length: count }, (_, n) => ({
			id: `msg_${n}`,
			type: 'message',
			role: 'user',
			content: `m${n}`,
		})),
	}).id;

/** Deletes the item that each input names. */
const remove = async (inputs: IDataObject[], options: INodeParameters = {}) =>
	await runNode(server.url, {
		items: inputs.map((json) => ({ json })),
		parameters: {
			resource: 'item',
			operation: 'delete',
			conversationId: '={{ $json.conversation }}',
			itemId: '={{ $json.item }}',
			options,
		},
	});

const left = (id: string) => server.store.getConversation(id)?.items.map((item) => item.id);

const RETRY = { 'retry-after-ms': '1' };

describe('Item: Delete', () => {
	it('should delete the item, and say which and of which conversation', async () => {
		const conversation = conversationOf(3);
		const { json, items, hints } = await remove([{ conversation, item: 'msg_1' }]);
		expect(
			server.requests.map(({ method, path, query, bodyText }) => [method, path, query, bodyText]),
		).toEqual([['DELETE', `/v1/conversations/${conversation}/items/msg_1`, '', '']]);
		expect(json).toEqual([{ deleted: true, id: 'msg_1', conversation }]);
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
		expect(hints).toEqual([]);
		expect(left(conversation)).toEqual(['msg_0', 'msg_2']);
	});

	it('should delete items of one conversation one after the other', async () => {
		const conversation = conversationOf(5);
		const { json } = await remove([3, 0, 4].map((n) => ({ conversation, item: `msg_${n}` })));
		expect(json.map(({ id }) => id)).toEqual(['msg_3', 'msg_0', 'msg_4']);
		expect(left(conversation)).toEqual(['msg_1', 'msg_2']);
		expect(server.maxInFlightPerConversation).toBe(1);
	});

	it.each<[string, object, INodeParameters]>([
		['a server error', { status: 500, headers: RETRY }, {}],
		['a page of a proxy', { status: 502, body: '<html>Bad gateway</html>', headers: RETRY }, {}],
		['a lost connection', { reset: 'before-headers' }, { retryNetworkErrors: true }],
	])(
		'should count 404 as done, and say so, after %s that may have deleted it',
		async (_what, fault, options) => {
			const conversation = conversationOf(1);
			server.fault({ apply: true, ...fault });
			const { json, error, hints } = await remove([{ conversation, item: 'msg_0' }], {
				maxRetries: 1,
				...options,
			});
			expect(error).toBeUndefined();
			expect(json).toEqual([{ deleted: true, id: 'msg_0', conversation }]);
			expect(hints[0]).toBe(
				'The response to the first attempt was lost. When the deletion was repeated, 1 conversation item was already gone: msg_0. This counts as deleted.',
			);
			expect(server.requestCount).toBe(2);
		},
	);

	it('should say in one hint that several were already gone', async () => {
		const conversation = conversationOf(2);
		server.fault({ match: { path: /msg_0$/ }, apply: true, status: 500, headers: RETRY });
		server.fault({ match: { path: /msg_1$/ }, apply: true, status: 500, headers: RETRY });
		const { hints } = await remove(
			[0, 1].map((n) => ({ conversation, item: `msg_${n}` })),
			{ maxRetries: 1 },
		);
		expect(hints[0]).toContain('2 conversation items were already gone: msg_0, msg_1.');
	});

	it.each<[string, object[]]>([
		['a plain 404', []],
		['a 404 after a rate limit, which deletes nothing', [{ status: 429, headers: RETRY }]],
	])('should fail for %s', async (_what, faults) => {
		const conversation = conversationOf(1);
		server.faults(faults);
		const { error } = await remove([{ conversation, item: 'msg_9' }], { maxRetries: 2 });
		expect(error?.message).toBe(
			`Item with id 'msg_9' not found in conversation with id '${conversation}'.`,
		);
		expect(server.requestCount).toBe(faults.length + 1);
	});

	it('should not take the 404 of a proxy for proof', async () => {
		const conversation = conversationOf(1);
		server.faults([
			{ status: 502, body: '<html></html>', headers: RETRY },
			{ status: 404, body: 'default backend - 404' },
		]);
		const { error } = await remove([{ conversation, item: 'msg_0' }], { maxRetries: 1 });
		expect(error).toMatchObject({ httpCode: '404' });
		expect(left(conversation)).toEqual(['msg_0']);
	});

	it('should delete after an attempt that did not', async () => {
		const conversation = conversationOf(1);
		server.fault({ status: 500, headers: RETRY });
		const { json, hints } = await remove([{ conversation, item: 'msg_0' }], { maxRetries: 1 });
		expect(json).toEqual([{ deleted: true, id: 'msg_0', conversation }]);
		expect(hints).toEqual([expect.stringContaining('1 retry')]);
		expect(left(conversation)).toEqual([]);
	});

	it.each<[string, unknown]>([
		['an empty object', {}],
		['an answer that denies it', { id: 'msg_0', deleted: false }],
	])('should count %s as a failure', async (_what, body) => {
		server.fault({ body: Object(body) });
		const { error } = await remove([{ conversation: conversationOf(1), item: 'msg_0' }]);
		expect(error?.message).toBe(
			'The server answered with success, but did not confirm that the item is deleted',
		);
	});

	it('should take the deletion object that a gateway may answer with', async () => {
		const conversation = conversationOf(1);
		server.fault({ body: { id: 'msg_0', object: 'conversation.item.deleted', deleted: true } });
		const { json } = await remove([{ conversation, item: 'msg_0' }]);
		expect(json).toEqual([{ deleted: true, id: 'msg_0', conversation }]);
	});
});
