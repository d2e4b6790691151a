/**
 * What npm runs before a script of the project: checks the machine and installs what is missing. npm then finds the
 * Node that came along first, so the script itself runs on that one.
 *
 * --n8n   the pinned n8n too
 */
import { Failure, runCommand } from './lib/failure.mjs';
import { ensureN8n, ensureProject, n8nVersion } from './lib/install.mjs';
import { createProgress } from './lib/progress.mjs';

const OLDEST_NODE = [20, 19];

function checkMachine() {
	if (process.platform === 'win32') {
		throw new Failure('This command does not run on Windows itself.', {
			todo: 'Run it in the Windows Subsystem for Linux.',
		});
	}
	const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
	const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
	if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
		throw new Failure(`Node ${process.versions.node} is too old.`, {
			todo: `Install Node ${OLDEST_NODE.join('.')} or newer, then start again.`,
		});
	}
}

await runCommand(async () => {
	checkMachine();
	const { step } = createProgress();
	await step('Dependencies', ensureProject);
	if (process.argv.includes('--n8n')) await step(`n8n ${n8nVersion}`, ensureN8n);
});
