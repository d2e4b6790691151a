import { newFolder, npmRun, removeFolder } from '../e2e/support/sandbox.mjs';
import { openBrowser } from './support/browser.mjs';
import { copyCheckout, edit } from './support/checkout.mjs';
import { createEditor } from './support/editor.mjs';

const MINUTES_PROMISED = 5;

let folder: string;
let toUndo: Array<() => unknown> = [];

beforeAll(async () => {
	folder = await newFolder();
	await copyCheckout(folder);
});
afterEach(async () => {
	for (const undo of toUndo.reverse()) await undo();
	toUndo = [];
});
afterAll(async () => await removeFolder(folder));

describe('npm run dev', () => {
	it('shows a changed label in the open editor, in less than five minutes from the clone and without a reload', async () => {
		const startedAt = Date.now();
		const source = `${folder}/nodes/OpenAIConversation/resources/conversation/set.ts`;
		const dev = npmRun(folder, ['run', 'dev']);
		toUndo.push(async () => {
			dev.cleanUp();
			await dev.exited;
		});
		await dev.says('Change a file in nodes/');
		const said = (what: RegExp) => what.exec(dev.output)?.[1] ?? '';
		const owner = { email: said(/Login +(\S+)/), password: said(/Password +(\S+)/) };
		const [url = '', workflow = ''] = said(/Editor +(\S+)/).split('/workflow/');
		const browser = await openBrowser({ n8n: { url, owner } });
		toUndo.push(browser.close);
		const editor = createEditor(browser.page, url);
		await editor.openWorkflow(workflow);
		await editor.openNode('Set conversation');
		expect(await editor.labels()).toContain('Update Mode');

		await edit(source, "displayName: 'Update Mode'", "displayName: 'Way to Update'");

		await editor.form.getByText('Way to Update').waitFor();
		expect(Date.now() - startedAt).toBeLessThan(MINUTES_PROMISED * 60_000);

		await edit(source, "displayName: 'Way to Update'", "displayName: 'Way to Update' oops");
		await dev.says('error TS');
		await edit(source, "displayName: 'Way to Update' oops", "displayName: 'Once More'");

		await editor.form.getByText('Once More').waitFor();
	});
});
