import type {
	INodeProperties,
	INodeType,
	INodeTypeDescription,
	ISupplyDataFunctions,
	SupplyData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { conversationIdField } from '../shared/fields/conversationId';
import { lockWaitOption, requestOptionFields } from '../shared/fields/requestOptions';
import { CREDENTIAL_TYPE } from '../shared/n8n/credential';
import { windowField } from './parameters';
import { supplyMemory } from './supply';

const NAME = 'memoryOpenAiConversation';

/** As n8n's own memories have it: the link opens the panel with what can take a memory. */
const connectionHint: INodeProperties = {
	displayName:
		"This node must be connected to an AI agent. <a data-action='openSelectiveNodeCreator' data-action-parameter-creatorview='AI'>Insert one</a>",
	name: 'connectionHint',
	type: 'notice',
	default: '',
	// n8n hides it once the node is connected.
	typeOptions: { containerClass: 'ndv-connection-hint-notice' },
};

const idField: INodeProperties = {
	...conversationIdField,
	description: `The conversation that holds the chat history, taken from the agent's first input item. ${String(conversationIdField.description)}`,
};

const idNotice: INodeProperties = {
	displayName:
		"Each chat session needs a conversation: make it with the OpenAI Conversation node (operation Create) before the agent runs, and save its ID with the session ID, for example in a Data Table. OpenAI has no list of conversations to look it up in later. With several input items, the agent uses the first one's conversation for all of them. <a href='https://www.npmjs.com/package/n8n-nodes-openai-conversation#examples' target='_blank'>The package's page</a> has a ready-made workflow for this: An agent with memory.",
	name: 'conversationNotice',
	type: 'notice',
	default: '',
};

const optionsField: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add Option',
	default: { maxRetries: 3, timeout: 120 },
	options: [...requestOptionFields, lockWaitOption].sort((a, b) =>
		a.displayName < b.displayName ? -1 : 1,
	),
};

export class MemoryOpenAiConversation implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'OpenAI Conversation Memory',
		name: NAME,
		icon: {
			light: 'file:openAIConversationMemory.svg',
			dark: 'file:openAIConversationMemory.dark.svg',
		},
		group: ['transform'],
		version: 1,
		subtitle: '={{ $parameter["conversationId"] }}',
		description: "Keeps an agent's chat history in a conversation at OpenAI",
		defaults: { name: 'OpenAI Conversation Memory' },
		inputs: [],
		outputs: [NodeConnectionTypes.AiMemory],
		outputNames: ['Memory'],
		credentials: [{ name: CREDENTIAL_TYPE, required: true }],
		properties: [connectionHint, idField, idNotice, windowField, optionsField],
	};

	async supplyData(this: ISupplyDataFunctions, itemIndex: number): Promise<SupplyData> {
		return { response: await supplyMemory(this, itemIndex) };
	}
}
