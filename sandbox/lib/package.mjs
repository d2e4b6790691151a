import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Failure } from './failure.mjs';
import { withLock } from './lock.mjs';
import { checkoutState, root } from './paths.mjs';
import { run } from './processes.mjs';

const log = join(checkoutState, 'logs', 'build.log');
const packages = join(checkoutState, 'package');

/** What the built package depends on. */
const SOURCES = [
	'{nodes,credentials}/**/*',
	'{package.json,tsconfig.json,gulpfile.js,README.md,CHANGELOG.md,LICENSE}',
];

async function fingerprint() {
	const hash = createHash('sha256');
	const found = globSync(SOURCES, { cwd: root, withFileTypes: true });
	const files = found
		.filter((each) => each.isFile())
		.map((each) => join(each.parentPath, each.name));
	for (const file of files.sort()) {
		hash
			.update(`${relative(root, file)}\0`)
			.update(await readFile(file))
			.update('\0');
	}
	return hash.digest('hex').slice(0, 16);
}

/** @param {string} folder */
function tarballIn(folder) {
	const [name] = globSync('*.tgz', { cwd: folder });
	return name && join(folder, name);
}

/**
 * @param {string[]} args
 * @param {string} todo
 */
async function npm(args, todo) {
	const { code } = await run('npm', [...args, '--loglevel=error'], { log });
	if (code === 0) return;
	throw new Failure(`\`npm ${args.join(' ')}\` ended with exit code ${code}.`, { todo, log });
}

/**
 * Builds the node and packs it as it would be published. What was packed before is used again while no source changed.
 *
 * @param {{ always?: boolean, say?: (detail: string) => void }} [options] always: build although nothing changed
 * @returns {Promise<string>} the tarball
 */
export const packNode = async ({ always = false, say } = {}) =>
	await withLock(packages, async () => {
		const folder = join(packages, await fingerprint());
		const packed = always ? undefined : tarballIn(folder);
		if (packed !== undefined) {
			say?.('unchanged');
			return packed;
		}
		const fresh = `${folder}.new`;
		await rm(fresh, { recursive: true, force: true });
		await mkdir(fresh, { recursive: true });
		await npm(['run', 'build'], 'Mend what the log names, then start again.');
		await npm(
			['pack', '--ignore-scripts', '--pack-destination', fresh],
			'Check the `files` in package.json and the free disk space, then start again.',
		);
		await rm(folder, { recursive: true, force: true });
		await rename(fresh, folder);
		const tarball = tarballIn(folder);
		if (tarball === undefined) throw new Failure('`npm pack` left no tarball.', { log });
		return tarball;
	});

/**
 * @param {string} tarball made by `npm pack`
 * @param {string} folder is emptied first
 */
export async function unpack(tarball, folder) {
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	const { code } = await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'], {
		log,
	});
	if (code === 0) return;
	throw new Failure(`${tarball} could not be unpacked into ${folder}.`, {
		todo: 'Check that the command `tar` is installed and that the disk is not full, then start again.',
		log,
	});
}
