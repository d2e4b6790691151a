import example from '../../examples/set-conversation.json';
import { setStage, type Stage } from './support/stage.mjs';
import { CREDENTIAL_TYPE } from './support/workflows.mjs';

let stage: Stage;

beforeAll(async () => {
	stage = await setStage();
	const { n8n, api, apiKey } = stage;
	await n8n.cli.importCredentials([
		{
			id: 'openAIConversation',
			name: 'OpenAI Conversation API',
			type: CREDENTIAL_TYPE,
			data: { apiKey, baseUrl: `${api.url}/`, authentication: 'bearer' },
		},
	]);
	await n8n.cli.importWorkflows([example]);
	await n8n.publishWorkflow(example.id);
});
afterAll(async () => await stage.close());

describe('the example workflow behind its production webhook', () => {
	it('sets the metadata it is sent and answers with the updated conversation', async () => {
		const { n8n, api } = stage;
		const { id, created_at } = api.store.createConversation({ metadata: { status: 'new' } });
		const metadata = { status: 'resolved', topic: 'billing' };

		const answer = await n8n.callWebhook('set-conversation', { conversation_id: id, metadata });

		expect(answer).toEqual({
			status: 200,
			body: { id, object: 'conversation', created_at, metadata },
		});
		expect(api.requests.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
			{ method: 'POST', path: `/v1/conversations/${id}`, body: { metadata } },
		]);
	});

	it('answers with the reason and what to do when there is no such conversation', async () => {
		const answer = await stage.n8n.callWebhook('set-conversation', {
			conversation_id: 'conv_404',
			metadata: { a: 'b' },
		});

		expect(answer).toEqual({
			status: 404,
			body: {
				error: "Conversation with id 'conv_404' not found.",
				advice: expect.stringContaining('Check the ID.'),
			},
		});
	});

	it('says what is missing, and sends nothing, when the conversation’s ID is left out', async () => {
		const { n8n, api } = stage;
		const before = api.requestCount;

		const answer = await n8n.callWebhook('set-conversation', { metadata: { a: 'b' } });

		expect(answer).toEqual({
			status: 400,
			body: { error: 'Conversation ID is empty', advice: expect.any(String) },
		});
		expect(api.requestCount).toBe(before);
	});
});
