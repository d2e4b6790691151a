/** @import { ServerResponse } from 'node:http' */
/** @import { Ids } from './ids.mjs' */
/** @import { Journal } from './journal.mjs' */
/** @import { Timers } from './timers.mjs' */
/** @import { Answer, FaultRule, HeaderPair, PartialAnswer, RequestRecord, Settings } from './types.mjs' */
import { performance } from 'node:perf_hooks';
import { usualErrorBody } from './errors.mjs';
import { gatewayErrorBody, gatewayHeaders } from './gateway.mjs';
import { hasHeader, needsSocket, sendAnswer, sendOnSocket, staysSilent } from './wire.mjs';
import { wrongList } from './wrongLists.mjs';

/** Bytes that no UTF-8 text contains. */
const NO_UTF8 = Buffer.from([0xff, 0xfe, 0xc3, 0x28]);

/** What begins to come when the connection breaks before the request is applied. */
const BROKEN_OFF = { status: 200, body: { object: 'unfinished' } };

/**
 * The way from a complete request to its answer: the latency, the fault if there is one, the
 * headers that every answer carries.
 *
 * @param {{
 *   settings: Settings, ids: Ids, journal: Journal, timers: Timers, later: Timers,
 *   takeFault: (request: RequestRecord) => FaultRule | undefined,
 *   answer: (request: RequestRecord) => Answer | Promise<Answer>,
 *   answerAtOnce: (request: RequestRecord) => Answer,
 *   limitHeaders: (request: RequestRecord) => HeaderPair[],
 * }} parts `later`: for what happens after the answer; `answer` applies the request to the store
 *   and gives the genuine answer; `answerAtOnce`: the same without the model's time
 */
export function createExchange({
	settings,
	ids,
	journal,
	timers,
	later,
	takeFault,
	answer,
	answerAtOnce,
	limitHeaders,
}) {
	/**
	 * @param {Answer} bare
	 * @param {RequestRecord} request
	 * @param {FaultRule['gateway']} [gateway]
	 * @returns {Answer}
	 */
	function withUsualHeaders(bare, request, gateway) {
		/** @type {HeaderPair[]} */
		const own = [
			['x-request-id', ids.request()],
			['openai-version', '2020-10-01'],
			['openai-processing-ms', String(Math.ceil(performance.now() - request.receivedAt))],
			...limitHeaders(request),
		];
		const usual = gateway ? gatewayHeaders(gateway, own) : own;
		const headers = [...usual.filter(([name]) => !hasHeader(bare.headers, name)), ...bare.headers];
		return { ...bare, headers };
	}

	/**
	 * @param {RequestRecord} request
	 * @param {ServerResponse} response
	 * @param {Answer} bare
	 * @param {FaultRule['gateway']} [gateway]
	 */
	function send(request, response, bare, gateway) {
		const full = withUsualHeaders(bare, request, gateway);
		request.status = full.status;
		journal.close(request);
		sendAnswer(response, full);
	}

	/**
	 * Applies the request some time after its answer, as a gateway does whose upstream call goes on.
	 *
	 * @param {RequestRecord} request
	 * @param {number} ms
	 * @returns {() => void} starts the clock
	 */
	function prepareLateWrite(request, ms) {
		// The journal may forget the body as soon as the answer is sent.
		const copy = { ...request };
		return () =>
			later.after(ms, async () => {
				await answer(copy);
				request.applied = copy.applied;
			});
	}

	/**
	 * @param {RequestRecord} request
	 * @param {ServerResponse} response
	 * @param {FaultRule} rule
	 */
	async function fail(request, response, rule) {
		/** @type {Answer | undefined} */
		let applied;
		const atOnce = () => (applied ??= answerAtOnce(request));
		const inFull = async () => (applied ??= await answer(request));
		const startLateWrite =
			rule.applyAfterMs === undefined ? undefined : prepareLateWrite(request, rule.applyAfterMs);
		try {
			if (rule.apply) await inFull();
			if (rule.delayMs) await timers.wait(rule.delayMs);
			if (request.aborted) return;
			const answered = staysSilent(rule)
				? { status: 0, headers: [], body: '' }
				: await ruledAnswer(rule, request, atOnce, inFull);
			const bare = rule.list
				? wrongList(rule.list, request, { genuine: answered, ask: answerAtOnce })
				: answered;
			if (request.aborted) return;
			if (!needsSocket(rule)) return send(request, response, bare, rule.gateway);
			const { socket } = response;
			if (!socket) return;
			const full = withUsualHeaders(bare, request, rule.gateway);
			await sendOnSocket(socket, full, rule, {
				timers,
				onStatus: () => void (request.status = full.status),
				onEnd: () => journal.close(request),
			});
		} finally {
			if (!applied) startLateWrite?.();
		}
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
		if (rule) return await fail(request, response, rule);
		const genuine = await answer(request);
		if (!request.aborted) send(request, response, genuine);
	};
}

/**
 * @param {FaultRule} rule
 * @param {RequestRecord} request
 * @param {() => Answer} atOnce the genuine answer, for `respond`
 * @param {() => Promise<Answer>} inFull the genuine answer
 * @returns {Promise<Answer>}
 */
async function ruledAnswer(rule, request, atOnce, inFull) {
	const computed = rule.respond ? await rule.respond(request, atOnce) : undefined;
	/** @type {PartialAnswer} */
	const wanted = { ...rule, ...computed };
	const extra = toPairs(wanted.headers);
	const isOwn = wanted.status !== undefined || wanted.body !== undefined;
	const base = isOwn
		? madeAnswer(wanted, rule.gateway)
		: rule.applyAfterMs === undefined
			? await inFull()
			: madeAnswer(BROKEN_OFF, rule.gateway);
	const headers = [...base.headers.filter(([name]) => !hasHeader(extra, name)), ...extra];
	return { ...base, headers, body: rule.invalidUtf8 ? withoutUtf8(base.body) : base.body };
}

/**
 * @param {PartialAnswer} wanted
 * @param {FaultRule['gateway']} gateway
 * @returns {Answer}
 */
function madeAnswer({ status = 200, body: given }, gateway) {
	const errorBody = gateway ? gatewayErrorBody : usualErrorBody;
	const body = given === undefined ? (status >= 400 ? errorBody(status) : '') : given;
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
