import { setStage, type Stage } from '../e2e/support/stage.mjs';
import { openBrowser } from './support/browser.mjs';
import { createEditor, type Editor } from './support/editor.mjs';
import { blankWorkflow, NODE, setWorkflow, TRIGGER } from './support/workflows.mjs';

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
beforeEach(() => stage.api.reset());

const newConversation = () =>
	stage.api.store.createConversation({ metadata: { status: 'new' } }).id;
const metadataOf = (id: string) => stage.api.store.getConversation(id)?.metadata;

/** Opens the node in a workflow that sets a conversation. */
async function openSet(
	parts: Partial<Parameters<typeof setWorkflow>[0]>,
	pinned?: Record<string, unknown>,
) {
	const { credential } = stage;
	const workflow = setWorkflow({ credential, id: '', metadata: { topic: 'billing' }, ...parts });
	const pinData = pinned === undefined ? {} : { pinData: { [TRIGGER]: [{ json: pinned }] } };
	await editor.openWorkflow(await stage.n8n.createWorkflow({ ...workflow, ...pinData }));
	await editor.openNode(NODE);
}

describe('From the node panel to a set metadata', () => {
	it('takes at most 3 clicks and 3 fields beyond the credential', async () => {
		const id = newConversation();
		await editor.openWorkflow(await stage.n8n.createWorkflow(blankWorkflow()));
		await editor.openNodePanel();
		let clicks = 0;
		let fields = 0;
		const click = async (target: ReturnType<Editor['action']>) => {
			await target.click();
			clicks += 1;
		};

		await editor.searchNodes('set conversation');
		await click(editor.nodeFound());
		await click(editor.action('Set conversation metadata'));
		await editor.part('node-parameters').waitFor();
		await editor.useCredential(stage.credential.name);
		await editor.fillConversationId(id);
		fields += 1;
		if ((await editor.field('key').count()) === 0) await click(editor.addPair());
		await editor.fillPair('topic', 'billing');
		fields += 2;
		await click(editor.executeButton());
		await editor.executed();

		expect(metadataOf(id)).toEqual({ topic: 'billing' });
		expect(fields).toBeLessThanOrEqual(3);
		expect(clicks).toBeLessThanOrEqual(3);
	});
});

describe('The form of Set', () => {
	it('shows only the fields of Set, the main ones first', async () => {
		await openSet({});

		const labels = await editor.labels();
		expect(labels.filter((label) => label !== 'Key' && label !== 'Value')).toEqual([
			'Resource',
			'Operation',
			'Conversation ID',
			'Update Mode',
			'Specify Metadata',
			'Metadata',
			'Options',
		]);
	});

	it('shows a field only when what it depends on is chosen', async () => {
		await openSet({});
		await editor.choose('updateMode', 'Merge');
		await editor.choose('metadataInput', 'Using JSON');

		const labels = await editor.labels();
		expect(labels).toEqual(expect.arrayContaining(['Keys to Remove', 'Metadata (JSON)']));
		expect(labels).not.toContain('Metadata');
	});

	it('takes an ID that was pasted with white space around it', async () => {
		const id = newConversation();
		await openSet({});
		await editor.pasteConversationId(`  ${id}\n`);
		await editor.execute();

		expect(metadataOf(id)).toEqual({ topic: 'billing' });
	});

	it('shows what an expression gives that names a conversation by an object', async () => {
		const id = newConversation();
		await openSet({ id: '={{ $json.conversation }}' }, { conversation: { id } });
		await editor.field('conversationId').click();

		expect(await editor.preview('conversationId')).toContain(id);
		await editor.execute();
		expect(metadataOf(id)).toEqual({ topic: 'billing' });
	});
});

describe('Running it', () => {
	it('shows the updated conversation', async () => {
		const id = newConversation();
		await openSet({ id });
		await editor.execute();
		await editor.showOutputAs('json');

		await editor.output.getByText('"billing"').waitFor();
		const text = await editor.output.innerText();
		for (const word of [id, '"topic"', '"billing"']) expect(text).toContain(word);
	});

	it('says above the output what it took', async () => {
		const id = newConversation();
		stage.api.fault({ match: { method: 'POST' }, status: 429, headers: { 'retry-after-ms': '1' } });
		await openSet({ id, options: { maxRetries: 1 } });
		await editor.execute();

		expect(await editor.output.innerText()).toMatch(
			/2 requests for 1 input item, 1 retry \(rate limit: 1\)/,
		);
	});

	it('shows for a failing item what happened and what to do', async () => {
		await openSet({ id: 'conv_404404' });
		await editor.execute();

		const text = await editor.output.innerText();
		expect(text).toContain("Conversation with id 'conv_404404' not found.");
		expect(text).toContain(
			'Check the ID. The conversation or the item in it may already have been deleted',
		);
		expect(text).toContain('status 404');
	});

	it('names the field by its label when something was forgotten', async () => {
		await openSet({ id: 'abc' });
		await editor.execute();

		const text = await editor.output.innerText();
		expect(text).toContain('Conversation ID is "abc", which is not the ID of a conversation');
		expect(text).toContain('Enter an ID that starts with "conv_"');
	});
});

describe('The credential’s form', () => {
	beforeEach(async () => {
		await openSet({ id: newConversation() });
		await editor.newCredential();
	});

	it('begins with the key, which is all that OpenAI needs', async () => {
		expect(await editor.credentialLabels()).toEqual([
			'API Key',
			'Base URL',
			'Authentication',
			'Organization ID',
			'Project ID',
			'Custom Headers',
			'Allowed HTTP Request Domains',
		]);
	});

	it('tests a key when it is saved, and closes when it is good', async () => {
		await editor.fillCredential({ apiKey: stage.apiKey, baseUrl: stage.api.url });
		await editor.saveCredential();

		expect(await editor.credentialProblem()).toBeUndefined();
		expect(stage.api.requests.map(({ method, path }) => `${method} ${path}`)).toContain(
			'GET /v1/models',
		);
	});

	it('says of a bad key that it was not accepted', async () => {
		await editor.fillCredential({ apiKey: 'sk-wrong', baseUrl: stage.api.url });
		await editor.saveCredential();

		expect(await editor.credentialProblem()).toMatch(/The API did not accept the key/);
	});
});
