import type { ApiErrorBody } from './apiError';
import { isConversationLocked, isQuota, isUnknownAddress } from './apiError';

export const NOT_THE_API =
	'Something between n8n and the API may have answered in its place. Check Base URL in the credential and in the options: its path usually ends in /v1.';

export const UNEXPECTED =
	'The server at Base URL may not offer the Conversations API. Check Base URL in the credential and in the options.';

export const REDIRECTED =
	'Redirects are not followed, because that would hand the API key to another address. Check Base URL in the credential and in the options. It must be the address that your provider gives you, with https and the right path.';

/** What to do about something that the API does not accept. */
export const CORRECT_IT = 'Correct what the message points out, then run the workflow again.';

const LOCKED =
	'The conversation is busy with another request, such as a reply that is being written.';

const TOO_MANY = 'Too many requests were sent in a short time.';

/** How retries stand when the last attempt has failed. */
export interface RetriesSpent {
	made: number;
	/** The Max Retries option. */
	allowed: number;
	/** The Retry Network Errors option. */
	ofNetworkErrors: boolean;
	/** Whether the request may be repeated even where it may have been carried out. */
	safeToRetry: boolean;
	/** Whether a locked conversation is waited for by an option of its own. */
	withLockWait: boolean;
}

const repeated = ({ made }: RetriesSpent): string =>
	made === 0 ? '' : `It was repeated ${made === 1 ? 'once' : `${made} times`}. `;

/** How to get more retries; undefined where some are left, so that more would change nothing. */
function moreRetries({ made, allowed }: RetriesSpent): string | undefined {
	if (made < allowed) return undefined;
	return allowed === 0 ? 'set Max Retries' : 'raise Max Retries';
}

/** The same after a request that got no answer. */
function moreNetworkRetries(retries: RetriesSpent): string | undefined {
	if (retries.ofNetworkErrors) return moreRetries(retries);
	return `turn on Retry Network Errors${retries.allowed === 0 ? ' and set Max Retries' : ''}`;
}

const orElse = (first: string, other: string | undefined, where = ''): string =>
	other === undefined ? `${first}.` : `${first}, or ${other}${where}.`;

/** What to do about something that passes. */
const waitItOut = (retries: RetriesSpent, more: string | undefined, purpose = ''): string =>
	repeated(retries) + orElse('Run the workflow again later', more, ` in the options${purpose}`);

/** What to do when no complete answer came within Timeout. */
export const adviceForTimeout = (retries: RetriesSpent): string =>
	repeated(retries) +
	orElse(
		'Raise Timeout (Seconds) in the options (0 means no limit)',
		retries.safeToRetry ? moreNetworkRetries(retries) : undefined,
	);

/** What to do when the connection broke, so that the request may have been carried out. */
export const adviceForBroken = (retries: RetriesSpent): string =>
	waitItOut(retries, retries.safeToRetry ? moreNetworkRetries(retries) : undefined);

/** What to do when there was no connection, so that nothing can have been carried out. */
export function adviceForUnreached(retries: RetriesSpent): string {
	const more = moreNetworkRetries(retries);
	return `${repeated(retries)}Check Base URL in the credential and in the options, and that n8n can reach the server.${more === undefined ? '' : ` For outages that pass, ${more}.`}`;
}

/** What the user can do about an answer with an error status. */
export function adviceForStatus(
	status: number,
	error: ApiErrorBody | undefined,
	retries: RetriesSpent,
): string {
	if (isQuota(status, error)) {
		return 'The account has no credit left or has reached its limit, so trying again will not help. Check plan and billing of the OpenAI account, then run the workflow again.';
	}
	if (isConversationLocked(status, error)) {
		return `${LOCKED} ${waitItOut(
			retries,
			retries.withLockWait ? 'raise Wait If Busy (Seconds)' : moreRetries(retries),
			' to wait for it',
		)}`;
	}
	if (status === 401) {
		return 'The API did not accept the key. Check API Key and Authentication in the credential, and that the key belongs to the server in Base URL.';
	}
	if (status === 403) {
		return 'The key is not allowed to do this. Check its permissions in the OpenAI dashboard, and Organization ID and Project ID in the credential.';
	}
	if (status === 404) {
		return isUnknownAddress(error)
			? 'The server does not know this address. Check Base URL in the credential and in the options: its path usually ends in /v1.'
			: 'Check the ID. The conversation or the item in it may already have been deleted, perhaps by an earlier input item with the same ID, or it belongs to a different project than your API key.';
	}
	if (status === 429) {
		return `${TOO_MANY} ${waitItOut(retries, moreRetries(retries))} For many input items, also set Max Requests per Minute in the OpenAI Conversation node.`;
	}
	if (status >= 500 && status <= 599) {
		return `The server could not answer, but the request itself may be fine. ${waitItOut(retries, retries.safeToRetry ? moreRetries(retries) : undefined)}`;
	}
	if (status === 408) {
		return 'The server gave up waiting, but the request itself may be fine. Run the workflow again later.';
	}
	if (error?.message === undefined) return NOT_THE_API;
	return CORRECT_IT;
}

/**
 * Why an answer has an error status, without a word about trying again: for a write that may have
 * been carried out. Undefined where the API's own message says it.
 */
export function causeForStatus(
	status: number,
	error: ApiErrorBody | undefined,
): string | undefined {
	if (isQuota(status, error)) return 'The account has no credit left or has reached its limit.';
	if (isConversationLocked(status, error)) return LOCKED;
	if (status === 429) return TOO_MANY;
	if (status >= 500 && status <= 599) return 'The server could not answer.';
	return status === 408 ? 'The server gave up waiting.' : undefined;
}
