import { randomBytes, randomInt } from 'node:crypto';

/** @import { Workflow } from '../../../sandbox/index.mjs' */

export const CREDENTIAL_TYPE = 'openAIConversationApi';

/** The node under test, in the workflows made here. */
export const NODE = 'Set conversation';

export const newId = () => randomBytes(8).toString('hex');

/** Letters that IDs, dates and JSON hold hardly ever, so that a part of a key is found only where it leaked. */
const KEY_LETTERS = 'GHJKMNPQRSTVWXYZ';

/** A key of the usual form: `sk-proj-`, then its secret part. */
export const newKey = () =>
	`sk-proj-${Array.from({ length: 40 }, () => KEY_LETTERS.charAt(randomInt(KEY_LETTERS.length))).join('')}`;

/**
 * @param {{ id: string, name: string }} credential
 * @param {Record<string, unknown>} parameters
 * @param {Record<string, unknown>} [settings] of the node, such as onError
 */
const nodeUnderTest = ({ id, name }, parameters, settings = {}) => ({
	id: newId(),
	name: NODE,
	type: 'n8n-nodes-openai-conversation.openAIConversation',
	typeVersion: 1,
	position: [600, 0],
	parameters: { resource: 'conversation', operation: 'set', options: {}, ...parameters },
	credentials: { [CREDENTIAL_TYPE]: { id, name } },
	...settings,
});

/**
 * @param {string[]} names
 * @returns {Record<string, { main: Array<Array<{ node: string, type: 'main', index: number }>> }>} the nodes in a row
 */
const inARow = (names) =>
	Object.fromEntries(
		names
			.slice(0, -1)
			.map((name, index) => [
				name,
				{ main: [[{ node: names[index + 1] ?? '', type: 'main', index: 0 }]] },
			]),
	);

/**
 * @param {{ credential: { id: string, name: string }, parameters: Record<string, unknown> }} parts
 * @returns {Workflow} what `n8n execute` runs
 */
export const manualWorkflow = ({ credential, parameters }) => ({
	id: newId(),
	name: 'By command',
	nodes: [
		{
			id: newId(),
			name: 'Start',
			type: 'n8n-nodes-base.manualTrigger',
			typeVersion: 1,
			position: [0, 0],
			parameters: {},
		},
		nodeUnderTest(credential, parameters),
	],
	connections: inARow(['Start', NODE]),
	settings: { executionOrder: 'v1' },
});

/**
 * A webhook that gives the node one item for each entry of `items` in its body, and answers with what came of them.
 *
 * @param {object} parts
 * @param {string} parts.path its path, and the workflow's name
 * @param {'lastNode' | 'onReceived'} [parts.responseMode] `onReceived` answers that the workflow was started
 * @param {{ id: string, name: string }} parts.credential
 * @param {Record<string, unknown>} parts.parameters
 * @param {Record<string, unknown>} [parts.settings] of the node, such as onError
 * @param {string[]} [parts.outputs] names of the nodes at its outputs
 * @returns {Workflow}
 */
export function webhookWorkflow({
	path,
	responseMode = 'lastNode',
	credential,
	parameters,
	settings,
	outputs = [],
}) {
	const row = ['Webhook', 'Items', NODE];
	return {
		id: newId(),
		name: path,
		nodes: [
			{
				id: newId(),
				name: 'Webhook',
				type: 'n8n-nodes-base.webhook',
				typeVersion: 2.1,
				position: [0, 0],
				webhookId: newId(),
				parameters: {
					httpMethod: 'POST',
					path,
					responseMode,
					...(responseMode === 'lastNode' && { responseData: 'allEntries' }),
					options: {},
				},
			},
			{
				id: newId(),
				name: 'Items',
				type: 'n8n-nodes-base.splitOut',
				typeVersion: 1,
				position: [300, 0],
				parameters: { fieldToSplitOut: 'body.items', options: {} },
			},
			nodeUnderTest(credential, parameters, settings),
			...outputs.map((name, index) => ({
				id: newId(),
				name,
				type: 'n8n-nodes-base.noOp',
				typeVersion: 1,
				position: [900, 200 * index],
				parameters: {},
			})),
		],
		connections: {
			...inARow(row),
			[NODE]: { main: outputs.map((name) => [{ node: name, type: 'main', index: 0 }]) },
		},
		settings: { executionOrder: 'v1' },
	};
}
