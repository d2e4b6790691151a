import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { field } from '../values.mjs';

/** @import { Owner } from '../n8n/rest.mjs' */

/**
 * @typedef {object} Secrets
 * @property {Owner} owner
 * @property {string} apiKey for the embedded API server
 */

/** @param {number} bytes */
const random = (bytes) => randomBytes(bytes).toString('base64url');

/** @returns {Secrets} */
const freshSecrets = () => ({
	// n8n asks for a capital letter and a digit.
	owner: { email: 'owner@sandbox.example', password: `${random(9)}Aa1` },
	apiKey: `sk-sandbox-${random(24)}`,
});

/**
 * @param {unknown} value
 * @returns {value is Secrets}
 */
const isSecrets = (value) =>
	typeof field(value, 'apiKey') === 'string' &&
	typeof field(field(value, 'owner'), 'password') === 'string';

/**
 * This sandbox's own login and key, made at its first start.
 *
 * @param {string} folder
 * @returns {Promise<Secrets>}
 */
export async function sandboxSecrets(folder) {
	const file = join(folder, 'secrets.json');
	try {
		/** @type {unknown} */
		const kept = JSON.parse(await readFile(file, 'utf8'));
		if (isSecrets(kept)) return kept;
	} catch {
		// The first start, or an unreadable file: both begin anew.
	}
	const secrets = freshSecrets();
	await mkdir(folder, { recursive: true, mode: 0o700 });
	await writeFile(file, JSON.stringify(secrets), { mode: 0o600 });
	return secrets;
}
