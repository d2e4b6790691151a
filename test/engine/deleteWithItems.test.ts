import type { INodeParameters } from 'n8n-workflow';

import { conversationLocked, startServer } from '../../server/index.mjs';
import type { RunOptions } from '../support/engine';
import { API_KEY, pause, runNode, until } from '../support/engine';

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

const message = (n: number) => ({
	type: 'message',
	id: `msg_${n}`,
	role: 'user',
	content: `m${n}`,
});

const conversationOf = (count: number, more: object[] = []) =>
	server.store.createConversation({
		items: [...Array.from({ length: count }, (_, n) => message(n)), ...more].map((item) => ({
			...item,
		})),
	}).id;

interface Remove {
	options?: INodeParameters;
	settings?: RunOptions['settings'];
	stop?: AbortSignal;
}

/** Deletes each of the conversations with its items. */
const remove = async (ids: string[], { options = {}, settings, stop }: Remove = {}) =>
	await runNode(server.url, {
		items: ids.map((id) => ({ json: { id } })),
		parameters: {
			operation: 'delete',
			conversationId: '={{ $json.id }}',
			deleteItems: true,
			options,
		},
		...(settings === undefined ? {} : { settings }),
		...(stop === undefined ? {} : { stop }),
	});

// Hundreds of requests take their time on a crowded machine.
jest.setTimeout(60_000);

const CONTINUE = { settings: { onError: 'continueRegularOutput' as const } };
/** What a 404 says of something that is not there, and of an address that is not there. */
const notFound = (message: string) => ({
	error: { message, type: 'invalid_request_error', param: null, code: null },
});
const NOT_FOUND = notFound('gone');
const AZURE_NOT_FOUND = { error: { code: '404', message: 'Resource not found' } };
const INVALID_URL = notFound('Invalid URL (DELETE /v1/x)');

