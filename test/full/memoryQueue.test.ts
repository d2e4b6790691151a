import { field } from '../../sandbox/index.mjs';
import { startServer } from '../../server/index.mjs';
import { CREDENTIAL_TYPE, newKey } from '../e2e/support/workflows.mjs';
import { startCluster } from './support/cluster.mjs';
import { agentWorkflow, memoryNode } from './support/memoryWorkflows.mjs';
import { versions } from './support/versions.mjs';

const SESSIONS = 20;

const key = newKey();
let server: Awaited<ReturnType<typeof startServer>>;
let cluster: Awaited<ReturnType<typeof startCluster>>;

describe.each(versions)('The memory in queue mode of n8n $version', (version) => {
	beforeAll(async () => {
		server = await startServer({ apiKeys: [key], latencyMs: 20 });
		cluster = await startCluster(['first', 'second'], version);
	}, 600_000);
	afterAll(async () => {
		await cluster?.stop();
		await server?.close();
	}, 60_000);

	it('should remember each session, whichever worker answers', async () => {
		const { n8n } = cluster;
		const credentialOf = async (type: string, data: Record<string, unknown>) => ({
			name: type,
			id: await n8n.createCredential({ name: type, type, data }),
		});
		const own = { apiKey: key, baseUrl: server.url, authentication: 'bearer' };
		const conversationId = '={{ $json.body.conversation }}';
		const options = { timeout: 120, maxRetries: 3 };
		const made = agentWorkflow({
			path: 'remember',
			version: version.version.startsWith('1.') ? 3 : 3.1,
			model: await credentialOf('openAiApi', { apiKey: key, url: server.url }),
			memory: memoryNode(await credentialOf(CREDENTIAL_TYPE, own), { conversationId, options }),
			// So the model's server sees who asks.
			agentParameters: { options: { systemMessage: '=worker: {{ $env.WORKER_NAME }}' } },
		});
		await n8n.publishWorkflow(await n8n.createWorkflow(made));
		const sessions = Array.from({ length: SESSIONS }, (_, n) => ({
			name: `Name${n}`,
			conversation: server.store.createConversation().id,
		}));
		const say = async (request: (name: string) => string) =>
			await Promise.all(
				sessions.map(async ({ name, conversation }) => {
					const said = { request: request(name), conversation };
					return field((await n8n.callWebhook('remember', said)).body, 'output');
				}),
			);

		await say((name) => `My name is ${name}.`);
		const answers = await say(() => 'What is my name?');

		expect(answers).toEqual(sessions.map(({ name }) => `Your name is ${name}.`));
		for (const { conversation } of sessions) {
			const items = server.store.getConversation(conversation)?.items ?? [];
			expect(items.map((item) => item['role'])).toEqual(['user', 'assistant', 'user', 'assistant']);
		}
		const workers = server.requests
			.filter(({ path }) => path.endsWith('/chat/completions'))
			.map(({ bodyText }) => /worker: (\w+)/.exec(bodyText)?.[1]);
		expect(new Set(workers)).toEqual(new Set(['first', 'second']));
	}, 120_000);
});
