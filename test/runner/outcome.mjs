/**
 * What a layer came to.
 *
 * @typedef {object} Outcome
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string} details what to read when something failed
 */

/** @returns {Outcome} */
export const onePassed = () => ({ passed: 1, failed: 0, skipped: 0, details: '' });

/**
 * @param {string} details
 * @returns {Outcome}
 */
export const oneFailed = (details) => ({ passed: 0, failed: 1, skipped: 0, details });

/**
 * @param {Outcome[]} outcomes
 * @returns {Outcome}
 */
export const sum = (outcomes) => ({
	passed: outcomes.reduce((total, { passed }) => total + passed, 0),
	failed: outcomes.reduce((total, { failed }) => total + failed, 0),
	skipped: outcomes.reduce((total, { skipped }) => total + skipped, 0),
	details: outcomes
		.map(({ details }) => details)
		.filter(Boolean)
		.join('\n'),
});

/**
 * @param {Outcome} outcome
 * @returns {string} such as "12 passed, 0 failed"
 */
export const counted = ({ passed, failed, skipped }) =>
	`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
