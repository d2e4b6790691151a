import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ensureN8n } from '../../../sandbox/lib/dependencies.mjs';
import { Failure } from '../../../sandbox/lib/failure.mjs';
import { n8nEnvironment } from '../../../sandbox/lib/n8n/environment.mjs';
import { installNode, startN8n } from '../../../sandbox/lib/n8n/instance.mjs';
import { packNode } from '../../../sandbox/lib/package.mjs';
import { node24 } from '../../../sandbox/lib/paths.mjs';
import { freePort } from '../../../sandbox/lib/ports.mjs';
import { startKept, stopAll } from '../../../sandbox/lib/processes.mjs';
import { startPostgres, startRedis } from './services.mjs';

const FIRST_PORT = 5700;
const WORKER_DEADLINE_MS = 120_000;

/**
 * @typedef {object} Worker
 * @property {string} name what the worker's processes have in the environment as WORKER_NAME
 * @property {string} log
 * @property {() => Promise<void>} kill by SIGKILL; returns when the process is gone
 */

/**
 * The process that a keeper keeps.
 *
 * @param {number} keeper
 */
async function childOf(keeper) {
	const children = await readFile(`/proc/${keeper}/task/${keeper}/children`, 'utf8');
	const child = Number(children.trim().split(' ')[0]);
	if (!(child > 0)) throw new Failure(`The keeper ${keeper} keeps no process.`);
	return child;
}

/** @param {string} url */
const isReady = async (url) =>
	await fetch(url).then(
		({ ok }) => ok,
		() => false,
	);

/**
 * n8n in queue mode: PostgreSQL, Redis, one main process and workers, each with a folder of its own that has the packed
 * node in it.
 *
 * @param {readonly string[]} names of the workers
 */
export async function startCluster(names) {
	const folder = await mkdtemp(join(tmpdir(), 'n8n-queue-'));
	const end = async () => {
		await stopAll();
		await rm(folder, { recursive: true, force: true });
	};
	try {
		const [entry, tarball] = [await ensureN8n(), await packNode()];
		const [postgres, redis] = await Promise.all([startPostgres(folder), startRedis(folder)]);
		const env = {
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
			port: await freePort(FIRST_PORT),
			owner: { email: 'owner@sandbox.example', password: `${randomBytes(9).toString('hex')}Aa1` },
		});

		/**
		 * @param {string} name
		 * @returns {Promise<Worker>}
		 */
		const startWorker = async (name) => {
			const [place, port, brokerPort] = [await home(name), await freePort(), await freePort()];
			const log = join(folder, `${name}.log`);
			const kept = startKept(node24, [entry, 'worker'], {
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
			let ended = false;
			void kept.finished.then(() => {
				ended = true;
			});
			const deadline = Date.now() + WORKER_DEADLINE_MS;
			while (!(await isReady(`http://127.0.0.1:${port}/healthz/readiness`))) {
				if (ended || Date.now() > deadline)
					throw new Failure(`The worker ${name} did not come up.`, { log });
				await wait(200);
			}
			return {
				name,
				log,
				async kill() {
					process.kill(await childOf(kept.pid), 'SIGKILL');
					await kept.finished;
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
