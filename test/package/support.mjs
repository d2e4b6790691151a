import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { checkoutState, n8nFolder, packNode, root, unpack } from '../../sandbox/index.mjs';

/**
 * @typedef {object} PackageJson
 * @property {string} name
 * @property {string} version
 * @property {{ nodes: string[], credentials: string[] }} n8n
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {Record<string, string>} peerDependencies
 * @property {Record<string, string>} scripts
 */

/** The package as it would be published, unpacked into a folder that finds the project's n8n-workflow. */
export async function publishedPackage() {
	const folder = join(checkoutState, 'package', `test-${process.pid}`);
	await unpack(await packNode(), folder);
	const entries = await readdir(folder, { withFileTypes: true, recursive: true });
	const paths = entries
		.filter((entry) => entry.isFile())
		.map(({ parentPath, name }) => join(parentPath, name))
		.sort();
	const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
	/** @type {PackageJson} */
	const packageJson = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
	return {
		folder,
		packageJson,
		files: paths.map((path) => relative(folder, path)),
		bytes: sizes.reduce((total, size) => total + size, 0),
	};
}

/**
 * @param {string} folder
 * @param {string[]} entries
 * @returns {Promise<string[]>} the entries and every file that they need, directly or not
 */
export async function reachableFrom(folder, entries) {
	/** @type {Set<string>} */
	const reached = new Set();
	const open = [...entries];
	for (let file = open.pop(); file !== undefined; file = open.pop()) {
		if (reached.has(file)) continue;
		reached.add(file);
		const text = await readFile(join(folder, file), 'utf8');
		for (const [, target = ''] of text.matchAll(/require\(["'](\.[^"']*)["']\)/g)) {
			const path = join(dirname(file), target);
			const isFile = await stat(join(folder, `${path}.js`)).then(
				() => true,
				() => false,
			);
			open.push(isFile ? `${path}.js` : join(path, 'index.js'));
		}
	}
	return [...reached].sort();
}

/** @typedef {{ optionalDependencies?: Record<string, string> }} LockedPackage */

/**
 * npm leaves packages for other systems out of a lockfile when it is written on a machine whose registry does not have
 * them; `npm ci` then refuses that lockfile everywhere.
 *
 * @param {string} folder
 * @returns {Promise<string[]>} the optional packages that the lockfile names but does not lock
 */
async function missingFromLockfile(folder) {
	/** @type {{ packages: Record<string, LockedPackage> }} */
	const { packages } = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'));
	/**
	 * @param {string} from
	 * @param {string} name
	 * @returns {boolean} whether a package in that place finds the other one
	 */
	const finds = (from, name) => {
		if (`${from ? `${from}/` : ''}node_modules/${name}` in packages) return true;
		return (
			from !== '' && finds(from.slice(0, Math.max(0, from.lastIndexOf('node_modules/') - 1)), name)
		);
	};
	return Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
		Object.keys(optionalDependencies)
			.filter((name) => !finds(place, name))
			.map((name) => `${place}: ${name}`),
	);
}

/** The installs that lockfiles pin, each with what its lockfile lacks. */
export const lockfiles = [
	{ of: 'the project', missing: async () => await missingFromLockfile(root) },
	{ of: 'the sandbox’s n8n', missing: async () => await missingFromLockfile(n8nFolder) },
];
