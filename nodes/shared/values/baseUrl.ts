import { FieldError, quote, trimPasted } from './field';

export const DEFAULT_BASE_URL = 'https://api.openai.com/v1';

/**
 * Checks a base URL and brings it into the form that paths are appended to: no white space around
 * it, no trailing slash.
 * @param label the field it stands in, for the error
 * @throws {FieldError} when it is no http(s) URL or has parts that do not belong there
 */
export function parseBaseUrl(value: string, label: string): string {
	const text = trimPasted(value);
	const url = URL.canParse(text) ? new URL(text) : undefined;
	const advice = `Enter an address such as ${DEFAULT_BASE_URL}.`;
	if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
		throw new FieldError(`${label} is ${quote(text)}, which is not an http or https URL`, advice);
	}
	if (url.username !== '' || url.password !== '') {
		throw new FieldError(
			`${label} has a user name or a password in it`,
			'Remove what stands before the @. Keys belong in the credential.',
		);
	}
	if (text.includes('?') || text.includes('#')) {
		throw new FieldError(
			`${label} has a query string or a fragment in it`,
			'Remove it. Query parameters go into Additional Query Parameters in the options.',
		);
	}
	return url.href.replace(/\/+$/, '');
}

/** Networks that are not reached over the internet: loopback, private and link-local addresses. */
const PRIVATE_HOST =
	/^(?:localhost|.+\.(?:internal|local|localhost)|127(?:\.\d+){3}|10(?:\.\d+){3}|192\.168(?:\.\d+){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2}|169\.254(?:\.\d+){2}|\[::1\]|\[f[cd][0-9a-f:]+\]|\[fe[89ab][0-9a-f:]+\])$/;

/** Whether requests to the address cross the internet without encryption, key included. */
export function isUnprotected(baseUrl: string): boolean {
	const { protocol, hostname: name } = new URL(baseUrl);
	const hostname = name.replace(/\.$/, '');
	// A name without a dot is one of a container network or a local domain.
	const isName = !hostname.includes('.') && !hostname.startsWith('[');
	return protocol === 'http:' && !isName && !PRIVATE_HOST.test(hostname);
}
