import type { RetriesSpent } from '../../nodes/shared/transport/advice';
import { describeNetworkError } from '../../nodes/shared/transport/networkError';

const RETRIES: RetriesSpent = {
	made: 0,
	allowed: 0,
	ofNetworkErrors: false,
	safeToRetry: true,
	withLockWait: false,
};

/** An error as Node.js, axios and n8n wrap it in one another, the innermost last. */
function errorOf(
	...layers: Array<{ message?: string; code?: string; syscall?: string }>
): Error | undefined {
	const [{ message = 'm', ...properties } = {}, ...inner] = layers;
	if (layers.length === 0) return undefined;
	return Object.assign(new Error(message, { cause: errorOf(...inner) }), properties);
}

const failure = (error: unknown) => describeNetworkError(error, 'api.example:8443', RETRIES);

describe('A connection that was never made', () => {
	it.each([
		['ECONNREFUSED', 'The connection to api.example:8443 was refused (ECONNREFUSED)'],
		['ENOTFOUND', 'The address api.example:8443 could not be found (ENOTFOUND)'],
		['EAI_AGAIN', 'The address api.example:8443 could not be found (EAI_AGAIN)'],
		['EAI_FAIL', 'The address api.example:8443 could not be found (EAI_FAIL)'],
	])('should with %s be one that changed nothing', (code, message) => {
		for (const error of [
			errorOf({ code }),
			errorOf({}, { code }, { code }),
			errorOf({}, {}, {}, { code }),
		]) {
			expect(failure(error)).toMatchObject({
				kind: 'network',
				code,
				message,
				outcomeUnknown: false,
			});
		}
	});

	it.each(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])(
		'should be seen in a connect that ended with %s',
		(code) => {
			expect(failure(errorOf({ code }, { code, syscall: 'connect' }))).toMatchObject({
				message: `No connection to api.example:8443 could be made (${code})`,
				outcomeUnknown: false,
			});
		},
	);

	it('should be seen five errors deep and no deeper', () => {
		expect(failure(errorOf({}, {}, {}, {}, { code: 'ENOTFOUND' }))).toMatchObject({
			code: 'ENOTFOUND',
		});
		expect(failure(errorOf({}, {}, {}, {}, {}, { code: 'ENOTFOUND' })).code).toBeUndefined();
	});

	it('should be seen when several addresses were tried without success', () => {
		const each = Object.assign(new Error('connect'), { code: 'ETIMEDOUT', syscall: 'connect' });
		const all = Object.assign(new AggregateError([each, each]), { code: 'ETIMEDOUT' });
		expect(failure(new Error('wrapped', { cause: all }))).toMatchObject({
			kind: 'network',
			outcomeUnknown: false,
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
	])('should with %s be one that may have changed something', (code) => {
		expect(failure(errorOf({}, { code }))).toMatchObject({
			kind: 'network',
			code,
			message: `The connection to api.example:8443 broke before the response was complete (${code})`,
			advice: expect.stringContaining('Run the workflow again later'),
			outcomeUnknown: true,
		});
	});

	it('should be one that may have changed something whatever the errors around a late TLS error say', () => {
		const error = errorOf(
			{ message: 'HTTP request failed' },
			{ code: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC' },
		);
		expect(failure(error)).toMatchObject({ kind: 'network', outcomeUnknown: true });
	});

	it.each(['read', 'write'])(
		'should be one that may have changed something when it broke on %s',
		(syscall) => {
			expect(failure(errorOf({}, { code: 'ETIMEDOUT', syscall }))).toMatchObject({
				outcomeUnknown: true,
			});
		},
	);

	it('should be one whose answer could not be read whichever of its causes says so', () => {
		for (const codes of [
			['ERR_BAD_RESPONSE', 'Z_DATA_ERROR'],
			['Z_DATA_ERROR', 'ERR_OTHER'],
		]) {
			const error = errorOf(...codes.map((code) => ({ code })));
			expect(failure(error).message).toBe(
				`The response from api.example:8443 could not be read (${codes[0]})`,
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
	])('should with %s be one whose answer could not be read', (code) => {
		expect(failure(errorOf({}, { code }))).toMatchObject({
			kind: 'network',
			code,
			message: `The response from api.example:8443 could not be read (${code})`,
			outcomeUnknown: true,
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
	])('should with %s be for its certificate, which no repetition will cure', (code) => {
		expect(failure(errorOf({}, { code }))).toMatchObject({
			kind: 'unusable',
			code,
			message: `The certificate of api.example:8443 is not trusted (${code})`,
			advice: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
			outcomeUnknown: false,
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
	])('should with %s point to http and https', (code, message) => {
		expect(failure(errorOf({}, { code, message }))).toMatchObject({
			kind: 'network',
			code,
			message: `No secure connection to api.example:8443 could be made (${code})`,
			advice: expect.stringContaining('for http, not https'),
			outcomeUnknown: false,
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
		['what was thrown is no error', 'oops', 'unknown reason'],
		['nothing was thrown', undefined, 'unknown reason'],
	])('should say why: %s', (_what, error, why) => {
		expect(failure(error)).toMatchObject({
			kind: 'unusable',
			message: `The request to api.example:8443 could not be sent: ${why}`,
			advice: 'Check Base URL and the headers in the credential and in the options.',
			outcomeUnknown: false,
		});
	});

	it('should be told even of an error that is its own cause', () => {
		const error = new Error('round');
		error.cause = error;
		expect(failure(error).message).toContain('round');
	});
});
