import type { INodeParameters } from 'n8n-workflow';

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
	await runNode(server.url, { parameters: { operation: 'get', ...parameters }, ...more });

describe('Conversation: Get', () => {
	it('should give the conversation as it came', async () => {
		const { id } = server.store.createConversation({
			metadata: { topic: 'x 🙂' },
			created_at: 1_700_000_000,
		});
		const { json, items } = await get({ conversationId: id });
		expect(
			server.requests.map(({ method, path, query, bodyText }) => [method, path, query, bodyText]),
		).toEqual([['GET', `/v1/conversations/${id}`, '', '']]);
		expect(json).toEqual([
			{ id, object: 'conversation', created_at: 1_700_000_000, metadata: { topic: 'x 🙂' } },
		]);
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
	});

	it('should hand on fields that it does not know', async () => {
		const { id } = server.store.createConversation();
		server.fault({ body: { id, object: 'conversation', metadata: null, mood: { good: true } } });
		const { json } = await get({ conversationId: id });
		expect(json).toEqual([{ id, object: 'conversation', metadata: null, mood: { good: true } }]);
	});

	it('should get many, with the missing one in its place', async () => {
		const ids = [0, 1, 2].map(() => server.store.createConversation().id);
		ids[1] = 'conv_missing';
		const { items } = await get(
			{ conversationId: '={{ $json.id }}' },
			{
				items: ids.map((id) => ({ json: { id } })),
				settings: { onError: 'continueRegularOutput' },
			},
		);
		expect(items.map(({ json }) => json.id ?? json.error)).toEqual([
			ids[0],
			"Conversation with id 'conv_missing' not found.",
			ids[2],
		]);
		expect(server.requestCount).toBe(3);
	});

	it('should count an empty object as an answer for a failure, and not ask again', async () => {
		const { id } = server.store.createConversation();
		server.fault({ body: {} });
		const { error } = await get({ conversationId: id, options: { maxRetries: 3 } });
		expect(error?.message).toBe('The server answered with success, but not with a conversation');
		expect(error?.description).not.toContain('may have gone through');
		expect(server.requestCount).toBe(1);
	});
});
