import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, selectors } from 'playwright-core';
import { Failure } from '../../../sandbox/index.mjs';

/** @import { Page } from 'playwright-core' */
/** @import { Owner } from '../../../sandbox/index.mjs' */

/** @typedef {'light' | 'dark'} Theme */

// n8n marks what tests may hold on to with this attribute.
selectors.setTestIdAttribute('data-test-id');

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Nothing that asks anybody else, and nothing that a container does not have. */
const SWITCHES = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

/** n8n ties a login to the browser it was made in; this is what the browser calls itself. */
const BROWSER_ID = 'editor-under-test';

/** A machine at work with other things may take long to draw. */
const PATIENCE_MS = 60_000;

function browserProgram() {
	const program = [process.env['CHROMIUM_PATH'] ?? '', ...PLACES].find(
		(place) => place !== '' && existsSync(place),
	);
	if (program !== undefined) return program;
	throw new Failure('No Chromium was found.', {
		todo: 'Install it (Debian, Ubuntu: `apt-get install chromium`), or set CHROMIUM_PATH to where it is.',
	});
}

/**
 * Starts a browser with an empty profile and logs in to n8n.
 *
 * @param {object} parts
 * @param {{ url: string, owner: Owner }} parts.n8n
 * @param {Theme} [parts.theme]
 * @param {{ width: number, height: number }} [parts.viewport]
 * @returns {Promise<{ page: Page, close: () => Promise<void> }>}
 */
export async function openBrowser({
	n8n,
	theme = 'light',
	viewport = { width: 1280, height: 800 },
}) {
	const profile = await mkdtemp(join(tmpdir(), 'editor-browser-'));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: browserProgram(),
		headless: true,
		args: SWITCHES,
		viewport,
		deviceScaleFactor: 1,
		colorScheme: theme,
		reducedMotion: 'reduce',
		permissions: ['clipboard-read', 'clipboard-write'],
	});
	context.setDefaultTimeout(PATIENCE_MS);
	await context.addInitScript(
		`localStorage.setItem('n8n-browserId', '${BROWSER_ID}'); localStorage.setItem('N8N_THEME', '${theme}');`,
	);
	const { email, password } = n8n.owner;
	const answer = await context.request.post(`${n8n.url}/rest/login`, {
		headers: { 'browser-id': BROWSER_ID },
		data: { emailOrLdapLoginId: email, password },
	});
	if (!answer.ok()) throw new Failure(`n8n did not let its owner in: ${answer.status()}`);
	const page = context.pages()[0] ?? (await context.newPage());
	return {
		page,
		async close() {
			await context.close();
			await rm(profile, { recursive: true, force: true });
		},
	};
}
