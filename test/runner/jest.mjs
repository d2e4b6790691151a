import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkoutState } from '../../sandbox/lib/paths.mjs';
import { runProgram } from './command.mjs';
import { oneFailed } from './outcome.mjs';

/** @import { Outcome } from './outcome.mjs' */

/**
 * What jest writes with --json, as far as it is read here.
 *
 * @typedef {object} JestReport
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {number} numRuntimeErrorTestSuites files that could not be run at all
 * @property {Array<{ name: string, message: string }>} testResults
 */

/**
 * @param {string} file
 * @returns {Promise<JestReport | undefined>}
 */
async function reportIn(file) {
	try {
		return JSON.parse(await readFile(file, 'utf8'));
	} catch {
		return undefined;
	}
}

/**
 * The tests of one layer.
 *
 * @param {string} layer
 * @param {{ config?: string, paths?: string[], args?: string[], env?: NodeJS.ProcessEnv, limitMinutes?: number }} [options]
 *   paths: patterns of its files, by default the folder in test/ that has the layer's name
 * @returns {Promise<Outcome>}
 */
export async function runJest(
	layer,
	{ config = 'jest.config.js', paths = [`test/${layer}/`], args = [], ...options } = {},
) {
	const file = join(checkoutState, 'logs', `test-${layer}.json`);
	await rm(file, { force: true });
	const { code, text } = await runProgram(
		layer,
		'jest',
		[`--config=${config}`, '--json', `--outputFile=${file}`, ...args, ...paths],
		options,
	);
	const report = await reportIn(file);
	if (!report) return oneFailed(text);
	const { numPassedTests: passed, numPendingTests, numTodoTests } = report;
	const failures = report.numFailedTests + report.numRuntimeErrorTestSuites;
	if (passed + failures === 0) return oneFailed(`No test of ${layer} ran.\n${text}`);
	// jest also fails for reasons that are no test's, such as a worker that died.
	const failed = failures === 0 && code !== 0 ? 1 : failures;
	const messages = report.testResults.map(({ message }) => message).filter(Boolean);
	if (failures === 0 && failed === 1) messages.push(text);
	return {
		passed,
		failed,
		skipped: numPendingTests + numTodoTests,
		details: failed === 0 ? '' : messages.join('\n') || text,
	};
}
