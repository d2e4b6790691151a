import { writeFile } from 'node:fs/promises';
import { cpus, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createProgress, n8nVersion, root } from '../../sandbox/index.mjs';
import { goalsOf } from './goals.mjs';
import {
	fiveHundred,
	loading,
	memoryAtScale,
	messages,
	oneAtATime,
	timeAtScale,
	tokenBucket,
} from './measure.mjs';
import { barPlot } from './plot.mjs';
import { markdown } from './report.mjs';
import { setStage } from './stage.mjs';

const ROUNDS = 3;

/** On a quiet machine it takes 9 minutes. */
const LONGEST_MS = 20 * 60_000;

/** @returns {import('./report.mjs').Machine} */
const machine = () => ({
	cpu: cpus()[0]?.model.trim() ?? 'an unknown processor',
	cores: cpus().length,
	memoryGB: Math.round(totalmem() / 2 ** 30),
	system: `${type()} ${process.arch}`,
	node: process.versions.node,
	n8n: n8nVersion,
});

/**
 * @param {string[]} args `--rounds=N`
 * @returns {Promise<number>} exit code: 1 when a goal was missed
 */
export async function bench(args) {
	const { values } = parseArgs({
		args,
		options: { rounds: { type: 'string', default: String(ROUNDS) } },
	});
	const rounds = Number(values.rounds);
	const startedAt = performance.now();
	const limit = setTimeout(() => {
		process.stderr.write(
			'\nThe benchmark takes too long: is the machine busy with something else?\n',
		);
		process.kill(process.pid, 'SIGTERM');
	}, LONGEST_MS);
	const progress = createProgress();
	const { step } = progress;
	const stage = await setStage(progress);
	/** @type {import('./goals.mjs').Measured} */
	let measured;
	try {
		measured = {
			loading: await step('Loading the node', loading),
			oneAtATime: await step(
				'500 items, 0 ms, one at a time',
				async (say) => await oneAtATime(stage, rounds + 2, say),
			),
			fiveHundred: await step(
				'500 items, 50 ms',
				async (say) => await fiveHundred(stage, rounds, say),
			),
			messages: await step('1,000 messages', async (say) => await messages(stage, rounds, say)),
			timeAtScale: await step('Many items', async (say) => await timeAtScale(stage, say)),
			memoryAtScale: await step('Memory', async (say) => await memoryAtScale(stage, say)),
			tokenBucket: await step('Token bucket', async (say) => await tokenBucket(stage, say)),
		};
	} finally {
		clearTimeout(limit);
		await stage.close();
	}

	const goals = goalsOf(measured);
	const report = {
		machine: machine(),
		rounds,
		measured,
		goals,
		tookMs: performance.now() - startedAt,
	};
	const bars = Object.entries(measured.fiveHundred).map(([name, { label, summary }]) => ({
		label,
		value: summary.median / 1_000,
		least: summary.least / 1_000,
		most: summary.most / 1_000,
		isOurs: name.startsWith('ours'),
	}));
	const plot = barPlot({
		title: 'Update the metadata of 500 conversations',
		note: `Seconds, each answer after 50 ms; n8n ${n8nVersion}; median, least and most of ${rounds} rounds`,
		unit: 's',
		bars,
	});
	const folder = join(root, 'bench');
	await writeFile(join(folder, 'results.json'), `${JSON.stringify(report, null, '\t')}\n`);
	await writeFile(join(folder, 'results.md'), markdown(report));
	await writeFile(join(folder, 'results.svg'), plot);
	process.stdout.write('\n');
	for (const { goal, wanted, measured: value, met } of goals) {
		process.stdout.write(`${met ? '✓' : '✗'} ${goal}: ${value} (${wanted})\n`);
	}
	process.stdout.write('\nWritten: bench/results.md, bench/results.json, bench/results.svg\n');
	return goals.every(({ met }) => met) ? 0 : 1;
}
