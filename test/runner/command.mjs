import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { withProjectTools } from '../../sandbox/lib/node24.mjs';
import { checkoutState, root } from '../../sandbox/lib/paths.mjs';
import { startKept } from '../../sandbox/lib/processes.mjs';
import { oneFailed, onePassed } from './outcome.mjs';

/** @import { Outcome } from './outcome.mjs' */

const DEFAULT_LIMIT_MINUTES = 20;

/**
 * Runs a program of the project.
 *
 * @param {string} layer names the log
 * @param {string} program from node_modules/.bin
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, limitMinutes?: number }} [options] env: in addition; limitMinutes: what takes
 *   longer hangs, is ended and has failed
 * @returns {Promise<{ code: number, text: string }>}
 */
export async function runProgram(
	layer,
	program,
	args,
	{ env, limitMinutes = DEFAULT_LIMIT_MINUTES } = {},
) {
	const log = join(checkoutState, 'logs', `test-${layer}.log`);
	await rm(log, { force: true });
	const kept = startKept(program, args, {
		cwd: root,
		env: { ...withProjectTools(process.env), FORCE_COLOR: '0', ...env },
		log,
		capture: true,
	});
	let hung = '';
	const limit = setTimeout(() => {
		hung = `It was ended after ${limitMinutes} minutes.`;
		void kept.stop();
	}, limitMinutes * 60_000);
	const { code, output } = await kept.finished;
	clearTimeout(limit);
	const text = [hung, output, await readFile(log, 'utf8')].filter(Boolean).join('\n');
	return { code: hung ? 1 : code, text: stripVTControlCharacters(text).trim() };
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
