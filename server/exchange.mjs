/** @import { ServerResponse } from 'node:http' */
/** @import { Ids } from './ids.mjs' */
/** @import { Journal } from './journal.mjs' */
/** @import { Timers } from './timers.mjs' */
/** @import { Answer, FaultRule, HeaderPair, PartialAnswer, RequestRecord, Settings } from './types.mjs' */
import { performance } from 'node:perf_hooks';
import { usualErrorBody } from './errors.mjs';
import { hasHeader, needsSocket, sendAnswer, sendOnSocket, staysSilent } from './wire.mjs';

/** Bytes that no UTF-8 text contains. */
const NO_UTF8 = Buffer.from([0xff, 0xfe, 0xc3, 0x28]);

/**
 * The way from a complete request to its answer: the latency, the fault if there is one, the
 * headers that every answer carries.
 *
 * @param {{
 *   settings: Settings, ids: Ids, journal: Journal, timers: Timers,
 *   takeFault: (request: RequestRecord) => FaultRule | undefined,
 *   answer: (request: RequestRecord) => Answer,
 *   limitHeaders: () => HeaderPair[],
 * }} parts `answer` applies the request to the store and gives the genuine answer
 */
export function createExchange({
	settings,
	ids,
	journal,
	timers,
	takeFault,
	answer,
	limitHeaders,
}) {
	/**
	 * @param {Answer} bare
	 * @param {RequestRecord} request
	 * @returns {Answer}
	 */
	function withUsualHeaders(bare, request) {
		/** @type {HeaderPair[]} */
		const usual = [
			['x-request-id', ids.request()],
			['openai-version', '2020-10-01'],
			['openai-processing-ms', String(Math.ceil(performance.now() - request.receivedAt))],
			...limitHeaders(),
		];
		const headers = [...usual.filter(([name]) => !hasHeader(bare.headers, name)), ...bare.headers];
		return { ...bare, headers };
	}

	/**
	 * @param {RequestRecord} request
	 * @param {ServerResponse} response
	 * @param {Answer} bare
	 */
	function send(request, response, bare) {
		const full = withUsualHeaders(bare, request);
		request.status = full.status;
		journal.close(request);
		sendAnswer(response, full);
	}

	/**
	 * @param {RequestRecord} request
	 * @param {ServerResponse} response
	 * @param {FaultRule} rule
	 */
	async function fail(request, response, rule) {
		/** @type {Answer | undefined} */
		let applied;
		const genuine = () => (applied ??= answer(request));
		if (rule.apply) genuine();
		if (rule.delayMs) {
			await timers.wait(rule.delayMs);
			if (request.aborted) return;
		}
		const bare = staysSilent(rule)
			? { status: 0, headers: [], body: '' }
			: await ruledAnswer(rule, request, genuine);
		if (request.aborted) return;
		if (!needsSocket(rule)) return send(request, response, bare);
		const { socket } = response;
		if (!socket) return;
		const full = withUsualHeaders(bare, request);
		await sendOnSocket(socket, full, rule, {
			timers,
			onStatus: () => void (request.status = full.status),
			onEnd: () => journal.close(request),
		});
	}

	/**
	 * @param {RequestRecord} request
	 * @param {ServerResponse} response
	 */
	return async function serve(request, response) {
		const rule = takeFault(request);
		const latency =
			typeof settings.latencyMs === 'function' ? settings.latencyMs() : settings.latencyMs;
		if (latency > 0) {
			await timers.wait(latency);
			if (request.aborted) return;
		}
		if (rule) await fail(request, response, rule);
		else send(request, response, answer(request));
	};
}

/**
 * @param {FaultRule} rule
 * @param {RequestRecord} request
 * @param {() => Answer} genuine
 * @returns {Promise<Answer>}
 */
async function ruledAnswer(rule, request, genuine) {
	const computed = rule.respond ? await rule.respond(request, genuine) : undefined;
	/** @type {PartialAnswer} */
	const wanted = { ...rule, ...computed };
	const extra = toPairs(wanted.headers);
	const base =
		wanted.status === undefined && wanted.body === undefined ? genuine() : madeAnswer(wanted);
	const headers = [...base.headers.filter(([name]) => !hasHeader(extra, name)), ...extra];
	return { ...base, headers, body: rule.invalidUtf8 ? withoutUtf8(base.body) : base.body };
}

/**
 * @param {PartialAnswer} wanted
 * @returns {Answer}
 */
function madeAnswer({ status = 200, body = status >= 400 ? usualErrorBody(status) : '' }) {
	return {
		status,
		headers: [['content-type', 'application/json']],
		body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
	};
}

/**
 * @param {PartialAnswer['headers']} headers
 * @returns {HeaderPair[]}
 */
const toPairs = (headers = []) => (Array.isArray(headers) ? headers : Object.entries(headers));

/**
 * Puts the bytes into a field of their own if the body is a JSON object, so that only a decoder
 * that is strict about UTF-8 notices.
 *
 * @param {string | Buffer} body
 */
function withoutUtf8(body) {
	const bytes = Buffer.from(body);
	if (bytes.at(-1) !== 0x7d || bytes.length <= 2) return Buffer.concat([bytes, NO_UTF8]);
	return Buffer.concat([
		bytes.subarray(0, -1),
		Buffer.from(',"invalid":"'),
		NO_UTF8,
		Buffer.from('"}'),
	]);
}
