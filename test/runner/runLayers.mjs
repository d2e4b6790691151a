import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureN8n } from '../../sandbox/lib/dependencies.mjs';
import { explain, Failure, messageOf } from '../../sandbox/lib/failure.mjs';
import { packNode, unpack } from '../../sandbox/lib/package.mjs';
import { checkoutState } from '../../sandbox/lib/paths.mjs';
import { createProgress } from '../../sandbox/lib/progress.mjs';
import { checkByProgram } from './command.mjs';
import { runJest } from './jest.mjs';
import { counted, oneFailed, onePassed, sum } from './outcome.mjs';

/** @import { Outcome } from './outcome.mjs' */

/**
 * @typedef {object} Layer
 * @property {string} name
 * @property {(say: (detail: string) => void) => Promise<Outcome>} run
 */

/** Enough to see what is wrong when everything is. */
const MAX_LINES = 400;

/** @param {string} details */
function readable(details) {
	const lines = details.split('\n');
	const rest = lines.length > MAX_LINES ? [`… and ${lines.length - MAX_LINES} lines more`] : [];
	return [...lines.slice(0, MAX_LINES), ...rest].map((line) => `    ${line}`).join('\n');
}

const unpacked = join(checkoutState, 'package', 'unpacked');

/** @returns {Promise<Outcome>} */
async function build() {
	await unpack(await packNode({ always: true }), unpacked);
	return onePassed();
}

/**
 * @param {string} layer
 * @param {(detail: string) => void} say
 * @param {number} [limitMinutes]
 * @returns {Promise<Outcome>}
 */
async function runInN8n(layer, say, limitMinutes = 20) {
	await ensureN8n((detail) => say(`n8n ${detail}`));
	say('running');
	return await runJest(layer, { config: `test/${layer}/jest.config.js`, limitMinutes });
}

/**
 * Tests that look at the clock. On a machine that was busy with something else, those that failed
 * get a second chance, one after the other.
 *
 * @param {string} layer
 * @param {string[]} args
 * @param {(detail: string) => void} say
 * @returns {Promise<Outcome>}
 */
async function runClockTests(layer, args, say) {
	const first = await runJest(layer, { args });
	if (first.failed === 0) return first;
	say(`${first.failed} failed, running them once more`);
	const again = await runJest(layer, { args: [...args, '--onlyFailures', '--runInBand'] });
	return {
		...again,
		passed: first.passed + Math.min(again.passed, first.failed),
		failed: again.failed,
	};
}

/** Where what a user can enter is tried at random: IDs, metadata, JSON, options, headers. */
const PROPERTIES = [
	'test/unit/(ids|metadata|json|options|credential|baseUrl|items|reader)',
	'test/engine/inputs',
];

/** @returns {Promise<Outcome>} */
const runProperties = async () =>
	await runJest('properties', {
		paths: PROPERTIES,
		args: ['--testTimeout=1200000', '--ci'],
		env: { PROPERTY_RUNS: '10000' },
		limitMinutes: 30,
	});

/**
 * Layers that share no work run in lanes side by side; in a lane one comes after the other.
 *
 * @type {{ fast: Layer[][], n8n: Layer[][], full: Layer[][] }}
 */
const lanes = {
	fast: [
		[
			{ name: 'build', run: build },
			{ name: 'lint', run: async () => await checkByProgram('lint', 'n8n-node', ['lint']) },
			{
				name: 'scanner',
				run: async () =>
					await checkByProgram('scanner', 'node', ['test/runner/scan.mjs', unpacked]),
			},
			{ name: 'package', run: async () => await runJest('package') },
			{
				name: 'typecheck',
				run: async () => await checkByProgram('typecheck', 'tsc', ['-p', 'tsconfig.check.json']),
			},
			{ name: 'docs', run: async () => await runJest('docs') },
		],
		[
			{ name: 'unit', run: async () => await runJest('unit') },
			{ name: 'server', run: async () => await runJest('server') },
			{ name: 'engine', run: async (say) => await runClockTests('engine', [], say) },
		],
	],
	n8n: [[{ name: 'e2e', run: async (say) => await runInN8n('e2e', say) }]],
	full: [
		[
			{ name: 'properties', run: async () => await runProperties() },
			{ name: 'full', run: async (say) => await runInN8n('full', say, 60) },
			{ name: 'editor', run: async (say) => await runInN8n('editor', say, 30) },
		],
	],
};

/** Engine tests that play through waits of seconds or through thousands of cases; --fast leaves them out. */
const SLOW = 'test/engine/(exactlyOnce|inputs|manyItems|pacing|pacingTokenBucket)\\.test\\.ts$';

/** @type {Layer} */
const quickEngine = {
	name: 'engine',
	run: async (say) =>
		await runClockTests('engine', [`--testPathIgnorePatterns=${SLOW}`, '--ci'], say),
};

/** @param {string[]} args */
function chosenStages(args) {
	/** @type {{ fast: boolean, full: boolean, only: string | undefined }} */
	let options;
	try {
		const { values } = parseArgs({
			args,
			options: {
				fast: { type: 'boolean', default: false },
				full: { type: 'boolean', default: false },
				only: { type: 'string' },
			},
		});
		options = { ...values, only: values.only };
	} catch (error) {
		throw new Failure(messageOf(error), { todo: 'Use --fast, --full or --only=<layer>,<layer>.' });
	}
	const { fast, full, only } = options;
	if (only === undefined && full) return [lanes.full];
	if (only === undefined && fast)
		return [
			lanes.fast.map((lane) =>
				lane.map((layer) => (layer.name === 'engine' ? quickEngine : layer)),
			),
		];
	// Where nobody waits for it, one after the other: tests that look at the clock need a calm machine.
	if (only === undefined) return [[lanes.fast.flat()], lanes.n8n];
	const names = only.split(',');
	const all = [lanes.fast, lanes.n8n, lanes.full];
	const known = all.flat(2).map(({ name }) => name);
	const unknown = names.find((name) => !known.includes(name));
	if (unknown !== undefined) {
		throw new Failure(`There is no layer “${unknown}”.`, {
			todo: `Choose from ${known.join(', ')}.`,
		});
	}
	return all.map((stage) => stage.map((lane) => lane.filter(({ name }) => names.includes(name))));
}

/**
 * Runs the chosen layers and prints what came of them, last the total.
 *
 * @param {string[]} args
 * @returns {Promise<number>} exit code
 */
export async function runLayers(args) {
	// Layers at work side by side would overwrite each other's line on a terminal.
	const { step } = createProgress({ write: (text) => process.stdout.write(text) });
	/** @type {Map<string, Outcome>} */
	const outcomes = new Map();

	/** @param {Layer} layer */
	async function runLayer({ name, run }) {
		const outcome = await step(name, async (say) => {
			const result = await run(say).catch(async (error) => oneFailed(await explain(error)));
			say(counted(result));
			return result;
		});
		outcomes.set(name, outcome);
		if (outcome.failed > 0) process.stdout.write(`\n${readable(outcome.details)}\n\n`);
	}

	for (const stage of chosenStages(args)) {
		await Promise.all(
			stage.map(async (lane) => {
				for (const layer of lane) await runLayer(layer);
			}),
		);
	}
	const total = sum([...outcomes.values()]);
	const failing = [...outcomes].filter(([, { failed }]) => failed > 0).map(([name]) => name);
	if (failing.length > 0) process.stdout.write(`\nFailed: ${failing.join(', ')}\n`);
	process.stdout.write(`${counted(total)}\n`);
	return total.failed === 0 && total.passed > 0 ? 0 : 1;
}
