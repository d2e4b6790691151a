import { createHash } from 'node:crypto';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from './failure.mjs';
import { withLock } from './lock.mjs';
import { checkoutState } from './paths.mjs';
import { run } from './processes.mjs';

/**
 * @typedef {object} Installation
 * @property {string} name for logs and locks
 * @property {string} folder has package.json and package-lock.json
 * @property {string[]} scripted packages that are of no use until their install script has run; no other package's runs
 * @property {string[]} essentials files that must be there, from the folder
 * @property {() => Promise<boolean>} works whether what the install scripts make can be used
 * @property {NodeJS.ProcessEnv} env
 * @property {string} effort how long it takes, said while it does
 * @property {string} todo advice when it fails
 */

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {boolean} [optional]
 * @property {boolean} [extraneous] listed, but nothing needs it and `npm ci` leaves it out
 */

/**
 * @param {string} file
 * @returns {Promise<string | undefined>}
 */
const readIfThere = async (file) => await readFile(file, 'utf8').catch(() => undefined);

/** @param {string} file */
const isThere = async (file) =>
	await access(file).then(
		() => true,
		() => false,
	);

/**
 * @param {string} text of a lockfile
 * @returns {Array<[string, LockedPackage]>} without the root package
 */
function packagesIn(text) {
	/** @type {{ packages?: Record<string, LockedPackage> }} */
	const { packages = {} } = JSON.parse(text);
	return Object.entries(packages).filter(([place]) => place !== '');
}

/** @param {string} folder */
const stampOf = (folder) => join(folder, 'node_modules', '.installed');

/** @param {string} folder */
async function fingerprint(folder) {
	const lockfile = await readFile(join(folder, 'package-lock.json'));
	const digest = createHash('sha256').update(lockfile).digest('hex');
	return `${digest} ${process.platform} ${process.arch}\n`;
}

/**
 * npm writes node_modules/.package-lock.json when it is done. Where that agrees with the lockfile and the folders are
 * there, somebody has installed by hand and nothing is to be downloaded again.
 *
 * @param {string} folder
 */
async function isComplete(folder) {
	const installed = await readIfThere(join(folder, 'node_modules', '.package-lock.json'));
	if (installed === undefined) return false;
	const have = new Map(packagesIn(installed));
	const wanted = packagesIn(await readFile(join(folder, 'package-lock.json'), 'utf8'));
	for (const [place, { version, optional, extraneous }] of wanted) {
		const found = have.get(place);
		if (!found && (optional || extraneous)) continue;
		if (found?.version !== version) return false;
	}
	const places = await Promise.all(
		[...have].map(async ([place]) => await isThere(join(folder, place, 'package.json'))),
	);
	return places.every(Boolean);
}

/**
 * Installs what the folder's lockfile says, unless that was done already.
 *
 * @param {Installation} installation
 * @param {(detail: string) => void} [say]
 * @returns {Promise<void>}
 */
export async function ensureInstalled(
	{ name, folder, scripted, essentials, works, env, effort, todo },
	say,
) {
	const stamp = stampOf(folder);
	const isDone = async () =>
		(await readIfThere(stamp)) === (await fingerprint(folder)) &&
		(await Promise.all(essentials.map(async (file) => await isThere(join(folder, file))))).every(
			Boolean,
		);
	if (await isDone()) {
		say?.('installed already');
		return;
	}

	const log = join(checkoutState, 'logs', `install-${name}.log`);
	/** @param {string[]} args */
	const npm = async (args) => {
		const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
		const { code } = await run('npm', [...args, ...quiet], { cwd: folder, env, log });
		if (code !== 0) {
			throw new Failure(`\`npm ${args.join(' ')}\` in ${folder} ended with exit code ${code}.`, {
				todo,
				log,
			});
		}
	};
	await withLock(
		join(checkoutState, 'locks'),
		`install-${name}`,
		async () => {
			if (await isDone()) return;
			say?.(`installing, ${effort}`);
			await rm(stamp, { force: true });
			if (!(await isComplete(folder))) {
				// Without it an install that is cut short cannot be taken for a complete one.
				await rm(join(folder, 'node_modules', '.package-lock.json'), { force: true });
				await npm(['ci', '--ignore-scripts']);
			}
			if (!(await works())) await npm(['rebuild', '--ignore-scripts=false', ...scripted]);
			if (!(await works())) {
				throw new Failure(`${scripted.join(', ')} was installed in ${folder} but cannot be used.`, {
					todo,
					log,
				});
			}
			await writeFile(stamp, await fingerprint(folder));
		},
		(pid) => say?.(`process ${pid} is installing it, waiting`),
	);
	say?.('installed');
}
