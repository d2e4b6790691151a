/** @import { IncomingMessage } from 'node:http' */
/** @import { RequestRecord } from './types.mjs' */
import { performance } from 'node:perf_hooks';
import { isObject } from './validate.mjs';

/**
 * What the server has seen: the requests, and how many were in flight at once.
 *
 * @param {boolean | 'light'} record true keeps everything; 'light' forgets headers and bodies once
 *   a request has ended; false keeps only the counts
 */
export function createJournal(record) {
	/** @type {RequestRecord[]} */
	const requests = [];
	/** @type {Map<string, number>} */
	const perConversation = new Map();
	const counts = { total: 0, inFlight: 0, maxInFlight: 0, maxInFlightPerConversation: 0 };

	/**
	 * @param {RequestRecord} request
	 * @param {string | undefined} id the conversation's
	 */
	function name(request, id) {
		if (id === undefined) return;
		request.conversation = id;
		const now = (perConversation.get(id) ?? 0) + 1;
		perConversation.set(id, now);
		if (now > counts.maxInFlightPerConversation) counts.maxInFlightPerConversation = now;
	}

	return {
		requests,
		counts,

		/**
		 * @param {IncomingMessage} message
		 * @returns {RequestRecord}
		 */
		open(message) {
			const rawUrl = message.url ?? '';
			const mark = rawUrl.indexOf('?');
			/** @type {RequestRecord} */
			const request = {
				index: counts.total,
				receivedAt: performance.now(),
				method: message.method ?? '',
				path: mark < 0 ? rawUrl : rawUrl.slice(0, mark),
				query: mark < 0 ? '' : rawUrl.slice(mark + 1),
				rawUrl,
				headers: message.headers,
				rawHeaders: message.rawHeaders,
				bodyText: '',
				body: undefined,
				conversation: undefined,
				status: undefined,
				applied: false,
				fault: undefined,
				aborted: false,
				endedAt: undefined,
			};
			counts.total += 1;
			counts.inFlight += 1;
			if (counts.inFlight > counts.maxInFlight) counts.maxInFlight = counts.inFlight;
			name(request, conversationIn(request.path));
			if (record !== false) requests.push(request);
			return request;
		},

		/**
		 * The body is there: it may name the conversation.
		 *
		 * @param {RequestRecord} request
		 */
		readBody(request) {
			if (request.endedAt !== undefined || !request.path.endsWith('/responses')) return;
			const reference = isObject(request.body) ? request.body['conversation'] : undefined;
			const id = isObject(reference) ? reference['id'] : reference;
			if (typeof id === 'string') name(request, id);
		},

		/**
		 * The answer is complete, or will never be. To be called before the last byte goes out: a
		 * client may send its next request as soon as it has that byte.
		 *
		 * @param {RequestRecord} request
		 */
		close(request) {
			if (request.endedAt !== undefined) return;
			request.endedAt = performance.now();
			counts.inFlight -= 1;
			const id = request.conversation;
			if (id !== undefined) {
				const left = (perConversation.get(id) ?? 1) - 1;
				if (left === 0) perConversation.delete(id);
				else perConversation.set(id, left);
			}
			if (record === 'light')
				Object.assign(request, { headers: {}, rawHeaders: [], bodyText: '', body: undefined });
		},

		/** Forgets the past; requests in flight stay counted. */
		clear() {
			requests.length = 0;
			counts.total = 0;
			counts.maxInFlight = counts.inFlight;
			counts.maxInFlightPerConversation = Math.max(0, ...perConversation.values());
		},
	};
}

/** @typedef {ReturnType<typeof createJournal>} Journal */

/** @param {string} path */
function conversationIn(path) {
	const start = path.indexOf('/conversations/');
	if (start < 0) return undefined;
	const from = start + '/conversations/'.length;
	const to = path.indexOf('/', from);
	return to < 0 ? path.slice(from) : path.slice(from, to);
}
