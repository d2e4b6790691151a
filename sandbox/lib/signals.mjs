/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const LOOK_AT_PARENT_MS = 500;

/**
 * npm passes a signal on to the shell it runs a script in, and that shell ends without telling the script.
 *
 * @param {() => void} callback called when the shell is gone
 */
function onceOrphanedByNpm(callback) {
	if (process.env['npm_lifecycle_event'] === undefined) return;
	const parent = process.ppid;
	setInterval(() => {
		if (process.ppid !== parent) callback();
	}, LOOK_AT_PARENT_MS).unref();
}

/**
 * Calls back once, when somebody wants this process to end: Ctrl-C, a signal, or the end of the process that it belongs
 * to (npm, or the one that continued itself in this one, see node24.mjs). Later signals change nothing, so that an
 * impatient second Ctrl-C leaves no process behind.
 *
 * @param {(exitCode: number) => void} callback
 */
export function onceAskedToEnd(callback) {
	let asked = false;
	/** @param {number} exitCode */
	const ask = (exitCode) => {
		if (asked) return;
		asked = true;
		callback(exitCode);
	};
	for (const signal of SIGNALS) process.on(signal, () => ask(signal === 'SIGINT' ? 130 : 143));
	onceOrphanedByNpm(() => ask(143));
	if (process.channel) {
		process.on('disconnect', () => ask(143));
		process.channel.unref();
	}
}
