import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
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

/** What every request goes through is tried with few operations in many ways, all else with every operation. */
const ENGINE_TESTS = {
	judged: ['itemAdd', 'manyItems', 'set', 'traps'],
	others: [
		'copy',
		'create',
		'delete',
		'export',
		'get',
		'itemAdd',
		'itemDelete',
		'itemGet',
		'itemGetMany',
		'set',
	],
};

/** The README's links need the whole repository, of which Stryker copies a part. */
const NO_TEST_OF_CODE = /readme\.test\.ts$/;

const CAUGHT = new Set(['Killed', 'Timeout']);
const MISSED = new Set(['Survived', 'NoCoverage']);

let runs = 0;

/**
 * @param {string[]} files patterns, each perhaps with a range: `file:1:2-3:4`
 * @returns {Options}
 */
const optionsFor = (files) => ({
	testRunner: 'jest',
	jest: {
		projectType: 'custom',
		configFile: 'test/mutation/jest.config.js',
		enableFindRelatedTests: true,
	},
	coverageAnalysis: 'perTest',
	mutate: files,
	// What only runs while a module loads, such as the texts of fields, would need all tests for each mutant.
	ignoreStatic: true,
	concurrency: availableParallelism(),
	// jest keeps some memory with every run.
	maxTestRunnerReuse: 60,
	timeoutMS: 10_000,
	reporters: ['progress-append-only'],
	// Stryker may still be removing the folder of the run before.
	tempDirName: `.sandbox/stryker/${++runs}`,
	ignorePatterns: [
		'*',
		...['nodes', 'credentials', 'test', 'server', 'sandbox', 'docs', 'examples'].flatMap((each) => [
			`!${each}`,
			`!${each}/**`,
		]),
		'!*.js',
		'!*.json',
		'!*.md',
		'sandbox/n8n',
		'sandbox/n8n-1',
	],
});

/**
 * Tries mutants, or tells what came of them before: a run that was broken off goes on where it was, as long as neither
 * the code nor its tests changed. (Stryker's own incremental mode knows no rows of a table of tests, so it begins anew.)
 *
 * @param {string[]} files with the mutants, each perhaps with a range
 * @param {string[]} tests files
 * @returns {Promise<MutantResult[]>}
 */
async function tryMutants(files, tests) {
	if (files.length === 0) return [];
	const hash = createHash('sha256').update(files.join());
	for (const name of new Set([...files.map((each) => each.replace(/:.*/, '')), ...tests])) {
		hash.update(name).update(await readFile(join(root, name)));
	}
	const kept = join(checkoutState, 'mutation', `${hash.digest('hex').slice(0, 16)}.json`);
	try {
		return JSON.parse(await readFile(kept, 'utf8'));
	} catch {
		// Not tried yet.
	}
	// The jest configuration reads it, in the processes that Stryker starts.
	process.env['MUTATION_TESTS'] = tests.join(' ');
	const results = await new Stryker(optionsFor(files)).runMutationTest();
	await mkdir(dirname(kept), { recursive: true });
	await writeFile(kept, JSON.stringify(results));
	return results;
}

/** @param {MutantResult} mutant */
const file = ({ fileName }) => relative(root, fileName);

/** @param {MutantResult} mutant */
const keyOf = (mutant) => JSON.stringify([rangeOf(mutant), mutant.mutatorName, mutant.replacement]);

/**
 * @param {MutantResult} mutant
 * @returns {string} where it is, as Stryker takes it
 */
function rangeOf(mutant) {
	const { start, end } = mutant.location;
	// Results count columns from 1, ranges from 0.
	return `${file(mutant)}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`;
}

/**
 * All mutants, each tried with the unit tests that name its file: to load all tests for each of thousands of mutants
 * would take days. Those that they miss, and those in files that no unit test names, are tried in n8n's engine.
 *
 * @param {string[]} files
 * @returns {Promise<MutantResult[]>}
 */
