import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../../sandbox/index.mjs';

const PARTS = [
	...['nodes', 'credentials', 'server', 'sandbox', 'examples'],
	...[
		'package.json',
		'package-lock.json',
		'tsconfig.json',
		'gulpfile.js',
		'README.md',
		'CHANGELOG.md',
		'LICENSE',
		'.npmrc',
	],
];
const INSTALLED = ['node_modules', join('sandbox', 'n8n', 'node_modules')];

/**
 * Copies what a developer of the node works on; what is installed is shared with this checkout.
 *
 * @param {string} folder
 */
export async function copyCheckout(folder) {
	const filter = (/** @type {string} */ file) => !file.includes('node_modules');
	const base = join(root, '/');
	for (const part of PARTS) {
		await cp(join(root, part), join(folder, part), {
			recursive: true,
			filter: (file) => filter(file.slice(base.length)),
		});
	}
	for (const part of INSTALLED) {
		await mkdir(join(folder, part, '..'), { recursive: true });
		await symlink(join(root, part), join(folder, part));
	}
}

/**
 * @param {string} file
 * @param {string} text
 * @param {string} replacement
 */
export async function edit(file, text, replacement) {
	const before = await readFile(file, 'utf8');
	if (!before.includes(text)) throw new Error(`${file} does not say “${text}”.`);
	await writeFile(file, before.replace(text, replacement));
}
