import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { CREDENTIAL_TYPE } from '../shared/n8n/credential';
import { executeItems } from './execution/run';
import { searchModels } from './methods/searchModels';
import { buildProperties, buildSubtitle } from './properties';
import { resources } from './resources';

const NAME = 'openAIConversation';

export class OpenAIConversation implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'OpenAI Conversation',
		name: NAME,
		icon: { light: 'file:openAIConversation.svg', dark: 'file:openAIConversation.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: buildSubtitle(resources),
		description:
			'Tag, continue, export, copy, trim and delete OpenAI conversations, and work with their messages and other items',
		defaults: { name: 'OpenAI Conversation' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: true,
		credentials: [{ name: CREDENTIAL_TYPE, required: true }],
		properties: buildProperties(resources),
	};

	methods = { listSearch: { searchModels } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const resource = this.getNodeParameter('resource', 0, '');
		const value = this.getNodeParameter('operation', 0, '');
		const operation = resources
			.find((candidate) => candidate.value === resource)
			?.operations.find((candidate) => candidate.value === value);
		return await executeItems(this, operation);
	}
}
