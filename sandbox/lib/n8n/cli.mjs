import { randomUUID } from 'node:crypto';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure.mjs';
import { freePort } from '../ports.mjs';
import { run } from '../processes.mjs';
import { field } from '../values.mjs';
import { makeN8nFolder, n8nEnvironment } from './environment.mjs';

/**
 * @typedef {object} N8nSettings
 * @property {string} node the Node to run n8n with
 * @property {string} entry n8n's entry file
 * @property {string} folder n8n's own folder, `N8N_USER_FOLDER`
 * @property {string} log
 * @property {NodeJS.ProcessEnv} [env] further settings, such as those of the queue mode
 */

/** @typedef {{ id: string, name: string, type: string, data: Record<string, unknown> }} Credential */

/** @typedef {import('n8n-workflow').IRun} IRun */

/** @param {unknown} value @returns {value is IRun} */
const isRun = (value) => field(value, 'data') !== undefined && field(value, 'mode') !== undefined;

/**
 * @param {string} output of `n8n execute --rawOutput`: log lines, then the run as JSON over many lines
 * @returns {IRun | undefined}
 */
function runIn(output) {
	const [json] = /^\{$[^]*\n\}/m.exec(output) ?? [];
	/** @type {unknown} */
	const value = json && JSON.parse(json);
	return isRun(value) ? value : undefined;
}

/**
 * n8n's commands, on the database that the settings name.
 *
 * @param {N8nSettings} settings
 */
export function n8nCli(settings) {
	const { node, entry, folder, log } = settings;

	/** @param {string[]} args */
	async function n8n(...args) {
		await makeN8nFolder(folder);
		const env = n8nEnvironment({ ...settings, port: 0, brokerPort: await freePort() });
		const ended = await run(node, [entry, ...args], { cwd: folder, env, log, capture: true });
		await appendFile(log, ended.output);
		return ended;
	}

	/** @param {'credentials' | 'workflow'} what @param {unknown} content */
	async function importFile(what, content) {
		await makeN8nFolder(folder);
		// It may hold an API key: for the owner's eyes only, and gone as soon as n8n has read it.
		const file = join(folder, `import-${randomUUID()}.json`);
		try {
			await writeFile(file, JSON.stringify(content), { mode: 0o600 });
			const { code, output } = await n8n(`import:${what}`, `--input=${file}`);
			if (code === 0) return;
			throw new Failure(`n8n did not take the ${what}: ${output.trim().split('\n').at(-1)}`, {
				todo: 'Run `npm run sandbox:reset`, then start again.',
				log,
			});
		} finally {
			await rm(file, { force: true });
		}
	}

	return {
		/** @param {Credential[]} credentials their data in plain */
		importCredentials: async (credentials) => await importFile('credentials', credentials),

		/** @param {import('./rest.mjs').Workflow[]} workflows each with an ID */
		importWorkflows: async (workflows) => await importFile('workflow', workflows),

		/**
		 * @param {string} workflowId of a workflow with a manual trigger
		 * @returns {Promise<{ exitCode: number, output: string, run: IRun | undefined }>}
		 */
		async execute(workflowId) {
			const { code, output } = await n8n('execute', `--id=${workflowId}`, '--rawOutput');
			return { exitCode: code, output, run: runIn(output) };
		},
	};
}
