import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import gulp from 'gulp';
import { messageOf } from '../lib/failure.mjs';
import { packageFolder } from '../lib/n8n/environment.mjs';
import { checkoutState, root } from '../lib/paths.mjs';
import { run } from '../lib/processes.mjs';

/** @import { Progress } from '../lib/progress.mjs' */

const SOURCES = ['nodes/**/*.{ts,svg,json}', 'credentials/**/*.{ts,svg}'];

const log = join(checkoutState, 'logs', 'rebuild.log');

/**
 * Takes each change of the node's sources over into an n8n that runs with N8N_DEV_RELOAD: n8n loads the node anew, and
 * its editor shows it at once.
 *
 * @param {string} folder n8n's own folder
 * @param {Progress} progress
 */
export function rebuildOnChange(folder, progress) {
	const env = { ...process.env, BUILD_FOLDER: join(packageFolder(folder), 'dist') };

	async function rebuild() {
		await rm(log, { force: true });
		for (const [program, ...args] of [
			['tsc', '--noEmit'],
			['gulp', 'assets'],
		]) {
			const { code } = await run(program ?? '', args, { env, log });
			if (code !== 0) throw new Error(await readFile(log, 'utf8'));
		}
	}

	gulp.watch(SOURCES, { cwd: root }, async () => {
		await progress
			.step('Building the change', rebuild)
			.catch((error) => progress.note(messageOf(error)));
	});
	progress.note(
		'Change a file in nodes/ or credentials/: the open editor shows it within seconds.',
	);
}
