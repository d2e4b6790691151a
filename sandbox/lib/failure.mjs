import { readFileSync } from 'node:fs';
import { types } from 'node:util';

/** Something that a user can understand and put right: what happened, what to do, and where the log is. */
export class Failure extends Error {
	/**
	 * @param {string} message what happened
	 * @param {{ todo?: string, log?: string, cause?: unknown }} [details]
	 */
	constructor(message, { todo, log, cause } = {}) {
		super(message, { cause });
		this.name = 'Failure';
		this.todo = todo;
		this.log = log;
	}
}

// In a test, errors of Node's own are no instances of the `Error` that the test sees.

/** @param {unknown} error */
export const messageOf = (error) => (types.isNativeError(error) ? error.message : String(error));

/**
 * @param {unknown} error
 * @param {string} code such as ENOENT
 */
export const hasCode = (error, code) =>
	types.isNativeError(error) && 'code' in error && error.code === code;

/** @param {string} file */
function endOf(file) {
	try {
		return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-12).join('\n');
	} catch {
		return '';
	}
}

/**
 * @param {unknown} error
 * @returns {string} the text that ends a command
 */
export function explain(error) {
	if (!(error instanceof Failure)) {
		return `Something unforeseen happened:\n${types.isNativeError(error) ? error.stack : String(error)}`;
	}
	const { message, cause, log, todo } = error;
	const end = log && endOf(log);
	return [
		message,
		cause !== undefined && `Cause: ${messageOf(cause)}`,
		end && `The log ends with:\n${end.replace(/^/gm, '  | ')}`,
		todo && `What to do: ${todo}`,
		log && `The whole log: ${log}`,
	]
		.filter(Boolean)
		.join('\n\n');
}

/**
 * Runs a command of the sandbox and ends this process; what goes wrong is explained.
 *
 * @param {() => Promise<number | void>} command gives the exit code, by default 0
 */
export async function runCommand(command) {
	try {
		process.exit((await command()) ?? 0);
	} catch (error) {
		process.stderr.write(`\n${explain(error)}\n`);
		process.exit(1);
	}
}