async function tryAll(files) {
	const tests = globSync('test/unit/*.test.ts', { cwd: root }).filter(
		(test) => !NO_TEST_OF_CODE.test(test),
	);
	const texts = await Promise.all(
		tests.map(async (test) => await readFile(join(root, test), 'utf8')),
	);
	/** @type {Map<string, string[]>} files by their tests */
	const groups = new Map();
	for (const source of files) {
		const place = `${source.replace(/\.ts$/, '')}'`;
		const key = tests.filter((_, index) => texts[index]?.includes(place)).join(' ');
		groups.set(key, [...(groups.get(key) ?? []), source]);
	}
	const untested = groups.get('') ?? [];
	groups.delete('');
	/** @type {MutantResult[]} */
	const first = [];
	for (const [key, sources] of groups) first.push(...(await tryMutants(sources, key.split(' '))));
	const missed = first.filter(({ status }) => MISSED.has(status));
	const places = [...untested, ...new Set(missed.map(rangeOf))];
	/** @type {MutantResult[]} */
	const second = [];
	for (const room of ROOMS.keys()) {
		const own = places.filter((place) => roomOf(place.replace(/:.*/, '')) === room);
		const names = JUDGED.includes(room) ? ENGINE_TESTS.judged : ENGINE_TESTS.others;
		second.push(
			...(await tryMutants(
				own,
				names.map((name) => `test/engine/${name}.test.ts`),
			)),
		);
	}
	const results = new Map(first.map((mutant) => [keyOf(mutant), mutant]));
	for (const mutant of second) {
		const key = keyOf(mutant);
		if (CAUGHT.has(mutant.status) || !results.has(key)) results.set(key, mutant);
	}
	return [...results.values()];
}

/** @returns {Promise<string>} the commit, short */
async function commit() {
	const log = join(checkoutState, 'logs', 'mutation-git.log');
	const { output } = await run('git', ['rev-parse', '--short', 'HEAD'], {
		cwd: root,
		log,
		capture: true,
	});
	return output.trim();
}

/**
 * @param {string[]} chosen rooms; none means all
 * @returns {Promise<number>} exit code
 */
export async function mutate(chosen) {
	const unknown = chosen.find((room) => !ROOMS.has(room));
	if (unknown !== undefined) {
		throw new Failure(`There is no room “${unknown}”.`, {
			todo: `Choose from ${[...ROOMS.keys()].join(', ')}.`,
		});
	}
	// Each property is tried this often for each mutant.
	process.env['PROPERTY_RUNS'] ??= '20';
	const rooms = chosen.length > 0 ? chosen : [...ROOMS.keys()];
	const startedAt = Date.now();
	const copies = join(checkoutState, 'stryker');
	await rm(copies, { recursive: true, force: true });

	const results = await tryAll(
		globSync(
			rooms.map((room) => ROOMS.get(room) ?? ''),
			{ cwd: root },
		),
	);

	// The linter would find fault with mutants.
	await rm(copies, { recursive: true, force: true });

	const outcomes = rooms.map((room) => {
		const own = results.filter((mutant) => roomOf(file(mutant)) === room);
		const survivors = own
			.filter(({ status }) => MISSED.has(status))
			.map((mutant) => ({
				place: `${file(mutant)}:${mutant.location.start.line}`,
				change: `${mutant.mutatorName}: ${mutant.replacement ?? ''}`,
				isRun: mutant.status === 'Survived',
			}));
		return { room, caught: own.filter(({ status }) => CAUGHT.has(status)).length, survivors };
	});
	for (const outcome of outcomes) {
		process.stdout.write(
			`${outcome.room}: ${score(outcome).toFixed(1)} % of ${outcome.caught + outcome.survivors.length}\n`,
		);
	}
	const report = reportOf(outcomes, {
		commit: await commit(),
		minutes: (Date.now() - startedAt) / 60_000,
	});
	await writeFile(join(root, 'test', 'mutation', 'report.md'), report);
	const short = outcomes.filter(
		(outcome) => JUDGED.includes(outcome.room) && score(outcome) < GOAL,
	);
	process.stdout.write(`${outcomes.length - short.length} passed, ${short.length} failed\n`);
	return short.length === 0 ? 0 : 1;
}
