import { sublimeSearch } from '@n8n/utils/search/sublime-search';
import { Workflow } from 'n8n-workflow';
import type { INode, INodeTypes } from 'n8n-workflow';

import memoryCodex from '../../nodes/MemoryOpenAiConversation/MemoryOpenAiConversation.node.json';
import { MemoryOpenAiConversation } from '../../nodes/MemoryOpenAiConversation/MemoryOpenAiConversation.node';
import codex from '../../nodes/OpenAIConversation/OpenAIConversation.node.json';
import { OpenAIConversation } from '../../nodes/OpenAIConversation/OpenAIConversation.node';
import { resources } from '../../nodes/OpenAIConversation/resources';

const node = new OpenAIConversation();
const { displayName, subtitle = '' } = node.description;

/** The node as the editor's panel holds it, and what the panel searches in, with its weights. */
const entry = { properties: { displayName, codex: { alias: codex.alias } } };
const SEARCHED = [
	{ key: 'properties.displayName', weight: 1.3 },
	{ key: 'properties.codex.alias', weight: 1 },
];

describe("The node panel's search", () => {
	it.each([
		'add message',
		'azure',
		'chat history',
		'conversation history',
		'conversation metadata',
		'create conversation',
		'delete conversation',
		'export conversation',
		'items',
		'memory',
		'openai conversation',
		'send message',
		'session',
		'set metadata',
		'tag',
		'thread',
		'transcript',
		'trim',
		'update conversation',
	])('should find the node by "%s"', (words) => {
		expect(sublimeSearch(words, [entry], SEARCHED)).toHaveLength(1);
	});

	it.each(['memory', 'chat history', 'session', 'agent', 'remember', 'conversation memory'])(
		'should find the memory by "%s"',
		(words) => {
			const memory = {
				properties: {
					displayName: new MemoryOpenAiConversation().description.displayName,
					codex: { alias: memoryCodex.alias },
				},
			};
			expect(sublimeSearch(words, [memory], SEARCHED)).toHaveLength(1);
		},
	);

	it('should not find it by words of other nodes', () => {
		for (const words of ['postgres', 'spreadsheet', 'webhook', 'http request']) {
			expect(sublimeSearch(words, [entry], SEARCHED)).toEqual([]);
		}
	});
});

describe('The line under the node', () => {
	const nodeTypes: INodeTypes = {
		getByName: () => node,
		getByNameAndVersion: () => node,
		getKnownTypes: () => ({}),
	};

	/** What n8n makes of the subtitle for a node with these parameters. */
	function subtitleFor(resource: string, operation: string): unknown {
		const instance: INode = {
			id: '1',
			name: displayName,
			type: 'n8n-nodes-openai-conversation.openAIConversation',
			typeVersion: 1,
			position: [0, 0],
			parameters: { resource, operation },
		};
		const workflow = new Workflow({ nodes: [instance], connections: {}, active: false, nodeTypes });
		return workflow.expression.getSimpleParameterValue(instance, subtitle, 'internal', {});
	}

	it.each([
		['conversation', 'set', 'Set conversation metadata'],
		['conversation', 'export', 'Export conversation'],
		['item', 'getMany', 'Get many items'],
		['item', 'add', 'Add items'],
		['item', 'delete', 'Delete item'],
	])('should say for %s %s: "%s"', (resource, operation, expected) => {
		expect(subtitleFor(resource, operation)).toBe(expected);
	});

	it('should be words for every operation', () => {
		for (const { value: resource, operations } of resources) {
			for (const { value } of operations) {
				expect(subtitleFor(resource, value)).toMatch(/^[A-Z][a-z]+( [a-z]+)+$/);
			}
		}
	});
});
