import { isJsonObject } from '../../nodes/shared/values/json';
import { toJson } from '../../nodes/shared/values/jsonText';
import type { ApiErrorBody } from '../../nodes/shared/transport/apiError';
import { parseApiError } from '../../nodes/shared/transport/apiError';
import type { RetriesSpent } from '../../nodes/shared/transport/advice';
import {
	adviceForStatus,
	adviceForUnreached,
	causeForStatus,
} from '../../nodes/shared/transport/advice';
import { conversationLocked, insufficientQuota } from '../../server/index.mjs';

const NONE: RetriesSpent = {
	made: 0,
	allowed: 0,
	ofNetworkErrors: false,
	safeToRetry: true,
	withLockWait: false,
};

/** As the client reads it from an answer. */
function errorOf(body: object): ApiErrorBody | undefined {
	const read = toJson(body);
	return isJsonObject(read) ? parseApiError(read) : undefined;
}

describe('Why a write met an error, without a word about trying again', () => {
	const other = errorOf({ error: { message: 'Oops' } });

	it.each<[string, number, ApiErrorBody | undefined, string | undefined]>([
		[
			'a quota that is used up',
			429,
			errorOf(insufficientQuota().body),
			'The account has no credit left or has reached its limit.',
		],
		[
			'a locked conversation',
			400,
			errorOf(conversationLocked().body),
			'The conversation is busy with another request, such as a reply that is being written.',
		],
		['a rate limit', 429, other, 'Too many requests were sent in a short time.'],
		['the first of the server errors', 500, other, 'The server could not answer.'],
		['the last of the server errors', 599, undefined, 'The server could not answer.'],
		['a request timeout', 408, other, 'The server gave up waiting.'],
		['a refusal, of which the message says it', 400, other, undefined],
		['a status above the server errors', 600, other, undefined],
		['a status below them', 499, other, undefined],
	])('should be named for %s', (_what, status, error, cause) => {
		expect(causeForStatus(status, error)).toBe(cause);
	});
});

describe('What to do', () => {
	it.each<[string, Partial<RetriesSpent>, string]>([
		['no retries', {}, ' For outages that pass, turn on Retry Network Errors and set Max Retries.'],
		[
			'retries of other errors',
			{ allowed: 3 },
			' For outages that pass, turn on Retry Network Errors.',
		],
		[
			'retries that are used up',
			{ made: 3, allowed: 3, ofNetworkErrors: true },
			' For outages that pass, raise Max Retries.',
		],
		['retries that are left', { made: 1, allowed: 3, ofNetworkErrors: true }, ''],
	])('should name what helps when the server was not reached with %s', (_what, more, end) => {
		const advice = adviceForUnreached({ ...NONE, ...more });
		expect(advice).toMatch(/Check Base URL .*, and that n8n can reach the server\./);
		expect(advice.slice(advice.indexOf('the server.') + 'the server.'.length)).toBe(end);
	});

	it.each<[string, ApiErrorBody | undefined, string]>([
		['the API does not know the address', errorOf({ error: { message: 'Invalid URL' } }), '/v1.'],
		['something else does not know it', undefined, '/v1.'],
		['the API does not have the ID', errorOf({ error: { message: 'No conv' } }), 'your API key.'],
		['the API gives no message', errorOf({ error: { code: 'x' } }), 'your API key.'],
	])('should tell an unknown address from an unknown ID: %s', (_what, error, end) => {
		expect(adviceForStatus(404, error, NONE).endsWith(end)).toBe(true);
	});
});
