import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
	checkoutState,
	ensureN8n,
	Failure,
	installNode,
	n8nCli,
	node24,
	packNode,
	startN8n,
} from '../../sandbox/index.mjs';
import { startApi } from './api.mjs';
import { connectInspector, INSPECT } from './inspector.mjs';
import { CREDENTIALS } from './peers.mjs';

/** @import { ITaskData } from 'n8n-workflow' */
/** @import { Peer } from './peers.mjs' */
/** @import { Progress } from '../../sandbox/index.mjs' */

const MEASURED = 'Measured';

/**
 * @typedef {object} N8nNode
 * @property {string} name
 * @property {string} type
 * @property {number} typeVersion
 * @property {Record<string, unknown>} parameters
 */

/**
 * @typedef {object} Job A workflow behind a webhook that is told the items' JSON.
 * @property {N8nNode[]} nodes in a row; the first gets one item for each
 * @property {Record<string, unknown>} [extraConnections] in place of the row's
 */

const bareLoopFile = fileURLToPath(new URL('bareLoop.mjs', import.meta.url));

/**
 * Starts the API server and n8n with our node and the bare loop in it.
 *
 * @param {Progress} progress
 */
export async function setStage({ step }) {
	const folder = join(checkoutState, 'bench');
	const logs = join(checkoutState, 'logs');
	await rm(folder, { recursive: true, force: true });
	const custom = join(folder, 'custom');
	await mkdir(custom, { recursive: true });
	await writeFile(
		join(custom, 'BareLoop.node.js'),
		`exports.BareLoop = require(${JSON.stringify(bareLoopFile)}).BareLoop;\n`,
	);

	const entry = await step('n8n', ensureN8n);
	const tarball = await step(
		'Building and packing the node',
		async (say) => await packNode({ say }),
	);
	const api = await startApi({
		apiKey: `sk-bench-${randomBytes(18).toString('hex')}`,
		log: join(logs, 'bench-api.log'),
	});
	const log = join(logs, 'bench-n8n.log');
	await rm(log, { force: true });
	const settings = {
		node: node24,
		entry,
		folder: join(folder, 'n8n'),
		log: join(logs, 'bench-import.log'),
		env: { N8N_CUSTOM_EXTENSIONS: custom },
	};
	const n8n = await step('Starting n8n', async () => {
		await installNode(settings.folder, tarball);
		const secret = { apiKey: api.apiKey, allowedHttpRequestDomains: 'all' };
		await n8nCli(settings).importCredentials([
			{ ...CREDENTIALS.ours, data: { ...secret, baseUrl: api.url, authentication: 'bearer' } },
			{ ...CREDENTIALS.theirs, data: { ...secret, url: api.url } },
		]);
		const owner = {
			email: 'owner@bench.example',
			password: `${randomBytes(9).toString('hex')}Aa1`,
		};
		return await startN8n({
			...settings,
			log,
			owner,
			env: { ...settings.env, NODE_OPTIONS: INSPECT },
		});
	});
	const inspector = await connectInspector(log);

	/**
	 * @param {Job} job
	 * @returns {Promise<{ workflowId: string, path: string }>}
	 */
	async function publish({ nodes, extraConnections = {} }) {
		const path = `bench-${randomBytes(6).toString('hex')}`;
		/** @type {N8nNode[]} */
		const row = [
			{
				name: 'Webhook',
				type: 'n8n-nodes-base.webhook',
				typeVersion: 2,
				parameters: {
					httpMethod: 'POST',
					path,
					responseMode: 'lastNode',
					responseData: 'noData',
					options: {},
				},
			},
			{
				name: 'Items',
				type: 'n8n-nodes-base.splitOut',
				typeVersion: 1,
				parameters: { fieldToSplitOut: 'body.items', options: {} },
			},
			...nodes,
		];
		const inARow = row
			.slice(0, -1)
			.map(({ name }, index) => [
				name,
				{ main: [[{ node: row[index + 1]?.name, type: 'main', index: 0 }]] },
			]);
		const workflowId = await n8n.createWorkflow({
			name: path,
			nodes: row.map((each, index) => ({
				id: randomBytes(8).toString('hex'),
				position: [200 * index, 0],
				...each,
				...(index === 0 && { webhookId: path }),
			})),
			connections: { ...Object.fromEntries(inARow), ...extraConnections },
			settings: { executionOrder: 'v1' },
		});
		await n8n.publishWorkflow(workflowId);
		return { workflowId, path };
	}

	/**
	 * Runs a job that was published, to its end.
	 *
	 * @param {{ workflowId: string, path: string }} job
	 * @param {readonly unknown[]} items their JSON
	 * @returns {Promise<number>} how long the webhook's answer took, in ms
	 */
	async function call({ path }, items) {
		const startedAt = performance.now();
		const { status, body } = await n8n.callWebhook(path, { items });
		if (status !== 200)
			throw new Failure(
				`n8n answered the workflow’s webhook with ${status}: ${JSON.stringify(body)}`,
				{ log },
			);
		return performance.now() - startedAt;
	}

	/**
	 * @param {{ workflowId: string }} job
	 * @returns {Promise<ITaskData>} what n8n noted of the measured node in the last execution
	 */
	async function lastRun({ workflowId }) {
		const [last] = await n8n.executions({ workflowId });
		if (last === undefined) throw new Failure('n8n has no execution of the workflow.', { log });
		const { data } = await n8n.execution(last.id);
		const [task] = data.resultData.runData[MEASURED] ?? [];
		if (task === undefined || task.error !== undefined || data.resultData.error !== undefined) {
			throw new Failure(
				`The measured node failed: ${(task?.error ?? data.resultData.error)?.message}`,
				{ log },
			);
		}
		return task;
	}

	return {
		api,
		n8n,
		inspector,
		publish,
		call,
		lastRun,

		/**
		 * @param {Peer} peer
		 * @param {N8nNode[]} [following]
		 */
		publishPeer: async ({ label: _, ...peer }, following = []) =>
			await publish({ nodes: [{ name: MEASURED, ...peer }, ...following] }),

		async close() {
			inspector.close();
			await n8n.stop();
			await api.stop();
			await rm(folder, { recursive: true, force: true });
		},
	};
}

/** @typedef {Awaited<ReturnType<typeof setStage>>} Stage */
