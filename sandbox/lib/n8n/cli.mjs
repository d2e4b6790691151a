import { randomUUID } from 'node:crypto';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure.mjs';
import { freePort } from '../ports.mjs';
import { run } from '../processes.mjs';
import { makeN8nFolder, n8nEnvironment } from './environment.mjs';

/**
 * @typedef {object} N8nSettings
 * @property {string} node the Node to run n8n with
 * @property {string} entry n8n's entry file
 * @property {string} folder n8n's own folder, `N8N_USER_FOLDER`
 * @property {string} log
 * @property {NodeJS.ProcessEnv} [env] further settings, such as those of the queue mode
 */

/**
 * @typedef {object} Credential
 * @property {string} id
 * @property {string} name
 * @property {string} type
 * @property {Record<string, unknown>} data
 */

/** @typedef {import('n8n-workflow').IRun} IRun */

/**
 * @param {unknown} value
 * @returns {value is IRun}
 */
const isRun = (value) =>
	typeof value === 'object' &&
	value !== null &&
	'data' in value &&
	'mode' in value &&
	'startedAt' in value;

/**
 * @param {string} output of `n8n execute --rawOutput`: log lines, then the run as JSON over many lines
 * @returns {IRun | undefined}
 */
function runIn(output) {
	const start = output.search(/^\{$/m);
	const end = output.lastIndexOf('\n}');
	if (start === -1 || end === -1) return undefined;
	/** @type {unknown} */
	const run = JSON.parse(output.slice(start, end + 2));
	return isRun(run) ? run : undefined;
}

/**
 * n8n's commands, on the database that the settings name.
 *
 * @param {N8nSettings} settings
 */
export function n8nCli(settings) {
	const { node, entry, folder, log } = settings;

	/** @param {string[]} args */
	async function n8n(args) {
		await makeN8nFolder(folder);
		const env = n8nEnvironment({ ...settings, port: 0, brokerPort: await freePort() });
		const finished = await run(node, [entry, ...args], { cwd: folder, env, log, capture: true });
		await appendFile(log, finished.output);
		return finished;
	}

	/**
	 * @param {string} command
	 * @param {unknown} content
	 * @param {string} what
	 */
	async function importFile(command, content, what) {
		await makeN8nFolder(folder);
		// It may hold an API key: for the owner's eyes only, and gone as soon as n8n has read it.
		const file = join(folder, `import-${randomUUID()}.json`);
		try {
			await writeFile(file, JSON.stringify(content), { mode: 0o600 });
			const { code, output } = await n8n([command, `--input=${file}`]);
			if (code !== 0) {
				throw new Failure(`n8n did not take the ${what}: ${output.trim().split('\n').at(-1)}`, {
					todo: 'Run `npm run sandbox:reset`, then start again.',
					log,
				});
			}
		} finally {
			await rm(file, { force: true });
		}
	}

	return {
		/** @param {Credential[]} credentials their data in plain */
		importCredentials: async (credentials) =>
			await importFile('import:credentials', credentials, 'credentials'),

		/** @param {import('./rest.mjs').Workflow[]} workflows each with an ID */
		importWorkflows: async (workflows) =>
			await importFile('import:workflow', workflows, 'workflows'),

		/**
		 * Makes a workflow's webhooks work from n8n's next start on.
		 *
		 * @param {string} workflowId
		 */
		async publishWorkflow(workflowId) {
			const { code } = await n8n(['publish:workflow', `--id=${workflowId}`]);
			if (code !== 0) throw new Failure(`n8n did not publish the workflow ${workflowId}.`, { log });
		},

		/**
		 * @param {string} workflowId of a workflow with a manual trigger
		 * @returns {Promise<{ exitCode: number, output: string, run: IRun | undefined }>}
		 */
		async execute(workflowId) {
			const { code, output } = await n8n(['execute', `--id=${workflowId}`, '--rawOutput']);
			return { exitCode: code, output, run: runIn(output) };
		},
	};
}
