import type { INodeParameters } from 'n8n-workflow';

import type { JsonObject } from '../../nodes/shared/values/json';
import { conversationLocked, startServer } from '../../server/index.mjs';
import type { RunOptions } from '../support/engine';
import { API_KEY, pause, runNode, until } from '../support/engine';

/** A key without a beginning that tells it is one, as Azure's. */
const PLAIN_KEY = ['3f9a1c7be2d84506', 'af17c3b2908d6e5f'].join('');

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY, PLAIN_KEY] });
});
beforeEach(() => {
	server.reset();
	server.configure({ latencyMs: 0, modelMs: 0 });
});
afterAll(async () => await server.close());

const message = (role: string, id: string): JsonObject => ({
	type: 'message',
	id,
	role,
	content: id,
});

/** Turns with a tool call each. */
const toolTurns = (count: number): JsonObject[] =>
	Array.from({ length: count }, (_, turn) => [
		message('user', `msg_q${turn}`),
		{ type: 'function_call', id: `fc_${turn}`, call_id: `c${turn}`, name: 'f', arguments: '{}' },
		{ type: 'function_call_output', id: `fco_${turn}`, call_id: `c${turn}`, output: '1' },
		message('assistant', `msg_a${turn}`),
	]).flat();

const itemsOf = (id: string) => server.store.getConversation(id)?.items ?? [];
const newConversation = (items = [message('user', 'msg_q0')], metadata = {}) =>
	server.store.createConversation({ items, metadata }).id;
const posts = (path: RegExp) =>
	server.requests.filter((request) => request.method === 'POST' && path.test(request.path));

const run = async (parameters: INodeParameters, more: Partial<RunOptions> = {}) =>
	await runNode(server.url, { parameters: { options: {}, ...parameters }, ...more });
const send = async (conversationId: string, more: INodeParameters = {}, rest = {}) =>
	await run(
		{ operation: 'send', model: 'gpt-5-mini', text: 'What now?', conversationId, ...more },
		rest,
	);

/** What another writer adds. */
async function addByAnother(id: string, items: object[]): Promise<void> {
	const response = await fetch(`${server.url}/conversations/${id}/items`, {
		method: 'POST',
		headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
		body: JSON.stringify({ items }),
	});
	expect(response.status).toBe(200);
}

describe('An earlier item that fails while a later one is at work', () => {
	it.each([
		['Trim', { operation: 'trim', keepTurns: 1 }],
		['Delete with items', { operation: 'delete', deleteItems: true }],
	])('should let %s finish what its first deletion has begun', async (_, fields) => {
		const failing = newConversation([]);
		const id = newConversation(toolTurns(6));
		server.faults([
			{
				match: { method: 'GET', path: `/conversations/${failing}/items` },
				status: 404,
				delayMs: 150,
			},
			{ match: { method: 'DELETE', path: /./ }, delayMs: 250, times: Infinity },
		]);
		const { error } = await run(
			{ ...fields, conversationId: '={{ $json.id }}' },
			{ items: [failing, id].map((each) => ({ json: { id: each } })) },
		);
		expect(error?.message).toContain('[item 0]');
		const left = itemsOf(id).map((item) => item.id);
		expect(left).toEqual(fields.operation === 'trim' ? ['msg_q5', 'fc_5', 'fco_5', 'msg_a5'] : []);
	});

	it('should keep a reply that the API failed to make from being asked for again', async () => {
		const failing = newConversation();
		const id = newConversation();
		server.model.plan({ failed: { code: 'server_error' }, times: 1 });
		server.faults([
			{
				match: { method: 'GET', path: `/conversations/${failing}/items` },
				status: 403,
				delayMs: 300,
			},
		]);
		const { error } = await send(
			'={{ $json.id }}',
			{ options: { maxRetries: 3 } },
			{ items: [failing, id].map((each) => ({ json: { id: each } })) },
		);
		expect(error?.message).toContain('[item 0]');
		expect(posts(/responses$/)).toHaveLength(1);
		expect(itemsOf(id)).toHaveLength(1);
	});
});

describe('Somebody else', () => {
	it('should not have a note taken for a part of a reply that was lost', async () => {
		const id = newConversation();
		server.fault({
			match: { method: 'POST', path: '/responses' },
			reset: 'before-headers',
			apply: true,
		});
		const running = send(id, { options: { maxRetries: 3, retryNetworkErrors: true } });
		await until(() => itemsOf(id).length >= 3);
		await addByAnother(id, [{ type: 'message', role: 'assistant', content: 'A note' }]);
		const { error } = await running;
		expect(error?.message).toContain("It isn't certain whether the message was sent");
		expect(posts(/responses$/)).toHaveLength(1);
	});

	it('should not hide an item that was added by adding many behind it', async () => {
		const id = newConversation();
		server.fault({
			match: { method: 'POST', path: `/conversations/${id}/items` },
			status: 500,
			apply: true,
		});
		const running = run({
			resource: 'item',
			operation: 'add',
			conversationId: id,
			messages: { values: [{ role: 'user', text: 'ours' }] },
			options: { maxRetries: 1 },
		});
		await until(() => itemsOf(id).length >= 2);
		for (const part of [1, 2, 3]) {
			await addByAnother(
				id,
				Array.from({ length: 20 }, (_, count) => ({
					type: 'message',
					role: 'user',
					content: `theirs ${part} ${count}`,
				})),
			);
		}
		const { error } = await running;
		expect(error?.message).toContain("It isn't certain whether the conversation items were added");
		expect(itemsOf(id).filter((item) => JSON.stringify(item).includes('ours'))).toHaveLength(1);
	});
});

