/**
 * `npm start`: n8n with this node and the examples in it, and an API to talk to, until Ctrl-C.
 *
 * --once   ends after the first example's run
 * --dev    takes each change of the node's sources over into the running n8n (`npm run dev`)
 *
 * npm runs it by `exec`, so that a signal that npm passes on reaches it instead of the shell in between.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
	exampleCredentials,
	exampleNames,
	readExample,
	withReadinessNoted,
	withStandInNoted,
} from './lib/examples.mjs';
import { Failure, messageOf, runCommand } from './lib/failure.mjs';
import { ensureN8n } from './lib/install.mjs';
import { tryLock } from './lib/lock.mjs';
import { installNode, startN8n } from './lib/n8n/instance.mjs';
import { packNode } from './lib/package.mjs';
import { node24, stateFolder } from './lib/paths.mjs';
import { freePort } from './lib/ports.mjs';
import { createProgress } from './lib/progress.mjs';
import { openApi } from './start/api.mjs';
import { rebuildOnChange } from './start/rebuild.mjs';
import { report, welcome } from './start/report.mjs';
import { newConversation, runExample } from './start/run.mjs';
import { sandboxSecrets } from './start/secrets.mjs';

/** @import { N8n } from './lib/n8n/instance.mjs' */
/** @import { Api } from './start/api.mjs' */

/** The example that runs once at the start. */
const FIRST = 'set-conversation';
const EDITOR_PORT = 5678;

function readOptions() {
	try {
		return parseArgs({
			options: {
				once: { type: 'boolean', default: false },
				dev: { type: 'boolean', default: false },
			},
		}).values;
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
 * Puts the examples that n8n does not have into it, and publishes them; the first is published at every start.
 *
 * @param {N8n} n8n
 * @param {Api} api
 * @returns {Promise<string>} the first one's ID
 */
async function addExamples(n8n, api) {
	/** @type {Awaited<ReturnType<typeof readExample>>[]} */
	const unknown = [];
	for (const name of await exampleNames()) {
		const example = await readExample(name);
		// What a user made of it in the editor stays.
		if (await n8n.hasWorkflow(example.id)) continue;
		const ready = withReadinessNoted(example);
		unknown.push(api.isEmbedded ? withStandInNoted(ready) : ready);
	}
	if (unknown.length > 0) await n8n.cli.importWorkflows(unknown);
	const { id } = await readExample(FIRST);
	for (const each of new Set([id, ...unknown.map((example) => example.id)]))
		await n8n.publishWorkflow(each);
	return id;
}

// What was started ends with this process, in any case; once n8n is up it is given the time to end properly.
/** @type {() => void} */
let onStopSignal = () => process.exit(130);
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
	process.on(signal, () => onStopSignal());
}

await runCommand(async () => {
	const { once, dev } = readOptions();
	const progress = createProgress();
	const { step, note } = progress;
	await mkdir(stateFolder, { recursive: true });
	await chmod(stateFolder, 0o700);
	const lock = await tryLock(stateFolder);
	if ('heldBy' in lock) {
		throw new Failure(`The sandbox is running already, as process ${lock.heldBy}.`, {
			todo: 'Use that one, or end it with Ctrl-C where it was started.',
		});
	}
	const tarball = await step(
		'Building and packing the node',
		async (say) => await packNode({ say }),
	);
	const { owner, apiKey: sandboxKey } = await sandboxSecrets(stateFolder);
	const api = await openApi(sandboxKey, join(stateFolder, 'conversations.json'), note);
	const conversationId = await step(
		`API: ${api.description}`,
		async () => await newConversation(api),
	);
	const settings = {
		node: node24,
		entry: await ensureN8n(),
		folder: join(stateFolder, 'n8n'),
		log: join(stateFolder, 'logs', 'n8n.log'),
		...(dev && { env: { N8N_DEV_RELOAD: 'true' } }),
	};
	await step(
		'Installing the packed node in n8n',
		async () => await installNode(settings.folder, tarball),
	);
	const n8n = await step('Starting n8n', async (say) => {
		const port = await freePort(EDITOR_PORT);
		if (port !== EDITOR_PORT) note(`Port ${EDITOR_PORT} is taken; n8n uses ${port} instead.`);
		const started = await startN8n({ ...settings, owner, port });
		say(started.url);
		return started;
	});
	/** @type {Promise<void>} */
	const stopRequested = new Promise((resolve) => {
		onStopSignal = resolve;
	});
	try {
		await step('Saving the credentials', async () => await saveCredentials(n8n, api));
		const workflowId = await step(
			'Adding the example workflows',
			async () => await addExamples(n8n, api),
		);
		const run = await step(
			'Running the first example over its webhook',
			async () => await runExample(n8n, api, workflowId, conversationId),
		);
		process.stdout.write(report(run));
		if (once) return;
		process.stdout.write(welcome(n8n, api, workflowId, run));
		if (dev) rebuildOnChange(settings.folder, progress);
		if (await Promise.race([stopRequested, n8n.ended])) {
			const todo = 'See the log, then start again.';
			throw new Failure('n8n ended by itself.', { todo, log: settings.log });
		}
		process.stdout.write('\nStopping …\n');
	} finally {
		await n8n.stop();
		await api.close();
	}
});
