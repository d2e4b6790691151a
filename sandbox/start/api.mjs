import OpenAI from 'openai';
import { startServer } from '../../server/index.mjs';
import { Failure, messageOf } from '../lib/failure.mjs';
import { freePort } from '../lib/ports.mjs';

const OPENAI = 'https://api.openai.com/v1';
const PREFERRED_PORT = 4010;

/**
 * @param {string} text
 * @param {string} apiKey
 * @returns {string} the text, or a stand-in when it repeats a part of the key, as an API may when it refuses one
 */
export function withoutKey(text, apiKey) {
	for (let start = 0; start + 5 <= apiKey.length; start++) {
		if (text.includes(apiKey.slice(start, start + 5)))
			return '(not shown: it repeats a part of the key)';
	}
	return text;
}

/** @param {{ baseUrl: string, apiKey: string }} api */
function clientOf({ baseUrl, apiKey }) {
	const client = new OpenAI({
		apiKey,
		baseURL: baseUrl,
		maxRetries: 0,
		timeout: 60_000,
		// The key is for this address only.
		fetchOptions: { redirect: 'error' },
	});

	/**
	 * @template T
	 * @param {(conversations: OpenAI['conversations']) => Promise<T>} ask
	 * @returns {Promise<T>}
	 */
	return async (ask) => {
		try {
			return await ask(client.conversations);
		} catch (error) {
			const names = baseUrl === OPENAI ? 'OPENAI_API_KEY' : 'OPENAI_API_KEY and OPENAI_API_BASE';
			const todo = `Check ${names}. To use the embedded API server instead, unset OPENAI_API_KEY.`;
			const status = error instanceof OpenAI.APIError ? error.status : undefined;
			const what =
				status === undefined
					? `The API at ${baseUrl} could not be used`
					: `The API at ${baseUrl} answered with ${status}`;
			throw new Failure(`${what}: ${withoutKey(messageOf(error), apiKey)}`, { todo });
		}
	};
}

/**
 * @param {string} apiKey
 * @param {string} file in which it keeps its conversations, so that they outlive a restart as n8n's workflows and tables do
 * @param {(text: string) => void} note
 */
async function embeddedApi(apiKey, file, note) {
	const port = await freePort(PREFERRED_PORT);
	if (port !== PREFERRED_PORT)
		note(`Port ${PREFERRED_PORT} is taken; the API server uses ${port} instead.`);
	const server = await startServer({ port, apiKeys: [apiKey], persistTo: file });
	return {
		baseUrl: server.url,
		apiKey,
		description: `the embedded API server at ${server.url} (set OPENAI_API_KEY to use OpenAI’s)`,
		/** @returns {Array<{ method: string, path: string, bodyText: string }> | undefined} where that can be seen */
		received: () => server.requests,
		isEmbedded: true,
		/** Keeps what it has. */
		close: async () => await server.close(),
	};
}

/**
 * The API that the sandbox works with: the one that OPENAI_API_KEY is for, or else the embedded one.
 *
 * @param {string} sandboxKey the embedded server's
 * @param {string} file in which the embedded server keeps its conversations
 * @param {(text: string) => void} note
 */
export async function openApi(sandboxKey, file, note) {
	const apiKey = process.env['OPENAI_API_KEY']?.trim();
	const base = process.env['OPENAI_API_BASE']?.trim();
	if (!apiKey) {
		if (base) note('OPENAI_API_BASE is set without OPENAI_API_KEY and so has no effect.');
		const api = await embeddedApi(sandboxKey, file, note);
		return { ...api, ask: clientOf(api) };
	}
	const baseUrl = (base || OPENAI).replace(/\/+$/, '');
	if (!/^https?:$/.test(URL.parse(baseUrl)?.protocol ?? '')) {
		throw new Failure('OPENAI_API_BASE is not an http(s) address.', {
			todo: `Set it to one such as ${OPENAI}, or unset it.`,
		});
	}
	return {
		baseUrl,
		apiKey,
		description: `${baseUrl}, with the key from OPENAI_API_KEY (unset it to use the embedded API server)`,
		received: () => undefined,
		isEmbedded: false,
		close: async () => {},
		ask: clientOf({ baseUrl, apiKey }),
	};
}

/** @typedef {Awaited<ReturnType<typeof openApi>>} Api */
