import { adviceFor, FieldError, quote } from './field';
import { trimPasted } from './text';

export const DEFAULT_BASE_URL = 'https://api.openai.com/v1';

/**
 * Checks a base URL and removes the white space around it and its trailing slashes, so that a path
 * can be appended.
 * @param label the field's label, for the error
 * @throws {FieldError} when it is no http(s) URL, or has parts that don't belong there
 */
export function parseBaseUrl(value: string, label: string): string {
	const text = trimPasted(value);
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
		throw new FieldError(
			`${label} is ${quote(text)}, which is not an http or https URL`,
			adviceFor(text, `Enter an address such as ${DEFAULT_BASE_URL}.`),
		);
	}
	if (url.username !== '' || url.password !== '') {
		throw new FieldError(
			`${label} contains a user name or a password`,
			'Remove everything before the @. The key belongs in API Key in the credential.',
		);
	}
	if (text.includes('?') || text.includes('#')) {
		throw new FieldError(
			`${label} contains a query string or a fragment`,
			'Remove everything from the first ? or # on. Query parameters belong in the option Additional Query Parameters.',
		);
	}
	return url.href.replace(/\/+$/, '');
}

/** Hosts that are not on the internet: loopback, private and link-local addresses. */
const PRIVATE_HOST =
	/^(?:localhost|.+\.(?:internal|local|localhost)|127(?:\.\d+){3}|10(?:\.\d+){3}|192\.168(?:\.\d+){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2}|169\.254(?:\.\d+){2}|\[::1\]|\[f[cd][0-9a-f:]+\]|\[fe[89ab][0-9a-f:]+\])$/;

/** Whether requests to the address, with the key in them, cross the internet without encryption. */
export function isUnprotected(baseUrl: string): boolean {
	const { protocol, hostname: name } = new URL(baseUrl);
	const hostname = name.replace(/\.$/, '');
	// A name without a dot belongs to a container network or a local domain.
	const isName = !hostname.includes('.') && !hostname.startsWith('[');
	return protocol === 'http:' && !isName && !PRIVATE_HOST.test(hostname);
}
