import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../../sandbox/index.mjs';

/**
 * @typedef {object} Locked
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {string} [resolved]
 * @property {boolean} [link]
 * @property {boolean} [hasInstallScript]
 */

/** Where the lockfiles are, from the checkout. */
export const LOCKFILES = [
	'package-lock.json',
	'sandbox/n8n/package-lock.json',
	'sandbox/n8n-1/package-lock.json',
];

/**
 * @param {string} lockfile
 * @returns {Promise<{ lockfileVersion: number, packages: Array<[place: string, locked: Locked]> }>} without the root
 */
export async function readLockfile(lockfile) {
	/** @type {{ lockfileVersion: number, packages: Record<string, Locked> }} */
	const { lockfileVersion, packages } = JSON.parse(await readFile(join(root, lockfile), 'utf8'));
	return { lockfileVersion, packages: Object.entries(packages).filter(([place]) => place !== '') };
}

/** @param {string} place such as `node_modules/a/node_modules/@b/c` */
export const nameAt = (place) =>
	place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** @returns {Promise<Record<string, boolean>>} of the project's package.json: package, and whether its script may run */
export async function allowScripts() {
	/** @type {{ allowScripts: Record<string, boolean> }} */
	const packageJson = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
	return packageJson.allowScripts;
}

/**
 * The table of install scripts in docs/reliability.md.
 *
 * @returns {Promise<Array<{ lockfile: string, name: string, runs: boolean }>>}
 */
export async function documentedScripts() {
	const text = await readFile(join(root, 'docs', 'reliability.md'), 'utf8');
	const rows = text.matchAll(/^\| `([^`]*package-lock\.json)` \| `([^`]+)` \| (yes|no) \|/gm);
	return [...rows].map(([, lockfile = '', name = '', runs]) => ({
		lockfile,
		name,
		runs: runs === 'yes',
	}));
}
