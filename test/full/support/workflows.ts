import { randomUUID } from 'node:crypto';
import type { INodeParameters } from 'n8n-workflow';

interface WorkflowParts {
	/** The webhook's path, and the workflow's name. */
	path: string;
	/** `lastNode`: the answer is the workflow's outcome; `onReceived`: it says that the workflow was started. */
	responseMode: 'lastNode' | 'onReceived';
	credential: { id: string; name: string };
	/** Of our node, for the items that are the entries of `items` in the request. */
	parameters: INodeParameters;
}

const node = (
	type: string,
	typeVersion: number,
	name: string,
	column: number,
	parameters: INodeParameters,
) => ({
	id: randomUUID(),
	name,
	type,
	typeVersion,
	position: [column * 220, 0],
	parameters,
});

const to = (name: string) => ({ main: [[{ node: name, type: 'main', index: 0 }]] });

/** A webhook that gives our node one item for each entry of `items` in its body. */
export const webhookWorkflow = ({ path, responseMode, credential, parameters }: WorkflowParts) => ({
	name: path,
	nodes: [
		{
			...node('n8n-nodes-base.webhook', 2, 'Webhook', 0, {
				httpMethod: 'POST',
				path,
				responseMode,
				...(responseMode === 'lastNode' && { responseData: 'allEntries' }),
				options: {},
			}),
			webhookId: randomUUID(),
		},
		node('n8n-nodes-base.splitOut', 1, 'Items', 1, { fieldToSplitOut: 'body.items', options: {} }),
		{
			...node(
				'n8n-nodes-openai-conversation.openAIConversation',
				1,
				'OpenAI Conversation',
				2,
				parameters,
			),
			credentials: { openAIConversationApi: credential },
		},
	],
	connections: { Webhook: to('Items'), Items: to('OpenAI Conversation') },
	settings: { executionOrder: 'v1' },
});
