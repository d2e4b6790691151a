import type {
	INodeProperties,
	INodePropertyCollection,
	INodePropertyMode,
	INodePropertyOptions,
} from 'n8n-workflow';

import { OpenAIConversationApi } from '../../credentials/OpenAIConversationApi.credentials';
import { MemoryOpenAiConversation } from '../../nodes/MemoryOpenAiConversation/MemoryOpenAiConversation.node';
import { OpenAIConversation } from '../../nodes/OpenAIConversation/OpenAIConversation.node';
import { resources } from '../../nodes/OpenAIConversation/resources';
import { pages } from './markdown';

type Field = INodeProperties | INodePropertyCollection | INodePropertyMode | INodePropertyOptions;

/** The labels of fields, and of all that is in them. */
const labelsIn = (fields: readonly Field[]): string[] =>
	fields.flatMap((field) => [
		'displayName' in field ? field.displayName : field.name,
		...('options' in field ? labelsIn(field.options ?? []) : []),
		...('modes' in field ? labelsIn(field.modes ?? []) : []),
		...('values' in field ? labelsIn(field.values) : []),
	]);

/** What n8n's own forms call their things. */
const N8N = [
	'Allowed HTTP Request Domains',
	'Always Output Data',
	'Continue',
	'Details',
	'Execute Once',
	'From Memory',
	'Get Many Messages',
	'Hide Message in Chat',
	'Load Previous Session',
	'Logs',
	'Memory',
	'More details',
	'On Error',
	'OpenAI → Conversation → Update a Conversation',
	'Override All Messages',
	'Retry On Fail',
	'Row → Get',
	'Specific Domains',
];

const known = new Set([
	...N8N,
	...labelsIn([
		...new OpenAIConversation().description.properties,
		...new MemoryOpenAiConversation().description.properties,
		...new OpenAIConversationApi().properties,
	]),
	...resources.flatMap(({ name, operations }) =>
		operations.flatMap((operation) => [operation.name, `${name}: ${operation.name}`]),
	),
]);

const withoutCode = (text: string): string => text.replace(/^```.*?^```$/gms, '');

/** Emphasized words in Title Case. The others are sentences that are quoted. */
const named = pages
	.filter(({ name }) => name === 'README.md' || name.startsWith('docs/'))
	.flatMap(({ name, text }) =>
		[...withoutCode(text).matchAll(/(?<!\*)\*([A-Z][^*\n]{2,60})\*(?!\*)/g)].map(
			([, label = '']): [string, string] => [label, name],
		),
	)
	.filter(([label]) => !/…| (is|can't|was) /.test(label));

describe('Labels in the docs', () => {
	it('should be there', () => expect(named.length).toBeGreaterThan(80));

	it.each(named)('should be called so in the form: %s, in %s', (label) => {
		expect(known).toContain(label);
	});
});
