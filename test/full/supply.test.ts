/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { access, copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureInstalled, packNode, root, unpack } from '../../sandbox/index.mjs';
import { startRegistry } from './support/registry.mjs';
import {
	allowScripts,
	documentedScripts,
	LOCKFILES,
	nameAt,
	readLockfile,
} from './support/supply.mjs';

/** What comes along with an install, and what of it runs. */

const isThere = async (file: string) =>
	await access(file).then(
		() => true,
		() => false,
	);

describe.each(LOCKFILES)('%s', (lockfile) => {
	it('should hold the checksum of each package and say nothing of where it came from', async () => {
		const { lockfileVersion, packages } = await readLockfile(lockfile);
		expect(lockfileVersion).toBe(3);
		expect(packages.length).toBeGreaterThan(1_000);
		const bad = packages.filter(
			([, { version, integrity, resolved, link }]) =>
				link === true ||
				resolved !== undefined ||
				version === undefined ||
				!/^sha512-[\w+/]{86}==$/.test(integrity ?? ''),
		);
		expect(bad).toEqual([]);
	});

	it('should bring the install scripts that the documentation lists, and no other', async () => {
		const { packages } = await readLockfile(lockfile);
		const scripted = packages
			.filter(([, { hasInstallScript }]) => hasInstallScript)
			.map(([place]) => nameAt(place));
		const documented = (await documentedScripts())
			.filter((row) => row.lockfile === lockfile)
			.map(({ name }) => name);
		expect(documented.toSorted()).toEqual([...new Set(scripted)].toSorted());
	});
});

describe('install scripts', () => {
	it('should be allowed in package.json where the documentation says that they run, and nowhere else', async () => {
		const rows = (await documentedScripts()).filter(
			({ lockfile }) => lockfile === 'package-lock.json',
		);
		expect(Object.fromEntries(rows.map(({ name, runs }) => [name, runs]))).toEqual(
			await allowScripts(),
		);
	});

	it('should run for one package of each n8n, the database driver', async () => {
		const rows = (await documentedScripts()).filter(
			({ lockfile, runs }) => runs && lockfile !== 'package-lock.json',
		);
		expect(rows.map(({ lockfile, name }) => [lockfile, name])).toEqual([
			['sandbox/n8n/package-lock.json', 'sqlite3'],
			['sandbox/n8n-1/package-lock.json', 'sqlite3'],
		]);
	});
});

describe('installing', () => {
	let registry: Awaited<ReturnType<typeof startRegistry>>;
	beforeAll(async () => {
		registry = await startRegistry();
	});
	beforeEach(() => registry.requests.splice(0));
	afterAll(async () => await registry?.close());

	/** Publishes a package whose install script leaves a mark in its folder. */
	async function publishScripted(name: string): Promise<void> {
		const folder = await registry.project(name, { scripts: { install: 'node mark.js' } });
		await writeFile(join(folder, 'mark.js'), "require('node:fs').writeFileSync('ran', '');");
		await registry.npm(['pack', '--ignore-scripts', '--silent'], folder);
		await registry.publish(join(folder, `${name}-1.0.0.tgz`));
	}

	it('should run the scripts of the packages that are named, of no other, and ask for no audit', async () => {
		await publishScripted('named');
		await publishScripted('other');
		const folder = await registry.project('installed', {
			dependencies: { named: '1.0.0', other: '1.0.0' },
		});
		await copyFile(join(root, '.npmrc'), join(folder, '.npmrc'));
		await registry.npm(['install', '--package-lock-only', '--ignore-scripts'], folder);
		expect(await readFile(join(folder, 'package-lock.json'), 'utf8')).not.toContain('127.0.0.1');

		await ensureInstalled({
			folder,
			scripted: ['named'],
			works: async () => await isThere(join(folder, 'node_modules/named/ran')),
			env: registry.env,
			effort: '',
			todo: '',
		});

		expect(await isThere(join(folder, 'node_modules/named/ran'))).toBe(true);
		expect(await isThere(join(folder, 'node_modules/other/package.json'))).toBe(true);
		expect(await isThere(join(folder, 'node_modules/other/ran'))).toBe(false);
		expect(
			registry.requests.filter(
				(request) => !/^GET \/(named|other)(\/-\/\1-1\.0\.0\.tgz)?$/.test(request),
			),
		).toEqual([]);
	}, 120_000);

	it("should find the project's lockfile complete, without asking any registry", async () => {
		const folder = await registry.project('checkout', {});
		for (const file of ['package.json', 'package-lock.json', '.npmrc'])
			await copyFile(join(root, file), join(folder, file));
		const said = await registry.npm(['ci', '--dry-run', '--ignore-scripts'], folder);
		expect(said).toMatch(/added \d+ packages/);
		expect(registry.requests).toEqual([]);
	}, 120_000);

	it('should take the published package as n8n does: one download, no dependency, no script, no audit', async () => {
		const { name, version, scripts, dependencies } = await registry.publish(await packNode());
		const folder = await registry.project('n8n', {});
		// What n8n does when a user installs a community node.
		await registry.npm(['pack', `${String(name)}@${String(version)}`, '--quiet'], folder);
		const unpacked = join(registry.folder, 'unpacked');
		await unpack(join(folder, `${String(name)}-${String(version)}.tgz`), unpacked);
		const packageJson: Record<string, unknown> = JSON.parse(
			await readFile(join(unpacked, 'package.json'), 'utf8'),
		);
		const kept = Object.entries(packageJson).filter(
			([key]) => !/^(dev|peer|optional)Dependencies$/.test(key),
		);
		await writeFile(join(unpacked, 'package.json'), JSON.stringify(Object.fromEntries(kept)));
		const flags = [
			'--audit=false',
			'--fund=false',
			'--bin-links=false',
			'--install-strategy=shallow',
			'--ignore-scripts=true',
			'--package-lock=false',
		];
		await registry.npm(['install', ...flags], unpacked);

		const asked = [
			`GET /${String(name)}`,
			`GET /${String(name)}/-/${String(name)}-${String(version)}.tgz`,
		];
		expect(new Set(registry.requests)).toEqual(new Set(asked));
		expect(dependencies).toBeUndefined();
		expect(
			Object.keys(Object(scripts)).filter((script) =>
				/^(pre|post)?(install|prepare|uninstall)$/.test(script),
			),
		).toEqual([]);
		expect(await isThere(join(unpacked, 'node_modules'))).toBe(false);
	}, 120_000);
});