describe('A server that leaves something out', () => {
	it('should not have the metadata wiped by Merge when it answers without them', async () => {
		const id = newConversation([], { own: '1' });
		server.fault({
			match: { method: 'GET', path: `/conversations/${id}` },
			status: 200,
			body: { id, object: 'conversation', created_at: 1 },
		});
		const { error } = await run({
			operation: 'set',
			conversationId: id,
			updateMode: 'merge',
			metadata: { pairs: [{ key: 'a', value: 'b' }] },
		});
		expect(error?.message).toContain('without the metadata of the conversation');
		expect(server.store.getConversation(id)?.metadata).toEqual({ own: '1' });
	});

	it('should not pass for one that replied when its response names a reason why not', async () => {
		const id = newConversation();
		server.fault({
			match: { method: 'POST', path: '/responses' },
			status: 200,
			body: {
				id: 'resp_1',
				object: 'response',
				output: [],
				error: { code: 'invalid_prompt', message: 'No.' },
			},
		});
		const { error } = await send(id);
		expect(error?.message).toBe('No.');
	});

	it('should be told of when it replies outside of the conversation', async () => {
		const id = newConversation();
		server.fault({
			match: { method: 'POST', path: '/responses' },
			status: 200,
			body: {
				id: 'resp_1',
				object: 'response',
				status: 'completed',
				conversation: null,
				output: [
					{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] },
				],
			},
		});
		const { json, hints } = await send(id);
		expect(json).toEqual([expect.objectContaining({ text: 'Hi' })]);
		expect(hints.join()).toContain('not kept there');
	});
});

describe('A copy', () => {
	it('should keep what users called created_by', async () => {
		const id = newConversation([
			message('user', 'msg_q0'),
			{
				type: 'file_search_call',
				id: 'fs_1',
				status: 'completed',
				queries: ['q'],
				results: [{ file_id: 'file_1', text: 't', attributes: { created_by: 'Ada', team: null } }],
			},
		]);
		await run({ operation: 'copy', conversationId: id });
		const [created] = posts(/conversations$/);
		expect(created?.bodyText).toContain('"attributes":{"created_by":"Ada","team":null}');
	});

	it('should not count as done when a later part was answered with other items', async () => {
		const id = newConversation(
			Array.from({ length: 25 }, (_, count) => message('user', `msg_${count}`)),
		);
		server.fault({
			match: { method: 'POST', path: /items$/ },
			respond: (_request, genuine) => {
				const list: { data: object[] } = JSON.parse(String(genuine().body));
				const data = list.data.map((item) => ({
					...item,
					content: [{ type: 'input_text', text: 'other' }],
				}));
				return { status: 200, body: { ...list, data } };
			},
		});
		const { error } = await run({ operation: 'copy', conversationId: id });
		expect(error?.message).toContain('with different items from those that were sent');
		expect(error?.context).toMatchObject({ conversation: expect.stringMatching(/^conv_/) });
	});
});

describe('Wait If Busy', () => {
	it('should begin when the conversation is locked, whatever was waited for before', async () => {
		const id = newConversation();
		server.faults([
			{
				match: { method: 'POST', path: '/responses' },
				status: 429,
				headers: { 'retry-after-ms': '1200' },
			},
			{
				match: { method: 'POST', path: '/responses' },
				status: 400,
				body: conversationLocked().body,
			},
		]);
		const { json, error } = await send(id, { options: { maxRetries: 1, lockWait: 1 } });
		expect(error).toBeUndefined();
		expect(json).toHaveLength(1);
	});
});

describe('Stop', () => {
	it('should cancel a reply in the background whose request was still on its way', async () => {
		const id = newConversation();
		server.configure({ modelMs: 60_000 });
		server.fault({ match: { method: 'POST', path: '/responses' }, apply: true, delayMs: 300 });
		const stop = new AbortController();
		const running = send(id, { options: { background: true } }, { stop: stop.signal }).catch(
			(error: unknown) => error,
		);
		await until(() => posts(/responses$/).length > 0);
		await pause(50);
		stop.abort();
		await running;
		await until(() => posts(/cancel$/).length === 1);
		server.finishResponses();
		await pause(50);
		expect(itemsOf(id)).toHaveLength(1);
	});
});

describe('The API key', () => {
	it('should not become a part of an address, wherever it was pasted', async () => {
		const id = newConversation();
		const { error } = await run(
			{ resource: 'item', operation: 'get', conversationId: id, itemId: PLAIN_KEY },
			{ credential: { apiKey: PLAIN_KEY } },
		);
		expect(error?.message).toContain('contains the API key');
		expect(server.requests).toEqual([]);
		expect(`${error?.message} ${error?.description}`).not.toContain(PLAIN_KEY.slice(0, 5));
	});
});
