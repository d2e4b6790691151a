import { ensureProject } from './dependencies.mjs';
import { explain, Failure } from './failure.mjs';
import { continueUnderNode24, isContinuation } from './node24.mjs';
import { stopAll } from './processes.mjs';
import { createProgress } from './progress.mjs';
import { onceAskedToEnd } from './signals.mjs';

const OLDEST_NODE = { major: 20, minor: 19 };

function checkMachine() {
	if (process.platform === 'win32') {
		throw new Failure('This command does not run on Windows itself.', {
			todo: 'Run it in the Windows Subsystem for Linux.',
		});
	}
	const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
	const { major: oldest, minor: oldestMinor } = OLDEST_NODE;
	if (major < oldest || (major === oldest && minor < oldestMinor)) {
		throw new Failure(`Node ${process.versions.node} is too old.`, {
			todo: `Install Node ${oldest}.${oldestMinor} or newer, then start again.`,
		});
	}
}

/**
 * Runs a script to its end and leaves nothing behind that it started. When it is told to end, everything it started is
 * ended first; a script for which that is the regular end waits for `toldToEnd` and returns, any other one fails then.
 *
 * @param {(toldToEnd: Promise<void>) => Promise<number>} main gives the exit code
 */
export async function runScript(main) {
	/** @type {number | undefined} */
	let endedBy;
	/** @type {Promise<void>} */
	const toldToEnd = new Promise((resolve) => {
		onceAskedToEnd((exitCode) => {
			endedBy = exitCode;
			resolve();
			void stopAll();
		});
	});
	let exitCode = 1;
	try {
		exitCode = await main(toldToEnd);
	} catch (error) {
		if (endedBy === undefined) process.stderr.write(`\n${await explain(error)}\n`);
		else exitCode = endedBy;
	}
	await stopAll();
	process.exit(exitCode);
}

/**
 * Runs a script on a machine with nothing but Node and npm: first installs the project's dependencies, then goes on
 * under the Node that came with them.
 *
 * @param {(toldToEnd: Promise<void>) => Promise<number>} main gives the exit code; may import what the project
 *   depends on
 */
export async function bootstrap(main) {
	await runScript(async (toldToEnd) => {
		checkMachine();
		if (!isContinuation()) await createProgress().step('Dependencies', ensureProject);
		return (await continueUnderNode24()) ?? (await main(toldToEnd));
	});
}
