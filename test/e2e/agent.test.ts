import { setStage, type Stage } from './support/stage.mjs';
import { CREDENTIAL_TYPE, newId } from './support/workflows.mjs';

let stage: Stage;

beforeAll(async () => {
	stage = await setStage();
});
afterAll(async () => await stage.close());

/** A webhook, an AI Agent, its model and our node as its tool. */
function agentWorkflow(
	path: string,
	model: { id: string; name: string },
	parameters: Record<string, unknown>,
) {
	const at = (x: number, y: number) => [x, y];
	return {
		id: newId(),
		name: path,
		nodes: [
			{
				id: newId(),
				name: 'Webhook',
				type: 'n8n-nodes-base.webhook',
				typeVersion: 2.1,
				position: at(0, 0),
				webhookId: newId(),
				parameters: { httpMethod: 'POST', path, responseMode: 'lastNode', options: {} },
			},
			{
				id: newId(),
				name: 'AI Agent',
				type: '@n8n/n8n-nodes-langchain.agent',
				typeVersion: 2,
				position: at(300, 0),
				parameters: { promptType: 'define', text: '={{ $json.body.request }}', options: {} },
			},
			{
				id: newId(),
				name: 'Model',
				type: '@n8n/n8n-nodes-langchain.lmChatOpenAi',
				typeVersion: 1.2,
				position: at(200, 300),
				parameters: { model: { __rl: true, mode: 'id', value: 'gpt-test' }, options: {} },
				credentials: { openAiApi: model },
			},
			{
				id: newId(),
				name: 'Set conversation metadata',
				type: 'n8n-nodes-openai-conversation.openAIConversationTool',
				typeVersion: 1,
				position: at(400, 300),
				parameters: { resource: 'conversation', operation: 'set', options: {}, ...parameters },
				credentials: { [CREDENTIAL_TYPE]: stage.credential },
			},
		],
		connections: {
			Webhook: { main: [[{ node: 'AI Agent', type: 'main', index: 0 }]] },
			Model: { ai_languageModel: [[{ node: 'AI Agent', type: 'ai_languageModel', index: 0 }]] },
			'Set conversation metadata': { ai_tool: [[{ node: 'AI Agent', type: 'ai_tool', index: 0 }]] },
		},
		settings: { executionOrder: 'v1' },
	};
}

describe('an AI Agent with the node as its tool', () => {
	it('sets the metadata that its model asks for', async () => {
		const { n8n, api, apiKey } = stage;
		const model = {
			name: 'Model',
			id: await n8n.createCredential({
				name: 'Model',
				type: 'openAiApi',
				data: { apiKey, url: api.url },
			}),
		};
		const { id } = api.store.createConversation();
		const path = newId();
		const workflow = agentWorkflow(path, model, {
			conversationId:
				"={{ $fromAI('conversation_id', 'The ID of the conversation, starts with conv_', 'string') }}",
			metadataInput: 'json',
			metadataJson:
				"={{ $fromAI('metadata', 'The key-value pairs to store, as a JSON object', 'json') }}",
		});
		await n8n.createWorkflow(workflow);
		await n8n.publishWorkflow(workflow.id);
		api.model.nextToolCall = {
			arguments: { conversation_id: id, metadata: { topic: 'refund', priority: 'high' } },
		};

		const answer = await n8n.callWebhook(path, { request: `Tag ${id} as an urgent refund.` });

		expect(answer).toMatchObject({ status: 200, body: { output: expect.any(String) } });
		expect(api.store.getConversation(id)?.metadata).toEqual({ topic: 'refund', priority: 'high' });
		const updates = api.requests.filter(({ path: asked }) => asked === `/v1/conversations/${id}`);
		expect(updates.map(({ method, body }) => ({ method, body }))).toEqual([
			{ method: 'POST', body: { metadata: { topic: 'refund', priority: 'high' } } },
		]);
	});
});
