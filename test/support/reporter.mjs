import { relative } from 'node:path';

/** @import { AggregatedResult, Test, TestResult } from '@jest/reporters' */

/** How often a file that takes long is named. */
const REMIND_MS = 15_000;

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/**
 * @param {number} passed
 * @param {number} failed
 * @param {number} skipped
 */
const counted = (passed, failed, skipped) =>
	`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

/** @param {Test} test */
const nameOf = ({ context: { config }, path }) =>
	`${config.displayName?.name ?? 'test'}  ${relative(config.rootDir, path)}`;

/** Says what came of each file as soon as it is done, and last how many tests passed and failed. */
export default class Reporter {
	/** @type {Map<Test, number>} */
	#running = new Map();
	/** @type {string[]} */
	#failed = [];
	#timer = setInterval(() => {
		for (const [test, startedAt] of this.#running) {
			const ms = Date.now() - startedAt;
			if (ms > REMIND_MS) console.log(`… ${nameOf(test)} (${seconds(ms)})`);
		}
	}, REMIND_MS).unref();

	/** @param {Test} test */
	onTestFileStart(test) {
		this.#running.set(test, Date.now());
	}

	/** @param {Test} test @param {TestResult} result */
	onTestFileResult(test, result) {
		const ms = Date.now() - (this.#running.get(test) ?? Date.now());
		this.#running.delete(test);
		const { numPassingTests, numFailingTests, numPendingTests, numTodoTests } = result;
		const failed = numFailingTests + (result.testExecError ? 1 : 0);
		const counts = counted(numPassingTests, failed, numPendingTests + numTodoTests);
		console.log(`${failed > 0 ? '✗' : '✓'} ${nameOf(test)}: ${counts} (${seconds(ms)})`);
		if (failed === 0) return;
		this.#failed.push(nameOf(test));
		console.log(`\n${result.failureMessage ?? ''}\n`);
	}

	/** @param {Set<unknown>} _ @param {AggregatedResult} results */
	onRunComplete(_, results) {
		clearInterval(this.#timer);
		if (this.#failed.length > 0) console.log(`\nFailed:\n  ${this.#failed.join('\n  ')}\n`);
		const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
		const skipped = results.numPendingTests + results.numTodoTests;
		console.log(counted(results.numPassedTests, failed, skipped));
	}
}
