import type { INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, runNode } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

/** Deletes each of the conversations. */
const remove = async (ids: string[], options: INodeParameters = {}) =>
	await runNode(server.url, {
		items: ids.map((id) => ({ json: { id } })),
		parameters: { operation: 'delete', conversationId: '={{ $json.id }}', options },
	});

const RETRY = { 'retry-after-ms': '1' };

describe('Conversation: Delete', () => {
	it("should delete the conversation, and give the API's answer", async () => {
		const { id } = server.store.createConversation({ items: [{ role: 'user', content: 'x' }] });
		const { json, items, hints } = await remove([id]);
		expect(
			server.requests.map(({ method, path, query, bodyText }) => [method, path, query, bodyText]),
		).toEqual([['DELETE', `/v1/conversations/${id}`, '', '']]);
		expect(json).toEqual([{ id, object: 'conversation.deleted', deleted: true }]);
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
		expect(hints).toEqual([]);
		expect(server.store.conversations.size).toBe(0);
		expect(server.store.items.size).toBe(1);
	});

	it.each<[string, object, INodeParameters]>([
		['a server error', { status: 500, headers: RETRY }, {}],
		['an overloaded server', { status: 503, headers: RETRY }, {}],
		['a page of a proxy', { status: 504, body: '<html></html>', headers: RETRY }, {}],
		['a lost connection', { reset: 'mid-body' }, { retryNetworkErrors: true }],
		['a timeout', { hang: true }, { retryNetworkErrors: true, timeout: 0.5 }],
	])(
		'should count 404 as done, and say so, after %s that may have deleted it',
		async (_what, fault, options) => {
			const { id } = server.store.createConversation();
			server.fault({ apply: true, ...fault });
			const { json, error, hints } = await remove([id], { maxRetries: 1, ...options });
			expect(error).toBeUndefined();
			expect(json).toEqual([{ id, object: 'conversation.deleted', deleted: true }]);
			expect(hints[0]).toBe(
				`The response to the first attempt was lost. When the deletion was repeated, 1 conversation was already gone: ${id}. This counts as deleted.`,
			);
			expect(server.requestCount).toBe(2);
		},
	);

	it('should delete after an attempt that did not', async () => {
		const { id } = server.store.createConversation();
		server.fault({ status: 500, headers: RETRY });
		const { json, hints } = await remove([id], { maxRetries: 1 });
		expect(json).toEqual([{ id, object: 'conversation.deleted', deleted: true }]);
		expect(hints).toEqual([expect.stringContaining('1 retry')]);
	});

	it.each<[string, object[]]>([
		['a plain 404', []],
		['a 404 after a rate limit, which deletes nothing', [{ status: 429, headers: RETRY }]],
	])('should fail for %s', async (_what, faults) => {
		server.faults(faults);
		const { error } = await remove(['conv_none'], { maxRetries: 2 });
		expect(error).toMatchObject({
			message: "Conversation with id 'conv_none' not found.",
			httpCode: '404',
		});
		expect(server.requestCount).toBe(faults.length + 1);
	});

	it('should blame the address, not the ID, where the API does not know it', async () => {
		const { id } = server.store.createConversation();
		const message = `Invalid URL (DELETE /conversations/${id})`;
		server.fault({ status: 404, body: { error: { message, type: 'invalid_request_error' } } });
		const { error } = await remove([id]);
		expect(error?.description).toContain('Check Base URL');
	});

	it('should fail the second time the same conversation is deleted in one run', async () => {
		const { id } = server.store.createConversation();
		const { error } = await remove([id, id]);
		expect(error?.message).toBe(`Conversation with id '${id}' not found. [item 1]`);
		expect(error?.description).toContain(
			'may already have been deleted, perhaps by an earlier input item with the same ID,',
		);
		expect(server.maxInFlightPerConversation).toBe(1);
	});

	it.each<[string, unknown]>([
		['an answer that denies it', { id: 'conv_1', object: 'conversation.deleted', deleted: false }],
		['an empty object', {}],
		['a word instead of true', { deleted: 'yes' }],
	])('should count %s as a failure', async (_what, body) => {
		const { id } = server.store.createConversation();
		server.fault({ body: Object(body) });
		const { error } = await remove([id]);
		expect(error?.message).toBe(
			'The server answered with success, but did not confirm that the conversation is deleted',
		);
		expect(server.requestCount).toBe(1);
	});
});
