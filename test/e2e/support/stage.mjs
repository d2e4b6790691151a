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
