/** Waits that can all be dropped at once, so that none keeps the process alive. */
export function createTimers() {
	/** @type {Set<NodeJS.Timeout>} */
	const pending = new Set();
	return {
		/**
		 * @param {number} ms
		 * @returns {Promise<void>} never settles once `clear` was called
		 */
		wait: (ms) =>
			new Promise((resolve) => {
				const timer = setTimeout(() => {
					pending.delete(timer);
					resolve();
				}, ms);
				pending.add(timer);
			}),
		clear() {
			for (const timer of pending) clearTimeout(timer);
			pending.clear();
		},
	};
}

/** @typedef {ReturnType<typeof createTimers>} Timers */
