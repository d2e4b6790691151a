import { operationsPage } from '../../scripts/operations-page.mjs';
import { OpenAIConversation } from '../../nodes/OpenAIConversation/OpenAIConversation.node';
import { page } from './markdown';

describe('The operations reference', () => {
	const made = operationsPage(new OpenAIConversation().description);

	it('is what the node’s description gives (else: node scripts/generate-operations.mjs)', () => {
		expect(page('docs/operations.md').text).toBe(made);
	});

	it('has a section for each operation', () => {
		expect([...made.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading)).toEqual([
			'Conversation: Copy',
			'Conversation: Create',
			'Conversation: Delete',
			'Conversation: Export',
			'Conversation: Get',
			'Conversation: Set',
			'Conversation: Trim',
			'Conversation Item: Add',
			'Conversation Item: Delete',
			'Conversation Item: Get',
			'Conversation Item: Get Many',
		]);
	});
});
