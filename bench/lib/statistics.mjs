/** @typedef {{ median: number, least: number, most: number }} Summary */

/**
 * @param {readonly number[]} numbers at least one
 * @returns {number}
 */
export function median(numbers) {
	const sorted = numbers.toSorted((a, b) => a - b);
	const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
	const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
	return (lower + upper) / 2;
}

/**
 * @param {readonly number[]} numbers at least one
 * @returns {Summary}
 */
export const summaryOf = (numbers) => ({
	median: median(numbers),
	least: Math.min(...numbers),
	most: Math.max(...numbers),
});

/**
 * @template T
 * @param {readonly T[]} list
 * @param {number} by
 * @returns {T[]} the list, begun at another place
 */
export const rotated = (list, by) =>
	list.map((_, index) => list[(index + by) % list.length]).filter((each) => each !== undefined);
