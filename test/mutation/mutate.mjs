import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import { Failure } from '../../sandbox/lib/failure.mjs';
import { checkoutState, root } from '../../sandbox/lib/paths.mjs';
import { run } from '../../sandbox/lib/processes.mjs';
import { reportOf, roomOf, ROOMS, score } from './report.mjs';

/** @typedef {NonNullable<ConstructorParameters<typeof Stryker>[0]>} Options */
/** @typedef {Awaited<ReturnType<Stryker['runMutationTest']>>[number]} MutantResult */

/** Share of the mutants, in percent, that tests must notice in each of the rooms that every request goes through. */
const GOAL = 90;
const JUDGED = ['transport', 'execution', 'parameters'];

const CAUGHT = new Set(['Killed', 'Timeout']);
const MISSED = new Set(['Survived', 'NoCoverage']);

/**
 * @param {string[]} files patterns, each perhaps with a range: `file:1:2-3:4`
 * @returns {Options}
 */
const optionsFor = (files) => ({
	testRunner: 'jest',
	jest: { projectType: 'custom', configFile: 'test/mutation/jest.config.js', enableFindRelatedTests: true },
	coverageAnalysis: 'perTest',
	mutate: files,
	// What only runs while a module loads, such as the texts of fields, would need all tests for each mutant.
	ignoreStatic: true,
	// Tests look at the clock, so something must be left for it.
	concurrency: Math.max(1, availableParallelism() - 1),
	// jest keeps some memory with every run.
	maxTestRunnerReuse: 60,
	timeoutMS: 10_000,
	reporters: ['progress-append-only'],
	tempDirName: '.sandbox/stryker',
	ignorePatterns: [
		'*',
		...['nodes', 'credentials', 'test', 'sandbox', 'docs', 'examples'].flatMap((each) => [`!${each}`, `!${each}/**`]),
		'!*.js',
		'!*.json',
		'!*.md',
		'sandbox/n8n',
		'sandbox/n8n-1',
	],
});

/**
 * @param {string[]} files
 * @param {'unit' | 'all'} tests
 * @returns {Promise<MutantResult[]>}
 */
async function tryMutants(files, tests) {
	process.env['MUTATION_TESTS'] = tests;
	return await new Stryker(optionsFor(files)).runMutationTest();
}

/** @param {MutantResult} mutant */
const file = ({ fileName }) => relative(root, fileName);

/** @param {MutantResult} mutant */
const keyOf = (mutant) =>
	JSON.stringify([file(mutant), mutant.location, mutant.mutatorName, mutant.replacement]);

/**
 * @param {MutantResult} mutant
 * @returns {string} where it is, as Stryker takes it
 */
function rangeOf(mutant) {
	const { start, end } = mutant.location;
	return `${file(mutant)}:${start.line + 1}:${start.column}-${end.line + 1}:${end.column}`;
}

/** @returns {Promise<string>} the commit, short */
async function commit() {
	const log = join(checkoutState, 'logs', 'mutation-git.log');
	const { output } = await run('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, log, capture: true });
	return output.trim();
}

/**
 * @param {string[]} chosen rooms; none means all
 * @returns {Promise<number>} exit code
 */
export async function mutate(chosen) {
	const unknown = chosen.find((room) => !ROOMS.has(room));
	if (unknown !== undefined) {
		throw new Failure(`There is no room “${unknown}”.`, { todo: `Choose from ${[...ROOMS.keys()].join(', ')}.` });
	}
	// Each property is tried this often for each mutant.
	process.env['PROPERTY_RUNS'] ??= '20';
	const rooms = chosen.length > 0 ? chosen : [...ROOMS.keys()];
	const startedAt = Date.now();

	const first = await tryMutants(rooms.flatMap((room) => ROOMS.get(room) ?? []), 'unit');
	const missed = first.filter(({ status }) => MISSED.has(status));
	const second = missed.length > 0 ? await tryMutants([...new Set(missed.map(rangeOf))], 'all') : [];
	const again = new Map(second.map((mutant) => [keyOf(mutant), mutant]));
	const results = first.map((mutant) => (MISSED.has(mutant.status) ? (again.get(keyOf(mutant)) ?? mutant) : mutant));

	const outcomes = rooms.map((room) => {
		const own = results.filter((mutant) => roomOf(file(mutant)) === room);
		const survivors = own
			.filter(({ status }) => MISSED.has(status))
			.map((mutant) => ({
				place: `${file(mutant)}:${mutant.location.start.line + 1}`,
				change: `${mutant.mutatorName}: ${mutant.replacement ?? ''}`,
				isRun: mutant.status === 'Survived',
			}));
		return { room, caught: own.filter(({ status }) => CAUGHT.has(status)).length, survivors };
	});
	for (const outcome of outcomes) {
		process.stdout.write(`${outcome.room}: ${score(outcome).toFixed(1)} % of ${outcome.caught + outcome.survivors.length}\n`);
	}
	const report = reportOf(outcomes, { commit: await commit(), minutes: (Date.now() - startedAt) / 60_000 });
	await writeFile(join(root, 'test', 'mutation', 'report.md'), report);
	const short = outcomes.filter((outcome) => JUDGED.includes(outcome.room) && score(outcome) < GOAL);
	process.stdout.write(`${outcomes.length - short.length} passed, ${short.length} failed\n`);
	return short.length === 0 ? 0 : 1;
}
