import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../sandbox/index.mjs';
import { userEnvironment } from '../../support/environment.mjs';

/**
 * @typedef {object} Served
 * @property {Record<string, unknown>} packageJson
 * @property {Buffer} tarball
 */

/**
 * A package registry on loopback that serves a few packages and notes what it is asked, with a folder for its clients.
 */
export async function startRegistry() {
	/** @type {Map<string, Served>} */
	const packages = new Map();
	/** @type {string[]} */
	const requests = [];
	const folder = await mkdtemp(join(tmpdir(), 'registry-'));
	const log = join(folder, 'npm.log');
	let url = '';

	const server = createServer((request, response) => {
		requests.push(`${request.method} ${request.url}`);
		const [, name = '', isTarball] =
			decodeURIComponent(request.url ?? '').match(/^\/([^/]+)(\/-\/.*\.tgz)?$/) ?? [];
		const served = packages.get(name);
		if (!served) return response.writeHead(404).end('{}');
		if (isTarball) return response.writeHead(200).end(served.tarball);
		const version = String(served.packageJson['version']);
		const dist = {
			tarball: `${url}/${name}/-/${name}-${version}.tgz`,
			integrity: `sha512-${createHash('sha512').update(served.tarball).digest('base64')}`,
		};
		const scripts = served.packageJson['scripts'];
		const hasInstallScript =
			typeof scripts === 'object' && scripts !== null && 'install' in scripts;
		const manifest = { ...served.packageJson, ...(hasInstallScript && { hasInstallScript }), dist };
		const packument = { name, 'dist-tags': { latest: version }, versions: { [version]: manifest } };
		return response
			.writeHead(200, { 'content-type': 'application/json' })
			.end(JSON.stringify(packument));
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	url = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`;

	/** npm as it comes, with this registry and a cache of its own. */
	const env = {
		...userEnvironment(),
		npm_config_registry: url,
		npm_config_cache: join(folder, 'cache'),
		npm_config_fetch_retries: '0',
	};

	return {
		requests,
		folder,
		env,

		/** @param {string} tarball of a package, as `npm pack` makes it */
		async publish(tarball) {
			const { code, output } = await run('tar', ['-xzOf', tarball, 'package/package.json'], {
				log,
				capture: true,
			});
			if (code !== 0) throw new Error(`${tarball} holds no package.json`);
			/** @type {Record<string, unknown>} */
			const packageJson = JSON.parse(output);
			packages.set(String(packageJson['name']), { packageJson, tarball: await readFile(tarball) });
			return packageJson;
		},

		/**
		 * @param {string[]} args
		 * @param {string} cwd
		 * @param {NodeJS.ProcessEnv} [settings] further environment
		 */
		async npm(args, cwd, settings = {}) {
			const { code, output } = await run('npm', args, {
				cwd,
				env: { ...env, ...settings },
				log,
				capture: true,
			});
			if (code !== 0)
				throw new Error(`npm ${args.join(' ')}: ${output}\n${await readFile(log, 'utf8')}`);
			return output;
		},

		/**
		 * @param {string} name
		 * @param {Record<string, unknown>} packageJson
		 * @returns {Promise<string>} a new folder with that package.json
		 */
		async project(name, packageJson) {
			const place = join(folder, name);
			await mkdir(place, { recursive: true });
			await writeFile(
				join(place, 'package.json'),
				JSON.stringify({ name, version: '1.0.0', ...packageJson }),
			);
			return place;
		},

		async close() {
			server.closeAllConnections();
			server.close();
			await rm(folder, { recursive: true, force: true });
		},
	};
}
