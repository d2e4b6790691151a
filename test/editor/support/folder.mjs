import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkoutState } from '../../../sandbox/lib/paths.mjs';

/** @returns {Promise<string>} an empty folder for an n8n of one's own */
export async function newFolder() {
	await mkdir(checkoutState, { recursive: true });
	return await mkdtemp(join(checkoutState, 'editor-'));
}

/** @param {string} folder */
export const removeFolder = async (folder) => await rm(folder, { recursive: true, force: true });
