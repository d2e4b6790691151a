/** A step that took longer than this is announced before it is done. */
const ANNOUNCE_AFTER_MS = 1500;

/** @param {number} startedAt */
const since = (startedAt) => {
	const seconds = (Date.now() - startedAt) / 1000;
	return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
};

/**
 * Tells on one line per step what is done and how long it took. On a terminal the line of the step at work counts
 * the seconds; in a log a long step speaks up now and then, so that nobody takes it for dead.
 */
export function createProgress() {
	const out = process.stdout;
	const clear = out.isTTY ? '\r\x1b[K' : '';
	const tickMs = out.isTTY ? 1000 : 15_000;

	/**
	 * @template T
	 * @param {string} title
	 * @param {(say: (detail: string) => void) => Promise<T>} work gets a function for what is to be added to the line
	 * @returns {Promise<T>}
	 */
	async function step(title, work) {
		const startedAt = Date.now();
		let detail = '';
		/** @param {string} mark */
		const line = (mark) =>
			`${clear}${mark} ${title}${detail && `: ${detail}`} (${since(startedAt)})`;
		const tick = () => void out.write(line('…') + (out.isTTY ? '' : '\n'));
		let timer = setTimeout(() => {
			tick();
			timer = setInterval(tick, tickMs);
		}, ANNOUNCE_AFTER_MS);
		let mark = '✗';
		try {
			const result = await work((added) => {
				detail = added;
			});
			mark = '✓';
			return result;
		} finally {
			clearTimeout(timer);
			out.write(`${line(mark)}\n`);
		}
	}

	/** @param {string} text */
	const note = (text) => void out.write(`${clear}  ${text}\n`);

	return { step, note };
}

/** @typedef {ReturnType<typeof createProgress>} Progress */
