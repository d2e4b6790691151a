import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureInstalled } from './install.mjs';
import { withoutProjectTools, withProjectTools } from './node24.mjs';
import { n8nFolder, node24, root } from './paths.mjs';

/** The n8n that sandbox/n8n/package-lock.json pins. */
export const n8nVersion = '2.41.1';

/**
 * What npm tells a script about the package and command it runs for would mislead an npm that works elsewhere.
 *
 * @returns {NodeJS.ProcessEnv}
 */
function npmEnvironment() {
	const foreign =
		/^(npm_(package|lifecycle)_|npm_config_(local_prefix|prefix)$|npm_command$|INIT_CWD$)/i;
	return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

/**
 * @param {string} file
 * @param {string[]} args
 * @param {string} cwd
 */
const succeeds = async (file, args, cwd) =>
	await promisify(execFile)(file, args, { cwd, timeout: 30_000 }).then(
		() => true,
		() => false,
	);

/**
 * The project's own devDependencies.
 *
 * @param {(detail: string) => void} [say]
 */
export const ensureProject = async (say) =>
	await ensureInstalled(
		{
			name: 'project',
			folder: root,
			// `node` fetches the Node binary for this machine.
			scripted: ['node'],
			essentials: ['node_modules/.bin/node', 'node_modules/.bin/tsc', 'node_modules/.bin/jest'],
			works: async () => await succeeds(node24, ['--version'], root),
			env: withoutProjectTools(npmEnvironment()),
			effort: 'this takes about a minute, once',
			todo: 'Check that npm reaches its registry (`npm ping`) and that 2 GB of disk are free, then start again.',
		},
		say,
	);

const n8nEntry = join(n8nFolder, 'node_modules', 'n8n', 'bin', 'n8n');

export const isN8nInstalled = () => existsSync(n8nEntry);

/**
 * The pinned n8n. It brings 16 packages with install scripts; a plain `npm ci` runs them all, and fails on machines
 * where one of the optional native ones cannot be built. n8n needs only sqlite3's, which fetches or builds its binary.
 *
 * @param {(detail: string) => void} [say]
 * @returns {Promise<string>} n8n's entry file
 */
export async function ensureN8n(say) {
	await ensureInstalled(
		{
			name: 'n8n',
			folder: n8nFolder,
			scripted: ['sqlite3'],
			essentials: [
				'node_modules/n8n/bin/n8n',
				'node_modules/sqlite3/build/Release/node_sqlite3.node',
			],
			works: async () => await succeeds(node24, ['-e', 'require("sqlite3")'], n8nFolder),
			env: withProjectTools(npmEnvironment()),
			effort: 'this takes 2 to 5 minutes and 3 GB, once',
			todo: 'Check that npm reaches its registry (`npm ping`), that 4 GB of disk are free and that python3, make and g++ are there (Debian, Ubuntu: `apt-get install python3 make g++`), then start again.',
		},
		say,
	);
	return n8nEntry;
}
