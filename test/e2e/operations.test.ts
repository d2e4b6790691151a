import { setStage, type Stage } from './support/stage.mjs';
import { newId, webhookWorkflow } from './support/workflows.mjs';

let stage: Stage;

beforeAll(async () => {
	stage = await setStage();
});
afterAll(async () => await stage.close());

/** Runs one operation behind a production webhook, for one item for each entry of `items`. */
async function run(parameters: Record<string, unknown>, items: unknown[]): Promise<unknown> {
	const { n8n, credential } = stage;
	const path = newId();
	const workflow = webhookWorkflow({ path, credential, parameters });
	await n8n.createWorkflow(workflow);
	await n8n.publishWorkflow(workflow.id);
	const { status, body } = await n8n.callWebhook(path, { items });
	expect({ status, body }).toMatchObject({ status: 200 });
	return body;
}

const message = (role: string, text: string) => ({
	type: 'message',
	role,
	content: [{ type: role === 'assistant' ? 'output_text' : 'input_text', text }],
});

/** What the server was asked since the given number of requests. */
const asked = (from: number) =>
	stage.api.requests.slice(from).map(({ method, path }) => `${method} ${path}`);

describe('each operation in a real n8n', () => {
	it('creates a conversation with metadata and first messages', async () => {
		const [created] = [
			await run(
				{
					operation: 'create',
					metadata: { pairs: [{ key: 'topic', value: '={{ $json.topic }}' }] },
					messages: { values: [{ role: 'user', text: '={{ $json.text }}' }] },
				},
				[{ topic: 'billing', text: 'Hello' }],
			),
		].flat();
		expect(created).toMatchObject({ object: 'conversation', metadata: { topic: 'billing' } });
		const [conversation] = [...stage.api.store.conversations.values()];
		expect(conversation?.items).toMatchObject([{ role: 'user', content: [{ text: 'Hello' }] }]);
	});

	it('gets a conversation', async () => {
		const { id } = stage.api.store.createConversation({ metadata: { a: 'b' } });
		expect(
			[await run({ operation: 'get', conversationId: '={{ $json }}' }, [{ id }])].flat(),
		).toEqual([expect.objectContaining({ id, metadata: { a: 'b' } })]);
	});

	it('deletes a conversation', async () => {
		const { id } = stage.api.store.createConversation();
		expect(
			[await run({ operation: 'delete', conversationId: '={{ $json.id }}' }, [{ id }])].flat(),
		).toEqual([{ id, object: 'conversation.deleted', deleted: true }]);
		expect(stage.api.store.getConversation(id)).toBeUndefined();
	});

	it('copies a conversation', async () => {
		const { id } = stage.api.store.createConversation({
			metadata: { a: 'b' },
			items: [message('user', 'Hello'), message('assistant', 'Hi')],
		});
		const [copied] = [
			await run({ operation: 'copy', conversationId: '={{ $json.id }}' }, [{ id }]),
		].flat();
		expect(copied).toMatchObject({ copied_from: id, item_count: 2, metadata: { a: 'b' } });
	});

	it('exports a conversation as text and as a file', async () => {
		const { id } = stage.api.store.createConversation({
			items: [message('user', 'Hello'), message('assistant', 'Hi')],
		});
		const parameters = { operation: 'export', conversationId: '={{ $json.id }}', returnAll: true };
		expect([await run(parameters, [{ id }])].flat()).toEqual([
			expect.objectContaining({ transcript: expect.stringContaining('**User**\n\nHello') }),
		]);
		expect([await run({ ...parameters, exportTo: 'file' }, [{ id }])].flat()).toEqual([
			expect.objectContaining({ file_name: `conversation-${id}.md` }),
		]);
	});

	it('adds, gets, lists and deletes items', async () => {
		const { id } = stage.api.store.createConversation();
		const from = stage.api.requestCount;
		const conversationId = '={{ $json.id }}';
		const added = await run(
			{
				resource: 'item',
				operation: 'add',
				conversationId,
				messages: { values: [{ role: 'user', text: '={{ $json.text }}' }] },
			},
			[
				{ id, text: 'one' },
				{ id, text: 'two' },
				{ id, text: 'three' },
			],
		);
		expect(added).toMatchObject([
			{ content: [{ text: 'one' }] },
			{ content: [{ text: 'two' }] },
			{ content: [{ text: 'three' }] },
		]);
		expect(asked(from)).toEqual([`POST /v1/conversations/${id}/items`]);

		const listed = await run(
			{ resource: 'item', operation: 'getMany', conversationId, returnAll: true },
			[{ id }],
		);
		expect(listed).toMatchObject([{ text: 'one' }, { text: 'two' }, { text: 'three' }]);

		const item = stage.api.store.getConversation(id)?.items[1]?.id ?? '';
		const itemId = '={{ $json.item }}';
		expect(
			[
				await run({ resource: 'item', operation: 'get', conversationId, itemId }, [{ id, item }]),
			].flat(),
		).toEqual([
			{
				id: item,
				conversation: id,
				type: 'message',
				role: 'user',
				status: 'completed',
				text: 'two',
			},
		]);
		expect(
			[
				await run({ resource: 'item', operation: 'delete', conversationId, itemId }, [
					{ id, item },
				]),
			].flat(),
		).toEqual([{ deleted: true, id: item, conversation: id }]);
		expect(stage.api.store.getConversation(id)?.items).toHaveLength(2);
	});

	it('keeps the order of 2,000 items over 50 conversations', async () => {
		const { api } = stage;
		const ids = Array.from({ length: 50 }, () => api.store.createConversation().id);
		const items = Array.from({ length: 2_000 }, (_, place) => ({
			id: ids[(place * 7) % ids.length],
			place,
		}));
		const from = api.requestCount;
		const output = await run(
			{
				conversationId: '={{ $json.id }}',
				metadata: {
					pairs: [{ key: '={{ "k" + $json.place % 16 }}', value: '={{ $json.place }}' }],
				},
				updateMode: 'merge',
			},
			items,
		);
		expect(output).toHaveLength(2_000);
		for (const id of ids) {
			const own = items.filter((item) => item.id === id);
			// As if they had run one by one: the last value that each key was given.
			const expected = Object.fromEntries(
				own.map(({ place }) => [`k${place % 16}`, String(place)]),
			);
			expect(api.store.getConversation(id)?.metadata).toEqual(expected);
		}
		expect(asked(from)).toHaveLength(4_000);
		expect(api.maxInFlightPerConversation).toBe(1);
		expect(api.maxInFlight).toBeLessThanOrEqual(10);
	}, 120_000);
});
