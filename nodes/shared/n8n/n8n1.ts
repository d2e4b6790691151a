/**
 * What n8n 1.x lacks or does in another way, in one place. It goes when 1.x is no longer supported.
 */
import type { ICredentialDataDecryptedObject, IExecuteFunctions } from 'n8n-workflow';
import * as n8n from 'n8n-workflow';

/** Whether this is n8n 1.x, whose n8n-workflow has a function that 2.x has given up. */
export const isN8n1: boolean = 'sleepWithAbort' in n8n && typeof n8n.sleepWithAbort === 'function';

/** The wait with a signal that goes when it is over; 1.x leaves its listener behind. */
function withOwnSignal(original: typeof n8n.sleep): typeof n8n.sleep {
	return async (ms, signal) => {
		const own = new AbortController();
		const stop = () => own.abort();
		signal?.addEventListener('abort', stop);
		try {
			await original(ms, own.signal);
		} finally {
			signal?.removeEventListener('abort', stop);
		}
	};
}

/** n8n-workflow 1.x keeps the wait that can be ended in `sleepWithAbort`; since 2.x `sleep` takes the signal. */
export const sleep: typeof n8n.sleep =
	'sleepWithAbort' in n8n && typeof n8n.sleepWithAbort === 'function'
		? withOwnSignal(n8n.sleepWithAbort.bind(n8n))
		: n8n.sleep;

/** Whether this n8n decides by itself which addresses a credential allows. */
export const decidesAddresses = typeof n8n.assertCredentialAllowsUrl === 'function';

/**
 * The domains to which a credential restricts requests to `url`: undefined for no restriction, empty
 * where it forbids the address. 1.x has the fields, but not the function; this is its rule.
 * @param own the credential's base URL
 */
export function allowedDomainsIn1(
	data: ICredentialDataDecryptedObject,
	url: string,
	own: string,
): string | undefined {
	const mode = data.allowedHttpRequestDomains;
	if (mode === 'none' && url !== own) return '';
	if (mode !== 'domains') return undefined;
	const allowed = typeof data.allowedDomains === 'string' ? data.allowedDomains.trim() : '';
	const host = new URL(url).hostname.toLowerCase().replace(/\.$/, '');
	const matches = allowed
		.split(',')
		.map((domain) => domain.trim().toLowerCase().replace(/\.$/, ''))
		.some((domain) => (domain.startsWith('*.') ? host.endsWith(domain.slice(1)) : host === domain));
	return matches ? allowed : '';
}

/**
 * 1.x drops the cause of a request that failed. Its code stays as `httpCode`, unless an answer had
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

/**
 * Whether the node runs as the tool of an agent that does not hear of what a tool throws: agents
 * before version 3 get an empty message. 1.x does not say so itself; there every tool counts.
 */
export function isDeafToErrors(
	context: Pick<IExecuteFunctions, 'getNode'> & Partial<Pick<IExecuteFunctions, 'isToolExecution'>>,
): boolean {
	return context.isToolExecution?.() ?? context.getNode().type.endsWith('Tool');
}
