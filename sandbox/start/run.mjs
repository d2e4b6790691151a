import { Failure } from '../lib/failure.mjs';
import { at, field } from '../lib/values.mjs';
import { withoutKey } from './api.mjs';

/** @import { Api } from './api.mjs' */
/** @import { N8n } from '../lib/n8n/instance.mjs' */

const WEBHOOK = 'set-conversation';

/** What the conversation is made with, and what the workflow is to set. */
const BEFORE = { status: 'new' };
const WANTED = { status: 'resolved', topic: 'billing', customer: 'C-1042' };

/**
 * @param {N8n} n8n
 * @param {string} workflowId
 * @returns {Promise<string>} the reason n8n noted for the last execution's failure
 */
async function reasonOfFailure(n8n, workflowId) {
	const [last] = await n8n.executions({ workflowId });
	if (!last) return 'n8n has no execution of it.';
	const { data } = await n8n.execution(last.id);
	const { error } = data.resultData;
	return [error?.message, field(error, 'description')].filter(Boolean).join(' ');
}

/**
 * @param {Api} api
 * @returns {Promise<string>} the ID of a new conversation for the example to work on
 */
export const newConversation = async ({ ask }) =>
	(await ask(async (conversations) => await conversations.create({ metadata: BEFORE }))).id;

/**
 * Runs the example workflow once, over its webhook.
 *
 * @param {N8n} n8n
 * @param {Api} api
 * @param {string} workflowId
 * @param {string} id of the conversation
 */
export async function runExample(n8n, api, workflowId, id) {
	const seenBefore = api.received()?.length;
	const asked = { conversation_id: id, metadata: WANTED };
	const { status, body } = await n8n.callWebhook(WEBHOOK, asked);
	if (status !== 200) {
		const reason = withoutKey(await reasonOfFailure(n8n, workflowId), api.apiKey);
		throw new Failure(`The example workflow did not succeed (n8n answered ${status}): ${reason}`, {
			todo: 'Was it changed in the editor? `npm run sandbox:reset` brings back the original.',
			log: n8n.log,
		});
	}
	const received = api.received()?.slice(seenBefore);
	const stored = await api.ask(async (conversations) => await conversations.retrieve(id));
	if (Object.entries(WANTED).some(([key, value]) => at(stored, 'metadata', key) !== value)) {
		throw new Failure(
			`The metadata did not arrive: the conversation has ${JSON.stringify(stored.metadata)}.`,
			{
				todo: 'Open the workflow’s last execution in the editor to see what was sent.',
				log: n8n.log,
			},
		);
	}
	return { address: `${n8n.url}/webhook/${WEBHOOK}`, asked, received, answered: body };
}

/** @typedef {Awaited<ReturnType<typeof runExample>>} ExampleRun */
