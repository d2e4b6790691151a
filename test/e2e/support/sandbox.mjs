import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { checkoutState, root } from '../../../sandbox/index.mjs';
import { userEnvironment } from '../../support/environment.mjs';
import { until } from '../../support/until.mjs';

/**
 * `npm start` in this checkout, with its state in a folder of its own.
 *
 * @param {string} folder
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export const npmStart = (folder, args, env = {}) =>
	npmRun(root, ['start', '--', ...args], { ...env, SANDBOX_FOLDER: folder });

/**
 * @param {string} checkout
 * @param {string[]} args of npm
 * @param {NodeJS.ProcessEnv} [env]
 */
export function npmRun(checkout, args, env = {}) {
	const child = spawn('npm', args, {
		cwd: checkout,
		env: { ...userEnvironment(), ...env },
		stdio: ['ignore', 'pipe', 'pipe'],
		detached: true,
	});
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
			output += text;
		});
	}
	/** @type {Promise<number | null>} */
	const exited = new Promise((resolve) => child.once('exit', resolve));
	return {
		exited,
		get output() {
			return output;
		},
		/** @param {NodeJS.Signals} signal to npm alone, as a service manager sends it */
		signal: (signal) => child.kill(signal),
		/** @param {string} text */
		says: async (text) =>
			await until(
				() => {
					if (output.includes(text)) return true;
					if (child.exitCode !== null)
						throw new Error(`It ended before it said “${text}”:\n${output}`);
					return undefined;
				},
				`“${text}”`,
				120_000,
			),
		/** Whatever became of the test. */
		cleanUp() {
			if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
		},
	};
}

/** @returns {Promise<string>} an empty folder for a sandbox's state */
export const newFolder = async () =>
	await mkdtemp(join(checkoutState, `e2e-${process.pid}-start-`));

/** @param {string} folder */
export const removeFolder = async (folder) => await rm(folder, { recursive: true, force: true });

/**
 * @param {string} folder
 * @returns {Promise<string[]>} the command lines of the processes that know the folder, which all of its sandbox do
 */
export async function processesOf(folder) {
	const pids = (await readdir('/proc')).filter(
		(name) => /^\d+$/.test(name) && Number(name) !== process.pid,
	);
	const found = await Promise.all(
		pids.map(async (pid) => {
			const read = async (/** @type {string} */ what) =>
				await readFile(`/proc/${pid}/${what}`, 'utf8').catch(() => '');
			const commandLine = await read('cmdline');
			return `${commandLine}\0${await read('environ')}`.includes(folder)
				? commandLine.replaceAll('\0', ' ')
				: '';
		}),
	);
	return found.filter(Boolean);
}

/**
 * @param {string} folder
 * @returns {Promise<Array<{ name: string, text: string }>>} all files in it, byte by byte
 */
export async function filesOf(folder) {
	const entries = await readdir(folder, { withFileTypes: true, recursive: true });
	return await Promise.all(
		entries
			.filter((entry) => entry.isFile())
			.map(async ({ parentPath, name }) => ({
				name,
				text: await readFile(join(parentPath, name), 'latin1'),
			})),
	);
}

/**
 * Keeps a port from being used by others, unless another process does so already.
 *
 * @param {number} port
 * @returns {Promise<() => void>} gives it back
 */
export async function takePort(port) {
	const server = createServer();
	return await new Promise((resolve) => {
		server.once('error', () => resolve(() => {}));
		server.listen(port, '127.0.0.1', () => resolve(() => server.close()));
	});
}
