import { randomBytes } from 'node:crypto';
import { access, chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Failure, freePort, run, start, untilUp } from '../../../sandbox/index.mjs';

/** @param {string} name */
const missing = (name) =>
	new Failure(`${name} is not installed.`, {
		todo: 'Debian, Ubuntu: `apt-get install -y redis-server postgresql`.',
	});

/** @param {string} file */
const isThere = async (file) =>
	await access(file).then(
		() => true,
		() => false,
	);

/** @returns {Promise<string>} where the newest PostgreSQL of Debian's packages has its programs */
async function postgresPrograms() {
	const base = '/usr/lib/postgresql';
	const versions = await readdir(base).catch(() => []);
	for (const version of versions.sort((a, b) => Number(b) - Number(a))) {
		const folder = join(base, version, 'bin');
		if (await isThere(join(folder, 'initdb'))) return folder;
	}
	throw missing('PostgreSQL');
}

/**
 * PostgreSQL does not run as root, so root runs it as the user that Debian's package made.
 *
 * @returns {Promise<{ uid: number, gid: number } | undefined>} nothing when this is not root
 */
async function servantOfRoot() {
	if (process.getuid?.() !== 0) return undefined;
	const line = (await readFile('/etc/passwd', 'utf8'))
		.split('\n')
		.find((each) => each.startsWith('postgres:'));
	const [, , uid, gid] = line?.split(':') ?? [];
	if (uid === undefined || gid === undefined) throw missing('PostgreSQL');
	return { uid: Number(uid), gid: Number(gid) };
}

/**
 * Starts a PostgreSQL of its own: data in the folder, port on loopback, ends with this process.
 *
 * @param {string} folder that exists
 */
export async function startPostgres(folder) {
	const programs = await postgresPrograms();
	const servant = await servantOfRoot();
	const log = join(folder, 'postgres.log');
	const home = join(folder, 'postgres');
	const data = join(home, 'data');
	const password = randomBytes(16).toString('hex');
	const passwordFile = join(home, 'password');
	await mkdir(home, { mode: 0o700 });
	await writeFile(passwordFile, password, { mode: 0o600 });
	if (servant) {
		for (const path of [home, passwordFile]) await chown(path, servant.uid, servant.gid);
		// To reach its own folder, the other user must be let through this one.
		await chmod(folder, 0o711);
	}
	/** @type {(program: string, args: string[]) => [string, string[]]} */
	const command = (program, args) => {
		const file = join(programs, program);
		if (!servant) return [file, args];
		const { uid, gid } = servant;
		return ['setpriv', [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--', file, ...args]];
	};
	const options = { log, cwd: home };
	const init = ['-D', data, '--username=n8n', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
	const made = await run(
		...command('initdb', [...init, '--encoding=UTF8', '--no-locale', '--no-sync']),
		options,
	);
	if (made.code !== 0) throw new Failure('PostgreSQL could not make its database.', { log });

	const port = await freePort();
	const settings = [
		'fsync=off',
		'max_connections=100',
		'listen_addresses=127.0.0.1',
		'unix_socket_directories=',
	];
	const args = ['-D', data, '-p', String(port), ...settings.flatMap((each) => ['-c', each])];
	const program = start(...command('postgres', args), options);
	await untilUp(program, 'PostgreSQL', log, async () => {
		const ready = await run(
			join(programs, 'pg_isready'),
			['-h', '127.0.0.1', '-p', String(port), '-q'],
			options,
		);
		return ready.code === 0;
	});
	return { port, user: 'n8n', password, database: 'postgres', stop: program.stop };
}

/**
 * Starts a Redis of its own: port on loopback, nothing on the disk, ends with this process.
 *
 * @param {string} folder that exists
 */
export async function startRedis(folder) {
	const file = '/usr/bin/redis-server';
	if (!(await isThere(file))) throw missing('Redis');
	const log = join(folder, 'redis.log');
	const port = await freePort();
	const args = [
		'--port',
		String(port),
		'--bind',
		'127.0.0.1',
		'--save',
		'',
		'--appendonly',
		'no',
		'--dir',
		folder,
	];
	const program = start(file, args, { log, cwd: folder });
	await untilUp(program, 'Redis', log, async () => (await redisSays(port, 'PING')) === '+PONG');
	return { port, stop: program.stop };
}

/**
 * @param {number} port
 * @param {string} command
 * @returns {Promise<string>} the answer's first line; empty when there is none
 */
async function redisSays(port, command) {
	return await new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1');
		socket.setTimeout(1000, () => socket.destroy());
		socket.on('error', () => {});
		socket.on('close', () => resolve(''));
		socket.on('data', (answer) => {
			resolve(answer.toString().split('\r\n')[0] ?? '');
			socket.destroy();
		});
		socket.write(`${command}\r\n`);
	});
}
