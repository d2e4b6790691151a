import { headerText } from './request';

/** What the API says of its limit on requests. */
export interface HeaderPace {
	/** Requests that it takes at once after a long rest. */
	limit: number;
	/** Requests that it would still have taken when it answered. */
	remaining: number;
	/** In how many ms one request comes back. */
	msPerRequest: number;
}

/** A limit that regains a request more slowly than this is not waited for, in ms. */
const SLOWEST_MS_PER_REQUEST = 60_000;

const RESET = /^(?:\d+(?:\.\d+)?(?:ms|h|m|s))+$/;
const RESET_PART = /(\d+(?:\.\d+)?)(ms|h|m|s)/g;
const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Parses a duration such as `20ms`, `1s` or `6m0s`, in ms; undefined for anything else. */
export function parseReset(text: string | undefined): number | undefined {
	if (text === undefined || !RESET.test(text)) return undefined;
	return [...text.matchAll(RESET_PART)].reduce(
		(sum, [, amount, unit]) => sum + Number(amount) * (MS_PER_UNIT[unit ?? ''] ?? 0),
		0,
	);
}

/**
 * Reads `x-ratelimit-limit-requests`, `-remaining-requests` and `-reset-requests`. The last is the
 * time until the whole limit is available again, not until the next request is, so one request
 * comes back in reset / (limit − remaining). Undefined unless all three make sense together.
 */
export function headerPace(headers: Readonly<Record<string, unknown>>): HeaderPace | undefined {
	const count = (name: string): number => {
		const text = headerText(headers, `x-ratelimit-${name}-requests`) ?? '';
		return /^\d+$/.test(text) ? Number(text) : NaN;
	};
	const limit = count('limit');
	const remaining = count('remaining');
	const reset = parseReset(headerText(headers, 'x-ratelimit-reset-requests'));
	if (!(limit >= remaining) || limit === 0 || reset === undefined) return undefined;
	const msPerRequest = Math.max(reset, 1) / Math.max(limit - remaining, 1);
	return msPerRequest <= SLOWEST_MS_PER_REQUEST ? { limit, remaining, msPerRequest } : undefined;
}
