import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from './failure.mjs';

const keeper = fileURLToPath(new URL('keeper.mjs', import.meta.url));

/** How long a process may take to end by itself before it is killed. */
const DEFAULT_GRACE_MS = 10_000;

/** @type {Set<KeptProcess>} */
const running = new Set();
let stopping = false;

/**
 * @typedef {object} KeptProcess
 * @property {number} pid of the keeper, whose end is the end of the command and of all it started
 * @property {Promise<{ code: number, output: string }>} finished never rejects
 * @property {() => Promise<void>} stop asks the command to end, kills it when it does not, returns when it is gone
 */

/**
 * Starts a command that never outlives this process, however this process ends.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {object} options
 * @param {string} options.log file that the command's output is appended to
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {boolean} [options.capture] keep standard output as `output` instead of sending it to the log
 * @param {number} [options.graceMs]
 * @returns {KeptProcess}
 */
export function startKept(
	command,
	args,
	{ log, cwd, env, capture = false, graceMs = DEFAULT_GRACE_MS },
) {
	if (stopping) throw new Failure('Stopped before this step began.');
	mkdirSync(dirname(log), { recursive: true });
	const logFile = openSync(log, 'a', 0o600);
	// An install may just have replaced the Node that runs this.
	const node = existsSync(process.execPath) ? process.execPath : 'node';
	const child = spawn(node, [keeper, String(graceMs), command, ...args], {
		cwd,
		env,
		stdio: ['pipe', capture ? 'pipe' : logFile, logFile],
		// Ctrl-C in a terminal reaches a whole group of processes; who ends what, and in which order, is decided here.
		detached: true,
	});
	closeSync(logFile);
	if (child.pid === undefined || !child.stdin) {
		throw new Failure(`${command} could not be started.`, { log });
	}
	// The keeper may be gone before it is asked to stop.
	child.stdin.on('error', () => {});
	/** @type {Buffer[]} */
	const output = [];
	child.stdout?.on('data', (/** @type {Buffer} */ chunk) => output.push(chunk));
	/** @type {KeptProcess['finished']} */
	const finished = new Promise((resolve) => {
		/** @param {number} code */
		const end = (code) => {
			running.delete(kept);
			resolve({ code, output: Buffer.concat(output).toString('utf8') });
		};
		child.once('error', () => end(127));
		child.once('close', (code) => end(code ?? 1));
	});
	const { stdin } = child;
	/** @type {KeptProcess} */
	const kept = {
		pid: child.pid,
		finished,
		async stop() {
			stdin.end();
			await finished;
		},
	};
	running.add(kept);
	return kept;
}

/**
 * Runs a command to its end.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {Parameters<typeof startKept>[2]} options
 */
export const run = async (command, args, options) =>
	await startKept(command, args, options).finished;

/** Ends everything that was started here and is still running; nothing new is started after it. */
export async function stopAll() {
	stopping = true;
	await Promise.all([...running].map(async (kept) => await kept.stop()));
}
