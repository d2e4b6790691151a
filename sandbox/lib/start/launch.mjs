import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureN8n, n8nVersion } from '../dependencies.mjs';
import { exampleCredentials, exampleNames, readExample } from '../examples.mjs';
import { Failure, messageOf } from '../failure.mjs';
import { tryLock } from '../lock.mjs';
import { installNode, startN8n } from '../n8n/instance.mjs';
import { packNode } from '../package.mjs';
import { node24, stateFolder } from '../paths.mjs';
import { freePort } from '../ports.mjs';
import { createProgress } from '../progress.mjs';
import { openApi } from './api.mjs';
import { rebuildOnChange } from './rebuild.mjs';
import { report, welcome } from './report.mjs';
import { newConversation, runExample } from './run.mjs';
import { sandboxSecrets } from './secrets.mjs';

/** @import { N8n } from '../n8n/instance.mjs' */
/** @import { Workflow } from '../n8n/rest.mjs' */
/** @import { Api } from './api.mjs' */

/** The example that runs once at the start. */
const FIRST = 'set-conversation';
const EDITOR_PORT = 5678;

/** @param {string[]} args */
function optionsIn(args) {
	try {
		const { values } = parseArgs({
			args,
			options: {
				once: { type: 'boolean', default: false },
				dev: { type: 'boolean', default: false },
			},
		});
		return values;
	} catch (error) {
		throw new Failure(messageOf(error), {
			todo: 'Use `npm start`, `npm start -- --once` or `npm run dev`.',
		});
	}
}

/**
 * @param {N8n} n8n
 * @param {Api} api
 */
async function saveCredentials(n8n, api) {
	/** @type {ReturnType<typeof exampleCredentials>} */
	const unknown = [];
	for (const credential of exampleCredentials(api)) {
		if (!(await n8n.updateCredential(credential))) unknown.push(credential);
	}
	// Only an import gives a credential the ID that the examples name; it takes seconds, a change does not.
	if (unknown.length > 0) await n8n.cli.importCredentials(unknown);
}

/**
 * Puts all examples into n8n and publishes the first.
 *
 * @param {N8n} n8n
 * @returns {Promise<string>} the first one's ID
 */
async function addExamples(n8n) {
	const first = await readExample(FIRST, n8n.folder);
	const examples = await Promise.all(
		(await exampleNames()).map(async (name) => await readExample(name, n8n.folder)),
	);
	/** @type {Workflow[]} */
	const unknown = [];
	for (const example of examples) {
		// What a user made of it in the editor stays.
		if (!(await n8n.hasWorkflow(example.id))) unknown.push(example);
	}
	if (unknown.length > 0) await n8n.cli.importWorkflows(unknown);
	await n8n.publishWorkflow(first.id);
	return first.id;
}

/**
 * Starts the sandbox, runs the example workflow once, and keeps n8n up until told to end. With --once it ends after the
 * run; with --dev it takes each change of the node's sources over into the running n8n.
 *
 * @param {string[]} args
 * @param {Promise<void>} toldToEnd
 * @returns {Promise<number>} exit code
 */
export async function launch(args, toldToEnd) {
	const { once, dev } = optionsIn(args);
	const progress = createProgress();
	const { step, note } = progress;
	await mkdir(stateFolder, { recursive: true });
	await chmod(stateFolder, 0o700);
	const lock = await tryLock(join(stateFolder, 'locks'), 'sandbox');
	if ('heldBy' in lock) {
		throw new Failure(`The sandbox is running already, as process ${lock.heldBy}.`, {
			todo: 'Use that one, or end it with Ctrl-C where it was started.',
		});
	}
	/** @type {Api | undefined} */
	let api;
	/** @type {N8n | undefined} */
	let n8n;
	try {
		const entry = await step(`n8n ${n8nVersion}`, ensureN8n);
		const tarball = await step(
			'Building and packing the node',
			async (say) => await packNode({ say }),
		);
		const { owner, apiKey: sandboxKey } = await sandboxSecrets(stateFolder);
		const opened = await openApi({ env: process.env, sandboxKey, note });
		api = opened;
		const conversationId = await step(
			`API: ${opened.description}`,
			async () => await newConversation(opened),
		);
		const settings = {
			node: node24,
			entry,
			folder: join(stateFolder, 'n8n'),
			log: join(stateFolder, 'logs', 'n8n.log'),
			...(dev && { env: { N8N_DEV_RELOAD: 'true' } }),
		};
		await step(
			'Installing the packed node in n8n',
			async () => await installNode(settings.folder, tarball),
		);
		const started = await step('Starting n8n', async (say) => {
			const port = await freePort(EDITOR_PORT);
			if (port !== EDITOR_PORT) note(`Port ${EDITOR_PORT} is taken; n8n uses ${port} instead.`);
			const running = await startN8n({ ...settings, owner, port });
			say(running.url);
			return running;
		});
		n8n = started;
		await step('Saving the credentials', async () => await saveCredentials(started, opened));
		const workflowId = await step(
			'Adding the example workflows',
			async () => await addExamples(started),
		);
		const run = await step(
			'Running it over its webhook',
			async () => await runExample({ n8n: started, api: opened, workflowId, conversationId }),
		);
		process.stdout.write(report(run));
		if (once) return 0;
		process.stdout.write(welcome({ n8n: started, api: opened, workflowId, run }));
		if (dev) rebuildOnChange({ folder: settings.folder, progress });
		const ended = await Promise.race([toldToEnd, started.ended]);
		if (ended)
			throw new Failure('n8n ended by itself.', {
				todo: 'See the log, then start again.',
				log: settings.log,
			});
		process.stdout.write('\nStopping …\n');
		return 0;
	} finally {
		await n8n?.stop();
		await api?.close();
		await lock.release();
	}
}