const ONE_BY_ONE = { maxConcurrency: 1 };
const RETRY = { 'retry-after-ms': '1' };
const ITEM = { method: 'DELETE', path: /\/items\// };
const CONVERSATION = { method: 'DELETE', path: /conversations\/[^/]+$/ };

const left = (id: string) => server.store.getConversation(id)?.items.map((item) => item.id);

/** What the server was asked, without the ID of the conversation: `GET items`, `DELETE items/msg_0`. */
const asked = () =>
	server.requests.map(
		({ method, path }) => `${method} ${path.replace(/^\/v1\/conversations\/[^/]+\/?/, '')}`,
	);
const deletions = () => server.requests.filter(({ method }) => method === 'DELETE');

describe('Conversation: Delete, with its items', () => {
	it('should delete each item, see that no other came, and then the conversation', async () => {
		const id = conversationOf(3);
		const { json, items, hints } = await remove([id], { options: ONE_BY_ONE });
		expect(json).toEqual([{ id, object: 'conversation.deleted', deleted: true, deleted_items: 3 }]);
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
		expect(hints).toEqual([]);
		expect(asked()).toEqual([
			'GET items',
			'DELETE items/msg_0',
			'DELETE items/msg_1',
			'DELETE items/msg_2',
			'GET items',
			'DELETE ',
		]);
		expect(server.store.conversations.size).toBe(0);
	});

	it('should delete an empty conversation', async () => {
		const id = conversationOf(0);
		const { json } = await remove([id]);
		expect(json).toEqual([{ id, object: 'conversation.deleted', deleted: true, deleted_items: 0 }]);
		expect(asked()).toEqual(['GET items', 'DELETE ']);
	});

	it('should read all pages, and delete side by side up to Max Concurrency', async () => {
		server.configure({ latencyMs: 20 });
		const id = conversationOf(150);
		const { json } = await remove([id]);
		expect(json).toEqual([
			{ id, object: 'conversation.deleted', deleted: true, deleted_items: 150 },
		]);
		expect(server.requests.filter(({ method }) => method === 'GET')).toHaveLength(3);
		expect(deletions()).toHaveLength(151);
		expect(server.maxInFlight).toBe(10);
	});

	it('should keep to Max Concurrency when several conversations are deleted', async () => {
		server.configure({ latencyMs: 10 });
		const ids = Array.from({ length: 5 }, () => conversationOf(10));
		const { json } = await remove(ids, { options: { maxConcurrency: 3 } });
		expect(json.map(({ deleted_items: count }) => count)).toEqual([10, 10, 10, 10, 10]);
		expect(server.maxInFlight).toBe(3);
	});

	it('should delete a call directly before its output', async () => {
		const id = conversationOf(1, [
			{ type: 'function_call', id: 'fc_1', call_id: 'a', name: 'f', arguments: '{}' },
			{ type: 'function_call', id: 'fc_2', call_id: 'b', name: 'f', arguments: '{}' },
			{ type: 'function_call_output', id: 'fco_1', call_id: 'a', output: '' },
			{ type: 'function_call_output', id: 'fco_2', call_id: 'b', output: '' },
		]);
		await remove([id], { options: ONE_BY_ONE });
		expect(asked().slice(1, 6)).toEqual(
			['msg_0', 'fc_1', 'fco_1', 'fc_2', 'fco_2'].map((item) => `DELETE items/${item}`),
		);
	});

	it('should delete items that come meanwhile as well', async () => {
		const id = conversationOf(2);
		server.fault({
			match: { ...ITEM, nth: 2 },
			respond: () => {
				server.store.getConversation(id)?.items.push({ ...message(7), status: 'completed' });
				return undefined;
			},
		});
		const { json } = await remove([id]);
		expect(json).toMatchObject([{ deleted: true, deleted_items: 3 }]);
		expect(server.store.conversations.size).toBe(0);
	});

	it('should give up, and say so, when new items keep coming', async () => {
		const id = conversationOf(1);
		let count = 0;
		server.fault({
			match: ITEM,
			times: Infinity,
			respond: () => {
				server.store.getConversation(id)?.items.push({ ...message(++count), status: 'completed' });
				return undefined;
			},
		});
		const { json } = await remove([id], CONTINUE);
		expect(json).toEqual([
			{
				error: `The conversation ${id} was not deleted. 10 of its items are gone, but others keep coming`,
				details: expect.objectContaining({
					advice: 'Stop whatever is adding to the conversation, then run the workflow again.',
					conversation: id,
					item_count: 1,
				}),
			},
		]);
	});

	it('should not delete twice what the server goes on listing', async () => {
		const id = conversationOf(2);
		const { items } = server.store.getConversation(id) ?? { items: [] };
		const body = { object: 'list', data: [...items], has_more: false };
		server.fault({ match: { method: 'GET' }, times: Infinity, status: 200, body });
		const { json } = await remove([id]);
		expect(json).toMatchObject([{ deleted: true, deleted_items: 2 }]);
		expect(deletions()).toHaveLength(3);
	});
});

describe('Delete with items, when something is already gone', () => {
	it.each<[string, object, INodeParameters]>([
		['a server error', { status: 500, headers: RETRY }, {}],
		['a page of a proxy', { status: 502, body: '<html></html>', headers: RETRY }, {}],
		['a lost connection', { reset: 'mid-body' }, { retryNetworkErrors: true }],
	])('should count items that %s may have deleted', async (_what, fault, options) => {
		const id = conversationOf(5);
		server.fault({ match: ITEM, times: 2, apply: true, ...fault });
		const { json } = await remove([id], { options: { maxRetries: 1, ...options } });
		expect(json).toMatchObject([{ deleted: true, deleted_items: 5 }]);
		expect(deletions()).toHaveLength(8);
	});

	it('should count an item that somebody else has deleted', async () => {
		const id = conversationOf(3);
		server.fault({
			match: { ...ITEM, nth: 1 },
			respond: () => {
				server.store.getConversation(id)?.items.pop();
				return undefined;
			},
		});
		const { json } = await remove([id], { options: ONE_BY_ONE });
		expect(json).toMatchObject([{ deleted: true, deleted_items: 3 }]);
	});

	it.each([
		['items', 'OpenAI', ITEM, NOT_FOUND],
		['items', 'Azure', ITEM, AZURE_NOT_FOUND],
		['the conversation', 'OpenAI', CONVERSATION, NOT_FOUND],
		['the conversation', 'Azure', CONVERSATION, AZURE_NOT_FOUND],
	])(
		'should fail when %s can not be found, as %s says it, but can still be read',
		async (_what, _service, match, body) => {
			const id = conversationOf(3);
			server.fault({ match, times: Infinity, status: 404, body });
			const { error, hints } = await remove([id]);
			expect(error?.message).toBe(
				match === ITEM
					? `0 of 3 items were removed from ${id}. The API still lists the rest, but answered 404 when they were to be deleted`
					: `The conversation ${id} was not deleted, but 3 of its items are gone: ${body.error.message}`,
			);
			expect(hints).toEqual([]);
			expect(left(id)).toHaveLength(match === ITEM ? 3 : 0);
		},
	);

	it.each([ITEM, CONVERSATION])(
		'should fail at once when the server does not know the address (%#)',
		async (match) => {
			const id = conversationOf(match === ITEM ? 3 : 0);
			server.fault({ match, times: Infinity, status: 404, body: INVALID_URL });
			const { error } = await remove([id], { options: ONE_BY_ONE });
			expect(error?.message).toContain('Invalid URL (DELETE /v1/x)');
			expect(error?.description).toContain('The server does not know this address.');
			expect(deletions()).toHaveLength(1);
			expect(left(id)).toBeDefined();
		},
	);

	it('should fail for a conversation that does not exist', async () => {
		const { error } = await remove(['conv_none']);
		expect(error).toMatchObject({
			message: "Conversation with id 'conv_none' not found.",
			httpCode: '404',
		});
		expect(server.requestCount).toBe(1);
	});

	it('should fail the second time the same conversation is deleted in one run, and say what may be meant', async () => {
		const id = conversationOf(2);
		const { error } = await remove([id, id]);
		expect(error?.message).toBe(`Conversation with id '${id}' not found. [item 1]`);
		expect(error?.description).toContain('perhaps by an earlier input item with the same ID');
	});

	it('should count a conversation that goes meanwhile, and say so', async () => {
		const id = conversationOf(3);
		server.fault({
			match: { ...ITEM, nth: 2 },
			respond: () => {
				server.store.conversations.delete(id);
				return undefined;
			},
		});
		const { json, hints } = await remove([id], { options: ONE_BY_ONE });
		expect(json).toEqual([{ id, object: 'conversation.deleted', deleted: true, deleted_items: 3 }]);
		expect(hints).toEqual([
			`Someone else deleted the conversation while its items were being deleted: ${id}. This counts as deleted.`,
		]);
	});

	it('should count a conversation that a lost answer has deleted', async () => {
		const id = conversationOf(1);
		server.fault({ match: CONVERSATION, apply: true, status: 500, headers: RETRY });
		const { json, hints } = await remove([id], { options: { maxRetries: 1 } });
		expect(json).toMatchObject([{ id, deleted: true, deleted_items: 1 }]);
		expect(hints[0]).toContain('When the deletion was repeated, 1 conversation was already gone');
	});
});

describe('Delete with items, when something fails', () => {
	it('should leave the conversation, say how many items are gone, and go on when run again', async () => {
		const id = conversationOf(5);
		const handle = server.fault({ match: ITEM, skip: 3, times: Infinity, status: 500 });
		const { json } = await remove([id], { ...CONTINUE, options: ONE_BY_ONE });
		expect(json).toEqual([
			{
				error: expect.stringMatching(
					`^The conversation ${id} was not deleted\\. 3 of its 5 items are gone, 2 left: `,
				),
				details: expect.objectContaining({
					advice: expect.stringMatching(/^Run the workflow again to delete the rest\. /),
					status: 500,
					conversation: id,
					item_count: 2,
				}),
			},
		]);
		expect(left(id)).toEqual(['msg_3', 'msg_4']);
		handle.remove();
		const { json: again } = await remove([id]);
		expect(again).toMatchObject([{ deleted: true, deleted_items: 2 }]);
	});

	it('should say that the items are gone when the conversation can not be deleted', async () => {
		const id = conversationOf(2);
		server.fault({ match: CONVERSATION, status: 403 });
		const { json } = await remove([id], CONTINUE);
		expect(json).toEqual([
			{
				error: expect.stringMatching(
					`^The conversation ${id} was not deleted, but 2 of its items are gone: `,
				),
				details: expect.objectContaining({ status: 403, conversation: id, item_count: 0 }),
			},
		]);
		expect(left(id)).toEqual([]);
	});

	it('should say the same when it can not be listed again', async () => {
		const id = conversationOf(1);
		server.fault({ match: { method: 'GET', nth: 2 }, status: 500 });
		const { error } = await remove([id]);
		expect(error?.message).toMatch(
			`The conversation ${id} was not deleted, but 1 of its items is gone: `,
		);
		expect(deletions()).toHaveLength(1);
	});

	it('should delete one at a time once the conversation is locked', async () => {
		const id = conversationOf(20);
		server.configure({ latencyMs: 5 });
		server.fault({
			match: ITEM,
			times: Infinity,
			respond: () =>
				server.inFlight > 1 ? { status: 400, body: conversationLocked().body } : undefined,
		});
		const { json } = await remove([id], { options: { maxRetries: 0 } });
		expect(json).toMatchObject([{ deleted: true, deleted_items: 20 }]);
	});

	it('should start nothing more when it is stopped', async () => {
		const id = conversationOf(100);
		server.configure({ latencyMs: 20 });
		const stopping = new AbortController();
		const running = remove([id], { stop: stopping.signal });
		await until(() => deletions().length > 30);
		const sent = deletions().length;
		stopping.abort();
		const { error } = await running;
		expect(error?.message).toBe('The execution was canceled');
		expect(error?.description).toContain(`removed from ${id}, which holds `);
		await pause(50);
		expect(deletions().length).toBeLessThanOrEqual(sent + 10);
		expect(server.store.conversations.size).toBe(1);
	});

	it('should say what is gone when it is stopped at the conversation itself', async () => {
		const id = conversationOf(3);
		server.fault({ match: CONVERSATION, hang: true });
		const stopping = new AbortController();
		const running = remove([id], { stop: stopping.signal });
		await until(() =>
			server.requests.some(
				({ method, path }) => method === 'DELETE' && CONVERSATION.path.test(path),
			),
		);
		stopping.abort();
		const { error } = await running;
		expect(error?.description).toBe(
			`3 conversation items were removed from ${id}. The conversation itself may still be there. Run the workflow again to delete it.`,
		);
	});

	it('should say what is gone when it is stopped while it lists once more', async () => {
		const id = conversationOf(3);
		server.fault({ match: { method: 'GET', nth: 2 }, hang: true });
		const stopping = new AbortController();
		const running = remove([id], { stop: stopping.signal });
		await until(() => server.requests.filter(({ method }) => method === 'GET').length === 2);
		stopping.abort();
		const { error } = await running;
		expect(error?.description).toBe(
			`3 conversation items were removed from ${id}, which is still there. Run the workflow again to finish.`,
		);
	});
});
