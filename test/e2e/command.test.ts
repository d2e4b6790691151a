import { setStage, type Stage } from './support/stage.mjs';
import { manualWorkflow, NODE } from './support/workflows.mjs';

let stage: Stage;

beforeAll(async () => {
	stage = await setStage();
});
afterAll(async () => await stage.close());

describe('a workflow run by `n8n execute`', () => {
	it('sends one POST with exactly the metadata given, and puts out the conversation as the API returned it', async () => {
		const { n8n, api, apiKey, credential } = stage;
		const { id } = api.store.createConversation({ metadata: { status: 'new', owner: 'Ada' } });
		const workflow = manualWorkflow({
			credential,
			parameters: {
				conversationId: id,
				metadataInput: 'fields',
				metadata: {
					pairs: [
						{ key: 'status', value: 'resolved' },
						{ key: 'Größe', value: '“XL”' },
					],
				},
				updateMode: 'replace',
			},
		});
		await n8n.cli.importWorkflows([workflow]);

		const { exitCode, output, run } = await n8n.cli.execute(workflow.id);

		expect({ exitCode, said: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, said: '' });
		expect(api.requests.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
			{
				method: 'POST',
				path: `/v1/conversations/${id}`,
				body: { metadata: { status: 'resolved', Größe: '“XL”' } },
			},
		]);
		expect(api.requests[0]?.headers.authorization).toBe(`Bearer ${apiKey}`);
		expect(api.store.getConversation(id)?.metadata).toEqual({ status: 'resolved', Größe: '“XL”' });
		expect(run?.data.resultData.runData[NODE]?.[0]?.data?.main).toEqual([
			[
				{
					json: {
						id,
						object: 'conversation',
						created_at: api.store.getConversation(id)?.created_at,
						metadata: { status: 'resolved', Größe: '“XL”' },
					},
					pairedItem: { item: 0 },
				},
			],
		]);
	});

	it('ends with exit code 1 and the API’s own words when the conversation does not exist', async () => {
		const { n8n, credential } = stage;
		const workflow = manualWorkflow({
			credential,
			parameters: {
				conversationId: 'conv_nowhere',
				metadataInput: 'json',
				metadataJson: '{ "a": "b" }',
			},
		});
		await n8n.cli.importWorkflows([workflow]);

		const { exitCode, run } = await n8n.cli.execute(workflow.id);

		expect(exitCode).toBe(1);
		expect(run?.data.resultData.error?.message).toContain('conv_nowhere');
	});
});
