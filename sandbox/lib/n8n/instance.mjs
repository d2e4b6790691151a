import { randomBytes } from 'node:crypto';
import pWaitFor, { TimeoutError } from 'p-wait-for';
import { Failure } from '../failure.mjs';
import { unpack } from '../package.mjs';
import { freePort } from '../ports.mjs';
import { start } from '../processes.mjs';
import { field } from '../values.mjs';
import { n8nCli } from './cli.mjs';
import { makeN8nFolder, n8nEnvironment, packageFolder } from './environment.mjs';
import { n8nRest } from './rest.mjs';

/** @typedef {import('./cli.mjs').N8nSettings} N8nSettings */
/** @typedef {import('./rest.mjs').Owner} Owner */

/** The first start makes the database, on a slow machine in a minute. */
const START_DEADLINE_MS = 180_000;

/** @returns {Owner} the one user of an n8n: n8n asks for a capital letter and a digit in the password */
export const newOwner = () => ({
	email: 'owner@sandbox.example',
	password: `${randomBytes(9).toString('base64url')}Aa1`,
});

/**
 * Puts the packed node where n8n puts a community package that it installs.
 *
 * @param {string} folder n8n's own folder
 * @param {string} tarball
 */
export const installNode = async (folder, tarball) => await unpack(tarball, packageFolder(folder));

/**
 * Waits until a program that was started can be used; ends it when that takes too long.
 *
 * @param {import('../processes.mjs').Program} program
 * @param {string} name
 * @param {string} log
 * @param {() => Promise<boolean>} isUp may also throw as long as it is not
 * @param {string} [todo]
 */
export async function untilUp(program, name, log, isUp, todo = 'See what the log says.') {
	let ended = false;
	void program.ended.then(() => {
		ended = true;
	});
	const isUpOrEnded = async () => ended || (await isUp().catch(() => false));
	const wait = { interval: 200, timeout: START_DEADLINE_MS };
	await pWaitFor(isUpOrEnded, wait).catch(async (error) => {
		if (!(error instanceof TimeoutError)) throw error;
		await program.stop();
		throw new Failure(`${name} did not come up.`, { todo, log });
	});
	if (ended) throw new Failure(`${name} ended while it was starting.`, { todo, log });
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
	const { node, entry, folder, log, port = await freePort() } = settings;
	const url = `http://127.0.0.1:${port}`;
	await makeN8nFolder(folder);
	const env = n8nEnvironment({ ...settings, port, brokerPort: await freePort() });
	const program = start(node, [entry, 'start'], { cwd: folder, env, log });
	await untilUp(
		program,
		'n8n',
		log,
		async () =>
			(await fetch(`${url}/healthz/readiness`)).ok &&
			field(await (await fetch(`${url}/rest/settings`)).json(), 'data') !== undefined,
		'See what the log says. `npm run sandbox:reset` begins with an empty n8n.',
	);
	const n8n = connectN8n({ ...settings, url });
	await n8n.logIn();
	return { ...n8n, ...program };
}

/** @typedef {Awaited<ReturnType<typeof startN8n>>} N8n */
