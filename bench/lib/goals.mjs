import { median } from './statistics.mjs';

/** @typedef {{ goal: string, wanted: string, measured: string, met: boolean }} Goal */

/** @param {number} ratio */
export const times = (ratio) => `${ratio.toFixed(ratio < 3 ? 2 : 1)} ×`;

/** @param {number} share */
export const percent = (share) => `${(100 * share).toFixed(1)} %`;

/**
 * The median of what one took, divided by what the other took in the same round: a machine that is slower for a while
 * is so for both.
 *
 * @param {readonly number[]} [one]
 * @param {readonly number[]} [other]
 */
export const ratio = (one = [], other = []) =>
	median(one.map((ms, round) => ms / (other[round] ?? NaN)));

/**
 * @param {string} goal
 * @param {number} value
 * @param {number} limit
 * @param {(value: number) => string} [say]
 * @returns {Goal}
 */
export const atLeast = (goal, value, limit, say = times) => ({
	goal,
	wanted: `at least ${say(limit)}`,
	measured: say(value),
	met: value >= limit,
});

/**
 * @param {string} goal
 * @param {number} value
 * @param {number} limit
 * @param {(value: number) => string} [say]
 * @returns {Goal}
 */
export const atMost = (goal, value, limit, say = times) => ({
	goal,
	wanted: `at most ${say(limit)}`,
	measured: say(value),
	met: value <= limit,
});
