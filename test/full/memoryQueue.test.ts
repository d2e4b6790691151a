/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { setTimeout as pause } from 'node:timers/promises';
import { at } from '../../sandbox/index.mjs';
import { startServer } from '../../server/index.mjs';
import { CREDENTIAL_TYPE, newKey } from '../e2e/support/workflows.mjs';
import { startCluster } from './support/cluster.mjs';
import { until } from '../support/until.mjs';
import { agentWorkflow, memoryNode } from './support/memoryWorkflows.mjs';
import { versions } from './support/versions.mjs';

const SESSIONS = 20;

const hasEnded = ({ status }: { status: string }) =>
	!['new', 'running', 'waiting', 'unknown'].includes(status);

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
			// In queue mode n8n 1.x now and then leaves a webhook that waits for the last node without an answer.
			webhookParameters: { responseMode: 'onReceived' },
		});
		const workflowId = await n8n.createWorkflow(made);
		await n8n.publishWorkflow(workflowId);
		const sessions = Array.from({ length: SESSIONS }, (_, n) => ({
			name: `Name${n}`,
			conversation: server.store.createConversation().id,
		}));
		let said = 0;
		const say = async (request: (name: string) => string) => {
			await Promise.all(
				sessions.map(async ({ name, conversation }) => {
					await n8n.callWebhook('remember', { request: request(name), conversation });
				}),
			);
			said += SESSIONS;
			await until(
				async () => {
					await pause(100);
					return (await n8n.executions({ workflowId })).every(hasEnded);
				},
				'the end of every execution',
				60_000,
			);
			const executions = await n8n.executions({ workflowId });
			expect(executions.map(({ status }) => status)).toEqual(Array(said).fill('success'));
		};

		await say((name) => `My name is ${name}.`);
		await say(() => 'What is my name?');

		for (const { name, conversation } of sessions) {
			const items = server.store.getConversation(conversation)?.items ?? [];
			expect(items.map((item) => item['role'])).toEqual(['user', 'assistant', 'user', 'assistant']);
			expect(at(items[3], 'content', '0', 'text')).toBe(`Your name is ${name}.`);
		}
		const workers = server.requests
			.filter(({ path }) => path.endsWith('/chat/completions'))
			.map(({ bodyText }) => /worker: (\w+)/.exec(bodyText)?.[1]);
		expect(new Set(workers)).toEqual(new Set(['first', 'second']));
	}, 120_000);
});
