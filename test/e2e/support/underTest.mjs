import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
	checkoutState,
	connectN8n,
	ensureN8n,
	explain,
	installNode,
	newOwner,
	node24,
	packNode,
	startN8n,
} from '../../../sandbox/index.mjs';

/** @import { N8n } from '../../../sandbox/index.mjs' */

const ENV = 'N8N_UNDER_TEST';

/** @type {{ n8n: N8n, folder: string } | undefined} */
let started;

/** Runs that were killed leave the folder of their n8n. */
async function removeLeftFolders() {
	for (const name of await readdir(checkoutState)) {
		const pid = /^e2e-(\d+)(-|$)/.exec(name)?.[1];
		if (pid === undefined) continue;
		try {
			process.kill(Number(pid), 0);
		} catch {
			await rm(join(checkoutState, name), { recursive: true, force: true });
		}
	}
}

async function startEmptyN8n() {
	const tarball = await packNode();
	const entry = await ensureN8n();
	await removeLeftFolders();
	const folder = join(checkoutState, `e2e-${process.pid}`);
	const log = join(checkoutState, 'logs', 'e2e-n8n.log');
	const settings = { node: node24, entry, folder, log, owner: newOwner() };
	await rm(log, { force: true });
	await installNode(folder, tarball);
	const n8n = await startN8n(settings);
	started = { n8n, folder };
	return { ...settings, url: n8n.url };
}

/** Starts an empty n8n with the packed node in it, for all test files. Where that fails, each of them says why. */
export async function setUp() {
	process.env[ENV] = JSON.stringify(
		await startEmptyN8n().catch((error) => ({ failure: explain(error) })),
	);
}

export async function tearDown() {
	if (!started) return;
	await started.n8n.stop();
	await rm(started.folder, { recursive: true, force: true });
}

/** @returns {ReturnType<typeof connectN8n>} the n8n that the test files share */
export function n8nUnderTest() {
	const settings = JSON.parse(process.env[ENV] ?? '{ "failure": "This project starts no n8n." }');
	if (settings.failure) throw new Error(settings.failure);
	return connectN8n(settings);
}
