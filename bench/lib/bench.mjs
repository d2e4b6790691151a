import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkoutState, createProgress, Failure, n8nVersion, root } from '../../sandbox/index.mjs';
import { parts } from '../parts/index.mjs';
import { barPlot } from './plot.mjs';
import { markdown } from './report.mjs';
import { setStage } from './stage.mjs';

/** @import { Machine, Measured } from './report.mjs' */

const ROUNDS = 3;

/** What a quick run leaves of the items. */
const QUICK = 1 / 10;

/** On a quiet machine the whole takes 12 minutes. */
const LONGEST_MS = 30 * 60_000;

/** @returns {Machine} */
const machine = () => ({
	cpu: cpus()[0]?.model.trim() ?? 'an unknown processor',
	cores: cpus().length,
	memoryGB: Math.round(totalmem() / 2 ** 30),
	system: `${type()} ${process.arch}`,
	node: process.versions.node,
	n8n: n8nVersion,
});

/** @param {string[]} args */
function parseOptions(args) {
	const { values } = parseArgs({
		args,
		options: {
			only: { type: 'string', default: Object.keys(parts).join(',') },
			rounds: { type: 'string' },
			quick: { type: 'boolean', default: false },
		},
	});
	const names = values.only.split(',');
	const unknown = names.filter((name) => !Object.hasOwn(parts, name));
	if (unknown.length > 0) {
		throw new Failure(`The benchmark has no part ${unknown.join(', ')}.`, {
			todo: `Name some of these with --only: ${Object.keys(parts).join(', ')}.`,
		});
	}
	const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS));
	if (!Number.isInteger(rounds) || rounds < 1) {
		throw new Failure('--rounds must be a whole number from 1.', { todo: 'Try --rounds=3.' });
	}
	return { names, rounds, isQuick: values.quick };
}

/** @param {string} file @returns {Promise<Record<string, Measured>>} what was measured before, by part */
const readResults = async (file) => JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));

/**
 * @param {string} folder
 * @param {Record<string, Measured>} measured by part
 */
async function writeResults(folder, measured) {
	const known = Object.entries(parts).flatMap(([name, part]) => {
		const own = measured[name];
		return own === undefined ? [] : [{ name, part, own }];
	});
	const kept = Object.fromEntries(known.map(({ name, own }) => [name, own]));
	await mkdir(folder, { recursive: true });
	await writeFile(join(folder, 'results.json'), `${JSON.stringify(kept, null, '\t')}\n`);
	await writeFile(
		join(folder, 'results.md'),
		markdown({
			parts: kept,
			goals: known.flatMap(({ part, own }) => part.goals(own.result)),
			sections: known.map(({ part, own }) => part.section(own.result)),
			missing: Object.keys(parts).filter((name) => kept[name] === undefined),
		}),
	);
	for (const { part, own } of known) {
		const note = `n8n ${own.machine.n8n}; median, least and most of ${own.rounds} rounds`;
		const plot = part.plot?.(own.result, note);
		if (plot !== undefined) await writeFile(join(folder, 'results.svg'), barPlot(plot));
	}
}

/**
 * @param {string[]} args `--only=part,part`, `--rounds=N`, `--quick`
 * @returns {Promise<number>} exit code: 1 when a goal of what was measured was missed
 */
export async function bench(args) {
	const { names, rounds, isQuick } = parseOptions(args);
	const folder = isQuick ? join(checkoutState, 'bench-quick') : join(root, 'bench');
	const limit = setTimeout(() => {
		process.stderr.write(
			'\nThe benchmark takes too long: is the machine busy with something else?\n',
		);
		process.kill(process.pid, 'SIGTERM');
	}, LONGEST_MS);
	const progress = createProgress();
	const stage = await setStage(progress);
	const scale = {
		rounds,
		/** @param {number} count */
		some: (count) => (isQuick ? count * QUICK : count),
	};
	const before = isQuick ? {} : await readResults(join(folder, 'results.json'));
	/** @type {Record<string, Measured>} */
	const fresh = {};
	try {
		for (const [name, part] of Object.entries(parts)) {
			if (!names.includes(name)) continue;
			const result = await progress.step(
				part.title,
				async (say) => await part.measure(stage, scale, say),
			);
			fresh[name] = { machine: machine(), rounds, result };
			// At once, so that a part that goes wrong takes nothing with it.
			await writeResults(folder, { ...before, ...fresh });
		}
	} finally {
		clearTimeout(limit);
		await stage.close();
	}

	const goals = Object.entries(fresh).flatMap(
		([name, { result }]) => parts[name]?.goals(result) ?? [],
	);
	process.stdout.write('\n');
	for (const { goal, wanted, measured, met } of goals) {
		const mark = isQuick ? '·' : met ? '✓' : '✗';
		process.stdout.write(`${mark} ${goal}: ${measured} (${wanted})\n`);
	}
	process.stdout.write(`\nWritten: ${join(folder, 'results.md')}, .json and .svg\n`);
	if (isQuick) {
		process.stdout.write('A quick run takes a tenth of the items: its figures say nothing.\n');
		return 0;
	}
	return goals.every(({ met }) => met) ? 0 : 1;
}
