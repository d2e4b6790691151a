import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import execa from 'execa';
import { node24, root } from './paths.mjs';

/** How long a program may take to end by itself before it is killed. */
const GRACE_MS = 10_000;

/**
 * @typedef {object} Program
 * @property {number | undefined} pid
 * @property {Promise<{ code: number, output: string }>} ended never rejects
 * @property {() => Promise<void>} stop asks the program to end, kills it when it does not, returns when it is gone
 */

/**
 * Starts a program, which finds the project's own programs first. It ends with this process.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {object} options
 * @param {string} options.log file that the program's output is appended to
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env] the whole environment; default: this process's
 * @param {boolean} [options.capture] keep standard output as `output` instead of sending it to the log
 * @returns {Program}
 */
export function start(file, args, { log, cwd = root, env = process.env, capture = false }) {
	mkdirSync(dirname(log), { recursive: true });
	const out = openSync(log, 'a', 0o600);
	const child = execa(file, args, {
		cwd,
		env,
		extendEnv: false,
		preferLocal: true,
		localDir: root,
		execPath: node24,
		reject: false,
		stripFinalNewline: false,
		stdio: ['ignore', capture ? 'pipe' : out, out],
	});
	closeSync(out);
	const ended = child.then(({ exitCode, stdout }) => ({
		code: exitCode ?? 1,
		output: stdout ?? '',
	}));
	return {
		pid: child.pid,
		ended,
		async stop() {
			child.kill('SIGTERM', { forceKillAfterTimeout: GRACE_MS });
			await ended;
		},
	};
}

/**
 * Runs a program to its end.
 *
 * @param {Parameters<typeof start>} call
 */
export const run = async (...call) => await start(...call).ended;
