/** Waits that can all be dropped at once, so that none keeps the process alive. */
export function createTimers() {
	/** @type {Set<NodeJS.Timeout>} */
	const pending = new Set();
	/**
	 * @param {number} ms
	 * @param {() => unknown} action
	 * @returns {() => void} calls it off
	 */
	const after = (ms, action) => {
		const timer = setTimeout(() => {
			pending.delete(timer);
			action();
		}, ms);
		pending.add(timer);
		return () => {
			clearTimeout(timer);
			pending.delete(timer);
		};
	};
	return {
		after,
		/**
		 * @param {number} ms
		 * @returns {Promise<void>} never settles once `clear` was called
		 */
		wait: (ms) => new Promise((resolve) => void after(ms, resolve)),
		clear() {
			for (const timer of pending) clearTimeout(timer);
			pending.clear();
		},
	};
}

/** @typedef {ReturnType<typeof createTimers>} Timers */
