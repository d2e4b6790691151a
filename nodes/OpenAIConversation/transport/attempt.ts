import type { WireAnswer } from './answer';
import type { FailureDetails } from './failures';
import { RequestFailure } from './failures';
import type { Redactor } from './redact';
import { wait } from './wait';

/** What goes to n8n's request helper. */
export interface WireRequest {
	method: 'GET' | 'POST' | 'DELETE';
	url: string;
	headers: Record<string, string>;
	body?: string;
	/** Domains that the credential is restricted to, as n8n lists them. */
	allowedDomains?: string;
}

/** Sends a request once; rejects when no complete answer came. */
export type Send = (request: WireRequest, signal: AbortSignal) => Promise<WireAnswer>;

/** Connections that were never made: nothing can have happened at the server. */
const NOT_CONNECTED = new Set([
	'EAI_AGAIN',
	'ECONNREFUSED',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'ENOTFOUND',
]);

const NOT_FOUND = new Set(['EAI_AGAIN', 'ENOTFOUND']);

/** Node.js' codes for a certificate that is not trusted. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)|ERR_TLS|ERR_SSL/;

/** Codes of a connection that was made and then broke: Node.js' own, axios' and the HTTP parser's. */
const BROKEN = /^(?:E[A-Z]+|ERR_BAD_RESPONSE|ERR_NETWORK|HPE_.+|UND_ERR_.+)$/;

interface Cause {
	codes: string[];
	messages: string[];
}

/** Codes and messages of an error and of what caused it, from the outside in. */
function causesOf(error: unknown): Cause {
	const codes: string[] = [];
	const messages: string[] = [];
	let current = error;
	for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
		if ('code' in current && typeof current.code === 'string') codes.push(current.code);
		messages.push(current.message);
		current = current.cause;
	}
	return { codes, messages };
}

type Reason = Pick<FailureDetails, 'kind' | 'message' | 'advice' | 'code' | 'mayHaveHappened'>;

function describe(error: unknown, host: string, redactor: Redactor): Reason {
	const { codes, messages } = causesOf(error);
	const certificate = codes.find((code) => CERTIFICATE.test(code));
	if (certificate !== undefined) {
		return {
			kind: 'network',
			code: certificate,
			message: `The certificate of ${host} is not trusted (${certificate})`,
			advice:
				'Check Base URL. For a server with a certificate of its own, make its authority known to n8n (NODE_EXTRA_CA_CERTS).',
			mayHaveHappened: false,
		};
	}
	const unreached = codes.find((code) => NOT_CONNECTED.has(code));
	if (unreached !== undefined) {
		return {
			kind: 'network',
			code: unreached,
			message: NOT_FOUND.has(unreached)
				? `The address ${host} could not be found (${unreached})`
				: `The connection to ${host} was refused (${unreached})`,
			advice:
				'Check Base URL in the credential and in the options, and that n8n can reach the server. For outages that pass, turn on Retry Network Errors and set Max Retries.',
			mayHaveHappened: false,
		};
	}
	const broken = codes.find((code) => BROKEN.test(code));
	if (broken !== undefined) {
		return {
			kind: 'network',
			code: broken,
			message: `The connection to ${host} broke before the answer was complete (${broken})`,
			advice:
				'Run the workflow again later, or turn on Retry Network Errors and set Max Retries in the options.',
			mayHaveHappened: true,
		};
	}
	// n8n's own refusals (blocked address, domain that the credential does not allow) carry no code.
	return {
		kind: 'unusable',
		message: `The request to ${host} could not be sent: ${redactor.text(messages.at(-1) ?? 'unknown reason')}`,
		advice: 'Check Base URL and the headers in the credential and in the options.',
		mayHaveHappened: false,
	};
}

/**
 * Sends a request once, and gives up when the last byte of the answer has not come in time.
 * @param timeout seconds from now; 0: no limit. What a timer can't hold (24.8 days) counts as that.
 * @param cancelled ends the attempt at once
 * @returns the answer, or the failure (its `attempts` is 1)
 */
export async function sendOnce(
	send: Send,
	request: WireRequest,
	timeout: number,
	cancelled: AbortSignal,
	redactor: Redactor,
): Promise<WireAnswer | RequestFailure> {
	const ending = new AbortController();
	const stop = () => ending.abort();
	cancelled.addEventListener('abort', stop, { once: true });
	const answered = new AbortController();
	let late = false;
	if (timeout > 0) {
		void wait(timeout * 1_000, answered.signal).then(() => {
			late = !answered.signal.aborted;
			if (late) ending.abort();
		});
	}
	try {
		return await send(request, ending.signal);
	} catch (error) {
		const { host } = new URL(request.url);
		const reason: Reason = late
			? {
					kind: 'timeout',
					message: `No complete answer from ${host} within ${timeout} ${timeout === 1 ? 'second' : 'seconds'}`,
					advice:
						'Raise Timeout in the options (0 means no limit), or turn on Retry Network Errors and set Max Retries.',
					mayHaveHappened: true,
				}
			: describe(error, host, redactor);
		return new RequestFailure({ ...reason, attempts: 1 });
	} finally {
		answered.abort();
		cancelled.removeEventListener('abort', stop);
	}
}
