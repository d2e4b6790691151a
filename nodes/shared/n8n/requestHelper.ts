import type {
	ICredentialsDecrypted,
	IExecuteFunctions,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	ISupplyDataFunctions,
} from 'n8n-workflow';

import type { Send, WireAnswer } from '../transport/request';
import { secretPart } from '../values/redact';
import { isPlainObject } from '../values/json';
import type { Credential } from './credential';
import { CREDENTIAL_TYPE } from './credential';
import { withCode } from './n8n1';

/** Functions of n8n that can send a request; those that load a list for the form know no stop. */
type Caller = IExecuteFunctions | ISupplyDataFunctions | ILoadOptionsFunctions;

/** A key of at least this many characters may not be part of an address; a shorter one may be an ordinary word. */
const SHORTEST_SECRET = 20;

/**
 * Sends through n8n's request helper, so that its proxy settings, its guard against requests to
 * internal addresses and the credential's authentication hold.
 */
export function createSend(context: Caller, credential: Credential): Send {
	const { name = '', id = '' } = context.getNode().credentials?.[CREDENTIAL_TYPE] ?? {};
	// Passed along, because n8n would otherwise decrypt the credential for every request.
	const credentialsDecrypted: ICredentialsDecrypted = {
		id: id ?? '',
		name,
		type: CREDENTIAL_TYPE,
		data: credential.data,
	};

	const secret = secretPart(credential.key);
	return async ({ method, url, headers, body, allowedDomains }, signal): Promise<WireAnswer> => {
		if (secret.length >= SHORTEST_SECRET && url.includes(secret)) {
			throw new Error('an ID or a query parameter contains the API key');
		}
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
		const caller: Caller =
			'getExecutionCancelSignal' in context && signal === context.getExecutionCancelSignal()
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
		return { status: statusCode, headers: lowerCaseHeaders(answer.headers), body: answerBody };
	};
}

/** The headers as a plain object with names in lower case. */
export function lowerCaseHeaders(headers: unknown): Record<string, unknown> {
	if (typeof headers !== 'object' || headers === null) return {};
	return Object.fromEntries(
		Object.entries(headers).map(([name, value]: [string, unknown]) => [name.toLowerCase(), value]),
	);
}
