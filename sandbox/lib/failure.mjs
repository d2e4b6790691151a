import { readFile } from 'node:fs/promises';
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

/**
 * @param {unknown} error
 * @returns {string}
 */
export const messageOf = (error) => (types.isNativeError(error) ? error.message : String(error));

/**
 * In a test, errors of Node's own are no instances of the `Error` that the test sees.
 *
 * @param {unknown} value what a catch block got
 * @param {string} code such as ENOENT
 */
export const hasCode = (value, code) =>
	types.isNativeError(value) && 'code' in value && value.code === code;

/**
 * @param {string} file
 * @param {number} lines
 */
async function lastLines(file, lines) {
	const text = await readFile(file, 'utf8').catch(() => '');
	return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/**
 * @param {unknown} error
 * @returns {Promise<string>} the text that ends a command
 */
export async function explain(error) {
	if (!(error instanceof Failure)) {
		const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
		return `Something unforeseen happened:\n${stack}`;
	}
	const parts = [error.message];
	if (error.cause !== undefined) parts.push(`Cause: ${messageOf(error.cause)}`);
	if (error.log) {
		const end = await lastLines(error.log, 12);
		if (end) parts.push(`The log ends with:\n${end.replace(/^/gm, '  | ')}`);
	}
	if (error.todo) parts.push(`What to do: ${error.todo}`);
	if (error.log) parts.push(`The whole log: ${error.log}`);
	return parts.join('\n\n');
}
