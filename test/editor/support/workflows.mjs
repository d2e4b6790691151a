import { randomUUID } from 'node:crypto';
import { CREDENTIAL_TYPE } from '../../e2e/support/workflows.mjs';

/** @import { Workflow } from '../../../sandbox/index.mjs' */

export const TRIGGER = 'When clicking ‘Execute workflow’';
export const NODE = 'Set conversation';

const trigger = () => ({
	id: randomUUID(),
	name: TRIGGER,
	type: 'n8n-nodes-base.manualTrigger',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
});

/** @returns {Omit<Workflow, 'id'>} with nothing but a trigger */
export const blankWorkflow = () => ({
	name: 'My workflow',
	nodes: [trigger()],
	connections: {},
	settings: { executionOrder: 'v1' },
});

/**
 * @param {object} parts
 * @param {{ id: string, name: string }} parts.credential
 * @param {string} parts.id of the conversation, or an expression
 * @param {Record<string, string>} parts.metadata
 * @param {Record<string, unknown>} [parts.options]
 * @param {Record<string, unknown>} [parts.settings] of the node, such as onError
 * @returns {Omit<Workflow, 'id'>} a trigger and the node that sets a conversation
 */
export const setWorkflow = ({ credential, id, metadata, options = {}, settings = {} }) => ({
	name: 'Set a conversation',
	nodes: [
		trigger(),
		{
			id: randomUUID(),
			name: NODE,
			type: 'n8n-nodes-openai-conversation.openAIConversation',
			typeVersion: 1,
			position: [260, 0],
			parameters: {
				resource: 'conversation',
				operation: 'set',
				conversationId: id,
				metadata: { pairs: Object.entries(metadata).map(([key, value]) => ({ key, value })) },
				options,
			},
			credentials: { [CREDENTIAL_TYPE]: credential },
			...settings,
		},
	],
	connections: { [TRIGGER]: { main: [[{ node: NODE, type: 'main', index: 0 }]] } },
	settings: { executionOrder: 'v1' },
});
