import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { node24, root } from './paths.mjs';

/** n8n 2.41 needs this version or a newer one. */
const NEEDED_MAJOR = 24;

/** Whether another process already did the first part of the work and continues in this one. */
export const isContinuation = () => process.channel !== undefined;

/**
 * Goes on with the same script under the Node that the project installs, when this one is older.
 *
 * @returns {Promise<number | undefined>} that run's exit code; nothing when this Node is new enough
 */
export async function continueUnderNode24() {
	if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) return undefined;
	const [, ...script] = process.argv;
	// The channel tells the other process, by its closing, that this one is gone.
	const child = spawn(node24, script, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
	/** @type {NodeJS.Signals[]} */
	const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
	for (const signal of signals) process.on(signal, () => child.kill(signal));
	return await new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code) => resolve(code ?? 1));
	});
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv} the same, with the project's own tools and Node 24 found first
 */
export function withProjectTools(env) {
	const folders = [dirname(node24), env['PATH'] ?? ''];
	return { ...env, PATH: folders.filter(Boolean).join(':') };
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv} the same, with the machine's Node: an install must not run on what it replaces
 */
export function withoutProjectTools(env) {
	const own = join(root, 'node_modules');
	const folders = (env['PATH'] ?? '').split(':').filter((folder) => !folder.startsWith(own));
	return { ...env, PATH: folders.join(':') };
}
