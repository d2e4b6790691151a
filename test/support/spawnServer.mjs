import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * Starts the server as a process of its own.
 *
 * @param {string[]} options of its command line
 */
export async function spawnServer(options) {
	const script = resolve('server/cli.mjs');
	const child = spawn(process.execPath, [script, ...options], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	/** @type {unknown[]} */
	const [line] = await once(createInterface(child.stdout), 'line');
	/** @type {{ url: string, origin: string }} */
	const { url, origin } = JSON.parse(String(line));
	return { child, url, origin };
}
