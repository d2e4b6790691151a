import { setTimeout as wait } from 'node:timers/promises';
import { startServer } from '../../../server/index.mjs';
import { n8nUnderTest } from './underTest.mjs';
import { CREDENTIAL_TYPE, newKey } from './workflows.mjs';

/** What one test file plays on: the n8n that all share, an API server of its own, and credentials for it in n8n. */
export async function setStage() {
	const n8n = n8nUnderTest();
	const apiKey = newKey();
	const api = await startServer({ apiKeys: [apiKey] });

	/**
	 * @param {string} key
	 * @returns {Promise<{ id: string, name: string }>}
	 */
	async function credentialWith(key) {
		const name = `Key for ${api.url}`;
		const data = { apiKey: key, baseUrl: api.url, authentication: 'bearer' };
		return { name, id: await n8n.createCredential({ name, type: CREDENTIAL_TYPE, data }) };
	}

	return {
		n8n,
		api,
		/** The key that the server accepts. */
		apiKey,
		credential: await credentialWith(apiKey),
		credentialWith,
		close: async () => await api.close(),
	};
}

/** @typedef {Awaited<ReturnType<typeof setStage>>} Stage */

/**
 * @template T
 * @param {() => T | undefined | Promise<T | undefined>} look
 * @param {string} what is waited for
 * @param {number} [ms] how long at most
 * @returns {Promise<T>} the first thing seen
 */
export async function eventually(look, what, ms = 15_000) {
	const deadline = Date.now() + ms;
	for (;;) {
		const seen = await look();
		if (seen !== undefined) return seen;
		if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
		await wait(50);
	}
}
