import { leakOf } from './support/leaks.mjs';
import { until } from '../support/until.mjs';
import { setStage, type Stage } from './support/stage.mjs';
import { newId, newKey, NODE, webhookWorkflow } from './support/workflows.mjs';

const parameters = {
	conversationId: '={{ $json.id }}',
	metadataInput: 'json',
	metadataJson: '={{ $json.metadata }}',
};

let stage: Stage;

beforeAll(async () => {
	stage = await setStage();
});
afterAll(async () => await stage.close());

async function publish(workflow: ReturnType<typeof webhookWorkflow>) {
	await stage.n8n.createWorkflow(workflow);
	await stage.n8n.publishWorkflow(workflow.id);
	return workflow.id;
}

/** The last execution of the workflow, once n8n has stored its end. */
const finished = async (workflowId: string) =>
	await until(
		async () => {
			const [last] = await stage.n8n.executions({ workflowId });
			return last && !['new', 'running'].includes(last.status)
				? await stage.n8n.execution(last.id)
				: undefined;
		},
		'the end of the execution',
		15_000,
	);

describe('items that fail', () => {
	it('go to the error branch while the others go on', async () => {
		const { n8n, api, credential } = stage;
		const path = newId();
		const id = await publish(
			webhookWorkflow({
				path,
				credential,
				parameters,
				settings: { onError: 'continueErrorOutput' },
				outputs: ['Done', 'Failed'],
			}),
		);
		const first = api.store.createConversation();
		const last = api.store.createConversation();
		const before = api.requestCount;

		await n8n.callWebhook(path, {
			items: [
				{ id: first.id, metadata: { n: '1' } },
				{ id: 'no conversation', metadata: { n: '2' } },
				{ id: last.id, metadata: { n: '3' } },
			],
		});

		const { status, data } = await finished(id);
		expect(status).toBe('success');
		const [done, failed] = data.resultData.runData[NODE]?.[0]?.data?.main ?? [];
		expect(
			done?.map(({ json, pairedItem }) => ({
				id: json['id'],
				metadata: json['metadata'],
				pairedItem,
			})),
		).toEqual([
			{ id: first.id, metadata: { n: '1' }, pairedItem: { item: 0 } },
			{ id: last.id, metadata: { n: '3' }, pairedItem: { item: 2 } },
		]);
		expect(failed).toHaveLength(1);
		expect(failed?.[0]).toMatchObject({
			json: { error: expect.stringContaining('Conversation ID') },
			pairedItem: { item: 1 },
		});
		expect(api.requestCount).toBe(before + 2);
		expect(data.resultData.runData['Failed']?.[0]?.data?.main?.[0]).toHaveLength(1);
	});
});

describe('what n8n stores of a failing run', () => {
	it.each([
		['that stops', {}],
		['that goes on', { onError: 'continueRegularOutput' }],
	])('does not hold the key that the API repeats, in a workflow %s', async (_what, settings) => {
		const { n8n, api, credentialWith } = stage;
		const badKey = newKey();
		const path = newId();
		const id = await publish(
			webhookWorkflow({
				path,
				credential: await credentialWith(badKey),
				parameters,
				settings,
				outputs: ['Done'],
			}),
		);
		const conversation = api.store.createConversation();

		const answer = await n8n.callWebhook(path, {
			items: [{ id: conversation.id, metadata: { a: 'b' } }],
		});

		const { stored } = await finished(id);
		expect(api.requests.at(-1)?.headers.authorization).toBe(`Bearer ${badKey}`);
		expect(api.requests.at(-1)?.status).toBe(401);
		expect(stored).toContain('API key');
		expect(leakOf(stored, badKey)).toBeUndefined();
		expect(leakOf(JSON.stringify(answer), badKey)).toBeUndefined();
	});
});

describe('stopping a running execution', () => {
	it('aborts the request in flight and ends the execution', async () => {
		const { n8n, api, credential } = stage;
		const path = newId();
		const id = await publish(
			webhookWorkflow({
				path,
				credential,
				parameters: { ...parameters, options: { maxRetries: 5 } },
				outputs: ['Done'],
			}),
		);
		const conversation = api.store.createConversation();
		const before = api.requestCount;
		api.fault({ hang: true });

		const call = n8n.callWebhook(path, { items: [{ id: conversation.id, metadata: { a: 'b' } }] });
		const request = await until(() => api.requests[before], 'the request');
		const execution = await until(
			async () => (await n8n.executions({ workflowId: id, status: ['running'] }))[0],
			'the running execution',
		);
		const asked = Date.now();
		await n8n.stopExecution(execution.id);
		await until(() => (request.aborted ? true : undefined), 'the end of the request');

		expect(Date.now() - asked).toBeLessThan(2000);
		expect((await finished(id)).status).toBe('canceled');
		expect(api.requestCount).toBe(before + 1);
		await call;
	});
});
