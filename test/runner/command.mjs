import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { withProjectTools } from '../../sandbox/lib/node24.mjs';
import { checkoutState, root } from '../../sandbox/lib/paths.mjs';
import { run } from '../../sandbox/lib/processes.mjs';
import { oneFailed, onePassed } from './outcome.mjs';

/** @import { Outcome } from './outcome.mjs' */

/**
 * Runs a program of the project.
 *
 * @param {string} layer names the log
 * @param {string} program from node_modules/.bin
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] in addition
 * @returns {Promise<{ code: number, text: string }>}
 */
export async function runProgram(layer, program, args, env = {}) {
	const log = join(checkoutState, 'logs', `test-${layer}.log`);
	await rm(log, { force: true });
	const { code, output } = await run(program, args, {
		cwd: root,
		env: { ...withProjectTools(process.env), FORCE_COLOR: '0', ...env },
		log,
		capture: true,
	});
	return { code, text: stripVTControlCharacters(`${output}\n${await readFile(log, 'utf8')}`).trim() };
}

/**
 * A check that passes or fails as a whole.
 *
 * @param {string} layer
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<Outcome>}
 */
export async function checkByProgram(layer, program, args) {
	const { code, text } = await runProgram(layer, program, args);
	return code === 0 ? onePassed() : oneFailed(text);
}
