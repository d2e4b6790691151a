import type { RetriesSpent } from './advice';
import { adviceForBroken, adviceForUnreached } from './advice';
import type { FailureDetails } from './failures';

/** Connections that were never made: nothing can have happened at the server. An unreachable network may have gone away later. */
const NOT_CONNECTED = /^(?:EAI_.+|ECONNREFUSED|ENOTFOUND)$/;

const NOT_FOUND = /^(?:EAI_.+|ENOTFOUND)$/;

/** Node.js' codes for a certificate that is not trusted. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)/;

/**
 * What Node.js and OpenSSL say of a TLS handshake that came to nothing, such as https spoken to a
 * port that speaks http. Other TLS errors may come later, when the request has been carried out.
 */
const HANDSHAKE =
	/wrong.version.number|unsupported.protocol|no.protocols.available|protocol.version|handshake.failure|unrecognized.name/i;
const TLS = /^(?:EPROTO|ERR_TLS_.+|ERR_SSL_.+)$/;

/** Requests that Node.js and axios refuse to send. */
const UNSENDABLE = /^ERR_(?:BAD_OPTION|BAD_REQUEST|HTTP|INVALID|UNESCAPED)/;

/** Answers that came and can't be read: broken HTTP and broken compression. */
const UNREADABLE = /^(?:HPE|Z|ZSTD|ERR_)_/;

interface Cause {
	codes: string[];
	messages: string[];
	/** Whether it was the connecting that did not work. */
	isConnecting: boolean;
}

/** Codes and messages of an error and of what caused it, from the outside in. */
function causesOf(error: unknown): Cause {
	const codes: string[] = [];
	const messages: string[] = [];
	let isConnecting = false;
	let current = error;
	for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
		if ('code' in current && typeof current.code === 'string') codes.push(current.code);
		isConnecting ||= 'syscall' in current && current.syscall === 'connect';
		messages.push(current.message);
		// Several addresses of a host were tried, and none answered.
		current = current instanceof AggregateError ? current.errors[0] : current.cause;
	}
	return { codes, messages, isConnecting };
}

type NetworkFailure = Pick<
	FailureDetails,
	'kind' | 'message' | 'advice' | 'code' | 'outcomeUnknown'
>;

/**
 * What an error of n8n's request helper means for the user.
 * @param host of the request's address
 */
export function describeNetworkError(
	error: unknown,
	host: string,
	retries: RetriesSpent,
): NetworkFailure {
	const { codes, messages, isConnecting } = causesOf(error);
	const certificate = codes.find((code) => CERTIFICATE.test(code));
	if (certificate !== undefined) {
		return {
			// Not of the network: no repetition will make it trusted.
			kind: 'unusable',
			code: certificate,
			message: `The certificate of ${host} is not trusted (${certificate})`,
			advice:
				'Check Base URL. If the server uses its own certificate, ask whoever runs n8n to add its certificate authority with NODE_EXTRA_CA_CERTS.',
			outcomeUnknown: false,
		};
	}
	const handshake = codes.find((code) => TLS.test(code));
	if (handshake !== undefined && HANDSHAKE.test([...codes, ...messages].join(' '))) {
		return {
			kind: 'network',
			code: handshake,
			message: `No secure connection to ${host} could be made (${handshake})`,
			advice:
				"Check Base URL in the credential and in the options: the port may be for http, not https, or the server's encryption may be too old.",
			outcomeUnknown: false,
		};
	}
	const unreached = codes.find((code) => isConnecting || NOT_CONNECTED.test(code));
	if (unreached !== undefined) {
		const what = NOT_FOUND.test(unreached)
			? `The address ${host} could not be found`
			: unreached === 'ECONNREFUSED'
				? `The connection to ${host} was refused`
				: `No connection to ${host} could be made`;
		return {
			kind: 'network',
			code: unreached,
			message: `${what} (${unreached})`,
			advice: adviceForUnreached(retries),
			outcomeUnknown: false,
		};
	}
	const [code] = codes;
	if (code !== undefined && !codes.some((each) => UNSENDABLE.test(each))) {
		const isUnreadable = codes.some((each) => UNREADABLE.test(each));
		return {
			kind: 'network',
			code,
			message: isUnreadable
				? `The response from ${host} could not be read (${code})`
				: `The connection to ${host} broke before the response was complete (${code})`,
			advice: adviceForBroken(retries),
			outcomeUnknown: true,
		};
	}
	// n8n's own refusals (blocked address, domain that the credential does not allow) carry no code.
	return {
		kind: 'unusable',
		message: `The request to ${host} could not be sent: ${messages.at(-1) ?? 'unknown reason'}`,
		advice: 'Check Base URL and the headers in the credential and in the options.',
		outcomeUnknown: false,
	};
}
