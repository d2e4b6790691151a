/** @import { ServerResponse } from 'node:http' */
/** @import { Socket } from 'node:net' */
/** @import { Timers } from './timers.mjs' */
/** @import { Answer, Drip, FaultRule, HeaderPair } from './types.mjs' */
import { STATUS_CODES } from 'node:http';

/** How long a cut waits after the last bytes, in ms, so that the client has read them. */
const CUT_PAUSE_MS = 20;
const PIECE_BYTES = 65_536;

/**
 * Sends an answer the regular way.
 *
 * @param {ServerResponse} response
 * @param {Answer} answer
 */
export function sendAnswer(response, answer) {
	const head = answer.headers.flat();
	const hasBody = answer.status !== 204 && answer.status !== 304;
	if (answer.chunks) {
		response.writeHead(answer.status, head);
		for (const chunk of answer.chunks) response.write(chunk);
		response.end();
		return;
	}
	if (hasBody && !hasHeader(answer.headers, 'content-length')) {
		head.push('content-length', String(Buffer.byteLength(answer.body)));
	}
	response.writeHead(answer.status, head);
	response.end(hasBody ? answer.body : undefined);
}

/** Faults that break what the headers or HTTP promise, and those that only shape a whole answer. */
const BREAKING = /** @type {const} */ ([
	'reset',
	'close',
	'hang',
	'contentLength',
	'truncate',
	'closeKeepAlive',
]);
const SHAPING = /** @type {const} */ (['dripHeaders', 'dripBody', 'chunked', 'bodySize']);

/**
 * @param {FaultRule} rule
 * @param {readonly (keyof FaultRule)[]} kinds
 */
const hasAny = (rule, kinds) =>
	kinds.some((kind) => rule[kind] !== undefined && rule[kind] !== false);

/** @param {FaultRule} rule whether it needs the connection itself, beside node's own HTTP writer */
export const needsSocket = (rule) => hasAny(rule, BREAKING) || hasAny(rule, SHAPING);

/** @param {FaultRule} rule whether the client never gets a whole answer */
export const breaksOff = (rule) => hasAny(rule, ['reset', 'close', 'hang', 'truncate']);

/** @param {FaultRule} rule whether not one byte of an answer goes out */
export const staysSilent = (rule) =>
	rule.hang === true || rule.reset === 'before-headers' || rule.close === 'before-headers';

/**
 * Writes an answer, or what the rule leaves of it, to the bare connection, and ends the connection
 * unless the rule is to hang.
 *
 * @param {Socket} socket
 * @param {Answer} answer
 * @param {FaultRule} rule
 * @param {{ timers: Timers, onStatus: () => void, onEnd: () => void }} hooks `onStatus`: the status
 *   line goes out; `onEnd`: before the last byte or the cut
 */
export async function sendOnSocket(socket, answer, rule, { timers, onStatus, onEnd }) {
	const cutAt = rule.reset ?? rule.close;

	/** @param {boolean} reset */
	const end = (reset) => {
		onEnd();
		if (reset) socket.resetAndDestroy();
		else socket.end();
	};
	const cut = async () => {
		await timers.wait(CUT_PAUSE_MS);
		if (!socket.destroyed) end(rule.reset !== undefined);
	};
	/**
	 * @param {Buffer} bytes
	 * @param {Drip | undefined} drip
	 */
	const write = async (bytes, drip) => {
		const size = drip?.bytes ?? bytes.length;
		for (let from = 0; from < bytes.length && !socket.destroyed; from += size) {
			if (drip && from > 0) await timers.wait(drip.everyMs);
			if (!socket.destroyed && !socket.write(bytes.subarray(from, from + size)))
				await drained(socket);
		}
	};

	if (rule.hang === true) return;
	if (cutAt === 'before-headers') return end(rule.reset !== undefined);

	const length = bodyLength(answer, rule);
	const head = Buffer.from(renderHead(answer, rule, length), 'latin1');
	onStatus();
	if (rule.hang === 'headers') return write(head.subarray(0, head.length >> 1), rule.dripHeaders);
	await write(head, rule.dripHeaders);
	if (cutAt === 'after-headers') return cut();

	const isHalf = cutAt === 'mid-body' || rule.hang === 'body';
	const sent = Math.min(isHalf ? length >> 1 : length, rule.truncate ?? Infinity);
	let left = sent;
	for (const piece of bodyPieces(answer, rule)) {
		if (left === 0 || socket.destroyed) break;
		const part = piece.subarray(0, left);
		left -= part.length;
		if (rule.dripBody && left + part.length < sent) await timers.wait(rule.dripBody.everyMs);
		if (socket.destroyed) break;
		// Dripped chunks are as small as the drops; a large chunk whose bytes drip is the other case.
		if (left === 0 && sent === length && !rule.chunked) onEnd();
		await write(rule.chunked ? framed(part) : part, undefined);
	}
	if (socket.destroyed || rule.hang === 'body') return;
	if (cutAt === 'mid-body') return cut();
	if (rule.chunked && rule.truncate === undefined) {
		onEnd();
		await write(Buffer.from('0\r\n\r\n'), undefined);
	}
	end(false);
}

