import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import gulp from 'gulp';
import { messageOf } from '../failure.mjs';
import { communityPackageFolder } from '../n8n/environment.mjs';
import { withProjectTools } from '../node24.mjs';
import { checkoutState, root } from '../paths.mjs';
import { run } from '../processes.mjs';

/** @import { Progress } from '../progress.mjs' */

const SOURCES = ['nodes/**/*.{ts,svg,json}', 'credentials/**/*.{ts,svg}'];

const log = join(checkoutState, 'logs', 'rebuild.log');

/**
 * Takes each change of the node's sources over into an n8n that runs with N8N_DEV_RELOAD: n8n loads the node anew, and
 * its editor shows it at once.
 *
 * @param {object} parts
 * @param {string} parts.folder n8n's own folder
 * @param {Progress} parts.progress
 */
export function rebuildOnChange({ folder, progress }) {
	const target = join(communityPackageFolder(folder, 'n8n-nodes-openai-conversation'), 'dist');

	/** @param {string} program @param {string[]} args */
	async function must(program, args) {
		const env = { ...withProjectTools(process.env), BUILD_FOLDER: target };
		const { code } = await run(program, args, { cwd: root, env, log });
		if (code !== 0) throw new Error(await readFile(log, 'utf8'));
	}

	async function rebuild() {
		await rm(log, { force: true });
		await must('tsc', ['--noEmit']);
		await must('gulp', ['assets']);
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
