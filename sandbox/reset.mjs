/** `npm run sandbox:reset`: removes all that the sandbox keeps; n8n itself stays installed. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runScript } from './lib/bootstrap.mjs';
import { Failure } from './lib/failure.mjs';
import { tryLock } from './lib/lock.mjs';
import { checkoutState, stateFolder } from './lib/paths.mjs';

/** What may be at work in the folder. */
const LOCKS = [
	{ folder: join(stateFolder, 'locks'), name: 'sandbox' },
	{ folder: join(checkoutState, 'locks'), name: 'build' },
	{ folder: join(checkoutState, 'locks'), name: 'install-project' },
	{ folder: join(checkoutState, 'locks'), name: 'install-n8n' },
];

await runScript(async () => {
	/** @type {Array<() => Promise<void>>} */
	const releases = [];
	try {
		for (const { folder, name } of LOCKS) {
			const lock = await tryLock(folder, name);
			if ('heldBy' in lock) {
				throw new Failure(`Process ${lock.heldBy} is using the sandbox.`, {
					todo: 'End it with Ctrl-C where it was started, then reset again.',
				});
			}
			releases.push(lock.release);
		}
		await rm(stateFolder, { recursive: true, force: true });
		process.stdout.write(`${stateFolder} is removed; the next start begins anew.\n`);
		return 0;
	} finally {
		await Promise.all(releases.map(async (release) => await release()));
	}
});
