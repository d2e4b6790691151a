/** `npm run sandbox:reset`: removes all that the sandbox keeps; n8n itself stays installed. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, runCommand } from './lib/failure.mjs';
import { tryLock } from './lib/lock.mjs';
import { checkoutState, n8nFolder, root, stateFolder } from './lib/paths.mjs';

/** What is locked by whoever is at work with it: a sandbox, a build, an install. */
const USED = [
	stateFolder,
	join(checkoutState, 'package'),
	join(root, 'node_modules'),
	join(n8nFolder, 'node_modules'),
];

await runCommand(async () => {
	for (const folder of USED) {
		const lock = await tryLock(folder);
		if ('heldBy' in lock) {
			throw new Failure(`Process ${lock.heldBy} is using the sandbox.`, {
				todo: 'End it with Ctrl-C where it was started, then reset again.',
			});
		}
	}
	await rm(stateFolder, { recursive: true, force: true });
	process.stdout.write(`${stateFolder} is removed; the next start begins anew.\n`);
});
