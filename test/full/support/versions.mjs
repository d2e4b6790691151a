import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
	ensureN8n,
	installNode,
	n8n1Folder,
	n8nVersion,
	newOwner,
	node24,
	packNode,
	startN8n,
} from '../../../sandbox/index.mjs';

/** The oldest and the newest n8n that the package is tried in. */
export const versions = [
	// n8n 1.x does not start when told to leave out a module that only 2.x has.
	{
		version: '1.123.81',
		ensure: async () => await ensureN8n(undefined, n8n1Folder),
		env: { N8N_DISABLED_MODULES: undefined },
	},
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
		owner: newOwner(),
	});
	return {
		n8n,
		async stop() {
			await n8n.stop();
			await rm(folder, { recursive: true, force: true });
		},
	};
}
