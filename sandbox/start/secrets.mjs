import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newOwner } from '../lib/n8n/instance.mjs';

/**
 * This sandbox's own login and key, made at its first start.
 *
 * @param {string} folder that exists
 * @returns {Promise<{ owner: ReturnType<typeof newOwner>, apiKey: string }>} the key is the embedded API server's
 */
export async function sandboxSecrets(folder) {
	const file = join(folder, 'secrets.json');
	try {
		return JSON.parse(await readFile(file, 'utf8'));
	} catch {
		const apiKey = `sk-sandbox-${randomBytes(24).toString('base64url')}`;
		const secrets = { owner: newOwner(), apiKey };
		await writeFile(file, JSON.stringify(secrets), { mode: 0o600 });
		return secrets;
	}
}