/**
 * @param {Socket} socket
 * @returns {Promise<void>} settles when there is room again, or the socket is closed
 */
const drained = (socket) =>
	new Promise((resolve) => {
		const done = () => {
			socket.off('drain', done);
			socket.off('close', done);
			resolve();
		};
		socket.on('drain', done);
		socket.on('close', done);
	});

/** @param {Buffer} bytes */
const framed = (bytes) =>
	Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

/**
 * @param {Answer} answer
 * @param {FaultRule} rule
 * @param {number} length
 */
function renderHead(answer, rule, length) {
	/** @type {HeaderPair[]} */
	const headers = [...answer.headers];
	if (!hasHeader(headers, 'date')) headers.push(['date', new Date().toUTCString()]);
	if (rule.chunked) headers.push(['transfer-encoding', 'chunked']);
	else if (!hasHeader(headers, 'content-length'))
		headers.push(['content-length', String(rule.contentLength ?? length)]);
	if (!hasHeader(headers, 'connection')) {
		// A server that breaks a connection has not announced it; one that only drips is honest.
		headers.push(['connection', hasAny(rule, BREAKING) ? 'keep-alive' : 'close']);
	}
	const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
	return `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Unknown'}\r\n${lines.join('')}\r\n`;
}

/**
 * @param {Answer} answer
 * @param {FaultRule} rule
 */
const bodyLength = (answer, rule) => Buffer.byteLength(answer.body) + paddingLength(answer, rule);

const PADDING_START = Buffer.from(',"padding":"');
const PADDING_END = Buffer.from('"}');

/**
 * @param {Answer} answer
 * @param {FaultRule} rule
 * @returns {number} bytes to add to the body; 0 when the body is long enough, or nearly so
 */
function paddingLength(answer, rule) {
	const missing = (rule.bodySize ?? 0) - Buffer.byteLength(answer.body);
	return missing > PADDING_START.length ? missing : 0;
}

/**
 * The body, padded to `bodySize` by a `padding` field if it is a JSON object, else by spaces.
 *
 * @param {Answer} answer
 * @param {FaultRule} rule
 * @returns {Generator<Buffer, void>}
 */
function* bodyPieces(answer, rule) {
	const body = Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(answer.body);
	const size = rule.dripBody?.bytes ?? PIECE_BYTES;
	const padding = paddingLength(answer, rule);
	if (padding === 0) return yield* pieces(body, size);

	const isObject = body.at(0) === 0x7b && body.at(-1) === 0x7d && body.length > 2;
	if (!isObject) {
		yield* pieces(body, size);
		return yield* filler(' ', padding, size);
	}
	yield* pieces(Buffer.concat([body.subarray(0, -1), PADDING_START]), size);
	// The body's own closing brace moves into PADDING_END.
	yield* filler('x', padding - PADDING_START.length - PADDING_END.length + 1, size);
	yield PADDING_END;
}

/**
 * @param {string} character
 * @param {number} length
 * @param {number} size
 */
function* filler(character, length, size) {
	const piece = Buffer.alloc(Math.min(size, length), character);
	for (let left = length; left > 0; left -= piece.length) yield piece.subarray(0, left);
}

/**
 * @param {Buffer} bytes
 * @param {number} size
 */
function* pieces(bytes, size) {
	for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

/**
 * @param {HeaderPair[]} headers
 * @param {string} name in lower case
 */
export const hasHeader = (headers, name) => headers.some(([each]) => each.toLowerCase() === name);
