/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { getEventListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import type { WireAnswer } from '../../nodes/shared/transport/answer';
import type { Send, WireRequest } from '../../nodes/shared/transport/attempt';
import { sendOnce } from '../../nodes/shared/transport/attempt';
import type { FailureDetails } from '../../nodes/shared/transport/failures';
import { RequestFailure } from '../../nodes/shared/transport/failures';
import { createRedactor } from '../../nodes/shared/transport/redact';
import { KEY } from '../support/unit';

const REQUEST: WireRequest = {
	method: 'GET',
	url: 'https://api.example:8443/v1/conversations/conv_1?x=1',
	headers: {},
};
const ANSWER: WireAnswer = { status: 200, headers: {}, body: '{}' };

const never = () => new AbortController().signal;

const attempt = async (send: Send, timeout = 0, cancelled = never()) =>
	await sendOnce(send, REQUEST, timeout, cancelled, createRedactor(KEY));

/** Answers only by giving up. */
const hanging: Send = async (_request, signal) =>
	await new Promise((_resolve, reject) => {
		signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
	});

/** An error as Node.js, axios and n8n wrap it in one another, the innermost last. */
function errorOf(
	...layers: Array<{ message?: string; code?: string; syscall?: string }>
): Error | undefined {
	const [{ message = 'm', ...properties } = {}, ...inner] = layers;
	if (layers.length === 0) return undefined;
	return Object.assign(new Error(message, { cause: errorOf(...inner) }), properties);
}

async function failure(error: unknown): Promise<FailureDetails> {
	const result = await attempt(async () => {
		throw error;
	});
	if (result instanceof RequestFailure) return result.details;
	throw new Error('It should have been a failure');
}

describe('An attempt', () => {
	it('should give the answer as it came, and pass on the request as it is', async () => {
		const seen: WireRequest[] = [];
		const result = await attempt(async (request) => {
			seen.push(request);
			return ANSWER;
		});
		expect(result).toBe(ANSWER);
		expect(seen).toEqual([REQUEST]);
	});

	it.each([0, 0.2, 3_000_000, 1e300])(
		'should leave no timer and no listener behind with a timeout of %d s',
		async (timeout) => {
			const { signal } = new AbortController();
			let sent: AbortSignal | undefined;
			await attempt(
				async (_request, given) => {
					sent = given;
					return ANSWER;
				},
				timeout,
				signal,
			);
			await pause(250);
			expect(sent?.aborted).toBe(false);
			expect(getEventListeners(signal, 'abort')).toHaveLength(0);
		},
	);

	it('should without a timeout be ended by the execution alone', async () => {
		const cancelled = never();
		let sent: AbortSignal | undefined;
		await attempt(
			async (_request, given) => {
				sent = given;
				return ANSWER;
			},
			0,
			cancelled,
		);
		expect(sent).toBe(cancelled);
	});

	it('should end by itself when its time is over', async () => {
		const startedAt = performance.now();
		const result = await attempt(hanging, 0.1);
		expect(performance.now() - startedAt).toBeGreaterThan(98);
		expect(performance.now() - startedAt).toBeLessThan(350);
		expect(result).toBeInstanceOf(RequestFailure);
		expect(result).toMatchObject({
			details: {
				kind: 'timeout',
				message: 'No complete answer from api.example:8443 within 0.1 seconds',
				advice: expect.stringContaining('Raise Timeout'),
				attempts: 1,
				mayHaveHappened: true,
			},
		});
	});

	it('should name a second in the singular', async () => {
		expect(await attempt(hanging, 1)).toMatchObject({
			message: 'No complete answer from api.example:8443 within 1 second',
		});
	});

	it('should end when the execution is stopped, which is no timeout', async () => {
		const stop = new AbortController();
		const running = attempt(hanging, 60, stop.signal);
		await pause(20);
		stop.abort();
		expect(await running).toMatchObject({ details: { kind: 'unusable' } });
	});

	it.each([0, 0.05])(
		'should have no time to wait for a server that answers in between, with a timeout of %d s',
		async (timeout) => {
			const slow: Send = async () => {
				await pause(20);
				return ANSWER;
			};
			expect(await attempt(slow, timeout)).toBe(ANSWER);
		},
	);
});

describe('A connection that was never made', () => {
	it.each([
		['ECONNREFUSED', 'The connection to api.example:8443 was refused (ECONNREFUSED)'],
		['ENOTFOUND', 'The address api.example:8443 could not be found (ENOTFOUND)'],
		['EAI_AGAIN', 'The address api.example:8443 could not be found (EAI_AGAIN)'],
		['EAI_FAIL', 'The address api.example:8443 could not be found (EAI_FAIL)'],
	])('should with %s be one that changed nothing', async (code, message) => {
		for (const error of [
			errorOf({ code }),
			errorOf({}, { code }, { code }),
			errorOf({}, {}, {}, { code }),
		]) {
			expect(await failure(error)).toMatchObject({
				kind: 'network',
				code,
				message,
				mayHaveHappened: false,
			});
		}
	});

	it.each(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])(
		'should be seen in a connect that ended with %s',
		async (code) => {
			expect(await failure(errorOf({ code }, { code, syscall: 'connect' }))).toMatchObject({
				message: `No connection to api.example:8443 could be made (${code})`,
				mayHaveHappened: false,
			});
		},
	);

	it('should be seen five errors deep and no deeper', async () => {
		expect(await failure(errorOf({}, {}, {}, {}, { code: 'ENOTFOUND' }))).toMatchObject({
			code: 'ENOTFOUND',
		});
		expect(
			(await failure(errorOf({}, {}, {}, {}, {}, { code: 'ENOTFOUND' }))).code,
		).toBeUndefined();
	});

	it('should be seen when several addresses were tried in vain', async () => {
		const each = Object.assign(new Error('connect'), { code: 'ETIMEDOUT', syscall: 'connect' });
		const all = Object.assign(new AggregateError([each, each]), { code: 'ETIMEDOUT' });
		expect(await failure(new Error('wrapped', { cause: all }))).toMatchObject({
			kind: 'network',
			mayHaveHappened: false,
		});
	});
});

