/** @import { Locator, Page } from 'playwright-core' */

/** What the node is called in the node panel. */
export const NODE_NAME = 'OpenAI Conversation';

/**
 * n8n's editor, in the words of a person who uses it. Everything is found by n8n's own test IDs or by what is to be
 * read on the screen.
 *
 * @param {Page} page
 * @param {string} url of n8n
 */
export function createEditor(page, url) {
	/** @param {string} id */
	const part = (id) => page.getByTestId(id);
	const form = part('ndv');
	const output = part('output-panel');
	const credentialForm = part('editCredential-modal');

	/** @param {string} name of a parameter */
	const field = (name) => form.getByTestId(`parameter-input-${name}`);

	/**
	 * @param {Locator} input
	 * @param {string} text
	 */
	async function type(input, text) {
		await input.fill(text);
		// The form takes a value over when its field is left, or shortly after the last key.
		await input.blur();
	}

	/** @param {string} name of an options parameter */
	const chosen = async (name) => await field(name).locator('input').first().inputValue();

	return {
		page,
		part,
		form,
		output,
		field,
		chosen,

		/** @param {string} id of a workflow */
		async openWorkflow(id) {
			await page.goto(`${url}/workflow/${id}`);
			await part('canvas-node').first().waitFor();
			// The canvas moves its nodes into view.
			await page.waitForTimeout(500);
		},

		/** Opens the panel with the nodes that may come after the only node. */
		async openNodePanel() {
			await part('canvas-handle-plus').first().click();
			await part('node-creator-search-bar').waitFor();
		},

		/**
		 * @param {string} words
		 * @returns {Promise<string[]>} the names of the nodes found, best first
		 */
		async searchNodes(words) {
			await part('node-creator-search-bar').fill(words);
			await part('item-iterator-item').first().waitFor();
			// The panel searches shortly after the last key.
			await page.waitForTimeout(500);
			const found = await part('item-iterator-item').allInnerTexts();
			return found.map((text) => text.split('\n')[0]?.trim() ?? '');
		},

		/** The node among those found. */
		nodeFound: () => part('item-iterator-item').filter({ hasText: NODE_NAME }).first(),

		/** @param {string} name of an action in the panel */
		action: (name) => part('node-creator').getByText(name, { exact: true }),

		/** @returns {Promise<string[]>} headings and actions of the panel, from top to bottom */
		async actions() {
			await part('node-creator').getByText('Conversation Actions').waitFor();
			const texts = (await part('item-iterator-item').allInnerTexts()).map((text) => text.trim());
			// The list of nodes may still be leaving.
			return texts.slice(texts.findIndex((text) => /^conversation actions$/i.test(text)));
		},

		/** @param {string} name of a node on the canvas */
		async openNode(name) {
			await part('canvas-node').filter({ hasText: name }).first().dblclick();
			await part('node-parameters').waitFor();
		},

		/** @returns {Promise<string[]>} the labels of the fields that are to be seen, from top to bottom */
		async labels() {
			const labels = await part('node-parameters')
				.getByTestId('input-label')
				.filter({ visible: true })
				.allInnerTexts();
			return labels
				.map((label) => label.split('\n')[0]?.trim() ?? '')
				.filter((label) => label !== '');
		},

		/** @param {string} text */
		async pasteConversationId(text) {
			await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
			await field('conversationId').locator('input, textarea').first().focus();
			await page.keyboard.press('ControlOrMeta+V');
		},

		/** @returns {Promise<string>} what the editor shows below a field with an expression */
		async preview(/** @type {string} */ name) {
			return await form.getByTestId(`parameter-expression-preview-${name}`).innerText();
		},

		/** @param {string} text */
		async fillConversationId(text) {
			await type(field('conversationId').locator('input, textarea').first(), text);
		},

		/** A pair's button, where the form has no empty pair. */
		addPair: () => part('fixed-collection-add').first(),

		/**
		 * @param {string} key
		 * @param {string} value
		 */
		async fillPair(key, value) {
			await type(field('key').last().locator('input, textarea').first(), key);
			await type(field('value').last().locator('input, textarea').first(), value);
		},

		/**
		 * @param {string} name of an options parameter
		 * @param {string} option
		 */
		async choose(name, option) {
			await field(name).click();
			await page.getByRole('option', { name: option }).first().click();
		},

		executeButton: () => part('node-execute-button').first(),

		/** Runs the open node, with what comes before it, and waits for its end. */
		async execute() {
			await part('node-execute-button').first().click();
			await this.executed();
		},

		/** @param {'schema' | 'table' | 'json'} view */
		async showOutputAs(view) {
			await output.getByTestId(`radio-button-${view}`).click();
		},

		/** @returns {Promise<string[]>} the hints above the output */
		async hints() {
			return await output
				.getByTestId('run-data-hints')
				.or(output.locator('.n8n-callout'))
				.allInnerTexts();
		},

		/** Opens the form of a new credential from the open node. */
		async newCredential() {
			await part('node-credentials-select').first().click();
			await part('node-credentials-select-item-new').first().click();
			await page.getByText('API Key').first().waitFor();
		},

		/** @param {string} name of a credential that n8n has */
		async useCredential(name) {
			const select = part('node-credentials-select').first();
			await select.waitFor();
			if ((await select.locator('input').first().inputValue()) === name) return;
			await select.click();
			await page.getByRole('option', { name }).first().click();
		},

		/** @returns {Promise<string[]>} the labels of the credential's fields, from top to bottom */
		async credentialLabels() {
			await part('credential-connection-parameter').first().waitFor();
			const labels = await part('credential-connection-parameter').locator('label').allInnerTexts();
			return labels
				.map((label) => label.split('\n')[0]?.replace('*', '').trim() ?? '')
				.filter((label) => label !== '');
		},

		/** @param {Record<string, string>} values by name */
		async fillCredential(values) {
			for (const [name, value] of Object.entries(values)) {
				await type(
					credentialForm.getByTestId(`parameter-input-${name}`).locator('input').first(),
					value,
				);
			}
		},

		async saveCredential() {
			await credentialForm.getByTestId('credential-save-button').click();
		},

		/** @returns {Promise<string | undefined>} what is wrong with the credential; nothing when n8n took it and left its form */
		async credentialProblem() {
			const problem = credentialForm.getByText('Couldn’t connect').filter({ visible: true });
			await Promise.any([problem.first().waitFor(), credentialForm.waitFor({ state: 'detached' })]);
			if ((await problem.count()) === 0) return undefined;
			await credentialForm.getByText('More details').filter({ visible: true }).first().click();
			return await credentialForm.getByTestId('node-credentials-config-container').innerText();
		},

		async fitCanvas() {
			await part('zoom-to-fit').click();
		},

		/** Waits until the open node has run. */
		async executed() {
			const status = output.locator('[data-test-id^="node-run-status-"]');
			await status.first().waitFor();
		},
	};
}

/** @typedef {ReturnType<typeof createEditor>} Editor */
