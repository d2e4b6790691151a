import type { ICredentialDataDecryptedObject, INode } from 'n8n-workflow';
import { assertCredentialAllowsUrl } from 'n8n-workflow';

import { DEFAULT_BASE_URL, parseBaseUrl } from '../values/baseUrl';
import type { HeaderField } from '../values/headers';
import { checkHeader, FRAMING_HEADERS } from '../values/headers';
import { FieldError, isNothing, kindOf } from '../values/field';
import { isPlainObject } from '../values/json';
import type { Redactor } from '../values/redact';
import { createRedactor } from '../values/redact';
import { allowedDomainsIn1, decidesAddresses } from './n8n1';

export const CREDENTIAL_TYPE = 'openAIConversationApi';

/** The credential of a run, read once. */
export interface Credential {
	data: ICredentialDataDecryptedObject;
	key: string;
	/** Without a trailing slash. */
	baseUrl: string;
}

const BASE_URL = 'Base URL in the credential';

const customHeaders: HeaderField = {
	label: 'Custom Headers in the credential',
	reserved: new Set(FRAMING_HEADERS),
	advice: {
		wrongName: 'Use letters, digits and hyphens, such as x-gateway-route.',
		reserved: 'The node sets this header itself. Remove it from the credential.',
		wrongValue:
			'Remove line breaks and special characters such as emoji or curly quotes. They may have come in when the value was pasted.',
	},
};

/** What stands before a secret in a header. */
const SCHEME = /^(?:Basic|Bearer|Token)\s+/i;

function customHeadersOf(
	data: ICredentialDataDecryptedObject,
): Array<[name: string, value: string]> {
	const field: unknown = data.customHeaders;
	const rows = isPlainObject(field) && Array.isArray(field.headers) ? field.headers : [];
	return rows.flatMap((row: unknown): Array<[string, string]> => {
		const { name, value } = isPlainObject(row) ? row : {};
		if (typeof name !== 'string' || name.trim() === '') return [];
		return [[name.trim(), typeof value === 'string' ? value.trim() : '']];
	});
}

/**
 * What the run needs of a credential's fields.
 * @throws {FieldError} when a field holds what no request can carry
 */
export function parseCredential(data: ICredentialDataDecryptedObject): Credential {
	const key = typeof data.apiKey === 'string' ? data.apiKey.trim() : '';
	if (!/^[\x21-\x7e]+$/.test(key)) {
		throw new FieldError(
			key === ''
				? 'API Key in the credential is empty'
				: "API Key in the credential contains characters that can't be part of a key",
			'Enter the key again in the credential. OpenAI shows a key only once: if you no longer have it, create a new one on the API keys page of its dashboard.',
		);
	}
	const headers = customHeadersOf(data);
	for (const header of headers) checkHeader(header, customHeaders);
	const base = isNothing(data.baseUrl) ? DEFAULT_BASE_URL : data.baseUrl;
	if (typeof base !== 'string') {
		throw new FieldError(
			`${BASE_URL} is ${kindOf(base)}, not text`,
			`Enter a URL such as ${DEFAULT_BASE_URL}.`,
		);
	}
	return {
		data,
		key,
		baseUrl: parseBaseUrl(base, BASE_URL),
	};
}

/** A redactor for the secrets in a credential, whether or not the credential can be used. */
export const redactorFor = (data: ICredentialDataDecryptedObject): Redactor =>
	createRedactor(
		typeof data.apiKey === 'string' ? data.apiKey : '',
		customHeadersOf(data).map(([, value]) => value.replace(SCHEME, '')),
	);

/**
 * The domains to which n8n restricts requests to `url`; undefined where there is no restriction.
 * @throws {FieldError} when the credential does not allow the address
 */
export function allowedDomainsFor(
	node: INode,
	credential: Credential,
	url: string,
): string | undefined {
	const { data, baseUrl } = credential;
	let allowed: string | undefined;
	if (decidesAddresses) {
		try {
			return assertCredentialAllowsUrl({
				node,
				credentialData: data,
				url,
				pinnedUrl: baseUrl,
				surface: 'OpenAI Conversation',
			});
		} catch {
			allowed = '';
		}
	} else {
		allowed = allowedDomainsIn1(data, url, baseUrl);
	}
	if (allowed !== '') return allowed;
	throw new FieldError(
		`Base URL points to ${new URL(url).host}, which the credential does not allow`,
		url === baseUrl
			? 'Allowed Domains in the credential does not list its own Base URL. The owner of the credential can add the address there.'
			: 'Remove Base URL from the options, or ask the owner of the credential to set Allowed HTTP Request Domains in it to Specific Domains and list this address.',
	);
}
