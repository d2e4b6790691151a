import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureN8n } from '../../../sandbox/lib/dependencies.mjs';
import { isAlive } from '../../../sandbox/lib/lock.mjs';
import { connectN8n, installNode, startN8n } from '../../../sandbox/lib/n8n/instance.mjs';
import { packNode } from '../../../sandbox/lib/package.mjs';
import { checkoutState, node24 } from '../../../sandbox/lib/paths.mjs';

/** @import { N8n } from '../../../sandbox/lib/n8n/instance.mjs' */

const ENV = 'N8N_UNDER_TEST';
const FOLDER = /^e2e-(\d+)(-|$)/;

/** @type {{ n8n: N8n, folder: string } | undefined} */
let started;

async function removeLeftFolders() {
	for (const name of await readdir(checkoutState)) {
		const pid = FOLDER.exec(name)?.[1];
		if (pid !== undefined && !isAlive(Number(pid))) {
			await rm(join(checkoutState, name), { recursive: true, force: true });
		}
	}
}

/** Starts an empty n8n with the packed node in it, for all test files. */
export async function setUp() {
	const tarball = await packNode();
	const entry = await ensureN8n();
	await removeLeftFolders();
	const folder = join(checkoutState, `e2e-${process.pid}`);
	const settings = { node: node24, entry, folder, log: join(checkoutState, 'logs', 'e2e-n8n.log') };
	await rm(settings.log, { force: true });
	await installNode(folder, tarball);
	const owner = {
		email: 'owner@sandbox.example',
		password: `${randomBytes(9).toString('base64url')}Aa1`,
	};
	const n8n = await startN8n({ ...settings, owner });
	started = { n8n, folder };
	process.env[ENV] = JSON.stringify({ ...settings, owner, url: n8n.url });
}

export async function tearDown() {
	if (!started) return;
	await started.n8n.stop();
	await rm(started.folder, { recursive: true, force: true });
}

/** @returns {ReturnType<typeof connectN8n>} the n8n that the test files share */
export function n8nUnderTest() {
	const settings = process.env[ENV];
	if (settings === undefined) {
		throw new Error(
			'Run these tests with `npx jest --config=test/e2e/jest.config.js`, which starts n8n for them.',
		);
	}
	return connectN8n(JSON.parse(settings));
}
