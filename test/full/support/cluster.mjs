import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
	ensureN8n,
	freePort,
	installNode,
	n8nEnvironment,
	newOwner,
	node24,
	packNode,
	start,
	startN8n,
	untilUp,
} from '../../../sandbox/index.mjs';
import { startPostgres, startRedis } from './services.mjs';

/**
 * @typedef {object} Worker
 * @property {string} name what the worker's processes have in the environment as WORKER_NAME
 * @property {string} log
 * @property {() => Promise<void>} kill by SIGKILL; returns when the process is gone
 */

/**
 * n8n in queue mode: PostgreSQL, Redis, one main process and workers, each with a folder of its own that has the packed
 * node in it.
 *
 * @param {readonly string[]} names of the workers
 * @param {{ ensure: () => Promise<string>, env: NodeJS.ProcessEnv }} [version] the n8n to start, left out: the newest
 */
export async function startCluster(names, version = { ensure: ensureN8n, env: {} }) {
	const folder = await mkdtemp(join(tmpdir(), 'n8n-queue-'));
	/** @type {Array<{ stop: () => Promise<void> }>} */
	const programs = [];
	const end = async () => {
		// n8n first, then what it needs.
		for (const program of programs.reverse()) await program.stop();
		await rm(folder, { recursive: true, force: true });
	};
	try {
		const [entry, tarball] = [await version.ensure(), await packNode()];
		const [postgres, redis] = await Promise.all([startPostgres(folder), startRedis(folder)]);
		programs.push(postgres, redis);
		const env = {
			...version.env,
			EXECUTIONS_MODE: 'queue',
			QUEUE_BULL_REDIS_HOST: '127.0.0.1',
			QUEUE_BULL_REDIS_PORT: String(redis.port),
			DB_TYPE: 'postgresdb',
			DB_POSTGRESDB_HOST: '127.0.0.1',
			DB_POSTGRESDB_PORT: String(postgres.port),
			DB_POSTGRESDB_USER: postgres.user,
			DB_POSTGRESDB_PASSWORD: postgres.password,
			DB_POSTGRESDB_DATABASE: postgres.database,
			DB_POSTGRESDB_POOL_SIZE: '10',
			N8N_ENCRYPTION_KEY: randomBytes(24).toString('hex'),
			// How soon n8n notices that a worker is gone; by default after up to one and a half minutes.
			QUEUE_WORKER_LOCK_DURATION: '15000',
			QUEUE_WORKER_LOCK_RENEW_TIME: '3000',
			QUEUE_WORKER_STALLED_INTERVAL: '5000',
			// Lets the workflow put the worker's name into a header, so that the API server sees who asks.
			N8N_BLOCK_ENV_ACCESS_IN_NODE: 'false',
		};
		/** @param {string} name */
		const home = async (name) => {
			const place = join(folder, name);
			await mkdir(place, { recursive: true });
			await installNode(place, tarball);
			return place;
		};
		const n8n = await startN8n({
			node: node24,
			entry,
			folder: await home('main'),
			log: join(folder, 'main.log'),
			env: { ...env, WORKER_NAME: 'main' },
			owner: newOwner(),
		});
		programs.push(n8n);

		/**
		 * @param {string} name
		 * @returns {Promise<Worker>}
		 */
		const startWorker = async (name) => {
			const [place, port, brokerPort] = [await home(name), await freePort(), await freePort()];
			const log = join(folder, `${name}.log`);
			const program = start(node24, [entry, 'worker'], {
				cwd: place,
				log,
				env: n8nEnvironment({
					folder: place,
					port,
					brokerPort,
					env: {
						...env,
						WORKER_NAME: name,
						QUEUE_HEALTH_CHECK_ACTIVE: 'true',
						QUEUE_HEALTH_CHECK_PORT: String(port),
					},
				}),
			});
			programs.push(program);
			const health = `http://127.0.0.1:${port}/healthz/readiness`;
			await untilUp(program, `The worker ${name}`, log, async () => (await fetch(health)).ok);
			return {
				name,
				log,
				async kill() {
					process.kill(program.pid ?? 0, 'SIGKILL');
					await program.ended;
				},
			};
		};
		const workers = await Promise.all(names.map(startWorker));
		return { n8n, workers, startWorker, stop: end };
	} catch (error) {
		await end();
		throw error;
	}
}

/** @typedef {Awaited<ReturnType<typeof startCluster>>} Cluster */
