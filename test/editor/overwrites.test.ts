import {
	ensureN8n,
	installNode,
	type N8n,
	node24,
	packNode,
	startN8n,
} from '../../sandbox/index.mjs';
import { startServer } from '../../server/index.mjs';
import { newFolder, removeFolder } from '../e2e/support/sandbox.mjs';
import { CREDENTIAL_TYPE, newKey, webhookWorkflow } from '../e2e/support/workflows.mjs';

type Server = Awaited<ReturnType<typeof startServer>>;

const key = newKey();
let folder: string;
let server: Server;
let n8n: N8n;

beforeAll(async () => {
	folder = await newFolder();
	server = await startServer({ apiKeys: [key] });
	await installNode(folder, await packNode());
	const overwrites = { [CREDENTIAL_TYPE]: { apiKey: key, baseUrl: server.url } };
	n8n = await startN8n({
		node: node24,
		entry: await ensureN8n(),
		folder,
		log: `${folder}/n8n.log`,
		owner: { email: 'owner@sandbox.example', password: 'OverwriteTest1' },
		env: { CREDENTIALS_OVERWRITE_DATA: JSON.stringify(overwrites) },
	});
});
afterAll(async () => {
	await n8n.stop();
	await server.close();
	await removeFolder(folder);
});

describe('Credential overwrites', () => {
	it('fill what a credential leaves empty, so that nobody needs to know the key', async () => {
		const name = 'Without a key';
		const data = { apiKey: '', baseUrl: '', authentication: 'bearer' };
		const credential = {
			name,
			id: await n8n.createCredential({ name, type: CREDENTIAL_TYPE, data }),
		};
		const { id } = server.store.createConversation();
		const parameters = {
			conversationId: '={{ $json.id }}',
			metadataInput: 'json',
			metadataJson: '{ "topic": "billing" }',
		};
		const workflow = webhookWorkflow({ path: 'overwrites', credential, parameters });
		await n8n.createWorkflow(workflow);
		await n8n.publishWorkflow(workflow.id);

		const answer = await n8n.callWebhook('overwrites', { items: [{ id }] });

		expect(answer).toMatchObject({ status: 200, body: [{ id }] });
		expect(server.store.getConversation(id)?.metadata).toEqual({ topic: 'billing' });
	});
});
