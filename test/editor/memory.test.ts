import { until } from '../support/until.mjs';

import { setStage, type Stage } from '../e2e/support/stage.mjs';
import {
	agent,
	link,
	MEMORY,
	memoryNode,
	modelNode,
	node,
	webhook,
	workflow,
} from '../full/support/memoryWorkflows.mjs';
import { openBrowser } from './support/browser.mjs';
import { createEditor, type Editor } from './support/editor.mjs';

let stage: Stage;
let browser: Awaited<ReturnType<typeof openBrowser>>;
let editor: Editor;

beforeAll(async () => {
	stage = await setStage();
	browser = await openBrowser({ n8n: stage.n8n });
	editor = createEditor(browser.page, stage.n8n.url);
});
afterAll(async () => {
	await browser.close();
	await stage.close();
});

describe('The memory in the editor', () => {
	it('is listed at the agent’s Memory input', async () => {
		const made = workflow(
			'Agent',
			[webhook('memory-panel'), { ...agent(3), position: [300, 0] }],
			[link('Webhook', 'AI Agent')],
		);
		await editor.openWorkflow(await stage.n8n.createWorkflow(made));
		const port = editor.page.locator('[data-handleid*="ai_memory"]').first();
		await port.getByTestId('canvas-handle-plus').first().click({ force: true });
		await editor.part('item-iterator-item').first().waitFor();

		const names = (await editor.part('item-iterator-item').allInnerTexts()).map(
			(text) => text.split('\n')[0],
		);
		expect(names).toEqual(expect.arrayContaining(['OpenAI Conversation Memory', 'Simple Memory']));
		expect(names).not.toContain('OpenAI Conversation');
	});

	it('remembers what is said in the chat panel', async () => {
		const { n8n, api, apiKey, credential } = stage;
		const conversation = api.store.createConversation().id;
		const model = {
			name: 'Model',
			id: await n8n.createCredential({
				name: 'Model',
				type: 'openAiApi',
				data: { apiKey, url: api.url },
			}),
		};
		const made = workflow(
			'Chat',
			[
				node('Chat', '@n8n/n8n-nodes-langchain.chatTrigger', 1.3, { options: {} }),
				{ ...agent(3, { promptType: 'auto', text: undefined }), position: [300, 0] },
				{ ...modelNode(model), position: [200, 260] },
				{
					...memoryNode(credential, { conversationId: conversation, options: {} }),
					position: [420, 260],
				},
			],
			[
				link('Chat', 'AI Agent'),
				link('Model', 'AI Agent', 'ai_languageModel'),
				link(MEMORY, 'AI Agent', 'ai_memory'),
			],
		);
		await editor.openWorkflow(await n8n.createWorkflow(made));
		await editor.page.getByText('Open chat', { exact: true }).last().click();
		const say = async (text: string) => {
			const input = editor.part('canvas-chat').locator('textarea').first();
			await input.fill(text);
			await input.press('Enter');
		};
		const texts = () =>
			(api.store.getConversation(conversation)?.items ?? []).map(({ role, content }) => {
				const [part]: unknown[] = Array.isArray(content) ? content : [];
				return [role, Object(part).text];
			});

		await say('My name is Ada.');
		await until(() => texts().length === 2, 'the first turn', 60_000);
		const [, [, reply] = []] = texts();
		await editor.part('canvas-chat').getByText(String(reply)).last().waitFor();
		await say('What is my name?');
		await until(() => texts().length === 4, 'the second turn', 60_000);

		expect(texts()).toEqual([
			['user', 'My name is Ada.'],
			['assistant', expect.any(String)],
			['user', 'What is my name?'],
			['assistant', expect.stringContaining('Ada')],
		]);
		await editor.part('canvas-chat').getByText(/Ada/).last().waitFor();
	});
});