describe('A connection that broke', () => {
	it.each([
		'ECONNRESET',
		'EPIPE',
		'ECONNABORTED',
		'ETIMEDOUT',
		'ERR_BAD_RESPONSE',
		'ERR_NETWORK',
		'UND_ERR_SOCKET',
		'ERR_STREAM_PREMATURE_CLOSE',
		'EHOSTUNREACH',
		'ENETUNREACH',
		'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
		'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR',
		'EPROTO',
		'SOMETHING_NEW',
	])('should with %s be one that may have changed something', async (code) => {
		expect(await failure(errorOf({}, { code }))).toMatchObject({
			kind: 'network',
			code,
			message: `The connection to api.example:8443 broke before the answer was complete (${code})`,
			advice: expect.stringContaining('Run the workflow again later'),
			mayHaveHappened: true,
		});
	});

	it('should be one that may have changed something whatever the errors around a late TLS error say', async () => {
		const error = errorOf(
			{ message: 'HTTP request failed' },
			{ code: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC' },
		);
		expect(await failure(error)).toMatchObject({ kind: 'network', mayHaveHappened: true });
	});

	it.each(['read', 'write'])(
		'should be one that may have changed something when it broke on %s',
		async (syscall) => {
			expect(await failure(errorOf({}, { code: 'ETIMEDOUT', syscall }))).toMatchObject({
				mayHaveHappened: true,
			});
		},
	);

	it('should be one whose answer could not be read whichever of its causes says so', async () => {
		for (const codes of [
			['ERR_BAD_RESPONSE', 'Z_DATA_ERROR'],
			['Z_DATA_ERROR', 'ERR_OTHER'],
		]) {
			const error = errorOf(...codes.map((code) => ({ code })));
			expect((await failure(error)).message).toBe(
				`The answer of api.example:8443 could not be read (${codes[0]})`,
			);
		}
	});

	it.each([
		'HPE_INVALID_CONSTANT',
		'HPE_HEADER_OVERFLOW',
		'Z_DATA_ERROR',
		'Z_BUF_ERROR',
		'ZSTD_error_prefix_unknown',
		'ERR__ERROR_FORMAT_PADDING_1',
	])('should with %s be one whose answer could not be read', async (code) => {
		expect(await failure(errorOf({}, { code }))).toMatchObject({
			kind: 'network',
			code,
			message: `The answer of api.example:8443 could not be read (${code})`,
			mayHaveHappened: true,
		});
	});
});

describe('A secure connection that was not made', () => {
	it.each([
		'CERT_HAS_EXPIRED',
		'DEPTH_ZERO_SELF_SIGNED_CERT',
		'SELF_SIGNED_CERT_IN_CHAIN',
		'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
		'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
		'ERR_TLS_CERT_ALTNAME_INVALID',
	])('should with %s be for its certificate, which no repetition will cure', async (code) => {
		expect(await failure(errorOf({}, { code }))).toMatchObject({
			kind: 'unusable',
			code,
			message: `The certificate of api.example:8443 is not trusted (${code})`,
			advice: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
			mayHaveHappened: false,
		});
	});

	it.each([
		[
			'EPROTO',
			'write EPROTO 0:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps:354:',
		],
		['ERR_SSL_WRONG_VERSION_NUMBER', 'm'],
		['ERR_SSL_UNSUPPORTED_PROTOCOL', 'm'],
		['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'm'],
		['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'm'],
		['ERR_TLS_PROTOCOL_VERSION_CONFLICT', 'm'],
	])('should with %s point to http and https', async (code, message) => {
		expect(await failure(errorOf({}, { code, message }))).toMatchObject({
			kind: 'network',
			code,
			message: `No secure connection to api.example:8443 could be made (${code})`,
			advice: expect.stringContaining('http and not https'),
			mayHaveHappened: false,
		});
	});
});

describe('A request that was never sent', () => {
	it.each<[string, unknown, string]>([
		[
			'n8n refuses the address',
			errorOf({ message: 'outer' }, { message: 'The domain is not allowed' }),
			'The domain is not allowed',
		],
		[
			'a header has a character that can not be sent',
			errorOf({ message: 'outer' }, { code: 'ERR_INVALID_CHAR', message: 'Invalid character' }),
			'Invalid character',
		],
		[
			'axios refuses the request',
			errorOf({ code: 'ERR_BAD_REQUEST', message: 'Unsupported protocol' }),
			'Unsupported protocol',
		],
		[
			'axios refuses it for a reason of its own',
			errorOf(
				{ code: 'ERR_BAD_REQUEST', message: 'outer' },
				{ code: 'ERR_OTHER', message: 'inner' },
			),
			'inner',
		],
		['its code is no text', Object.assign(new Error('odd'), { code: 5 }), 'odd'],
		[
			'the message quotes the key',
			errorOf({ message: `Bearer ${KEY}` }),
			'Bearer sk-proj-[redacted]',
		],
		['what was thrown is no error', 'oops', 'unknown reason'],
		['nothing was thrown', undefined, 'unknown reason'],
	])('should say why: %s', async (_what, error, why) => {
		expect(await failure(error)).toMatchObject({
			kind: 'unusable',
			message: `The request to api.example:8443 could not be sent: ${why}`,
			advice: 'Check Base URL and the headers in the credential and in the options.',
			mayHaveHappened: false,
			attempts: 1,
		});
	});

	it('should be told even of an error that is its own cause', async () => {
		const error = new Error('round');
		error.cause = error;
		expect((await failure(error)).message).toContain('round');
	});
});
