import agentTool from '../../examples/agent-tool.json';
import bulkTagging from '../../examples/bulk-tagging.json';
import mergeCrmFields from '../../examples/merge-crm-fields.json';
import setConversation from '../../examples/set-conversation.json';
import { setStage, type Stage } from '../e2e/support/stage.mjs';
import { CREDENTIAL_TYPE } from '../e2e/support/workflows.mjs';
import { postFile, postJson } from './support/post.mjs';

type Example = { id: string; name: string; nodes: object[]; connections: object; settings: object };

let stage: Stage;

beforeAll(async () => {
	stage = await setStage();
	const { n8n, api, apiKey } = stage;
	await n8n.cli.importCredentials([
		{
			id: 'openAIConversation',
			name: 'OpenAI Conversation API',
			type: CREDENTIAL_TYPE,
			data: { apiKey, baseUrl: api.url, authentication: 'bearer' },
		},
	]);
});
beforeEach(() => stage.api.reset());
afterAll(async () => await stage.close());

/** Imports an example as it is, but for what `change` makes of it, and publishes it. */
async function publish(example: Example, change: (text: string) => string = (text) => text) {
	await stage.n8n.cli.importWorkflows([JSON.parse(change(JSON.stringify(example)))]);
	await stage.n8n.publishWorkflow(example.id);
}

const metadataOf = (id: string) => stage.api.store.getConversation(id)?.metadata;

describe('The examples', () => {
	it.each([setConversation, mergeCrmFields, bulkTagging, agentTool])('carry a note and no secret: $name', (example) => {
		expect(example.nodes.map(({ type }) => type)).toContain('n8n-nodes-base.stickyNote');
		expect(JSON.stringify(example)).not.toMatch(/sk-[A-Za-z0-9]|Bearer |apiKey/);
		expect(example.active).toBe(false);
	});
});

describe('Keep CRM fields in a conversation’s metadata', () => {
	it('changes the CRM’s keys, removes those it sends empty, and leaves the others', async () => {
		await publish(mergeCrmFields);
		const metadata = { topic: 'billing', plan: 'free', account_owner: 'Kim' };
		const { id } = stage.api.store.createConversation({ metadata });

		const answer = await stage.n8n.callWebhook('crm-update', { conversation_id: id, company: 'Acme', plan: 'pro', owner: '' });

		expect(answer).toMatchObject({ status: 200, body: { id } });
		expect(metadataOf(id)).toEqual({ topic: 'billing', company: 'Acme', plan: 'pro' });
	});
});

describe('Tag conversations from a spreadsheet', () => {
	it('tags 500 rows but the bad ones, and reports what became of each', async () => {
		await publish(bulkTagging);
		const ids = Array.from({ length: 490 }, () => stage.api.store.createConversation({ metadata: { status: 'new' } }).id);
		const bad = ['conv_404', '', 'resp_1', 'abc', 'conv_405', 'thread_2', 'conv_406', 'x y', 'conv_407', 'msg_3'];
		const rows = [...ids, ...bad].map((id, row) => `${id},topic ${row},high`);
		const csv = `${['conversation,topic,priority', ...rows].join('\n')}\n`;

		const { status, text } = await postFile(`${stage.n8n.url}/webhook/tag-conversations`, 'file', 'rows.csv', csv);

		expect(status).toBe(200);
		const report = text.trim().split('\n');
		expect(report).toHaveLength(501);
		expect(report.filter((line) => line.includes(',tagged,'))).toHaveLength(490);
		expect(report.filter((line) => line.includes(',not tagged,'))).toHaveLength(10);
		expect(text).toContain("Conversation with id 'conv_404' not found.");
		expect(text).toContain('Check the ID.');
		expect(text).toContain('Conversation ID holds the ID of a response');
		expect(ids.map(metadataOf)).toEqual(ids.map((_, row) => ({ status: 'new', topic: `topic ${row}`, priority: 'high' })));
	});
});

describe('An agent that tags conversations', () => {
	it('sets what the model asks for and keeps the rest', async () => {
		const { n8n, api, apiKey } = stage;
		const model = await n8n.createCredential({ name: 'Model', type: 'openAiApi', data: { apiKey, url: api.url } });
		await publish(agentTool, (text) => {
			const example: typeof agentTool = JSON.parse(text);
			const nodes = example.nodes.map((node) => {
				if (node.name === 'Model') return { ...node, credentials: { openAiApi: { id: model, name: 'Model' } } };
				return node.name === 'Chat' ? { ...node, parameters: { ...node.parameters, public: true } } : node;
			});
			return JSON.stringify({ ...example, nodes });
		});
		const { id } = api.store.createConversation({ metadata: { status: 'new' } });
		api.model.nextToolCall = { arguments: { conversation_id: id, metadata: { topic: 'refund', priority: 'high' } } };
		const chat = agentTool.nodes.find(({ name }) => name === 'Chat')?.webhookId ?? '';

		const { status } = await postJson(`${n8n.url}/webhook/${chat}/chat`, {
			action: 'sendMessage',
			sessionId: 'session-1',
			chatInput: `Tag ${id} as an urgent refund.`,
		});

		expect(status).toBe(200);
		expect(metadataOf(id)).toEqual({ status: 'new', topic: 'refund', priority: 'high' });
	});
});
