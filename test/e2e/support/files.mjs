import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { filesFolder } from '../../../sandbox/index.mjs';

/**
 * @param {string} n8nFolder n8n's own folder
 * @returns {Promise<Map<string, string>>} name and text of the files that workflows wrote
 */
export async function savedFiles(n8nFolder) {
	const folder = filesFolder(n8nFolder);
	const names = await readdir(folder);
	return new Map(
		await Promise.all(
			names.map(
				async (name) => /** @type {const} */ ([name, await readFile(join(folder, name), 'utf8')]),
			),
		),
	);
}
