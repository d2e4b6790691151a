import { startServer } from '../../../server/index.mjs';
import { Failure } from '../failure.mjs';
import { freePort } from '../ports.mjs';
import { at, field } from '../values.mjs';

const OPENAI = 'https://api.openai.com/v1';
const PREFERRED_PORT = 4010;

/**
 * @typedef {object} Api
 * @property {string} baseUrl
 * @property {string} apiKey
 * @property {string} description
 * @property {() => Array<{ method: string, path: string, body: string }>} [received] what it was asked, where that can
 *   be seen
 * @property {(method: string, path: string, body?: unknown) => Promise<unknown>} call
 * @property {() => Promise<void>} close
 */

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

/**
 * @param {string} baseUrl
 * @param {string} apiKey
 * @returns {Api['call']}
 */
const caller = (baseUrl, apiKey) => async (method, path, body) => {
	const asked = `${method} ${baseUrl}${path}`;
	const todo =
		baseUrl === OPENAI
			? 'Check OPENAI_API_KEY, or unset it to use the embedded API server.'
			: 'Check OPENAI_API_KEY and OPENAI_API_BASE, or unset both to use the embedded API server.';
	/** @type {Response} */
	let response;
	try {
		response = await fetch(`${baseUrl}${path}`, {
			method,
			// The key is for this address only.
			redirect: 'error',
			headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
			...(body !== undefined && { body: JSON.stringify(body) }),
			signal: AbortSignal.timeout(60_000),
		});
	} catch (error) {
		const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
		throw new Failure(`The API could not be reached: ${asked}`, { todo, cause });
	}
	const text = await response.text();
	/** @type {unknown} */
	let answer;
	try {
		answer = JSON.parse(text);
	} catch {
		answer = undefined;
	}
	if (!response.ok || typeof answer !== 'object') {
		const message = withoutKey(
			String(at(answer, 'error', 'message') ?? text.slice(0, 200)),
			apiKey,
		);
		throw new Failure(`The API answered ${asked} with ${response.status}: ${message}`, { todo });
	}
	return answer;
};

/**
 * @param {string} apiKey
 * @param {(text: string) => void} note
 * @returns {Promise<Api>}
 */
async function embeddedApi(apiKey, note) {
	const port = await freePort(PREFERRED_PORT);
	if (port !== PREFERRED_PORT)
		note(`Port ${PREFERRED_PORT} is taken; the API server uses ${port} instead.`);
	const server = await startServer({ port, apiKeys: [apiKey] });
	return {
		baseUrl: server.url,
		apiKey,
		description: `the embedded API server at ${server.url} (set OPENAI_API_KEY to use OpenAI’s)`,
		received: () =>
			server.requests.map(({ method, path, bodyText }) => ({ method, path, body: bodyText })),
		call: caller(server.url, apiKey),
		close: async () => await server.close(),
	};
}

/**
 * The API that the sandbox works with: the one that OPENAI_API_KEY is for, or else the embedded one.
 *
 * @param {object} options
 * @param {NodeJS.ProcessEnv} options.env
 * @param {string} options.sandboxKey the embedded server's
 * @param {(text: string) => void} options.note
 * @returns {Promise<Api>}
 */
export async function openApi({ env, sandboxKey, note }) {
	const apiKey = env['OPENAI_API_KEY']?.trim();
	const base = env['OPENAI_API_BASE']?.trim();
	if (!apiKey) {
		if (base) note('OPENAI_API_BASE is set without OPENAI_API_KEY and so has no effect.');
		return await embeddedApi(sandboxKey, note);
	}
	const baseUrl = (base || OPENAI).replace(/\/+$/, '');
	if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol)) {
		throw new Failure('OPENAI_API_BASE is not an http(s) address.', {
			todo: `Set it to one such as ${OPENAI}, or unset it.`,
		});
	}
	return {
		baseUrl,
		apiKey,
		description: `${baseUrl}, with the key from OPENAI_API_KEY (unset it to use the embedded API server)`,
		call: caller(baseUrl, apiKey),
		close: async () => {},
	};
}

/**
 * @param {unknown} conversation
 * @returns {string}
 */
export function idOf(conversation) {
	const id = field(conversation, 'id');
	if (typeof id !== 'string') throw new Failure('The API’s answer holds no conversation ID.');
	return id;
}
