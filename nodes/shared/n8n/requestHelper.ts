import type { ICredentialsDecrypted, IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';

import type { WireAnswer } from '../transport/answer';
import type { Send } from '../transport/attempt';
import { isPlainObject } from '../values/json';
import type { Credential } from './credential';
import { CREDENTIAL_TYPE } from './credential';

/**
 * Sends through n8n's request helper, so that its proxy settings, its guard against requests to
 * internal addresses and the credential's authentication hold.
 */
export function createSend(context: IExecuteFunctions, credential: Credential): Send {
	const { name = '', id = '' } = context.getNode().credentials?.[CREDENTIAL_TYPE] ?? {};
	// Passed along, because n8n would otherwise decrypt the credential for every request.
	const credentialsDecrypted: ICredentialsDecrypted = {
		id: id ?? '',
		name,
		type: CREDENTIAL_TYPE,
		data: credential.data,
	};

	return async ({ method, url, headers, body, allowedDomains }, signal): Promise<WireAnswer> => {
		const options: IHttpRequestOptions = {
			method,
			url,
			headers: { ...headers },
			// Bytes, so that the answer can be checked before it is taken for JSON.
			encoding: 'arraybuffer',
			// A redirect would carry the key to another address.
			disableFollowRedirect: true,
			// Failing statuses as plain answers: n8n would send a 401 twice and drop the headers.
			ignoreHttpStatusErrors: true,
			returnFullResponse: true,
			// No limit of the helper's own (300 s without data); the signal ends the attempt.
			timeout: 0,
			...(body === undefined ? {} : { body }),
			...(allowedDomains === undefined ? {} : { allowedDomains }),
		};
		// The helper takes its signal from the context it is called on, and from nowhere else.
		const caller: IExecuteFunctions =
			signal === context.getExecutionCancelSignal()
				? context
				: Object.create(context, { getExecutionCancelSignal: { value: () => signal } });
		const answer: unknown = await context.helpers.httpRequestWithAuthentication
			.call(caller, CREDENTIAL_TYPE, options, { credentialsDecrypted })
			.catch((error: unknown) => {
				throw withCode(error);
			});
		if (!isPlainObject(answer) || typeof answer.statusCode !== 'number') {
			throw new TypeError('The request helper returned no response');
		}
		const { statusCode, body: answerBody } = answer;
		return { status: statusCode, headers: headersOf(answer.headers), body: answerBody };
	};
}

/**
 * n8n 1.x drops the cause of a request that failed. Its code stays as `httpCode`, unless an answer had
 * begun, whose status then stands there; its message stays as the first of `messages`.
 */
export function withCode(error: unknown): unknown {
	if (!(error instanceof Error) || error.cause !== undefined) return error;
	if (!('httpCode' in error) || typeof error.httpCode !== 'string') return error;
	const [message]: unknown[] =
		'messages' in error && Array.isArray(error.messages) ? error.messages : [];
	return Object.assign(error, {
		code: /^\d+$/.test(error.httpCode) ? 'ERR_BAD_RESPONSE' : error.httpCode,
		// Where it was the connecting that failed, Node.js' message begins with it.
		...(String(message).startsWith('connect ') && { syscall: 'connect' }),
	});
}

/** The headers as a plain object with names in lower case. */
export function headersOf(headers: unknown): Record<string, unknown> {
	if (typeof headers !== 'object' || headers === null) return {};
	return Object.fromEntries(
		Object.entries(headers).map(([name, value]: [string, unknown]) => [name.toLowerCase(), value]),
	);
}
