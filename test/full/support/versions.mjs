import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureN8n, n8nVersion } from '../../../sandbox/lib/dependencies.mjs';
import { ensureInstalled } from '../../../sandbox/lib/install.mjs';
import { installNode, startN8n } from '../../../sandbox/lib/n8n/instance.mjs';
import { withProjectTools } from '../../../sandbox/lib/node24.mjs';
import { packNode } from '../../../sandbox/lib/package.mjs';
import { node24, root } from '../../../sandbox/lib/paths.mjs';
import { freePort } from '../../../sandbox/lib/ports.mjs';

const FIRST_PORT = 5750;

/** Where the last n8n 1.x is pinned. */
const n8n1Folder = join(root, 'sandbox', 'n8n-1');

/** @returns {Promise<string>} n8n's entry file */
async function ensureN8n1() {
	await ensureInstalled({
		name: 'n8n-1',
		folder: n8n1Folder,
		scripted: ['sqlite3'],
		essentials: [
			'node_modules/n8n/bin/n8n',
			'node_modules/sqlite3/build/Release/node_sqlite3.node',
		],
		works: async () =>
			await promisify(execFile)(node24, ['-e', 'require("sqlite3")'], {
				cwd: n8n1Folder,
				timeout: 30_000,
			}).then(
				() => true,
				() => false,
			),
		env: withProjectTools(process.env),
		effort: 'this takes 2 to 5 minutes and 2 GB, once',
		todo: 'Check that npm reaches its registry (`npm ping`) and that 3 GB of disk are free, then start again.',
	});
	return join(n8n1Folder, 'node_modules', 'n8n', 'bin', 'n8n');
}

/** The oldest and the newest n8n that the package is tried in. */
export const versions = [
	// n8n 1.x does not start when told to leave out a module that only 2.x has.
	{ version: '1.123.81', ensure: ensureN8n1, env: { N8N_DISABLED_MODULES: undefined } },
	{ version: n8nVersion, ensure: async () => await ensureN8n(), env: {} },
];

/**
 * Starts an n8n of its own, with the packed node in it; `stop` leaves nothing behind.
 *
 * @param {typeof versions[number]} version
 */
export async function startVersion({ ensure, env }) {
	const [entry, tarball] = [await ensure(), await packNode()];
	const folder = await mkdtemp(join(tmpdir(), 'n8n-version-'));
	await installNode(folder, tarball);
	const n8n = await startN8n({
		node: node24,
		entry,
		folder,
		log: join(folder, 'n8n.log'),
		env,
		port: await freePort(FIRST_PORT),
		owner: { email: 'owner@sandbox.example', password: `${randomBytes(9).toString('hex')}Aa1` },
	});
	return {
		n8n,
		async stop() {
			await n8n.stop();
			await rm(folder, { recursive: true, force: true });
		},
	};
}
