/** @import { HeaderPair, RateLimit } from './types.mjs' */
import { performance } from 'node:perf_hooks';

/** Tokens; sums of fractions must not refuse a client that waited exactly as told. */
const ROUNDING = 1e-6;

/**
 * A token bucket. `x-ratelimit-reset-requests` tells, as OpenAI's does, when the bucket will be
 * full again, not when the next token comes.
 *
 * @param {RateLimit} limit
 * @param {() => number} [now] milliseconds
 */
export function createLimiter(
	{ perSecond, burst, retryAfter = 'ms' },
	now = () => performance.now(),
) {
	if (!(perSecond > 0) || !(burst >= 1))
		throw new RangeError('rateLimit: perSecond must be above 0, burst at least 1');
	let tokens = burst;
	let filledAt = now();

	function refill() {
		const at = now();
		tokens = Math.min(burst, tokens + ((at - filledAt) * perSecond) / 1000);
		filledAt = at;
	}

	return {
		/**
		 * Takes a token.
		 *
		 * @returns {HeaderPair[] | undefined} undefined when there was one, else the headers of the 429
		 */
		take() {
			refill();
			if (tokens >= 1 - ROUNDING) {
				tokens = Math.max(0, tokens - 1);
				return undefined;
			}
			const waitMs = Math.ceil(((1 - ROUNDING - tokens) * 1000) / perSecond);
			if (retryAfter === 'ms') return [['retry-after-ms', String(waitMs)]];
			if (retryAfter === 'seconds') return [['retry-after', String(Math.ceil(waitMs / 1000))]];
			return [];
		},

		/** @returns {HeaderPair[]} the headers every answer carries */
		headers() {
			refill();
			return [
				['x-ratelimit-limit-requests', String(burst)],
				['x-ratelimit-remaining-requests', String(Math.floor(tokens + ROUNDING))],
				['x-ratelimit-reset-requests', formatDuration(((burst - tokens) * 1000) / perSecond)],
			];
		},
	};
}

/** @typedef {ReturnType<typeof createLimiter>} Limiter */

/**
 * @param {number} ms
 * @returns {string} as OpenAI writes it: `0s`, `12ms`, `1.5s`, `6m0s`
 */
export function formatDuration(ms) {
	const whole = Math.ceil(ms);
	if (whole === 0) return '0s';
	if (whole < 1000) return `${whole}ms`;
	const hours = Math.floor(whole / 3_600_000);
	const minutes = Math.floor((whole % 3_600_000) / 60_000);
	const seconds = (whole % 60_000) / 1000;
	if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
	return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
