/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { AddressInfo, Socket } from 'node:net' */
/** @import { Answer, FaultRule, HeaderPair, RequestRecord, Settings } from './types.mjs' */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import { json } from './answers.mjs';
import { authenticate } from './auth.mjs';
import { ApiError, rateLimited } from './errors.mjs';
import { CONTROL_PATH, createControl } from './control.mjs';
import { createChat } from './chat.mjs';
import { createConversations } from './conversations.mjs';
import { createExchange } from './exchange.mjs';
import { createFaults } from './faults.mjs';
import { createIds } from './ids.mjs';
import { createJournal } from './journal.mjs';
import { createLimiter } from './limiter.mjs';
import { createLocks } from './locks.mjs';
import { createModels } from './models.mjs';
import { createModel } from './model/model.mjs';
import { createPersistence } from './persistence.mjs';
import { createResponses } from './responses/calls.mjs';
import { settingsFrom } from './settings.mjs';
import { createStore } from './store.mjs';
import { createTimers } from './timers.mjs';

export { conversationLocked, insufficientQuota, rateLimited } from './errors.mjs';

/**
 * @typedef {ServerParts & Partial<Settings>} ServerOptions
 *
 * @typedef {Object} ServerParts
 * @property {number} [port] default 0: any free one
 * @property {string} [host] default 127.0.0.1
 * @property {string} [basePath] default `/v1`
 * @property {readonly string[]} [apiKeys] the keys that are accepted, default one: `sk-test-sandbox`
 * @property {(() => number) | undefined} [random] seeded numbers from 0 up to 1, for IDs that repeat
 * @property {string} [persistTo] a file in which conversations outlive the server
 * @property {() => number} [now] milliseconds, for the status and the keeping of background responses
 * @property {boolean | 'light'} [record] true (default) keeps each request; 'light' forgets headers
 *   and bodies once a request has ended; false keeps only the counts
 */

/**
 * Starts a stand-in for OpenAI's Conversations API.
 *
 * @param {ServerOptions} [options]
 */
