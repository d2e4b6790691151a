import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from './failure.mjs';
import { withLock } from './lock.mjs';
import { n8nFolder, node24, root } from './paths.mjs';

// This runs before anything is installed: it may import nothing but Node's own modules.

const runProgram = promisify(execFile);

/** npm passes on that it was told to end; an install that goes on alone would disturb the next one. */
const stopped = new AbortController();
process.once('SIGTERM', () => stopped.abort());

/**
 * @typedef {object} Installation
 * @property {string} folder has package.json and package-lock.json
 * @property {string[]} scripted packages that are of no use until their install script has run; no other package's runs
 * @property {() => Promise<boolean>} works whether what the install scripts make can be used
 * @property {NodeJS.ProcessEnv} env
 * @property {string} effort how long it takes, said while it does
 * @property {string} todo advice when it fails
 */

/** @typedef {{ version?: string, optional?: boolean, extraneous?: boolean }} LockedPackage */

/** @typedef {(detail: string) => void} Say */

/**
 * npm writes node_modules/.package-lock.json when it is done. Where that agrees with the lockfile, somebody has
 * installed by hand and nothing is to be downloaded again.
 *
 * @param {string} folder
 */
async function isComplete(folder) {
	/** @param {string} file @returns {Promise<Map<string, LockedPackage>>} by place */
	const packagesIn = async (file) =>
		new Map(Object.entries(JSON.parse(await readFile(join(folder, file), 'utf8')).packages));
	const have = await packagesIn('node_modules/.package-lock.json').catch(() => undefined);
	const wanted = await packagesIn('package-lock.json');
	wanted.delete('');
	return [...wanted].every(([place, { version, optional, extraneous }]) =>
		have?.has(place) ? have.get(place)?.version === version : optional || extraneous,
	);
}

/**
 * Installs what the folder's lockfile says, unless that was done already.
 *
 * @param {Installation} installation
 * @param {Say} [say]
 * @returns {Promise<void>}
 */
export async function ensureInstalled({ folder, scripted, works, env, effort, todo }, say) {
	const modules = join(folder, 'node_modules');
	const stamp = join(modules, '.installed');
	const lockfile = await readFile(join(folder, 'package-lock.json'));
	const digest = createHash('sha256').update(lockfile).digest('hex');
	const fingerprint = `${digest} ${process.platform} ${process.arch}\n`;
	const isDone = async () => (await readFile(stamp, 'utf8').catch(() => '')) === fingerprint;

	/** @param {string[]} args */
	async function npm(...args) {
		const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
		const { signal } = stopped;
		await runProgram('npm', [...args, ...quiet], { cwd: folder, env, signal }).catch((cause) => {
			throw new Failure(`\`npm ${args.join(' ')}\` in ${folder} did not succeed.`, { todo, cause });
		});
	}

	async function install() {
		if (await isDone()) return;
		say?.(`installing, ${effort}`);
		await rm(stamp, { force: true });
		if (!(await isComplete(folder))) {
			if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) {
				throw new Failure(`${modules} is a link, and npm would empty the folder it leads to.`, {
					todo: 'Remove the link, or run `npm ci` where it leads to.',
				});
			}
			await npm('ci', '--ignore-scripts');
		}
		if (!(await works())) await npm('rebuild', '--ignore-scripts=false', ...scripted);
		if (!(await works())) {
			throw new Failure(`${scripted.join(', ')} in ${folder} cannot be used.`, { todo });
		}
		await writeFile(stamp, fingerprint);
	}

	if (!(await isDone())) {
		await withLock(modules, install, (pid) => say?.(`process ${pid} is installing it, waiting`));
	}
	say?.('installed');
}

/** @param {string} cwd @param {string[]} args of the Node that the project brings */
const nodeSucceeds = async (cwd, ...args) =>
	await runProgram(node24, args, { cwd, timeout: 30_000 }).then(
		() => true,
		() => false,
	);

/**
 * The environment for an npm at work in some folder, without what the npm that runs this says of its own work.
 *
 * @param {string[]} programs folders to find programs in first
 * @returns {NodeJS.ProcessEnv}
 */
function npmEnvironment(...programs) {
	const foreign =
		/^(npm_(package|lifecycle)_|npm_config_(local_prefix|prefix)$|npm_command$|INIT_CWD$)/i;
	const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
	// The machine's own Node: an install must not run on what it replaces.
	const others = process.env['PATH']?.split(':').filter((each) => !each.startsWith(root)) ?? [];
	return { ...Object.fromEntries(own), PATH: [...programs, ...others].join(':') };
}

/**
 * The project's own devDependencies.
 *
 * @param {Say} [say]
 */
export const ensureProject = async (say) =>
	await ensureInstalled(
		{
			folder: root,
			// It fetches the Node binary for this machine.
			scripted: ['node'],
			works: async () => await nodeSucceeds(root, '--version'),
			env: npmEnvironment(),
			effort: 'this takes one to five minutes, once',
			todo: 'Check that npm reaches its registry (`npm ping`) and that 2 GB of disk are free, then start again.',
		},
		say,
	);

/** The version that sandbox/n8n pins. */
export const n8nVersion = JSON.parse(readFileSync(join(n8nFolder, 'package.json'), 'utf8'))
	.dependencies.n8n;

/**
 * A pinned n8n. It brings 16 packages with install scripts; a plain `npm ci` runs them all, and fails on machines where
 * one of the optional native ones cannot be built. n8n needs only sqlite3's, which fetches or builds its binary.
 *
 * @param {Say} [say]
 * @param {string} [folder] where it is pinned
 * @returns {Promise<string>} n8n's entry file
 */
export async function ensureN8n(say, folder = n8nFolder) {
	await ensureInstalled(
		{
			folder,
			scripted: ['sqlite3'],
			works: async () => await nodeSucceeds(folder, '-e', 'require("sqlite3")'),
			env: npmEnvironment(dirname(node24)),
			effort: 'this takes 2 to 8 minutes and 3 GB, once',
			todo: 'Check that npm reaches its registry (`npm ping`), that 4 GB of disk are free and that python3, make and g++ are there (Debian, Ubuntu: `apt-get install python3 make g++`), then start again.',
		},
		say,
	);
	return join(folder, 'node_modules', 'n8n', 'bin', 'n8n');
}
