import { join } from 'node:path';
import execa from 'execa';
import { root } from '../../sandbox/index.mjs';
import { userEnvironment } from '../support/environment.mjs';

/**
 * @param {string} file
 * @param {string[]} args
 * @returns {Promise<string>} what the program objects to; empty when it is content
 */
export async function objections(file, ...args) {
	const { exitCode, all } = await execa(file, args, {
		all: true,
		cwd: root,
		env: { ...userEnvironment(), FORCE_COLOR: '0' },
		extendEnv: false,
		preferLocal: true,
		localDir: join(root),
		reject: false,
	});
	return exitCode === 0 ? '' : (all ?? `${file} ended with exit code ${exitCode}`);
}