export async function startServer(options = {}) {
	const {
		port = 0,
		host = '127.0.0.1',
		basePath = '/v1',
		apiKeys = ['sk-test-sandbox'],
		record = true,
		now = () => performance.now(),
	} = options;
	const settings = settingsFrom(options);
	const ids = createIds(options.random);
	const persistence =
		options.persistTo === undefined ? undefined : createPersistence(options.persistTo);
	const store = createStore(ids, () => persistence?.schedule(store));
	await persistence?.load(store);
	const faults = createFaults(basePath);
	const journal = createJournal(record);
	const timers = createTimers();
	/** What goes on after an answer, and ends with a reset. */
	const later = createTimers();
	const locks = createLocks();
	const model = createModel();
	const responses = createResponses({ model, ids, store, locks, settings, later, now });
	/** @type {((request: RequestRecord, segments: string[], atOnce: boolean) => Answer | Promise<Answer> | undefined)[]} */
	const apis = [
		createConversations({ store, ids, locks, settings }),
		createModels(),
		createChat({ model, ids }),
		responses.answer,
	];
	/** @type {ReturnType<typeof createLimiter> | undefined} */
	let limiter;
	/** @type {Set<Socket>} */
	const sockets = new Set();
	let connections = 0;
	/** @type {Promise<void> | undefined} */
	let closing;

	/** @param {Partial<Settings>} changes `rateLimit`, also undefined, starts with a full bucket */
	function configure(changes) {
		if ('rateLimit' in changes) limiter = changes.rateLimit && createLimiter(changes.rateLimit);
		Object.assign(settings, changes);
	}
	configure({ rateLimit: settings.rateLimit });

	/**
	 * @param {RequestRecord} request
	 * @param {boolean} atOnce without the model's time
	 * @returns {Answer | Promise<Answer>}
	 */
	function genuineAnswer(request, atOnce) {
		authenticate(request.headers, apiKeys);
		const wait = limiter?.take();
		if (wait) throw rateLimited(wait);
		const segments = pathSegments(request.path, basePath);
		for (const api of segments ? apis : []) {
			const found = api(request, segments ?? [], atOnce);
			if (found) return found;
		}
		throw new ApiError(404, `Invalid URL (${request.method} ${request.path})`);
	}

	/** @param {RequestRecord} request */
	async function answer(request) {
		try {
			return await genuineAnswer(request, false);
		} catch (error) {
			return refusal(error);
		}
	}

	/** @param {RequestRecord} request */
	function answerAtOnce(request) {
		try {
			const found = genuineAnswer(request, true);
			if (found instanceof Promise) throw new TypeError('This answer takes time');
			return found;
		} catch (error) {
			return refusal(error);
		}
	}

	const serve = createExchange({
		settings,
		ids,
		journal,
		timers,
		later,
		answer,
		answerAtOnce,
		takeFault: (request) => faults.take(request),
		limitHeaders: ({ path }) =>
			limiter?.headers() ?? (path.startsWith(`${basePath}/responses`) ? WIDE_LIMIT : []),
	});

	/**
	 * @param {IncomingMessage} message
	 * @param {ServerResponse} response
	 */
	function receive(message, response) {
		if (message.url?.startsWith(CONTROL_PATH)) return void control(message, response);
		const request = journal.open(message);
		/** @param {unknown} error a fault of this server, never of the caller */
		const crash = (error) => {
			process.emitWarning(error instanceof Error ? error : String(error));
			message.socket.destroy();
		};
		response.on('close', () => {
			const isCutShort = response.headersSent && !response.writableFinished;
			request.aborted ||= isCutShort || request.endedAt === undefined;
			journal.close(request);
		});
		if (
			message.headers['content-length'] === undefined &&
			message.headers['transfer-encoding'] === undefined
		) {
			message.resume();
			serve(request, response).catch(crash);
			return;
		}
		/** @type {Buffer[]} */
		const pieces = [];
		message.on('data', (/** @type {Buffer} */ piece) => pieces.push(piece));
		message.on('end', () => {
			request.bodyText = Buffer.concat(pieces).toString();
			request.body = parsedOrUndefined(request.bodyText);
			journal.readBody(request);
			serve(request, response).catch(crash);
		});
	}

	const server = createServer(receive);
	// The stand-in's own limits would be faults that no test asked for.
	Object.assign(server, { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
	server.on('connection', (socket) => {
		connections += 1;
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket));
	});
	server.listen(port, host);
	await once(server, 'listening');
	const origin = originOf(server.address());

	async function closeAll() {
		timers.clear();
		later.clear();
		const ended = [server, ...sockets].map(
			(each) => new Promise((resolve) => each.once('close', resolve)),
		);
		server.close();
		for (const socket of sockets) socket.destroy();
		await Promise.all([...ended, persistence?.save(store)]);
	}

	const sandbox = {
		origin,
		url: origin + basePath,
		store,
		model,
		settings: /** @type {Readonly<Settings>} */ (settings),
		configure,
		requests: journal.requests,
		/** Requests since the start or the last reset, also when they are not recorded. */
		get requestCount() {
			return journal.counts.total;
		},
		get inFlight() {
			return journal.counts.inFlight;
		},
		get maxInFlight() {
			return journal.counts.maxInFlight;
		},
		get maxInFlightPerConversation() {
			return journal.counts.maxInFlightPerConversation;
		},
		get connections() {
			return connections;
		},
		get openSockets() {
			return sockets.size;
		},
		/**
		 * Keeps every other writer from a conversation for a while, as a response does that somebody
		 * else is having made in it.
		 *
		 * @param {string} conversationId
		 * @param {number} ms milliseconds
		 * @returns {() => void} gives it free before that
		 */
		lockConversation(conversationId, ms) {
			const unlock = locks.take(conversationId);
			const callOff = later.after(ms, unlock);
			return () => {
				callOff();
				unlock();
			};
		},
		/** Finishes the responses that are being made, at once. */
		finishResponses: () => responses.finish(),
		/** @param {FaultRule} rule */
		fault: (rule) => faults.add(rule),
		/** @param {readonly FaultRule[]} rules */
		faults: (rules) => rules.map((rule) => faults.add(rule)),
		/** Forgets requests, faults, conversations, items, responses and what the model is to answer; settings stay. */
		reset() {
			responses.clear();
			later.clear();
			locks.clear();
			journal.clear();
			faults.clear();
			store.clear();
			model.clear();
		},
		/** Ends every connection and timer. */
		close() {
			closing ??= closeAll();
			return closing;
		},
	};
	const control = createControl(() => sandbox);
	return sandbox;
}

/** @typedef {Awaited<ReturnType<typeof startServer>>} SandboxServer */

/**
 * @type {HeaderPair[]} What OpenAI sends with a response where no limit is near; the calls on
 *   conversations have none of these.
 */
const WIDE_LIMIT = [
	['x-ratelimit-limit-requests', '30000'],
	['x-ratelimit-remaining-requests', '29999'],
	['x-ratelimit-reset-requests', '2ms'],
];

/**
 * @param {unknown} error
 * @returns {Answer}
 */
function refusal(error) {
	if (!(error instanceof ApiError)) throw error;
	const answer = json(error.body, error.status);
	return { ...answer, headers: [...answer.headers, ...error.headers] };
}

/**
 * @param {string} path
 * @param {string} basePath
 * @returns {string[] | undefined} decoded; undefined when the path is outside or ill-formed
 */
function pathSegments(path, basePath) {
	if (!path.startsWith(`${basePath}/`)) return undefined;
	try {
		return path
			.slice(basePath.length + 1)
			.split('/')
			.map(decodeURIComponent);
	} catch {
		return undefined;
	}
}

/** @param {string} text */
function parsedOrUndefined(text) {
	try {
		return /** @type {unknown} */ (JSON.parse(text));
	} catch {
		return undefined;
	}
}

/** @param {AddressInfo | string | null} address */
function originOf(address) {
	if (address === null || typeof address === 'string')
		throw new TypeError('The server has no port');
	return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}
