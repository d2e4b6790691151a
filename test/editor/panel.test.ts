import { resources } from '../../nodes/OpenAIConversation/resources';
import { setStage, type Stage } from '../e2e/support/stage.mjs';
import { openBrowser } from './support/browser.mjs';
import { createEditor, NODE_NAME, type Editor } from './support/editor.mjs';
import { blankWorkflow } from './support/workflows.mjs';

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
beforeEach(async () => {
	await editor.openWorkflow(await stage.n8n.createWorkflow(blankWorkflow()));
	await editor.openNodePanel();
});

describe('The node panel', () => {
	it.each(['conversation', 'metadata', 'set conversation', 'OpenAI Conversation'])(
		'finds the node among the first when somebody searches “%s”',
		async (words) => {
			const found = await editor.searchNodes(words);

			expect(found.slice(0, 2)).toContain(NODE_NAME);
		},
	);

	it('finds it although the workflow has no AI node, and adds no trigger for it', async () => {
		await editor.searchNodes('metadata');
		await editor.nodeFound().click();
		await editor.action('Get conversation').click();
		await editor.part('node-parameters').waitFor();
		await editor.part('ndv-close-button').click();

		expect(await editor.part('canvas-node').count()).toBe(2);
	});

	it('lists its actions by what they work on, each in words that stand alone', async () => {
		await editor.searchNodes('set conversation');
		await editor.nodeFound().click();

		expect(await editor.actions()).toEqual(
			resources.flatMap(({ name, operations }) => [
				`${name.toUpperCase()} ACTIONS`,
				...operations.map(({ action }) => action).toSorted(),
			]),
		);
	});
});
