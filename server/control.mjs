/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { SandboxServer } from './index.mjs' */
/** @import { FaultRule, JsonObject, Plan, ToolCall } from './types.mjs' */
import { readSettings } from './settings.mjs';
import { isObject } from './validate.mjs';

export const CONTROL_PATH = '/_sandbox/';

/**
 * The control plane, for tests that run the server in another process:
 *
 * - `GET requests?since=INDEX` → `{ requests }`
 * - `GET stats` → counts
 * - `GET conversations` → `{ conversations }` with their items; `GET conversations/{id}` → one
 * - `POST conversations` → `{ conversations }`: a seed `{ id?, metadata?, items? }`, an array of
 *   them, or `{ count, metadata? }`
 * - `POST faults` a rule or an array; `path` a string or `{ regex, flags? }`, `times` a number or
 *   `"Infinity"`, `bodyBase64` for bytes
 * - `POST settings` any of the `Settings` in `types.mjs`, in JSON
 * - `POST model` `{ nextToolCall?, plan? }`: a tool call; a `Plan` of `types.mjs` or an array of
 *   them, `times` as with faults
 * - `POST lock` `{ conversation, ms }`: keeps every other writer from the conversation
 * - `POST finish`: finishes the responses that are being made
 * - `POST reset`
 *
 * It takes no key, and answers loopback only. What it does is neither recorded nor counted.
 *
 * @param {() => SandboxServer} server
 */
export function createControl(server) {
	/** @type {Record<string, (body: unknown, argument: string | undefined, query: URLSearchParams) => unknown>} */
	const actions = {
		'GET requests': (_body, _argument, query) => ({
			requests: server().requests.filter(({ index }) => index >= Number(query.get('since') ?? 0)),
		}),
		'GET stats': () => stats(server()),
		'GET conversations': (_body, id) => {
			if (id === undefined) return { conversations: [...server().store.conversations.values()] };
			return server().store.getConversation(id) ?? fail(`There is no conversation ${id}`);
		},
		'POST conversations': (body) => ({
			conversations: readSeeds(body).map((seed) => server().store.createConversation(seed)),
		}),
		'POST faults': (body) => ({ queued: server().faults([body].flat().map(readRule)).length }),
		'POST settings': (body) => {
			server().configure(readSettings(body));
			return server().settings;
		},
		'POST model': (body) => {
			const { nextToolCall, plan } = objectOf(body);
			const { model } = server();
			if (nextToolCall !== undefined) model.nextToolCall = readToolCall(nextToolCall);
			const plans = plan === undefined ? 0 : model.plan(...[plan].flat().map(readPlan));
			return { queued: model.toolCalls.length + plans };
		},
		'POST lock': (body) => {
			const { conversation, ms } = objectOf(body);
			if (typeof conversation !== 'string' || typeof ms !== 'number')
				return fail('Expected a conversation and ms');
			server().lockConversation(conversation, ms);
			return {};
		},
		'POST finish': () => {
			server().finishResponses();
			return {};
		},
		'POST reset': () => {
			server().reset();
			return {};
		},
	};

	/**
	 * @param {IncomingMessage} message
	 * @param {ServerResponse} response
	 */
	return async function control(message, response) {
		/** @param {number} status @param {unknown} body */
		const reply = (status, body) => {
			response.writeHead(status, { 'content-type': 'application/json' });
			response.end(
				JSON.stringify(body, (_key, value) => (value === Infinity ? 'Infinity' : value)),
			);
		};
		if (!isLoopback(message.socket.remoteAddress)) return reply(403, { error: 'Loopback only' });
		const url = new URL(message.url ?? '', 'http://localhost');
		const [name, argument] = url.pathname.slice(CONTROL_PATH.length).split('/');
		const action = actions[`${message.method} ${name}`];
		if (!action) return reply(404, { error: `Unknown: ${message.method} ${url.pathname}` });
		try {
			/** @type {Buffer[]} */
			const pieces = [];
			for await (const piece of message) pieces.push(piece);
			const text = Buffer.concat(pieces).toString();
			reply(200, action(text === '' ? {} : JSON.parse(text), argument, url.searchParams));
		} catch (error) {
			reply(400, { error: error instanceof Error ? error.message : String(error) });
		}
	};
}

/** @param {string | undefined} address */
const isLoopback = (address = '') => /^(::ffff:)?127\.|^::1$/.test(address);

/** @param {SandboxServer} server */
function stats(server) {
	const {
		requestCount,
		inFlight,
		maxInFlight,
		maxInFlightPerConversation,
		connections,
		openSockets,
		store,
	} = server;
	return {
		requests: requestCount,
		inFlight,
		maxInFlight,
		maxInFlightPerConversation,
		connections,
		openSockets,
		conversations: store.conversations.size,
		items: store.items.size,
	};
}

/**
 * @param {unknown} body
 * @returns {{ id?: string, metadata?: Record<string, string>, items?: JsonObject[] }[]}
 */
function readSeeds(body) {
	return [body].flat().flatMap((each) => {
		const { id, metadata, items, count } = objectOf(each);
		const seed = {
			...(typeof id === 'string' ? { id } : {}),
			...(isObject(metadata)
				? {
						metadata: Object.fromEntries(
							Object.entries(metadata).map(([key, value]) => [key, String(value)]),
						),
					}
				: {}),
			...(Array.isArray(items) ? { items: items.filter(isObject) } : {}),
		};
		return Array.from({ length: typeof count === 'number' ? count : 1 }, () => seed);
	});
}

/**
 * @param {unknown} body
 * @returns {FaultRule}
 */
function readRule(body) {
	const { bodyBase64, match, times, ...rest } = objectOf(body);
	const { path, ...others } = objectOf(match ?? {});
	const pattern = isObject(path)
		? new RegExp(String(path['regex']), String(path['flags'] ?? ''))
		: path;
	return {
		...rest,
		...(times === undefined ? {} : { times: Number(times) }),
		match: {
			...others,
			...(typeof pattern === 'string' || pattern instanceof RegExp ? { path: pattern } : {}),
		},
		...(typeof bodyBase64 === 'string' ? { body: Buffer.from(bodyBase64, 'base64') } : {}),
	};
}

/**
 * @param {unknown} value
 * @returns {ToolCall}
 */
function readToolCall(value) {
	const { name, arguments: values } = objectOf(value);
	if (!isObject(values) && typeof values !== 'string')
		return fail('nextToolCall.arguments: an object or a text');
	return { arguments: values, ...(typeof name === 'string' ? { name } : {}) };
}

/**
 * @param {unknown} value
 * @returns {Plan}
 */
function readPlan(value) {
	const { times, ...plan } = objectOf(value);
	return { ...plan, ...(times === undefined ? {} : { times: Number(times) }) };
}

/** @param {unknown} value */
const objectOf = (value) => (isObject(value) ? value : fail('Expected a JSON object'));

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
	throw new TypeError(message);
}
