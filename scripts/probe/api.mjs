/**
 * The API under question: plain requests, no retries, and a list of what was made so that all of it
 * can be deleted again.
 *
 * @typedef {Object} Answer
 * @property {number} status 0 when no answer came
 * @property {any} body parsed JSON, or the text
 * @property {Headers} headers
 */

/** What a conversation of the probe carries, so that one that was left behind can be recognized. */
export const TAG = { made_by: 'n8n-nodes-openai-conversation probe' };

/**
 * @param {{ baseUrl: string, apiKey: string, timeoutMs?: number }} options
 */
export function createApi({ baseUrl, apiKey, timeoutMs = 60_000 }) {
	const root = baseUrl.trim().replace(/\/+$/, '');
	/** @type {Set<string>} */
	const conversations = new Set();

	/**
	 * @param {string} method
	 * @param {string} path
	 * @param {unknown} [body]
	 * @param {Record<string, string>} [headers]
	 * @returns {Promise<Answer>}
	 */
	async function call(method, path, body, headers = {}) {
		const response = await fetch(`${root}${path}`, {
			method,
			redirect: 'manual',
			signal: AbortSignal.timeout(timeoutMs),
			headers: {
				authorization: `Bearer ${apiKey}`,
				accept: 'application/json',
				...(body === undefined ? {} : { 'content-type': 'application/json' }),
				...headers,
			},
			...(body === undefined
				? {}
				: { body: typeof body === 'string' ? body : JSON.stringify(body) }),
		});
		const text = await response.text();
		/** @type {unknown} */
		let parsed = text;
		try {
			parsed = JSON.parse(text);
		} catch {
			// The text itself says what came.
		}
		return { status: response.status, body: parsed, headers: response.headers };
	}

	return {
		call,

		/**
		 * Makes a conversation that is deleted in the end.
		 *
		 * @param {{ metadata?: Record<string, string>, items?: unknown[] }} [content]
		 * @param {Record<string, string>} [headers]
		 */
		async createConversation({ metadata = {}, items: given } = {}, headers) {
			const body = { metadata: { ...TAG, ...metadata }, ...(given ? { items: given } : {}) };
			const answer = await call('POST', '/conversations', body, headers);
			const id = answer.status === 200 ? String(answer.body.id) : '';
			if (id !== '') conversations.add(id);
			return { ...answer, id };
		},

		/**
		 * Deletes everything that was made: the items first, because a deleted conversation leaves them.
		 *
		 * @returns {Promise<string[]>} the conversations that could not be deleted
		 */
		async deleteAll() {
			const left = [];
			for (const id of conversations) {
				try {
					const list = await call('GET', `/conversations/${id}/items?limit=100`);
					for (const item of list.body?.data ?? []) {
						await call('DELETE', `/conversations/${id}/items/${encodeURIComponent(item.id)}`);
					}
					const { status } = await call('DELETE', `/conversations/${id}`);
					if (status === 200 || status === 404) conversations.delete(id);
					else left.push(id);
				} catch {
					left.push(id);
				}
			}
			return left;
		},
	};
}

/** @typedef {ReturnType<typeof createApi>} Api */
