import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../failure.mjs';
import { unpack } from '../package.mjs';
import { freePort } from '../ports.mjs';
import { startKept } from '../processes.mjs';
import { field } from '../values.mjs';
import { n8nCli } from './cli.mjs';
import { communityPackageFolder, makeN8nFolder, n8nEnvironment } from './environment.mjs';
import { n8nRest } from './rest.mjs';

/** @typedef {import('./cli.mjs').N8nSettings} N8nSettings */
/** @typedef {import('./rest.mjs').Owner} Owner */

/** The first start makes the database, on a slow machine in a minute. */
const START_DEADLINE_MS = 180_000;

/**
 * Puts the packed node where n8n puts a community package that it installs.
 *
 * @param {string} folder n8n's own folder
 * @param {string} tarball
 */
export const installNode = async (folder, tarball) =>
	await unpack(tarball, communityPackageFolder(folder, 'n8n-nodes-openai-conversation'));

/**
 * @param {N8nSettings} settings
 * @param {string[]} command such as `start` or `worker`
 * @param {number} port
 */
async function startProcess(settings, command, port) {
	const { node, entry, folder, log } = settings;
	await makeN8nFolder(folder);
	const env = n8nEnvironment({ ...settings, port, brokerPort: await freePort() });
	return startKept(node, [entry, ...command], { cwd: folder, env, log });
}

/**
 * @param {string} url
 * @returns {Promise<boolean>} whether n8n has made its database and serves its editor
 */
async function isUp(url) {
	try {
		const ready = await fetch(`${url}/healthz/readiness`);
		if (!ready.ok) return false;
		const settings = await fetch(`${url}/rest/settings`);
		return settings.ok && field(await settings.json(), 'data') !== undefined;
	} catch {
		return false;
	}
}

/**
 * What can be done with an n8n that runs, by this process or another one.
 *
 * @param {N8nSettings & { url: string, owner: Owner }} settings
 */
export function connectN8n(settings) {
	const { url, owner, folder, log } = settings;
	return { url, owner, folder, log, cli: n8nCli(settings), ...n8nRest(url, owner) };
}

/**
 * Starts n8n and waits until it can be used. It ends with this process.
 *
 * @param {N8nSettings & { owner: Owner, port?: number }} settings a port that is free; default: any
 */
export async function startN8n(settings) {
	const { log, port = await freePort() } = settings;
	const url = `http://127.0.0.1:${port}`;
	const kept = await startProcess(settings, ['start'], port);
	let ended = false;
	void kept.finished.then(() => {
		ended = true;
	});
	const deadline = Date.now() + START_DEADLINE_MS;
	while (!(await isUp(url))) {
		if (ended || Date.now() > deadline) {
			await kept.stop();
			throw new Failure(ended ? 'n8n ended while it was starting.' : 'n8n did not come up.', {
				todo: 'See what the log says. `npm run sandbox:reset` begins with an empty n8n.',
				log,
			});
		}
		await wait(200);
	}
	const n8n = connectN8n({ ...settings, url });
	await n8n.logIn();
	return { ...n8n, pid: kept.pid, ended: kept.finished, stop: kept.stop };
}

/** @typedef {Awaited<ReturnType<typeof startN8n>>} N8n */
