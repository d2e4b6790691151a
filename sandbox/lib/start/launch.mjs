import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureN8n, n8nVersion } from '../dependencies.mjs';
import { Failure, messageOf } from '../failure.mjs';
import { tryLock } from '../lock.mjs';
import { installNode, startN8n } from '../n8n/instance.mjs';
import { packNode } from '../package.mjs';
import { node24, root, stateFolder } from '../paths.mjs';
import { freePort } from '../ports.mjs';
import { createProgress } from '../progress.mjs';
import { openApi } from './api.mjs';
import { report, welcome } from './report.mjs';
import { newConversation, runExample } from './run.mjs';
import { sandboxSecrets } from './secrets.mjs';

/** @import { N8n } from '../n8n/instance.mjs' */
/** @import { Workflow } from '../n8n/rest.mjs' */
/** @import { Api } from './api.mjs' */

const EXAMPLE = join(root, 'examples', 'set-conversation.json');
const EDITOR_PORT = 5678;

/** The credential that the examples name. */
const CREDENTIAL = {
	id: 'openAIConversation',
	name: 'OpenAI Conversation API',
	type: 'openAIConversationApi',
};

/** @param {string[]} args */
function optionsIn(args) {
	try {
		const { values } = parseArgs({ args, options: { once: { type: 'boolean', default: false } } });
		return values;
	} catch (error) {
		throw new Failure(messageOf(error), { todo: 'Use `npm start`, or `npm start -- --once`.' });
	}
}

/**
 * @param {N8n} n8n
 * @param {Api} api
 */
async function saveCredential(n8n, { apiKey, baseUrl }) {
	const data = { apiKey, baseUrl, authentication: 'bearer', allowedHttpRequestDomains: 'all' };
	const credential = { ...CREDENTIAL, data };
	// Only an import gives a credential the ID that the examples name; it takes seconds, a change does not.
	if (!(await n8n.updateCredential(credential))) await n8n.cli.importCredentials([credential]);
}

/**
 * @param {N8n} n8n
 * @returns {Promise<Workflow>}
 */
async function publishExample(n8n) {
	/** @type {Workflow} */
	const example = JSON.parse(await readFile(EXAMPLE, 'utf8'));
	// What a user made of it in the editor stays.
	if (!(await n8n.hasWorkflow(example.id))) await n8n.cli.importWorkflows([example]);
	await n8n.publishWorkflow(example.id);
	return example;
}

/**
 * Starts the sandbox, runs the example workflow once, and keeps n8n up until told to end.
 *
 * @param {string[]} args
 * @param {Promise<void>} toldToEnd
 * @returns {Promise<number>} exit code
 */
export async function launch(args, toldToEnd) {
	const { once } = optionsIn(args);
	const { step, note } = createProgress();
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
		const tarball = await step('Building and packing the node', async (say) => await packNode({ say }));
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
		};
		await step('Installing the packed node in n8n', async () => await installNode(settings.folder, tarball));
		const started = await step('Starting n8n', async (say) => {
			const port = await freePort(EDITOR_PORT);
			if (port !== EDITOR_PORT) note(`Port ${EDITOR_PORT} is taken; n8n uses ${port} instead.`);
			const running = await startN8n({ ...settings, owner, port });
			say(running.url);
			return running;
		});
		n8n = started;
		await step('Saving the credential', async () => await saveCredential(started, opened));
		const example = await step('Publishing the example workflow', async () => await publishExample(started));
		const run = await step(
			'Running it over its webhook',
			async () => await runExample({ n8n: started, api: opened, workflowId: example.id, conversationId }),
		);
		process.stdout.write(report(run));
		if (once) return 0;
		process.stdout.write(welcome({ n8n: started, api: opened, workflowId: example.id, run }));
		const ended = await Promise.race([toldToEnd, started.ended]);
		if (ended) throw new Failure('n8n ended by itself.', { todo: 'See the log, then start again.', log: settings.log });
		process.stdout.write('\nStopping …\n');
		return 0;
	} finally {
		await n8n?.stop();
		await api?.close();
		await lock.release();
	}
}
