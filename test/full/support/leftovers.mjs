import { getEventListeners } from 'node:events';

/** @returns {Record<string, number>} what keeps this process from ending, by kind */
export function activeResources() {
	/** @type {Record<string, number>} */
	const counts = {};
	for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
	return counts;
}

/**
 * Notes every signal that something listens to from now on.
 *
 * @returns {{ stop: () => void, listening: () => number[] }} `listening`: for each signal that still has listeners
 *   although it has not fired, how many
 */
export function watchSignals() {
	const original = EventTarget.prototype.addEventListener;
	/** @type {Set<AbortSignal>} */
	const signals = new Set();
	/** @type {EventTarget['addEventListener']} */
	EventTarget.prototype.addEventListener = function (...args) {
		if (this instanceof AbortSignal) signals.add(this);
		original.apply(this, args);
	};
	return {
		stop() {
			EventTarget.prototype.addEventListener = original;
		},
		listening: () =>
			[...signals]
				.filter(({ aborted }) => !aborted)
				.map((signal) => getEventListeners(signal, 'abort').length)
				.filter((count) => count > 0),
	};
}
