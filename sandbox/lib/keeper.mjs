/**
 * Runs a command and ends it, with all it started, as soon as the process that wanted it is gone: the other end of
 * standard input closes when that process ends, even by SIGKILL. Started by processes.mjs.
 *
 * Usage: node keeper.mjs <milliseconds of grace> <command> [argument …]
 */
import { spawn } from 'node:child_process';

const [grace = '10000', command = '', ...args] = process.argv.slice(2);

// A process group of its own lets one signal reach the command's children too, such as n8n's task runner.
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });

/** @param {NodeJS.Signals} signal */
function signalGroup(signal) {
	if (child.pid === undefined) return;
	try {
		process.kill(-child.pid, signal);
	} catch {
		// The group is empty: nothing is left to end.
	}
}

let ending = false;
function endChild() {
	if (ending) return;
	ending = true;
	signalGroup('SIGTERM');
	setTimeout(() => signalGroup('SIGKILL'), Number(grace));
}

process.stdin.on('end', endChild).on('error', endChild).resume();
process.on('SIGTERM', endChild);
process.on('SIGINT', endChild);
process.on('SIGHUP', endChild);

child.on('error', (error) => {
	process.stderr.write(`${command} could not be started: ${error.message}\n`);
	process.exit(127);
});
child.on('exit', (code) => {
	signalGroup('SIGKILL');
	process.exit(code ?? 1);
});
