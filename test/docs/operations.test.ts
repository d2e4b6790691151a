import { operationsPage } from '../../scripts/operations-page.mjs';
import { OpenAIConversation } from '../../nodes/OpenAIConversation/OpenAIConversation.node';
import { resources } from '../../nodes/OpenAIConversation/resources';
import { page } from './markdown';

describe('The operations reference', () => {
	const made = operationsPage(new OpenAIConversation().description);

	it('is what the node’s description gives (else: npm run docs:operations)', () => {
		expect(page('docs/operations.md').text).toBe(made);
	});

	it('has a section for each operation', () => {
		const headings = resources.flatMap(({ name, operations }) =>
			operations.map((operation) => `${name}: ${operation.name}`).toSorted(),
		);
		expect([...made.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading)).toEqual(headings);
	});
});
