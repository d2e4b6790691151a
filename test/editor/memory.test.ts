import { setStage, type Stage } from '../e2e/support/stage.mjs';
import { agent, link, webhook, workflow } from '../full/support/memoryWorkflows.mjs';
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
});
