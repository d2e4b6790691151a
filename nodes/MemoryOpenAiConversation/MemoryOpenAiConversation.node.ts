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

const optionsField: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add Option',
	default: { timeout: 120, maxRetries: 3 },
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
		description: 'Keeps an agent’s chat history in a conversation at OpenAI',
		defaults: { name: 'OpenAI Conversation Memory' },
		inputs: [],
		outputs: [NodeConnectionTypes.AiMemory],
		outputNames: ['Memory'],
		credentials: [{ name: CREDENTIAL_TYPE, required: true }],
		properties: [conversationIdField, windowField, optionsField],
	};

	async supplyData(this: ISupplyDataFunctions, itemIndex: number): Promise<SupplyData> {
		return { response: await supplyMemory(this, itemIndex) };
	}
}
