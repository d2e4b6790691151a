/** A step that took longer than this is announced before it is done. */
const ANNOUNCE_AFTER_MS = 1500;
const TICK_MS = { terminal: 1000, log: 15_000 };

/** @param {number} ms */
const seconds = (ms) =>
	ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;

/**
 * Tells on one line per step what is done and how long it took. On a terminal the line of the step at work counts
 * the seconds; in a log a long step speaks up now and then, so that nobody takes it for dead.
 *
 * @param {{ write(text: string): unknown, isTTY?: boolean }} [out]
 */
export function createProgress(out = process.stdout) {
	const terminal = out.isTTY === true;

	/**
	 * @template T
	 * @param {string} title
	 * @param {(say: (detail: string) => void) => T | Promise<T>} work gets a function for what is to be added to the line
	 * @returns {Promise<T>}
	 */
	async function step(title, work) {
		const start = Date.now();
		let detail = '';
		/** @type {NodeJS.Timeout | undefined} */
		let ticking;
		const text = () => (detail ? `${title}: ${detail}` : title);
		const tick = () => {
			const line = `… ${text()} (${seconds(Date.now() - start)})`;
			out.write(terminal ? `\r\x1b[K${line}` : `${line}\n`);
		};
		const announcing = setTimeout(() => {
			if (terminal) tick();
			else out.write(`… ${text()}\n`);
			ticking = setInterval(tick, terminal ? TICK_MS.terminal : TICK_MS.log);
		}, ANNOUNCE_AFTER_MS);
		/** @param {string} mark */
		const end = (mark) => {
			clearTimeout(announcing);
			clearInterval(ticking);
			out.write(
				`${terminal ? '\r\x1b[K' : ''}${mark} ${text()} (${seconds(Date.now() - start)})\n`,
			);
		};
		try {
			const result = await work((added) => {
				detail = added;
			});
			end('✓');
			return result;
		} catch (error) {
			end('✗');
			throw error;
		}
	}

	return {
		step,
		/** @param {string} text */
		note: (text) => void out.write(`${terminal ? '\r\x1b[K' : ''}  ${text}\n`),
	};
}

/** @typedef {ReturnType<typeof createProgress>} Progress */
