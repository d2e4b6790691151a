/**
 * `npm run screenshots`: the pictures in docs/pictures, taken in the editor of a real n8n with the packed node in it,
 * light and dark. Needs Chromium (Debian, Ubuntu: `apt-get install chromium`).
 */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
	checkoutState,
	createProgress,
	ensureN8n,
	exampleNames,
	Failure,
	installNode,
	newOwner,
	node24,
	packNode,
	readExample,
	root,
	runCommand,
	startN8n,
} from '../sandbox/index.mjs';
import { startServer } from '../server/index.mjs';
import { openBrowser } from '../test/editor/support/browser.mjs';
import { createEditor } from '../test/editor/support/editor.mjs';
import { blankWorkflow, setWorkflow } from '../test/editor/support/workflows.mjs';

/** @import { Page } from 'playwright-core' */
/** @import { Editor } from '../test/editor/support/editor.mjs' */
/** @import { Theme } from '../test/editor/support/browser.mjs' */

/** A picture in a page that people read should not take longer to load than the page. */
const MAX_BYTES = 150_000;

/** As large as most screens at least are. */
const SCREEN = { width: 1440, height: 810 };

/** What would cover what a picture is about: messages that go by themselves, tools of the canvas. */
const UNSEEN = [
	'.el-notification',
	'[data-test-id^="workflow-chat-button"]',
	'[data-test-id="canvas-controls"]',
	'[class*="_executionButtons_"]',
]
	.map((selector) => `${selector} { visibility: hidden !important }`)
	.join(' ');

/** @typedef {{ x: number, y: number, width: number, height: number }} Box */

await runCommand(async () => {
	const { step } = createProgress();
	const pictures = join(root, 'docs', 'pictures');
	const folder = join(checkoutState, `screenshots-${process.pid}`);
	const entry = await step('n8n', ensureN8n);
	const tarball = await step(
		'Building and packing the node',
		async (say) => await packNode({ say }),
	);
	const apiKey = `sk-sandbox-${randomBytes(12).toString('hex')}`;
	const api = await startServer({ apiKeys: [apiKey] });
	await installNode(folder, tarball);
	const owner = newOwner();
	const log = join(checkoutState, 'logs', 'screenshots-n8n.log');
	const n8n = await step(
		'Starting n8n',
		async () => await startN8n({ node: node24, entry, folder, log, owner }),
	);

	try {
		const type = 'openAIConversationApi';
		const credential = {
			name: 'OpenAI Conversation API',
			id: await n8n.createCredential({
				name: 'OpenAI Conversation API',
				type,
				data: { apiKey, baseUrl: api.url, authentication: 'bearer' },
			}),
		};
		await mkdir(pictures, { recursive: true });
		/** @type {Theme[]} */
		const themes = ['light', 'dark'];
		for (const theme of themes) {
			await step(`Pictures, ${theme}`, async (say) => {
				const { page, close } = await openBrowser({ n8n, theme, viewport: SCREEN });
				try {
					await takeAll(theme, page, createEditor(page, n8n.url), say);
				} finally {
					await close();
				}
			});
		}

		/**
		 * @param {Theme} theme
		 * @param {Page} page
		 * @param {Editor} editor
		 * @param {(detail: string) => void} say
		 */
		async function takeAll(theme, page, editor, say) {
			/**
			 * @param {string} name
			 * @param {Box} [clip]
			 */
			async function take(name, clip) {
				say(name);
				// Nothing that moves and nothing under the pointer.
				await page.mouse.move(2, 2);
				await page.waitForTimeout(700);
				const path = join(pictures, `${name}-${theme}.png`);
				await page.screenshot({
					path,
					style: UNSEEN,
					animations: 'disabled',
					caret: 'hide',
					...(clip && { clip }),
				});
				const { size } = await stat(path);
				if (size > MAX_BYTES)
					throw new Failure(`${path} has ${size} bytes; at most ${MAX_BYTES} are allowed.`);
			}

			await editor.openWorkflow(await n8n.createWorkflow(blankWorkflow()));
			await editor.openNodePanel();
			await editor.searchNodes('set conversation');
			await editor.nodeFound().click();
			await editor.actions();
			await editor.action('Set conversation metadata').click();
			await editor.part('node-parameters').waitFor();
			await take('set-form');

			const { id } = api.store.createConversation({ metadata: { status: 'new' } });
			const metadata = { status: 'resolved', topic: 'billing' };
			const options = { maxRetries: 3, timeout: 30 };
			await editor.openWorkflow(
				await n8n.createWorkflow(setWorkflow({ credential, id, metadata, options })),
			);
			await editor.openNode('Set conversation');
			api.fault({
				match: { method: 'POST' },
				status: 429,
				headers: { 'retry-after-ms': '1200' },
				times: 1,
			});
			await editor.execute();
			await editor.showOutputAs('json');
			await take('set-done');

			const gone = 'conv_68f0a1b2c3d4e5f6a7b8c9d0e1f2a3b4';
			await editor.openWorkflow(
				await n8n.createWorkflow(setWorkflow({ credential, id: gone, metadata })),
			);
			await editor.openNode('Set conversation');
			await editor.execute();
			await take('set-failed');

			await editor.newCredential();
			await take('credential');

			for (const name of await exampleNames()) {
				await editor.openWorkflow(
					await n8n.createWorkflow({ ...(await readExample(name)), id: '' }),
				);
				await editor.fitCanvas();
				await take(`example-${name}`, { x: 120, y: 90, width: 1260, height: 675 });
			}

			await editor.openWorkflow(
				await n8n.createWorkflow({ ...(await readExample('agent-with-memory')), id: '' }),
			);
			await editor.fitCanvas();
			// Not the agent, which names its Memory input.
			await editor.part('canvas-node').filter({ hasText: 'Memory' }).last().dblclick();
			await editor.part('node-parameters').waitFor();
			await take('memory-form');
		}
	} finally {
		await n8n.stop();
		await api.close();
		await rm(folder, { recursive: true, force: true });
	}
});
