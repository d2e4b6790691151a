import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Failure } from './failure.mjs';
import { withLock } from './lock.mjs';
import { withProjectTools } from './node24.mjs';
import { checkoutState, root } from './paths.mjs';
import { run } from './processes.mjs';

const log = join(checkoutState, 'logs', 'build.log');
const packages = join(checkoutState, 'package');

/** What the built package depends on. */
const SOURCES = ['nodes', 'credentials'];
const SINGLE_FILES =
	/^(package\.json|tsconfig\.json|gulpfile\.js|README\.md|CHANGELOG\.md|LICENSE)$/;

/**
 * @param {string} folder
 * @returns {Promise<string[]>} the files in it, at any depth
 */
export async function filesIn(folder) {
	const entries = await readdir(folder, { withFileTypes: true, recursive: true });
	return entries
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.sort();
}

async function fingerprint() {
	const single = (await readdir(root))
		.filter((name) => SINGLE_FILES.test(name))
		.map((name) => join(root, name));
	const sources = await Promise.all(
		SOURCES.map(async (folder) => await filesIn(join(root, folder))),
	);
	const hash = createHash('sha256');
	for (const file of [...single, ...sources.flat()]) {
		hash
			.update(`${relative(root, file)}\0`)
			.update(await readFile(file))
			.update('\0');
	}
	return hash.digest('hex').slice(0, 16);
}

/** @param {string} folder */
async function tarballIn(folder) {
	const names = await readdir(folder).catch(() => []);
	const name = names.find((each) => each.endsWith('.tgz'));
	return name === undefined ? undefined : join(folder, name);
}

/**
 * @param {string[]} args
 * @param {string} todo
 */
async function npm(args, todo) {
	const { code } = await run('npm', [...args, '--loglevel=error'], {
		cwd: root,
		env: withProjectTools(process.env),
		log,
	});
	if (code !== 0)
		throw new Failure(`\`npm ${args.join(' ')}\` ended with exit code ${code}.`, { todo, log });
}

/**
 * Builds the node and packs it as it would be published. What was packed before is used again while no source changed.
 *
 * @param {{ always?: boolean, say?: (detail: string) => void }} [options] always: build although nothing changed
 * @returns {Promise<string>} the tarball
 */
export async function packNode({ always = false, say } = {}) {
	return await withLock(join(checkoutState, 'locks'), 'build', async () => {
		const folder = join(packages, await fingerprint());
		const packed = always ? undefined : await tarballIn(folder);
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
		const tarball = await tarballIn(folder);
		if (tarball === undefined) throw new Failure('`npm pack` left no tarball.', { log });
		return tarball;
	});
}

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
	if (code !== 0) {
		throw new Failure(`${tarball} could not be unpacked into ${folder}.`, {
			todo: 'Check that the command `tar` is installed and that the disk is not full, then start again.',
			log,
		});
	}
}
