import { cp, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import gulp from 'gulp';
import { messageOf } from '../failure.mjs';
import { communityPackageFolder } from '../n8n/environment.mjs';
import { withProjectTools } from '../node24.mjs';
import { checkoutState, root } from '../paths.mjs';
import { run } from '../processes.mjs';

/** @import { Progress } from '../progress.mjs' */

const SOURCES = ['nodes', 'credentials'];

/** What tsc leaves behind and n8n loads: icons and codex files. */
const ASSET = /\.(svg|node\.json)$/;

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

	async function rebuild() {
		await rm(log, { force: true });
		const { code } = await run('tsc', ['--outDir', target], { cwd: root, env: withProjectTools(process.env), log });
		if (code !== 0) throw new Error(await readFile(log, 'utf8'));
		for (const source of SOURCES) {
			await cp(join(root, source), join(target, source), {
				recursive: true,
				filter: async (file) => ASSET.test(file) || (await stat(file)).isDirectory(),
			});
		}
	}

	const watched = SOURCES.map((source) => `${source}/**/*.{ts,svg,json}`);
	gulp.watch(watched, { cwd: root }, async () => {
		await progress.step('Building the change', rebuild).catch((error) => progress.note(messageOf(error)));
	});
	progress.note('Change a file in nodes/ or credentials/: the open editor shows it within seconds.');
}
