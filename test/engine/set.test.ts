import { startServer } from '../../sandbox/server/index.mjs';
import { API_KEY, runNode } from './harness';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const pairs = (entries: Record<string, string | number>) => ({
	pairs: Object.entries(entries).map(([key, value]) => ({ key, value })),
});

describe('Set', () => {
	it('should send one POST with exactly the given pairs', async () => {
		const { id } = server.store.createConversation({ metadata: { old: '1' } });
		const { json, items, decrypted } = await runNode(server.url, {
			parameters: { conversationId: id, metadata: pairs({ topic: 'project-x', priority: 3 }) },
		});
		expect(server.requests.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
			{
				method: 'POST',
				path: `/v1/conversations/${id}`,
				body: { metadata: { topic: 'project-x', priority: '3' } },
			},
		]);
		expect(json).toEqual([
			expect.objectContaining({ id, object: 'conversation', metadata: { topic: 'project-x', priority: '3' } }),
		]);
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
		expect(decrypted).toBe(1);
	});
});
