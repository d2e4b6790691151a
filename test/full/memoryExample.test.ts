/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
	at,
	ensureN8n,
	exampleCredentials,
	field,
	installNode,
	newOwner,
	node24,
	packNode,
	readExample,
	startN8n,
} from '../../sandbox/index.mjs';
import { startServer } from '../../server/index.mjs';
import { postJson } from '../e2e/support/post.mjs';
import { newKey } from '../e2e/support/workflows.mjs';

const key = newKey();
let api: Awaited<ReturnType<typeof startServer>>;
let folder: string;
let n8n: Awaited<ReturnType<typeof startN8n>> | undefined;
let start: () => Promise<Awaited<ReturnType<typeof startN8n>>>;

beforeAll(async () => {
	api = await startServer({ apiKeys: [key] });
	folder = await mkdtemp(join(tmpdir(), 'n8n-memory-'));
	await installNode(folder, await packNode());
	const entry = await ensureN8n();
	const log = join(folder, 'n8n.log');
	const owner = newOwner();
	start = async () => await startN8n({ node: node24, entry, folder, log, owner });
	n8n = await start();
}, 600_000);
afterAll(async () => {
	await n8n?.stop();
	await api?.close();
	await rm(folder, { recursive: true, force: true });
}, 60_000);

describe('The example “An agent with memory”', () => {
	it('should remember two sessions over a restart of n8n, each with its tools and its tag', async () => {
		const example = await readExample('agent-with-memory');
		const nodes = example.nodes.map((node) =>
			field(node, 'name') === 'Chat'
				? Object.assign({}, node, { parameters: { public: true, options: {} } })
				: node,
		);
		await n8n?.cli.importCredentials(exampleCredentials({ baseUrl: api.url, apiKey: key }));
		await n8n?.cli.importWorkflows([{ ...example, nodes }]);
		await n8n?.publishWorkflow(example.id);
		const webhook = nodes.map((node) => field(node, 'webhookId')).find((id) => id !== undefined);
		const say = async (sessionId: string, chatInput: string) => {
			const address = `${n8n?.url}/webhook/${String(webhook)}/chat`;
			const { text } = await postJson(address, { action: 'sendMessage', sessionId, chatInput });
			return String(field(JSON.parse(text), 'output'));
		};
		const restart = async () => {
			await n8n?.stop();
			n8n = await start();
		};

		await say('ann', 'My name is Ann.');
		await say('bob', 'My name is Bob.');
		await restart();
		const sum = { name: 'Calculator', arguments: { input: '2+2' } };
		const tag = { name: 'Tag_conversation', arguments: { metadata: { topic: 'sums' } } };
		api.model.plan({ toolCalls: [sum, tag] }, { text: 'It is 4.' });
		expect(await say('ann', 'How much is 2+2?')).toBe('It is 4.');
		api.model.plan({ text: 'Nice.' });
		await say('bob', 'I like tea.');
		await restart();
		expect(await say('ann', 'What is my name?')).toBe('Your name is Ann.');
		expect(await say('bob', 'What is my name?')).toBe('Your name is Bob.');

		const held = [...api.store.conversations.values()];
		expect(held.map(({ metadata }) => metadata)).toEqual([
			{ channel: 'agent', session: 'ann', topic: 'sums' },
			{ channel: 'agent', session: 'bob' },
		]);
		expect(held[0]?.items.map((item) => item['name'] ?? at(item, 'role') ?? 'output')).toEqual([
			'user',
			'assistant',
			'user',
			'Calculator',
			'output',
			'Tag_conversation',
			'output',
			'assistant',
			'user',
			'assistant',
		]);
		expect(held[1]?.items).toHaveLength(6);
	}, 600_000);
});
