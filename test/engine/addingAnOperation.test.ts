/* eslint-disable @n8n/community-nodes/no-restricted-imports, @n8n/community-nodes/no-restricted-globals */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { startServer } from '../../server/index.mjs';
import { resources } from '../../nodes/OpenAIConversation/resources';
import { item } from '../../nodes/OpenAIConversation/resources/item';
import { OpenAIConversation } from '../../nodes/OpenAIConversation/OpenAIConversation.node';
import { count } from '../support/countItems';
import { API_KEY, runNode } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
	// The line in the index.
	resources.splice(resources.indexOf(item), 1, {
		...item,
		operations: [...item.operations, count],
	});
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const text = (name: string) => readFileSync(path.join(__dirname, '../..', name), 'utf8');

describe('One more operation', () => {
	it('should be the one that the page in docs/ shows', () => {
		const [, code] = /```ts\n(import .*?)```/s.exec(text('docs/adding-an-operation.md')) ?? [];
		const moved = code
			?.replaceAll("'../../../shared/", "'../../nodes/shared/")
			.replaceAll("'../../operation'", "'../../nodes/OpenAIConversation/operation'");
		expect(moved).toBe(text('test/support/countItems.ts'));
	});

	it('should be in the form, with its fields and the common options', () => {
		const { properties } = new OpenAIConversation().description;
		const isFor = (name: string, value: string) => (field: (typeof properties)[number]) =>
			field.displayOptions?.show?.[name]?.some((each) => each === value) ?? false;
		const ofItem = properties.filter(isFor('resource', 'item'));
		const operation = ofItem.find(({ name }) => name === 'operation');
		expect(operation?.options?.map((option) => ('value' in option ? option.value : ''))).toEqual([
			'add',
			'count',
			'delete',
			'get',
			'getMany',
		]);
		expect(operation?.default).toBe('add');
		expect(ofItem.filter(isFor('operation', 'count')).map(({ name }) => name)).toEqual([
			'conversationId',
		]);
	});

	it('should run, with paging, retries, pairing and errors like any other', async () => {
		const sizes = [3, 150];
		const ids = sizes.map(
			(size) =>
				server.store.createConversation({
					items: Array.from({ length: size }, (_, n) => ({ role: 'user', content: `m${n}` })),
				}).id,
		);
		server.fault({ status: 503, headers: { 'retry-after-ms': '1' } });
		const { items } = await runNode(server.url, {
			items: [...ids, 'oops', 'conv_missing'].map((id) => ({ json: { id } })),
			parameters: {
				resource: 'item',
				operation: 'count',
				conversationId: '={{ $json.id }}',
				options: { maxRetries: 1 },
			},
			settings: { onError: 'continueRegularOutput' },
		});
		expect(items.map(({ json, pairedItem }) => [json, pairedItem])).toEqual([
			[{ conversation: ids[0], count: 3 }, { item: 0 }],
			[{ conversation: ids[1], count: 150 }, { item: 1 }],
			[
				{
					error: 'Conversation ID is "oops", which is not the ID of a conversation',
					details: { advice: expect.any(String) },
				},
				{ item: 2 },
			],
			[
				{
					error: "Conversation with id 'conv_missing' not found.",
					details: expect.objectContaining({ status: 404, attempts: 1 }),
				},
				{ item: 3 },
			],
		]);
		expect(server.requestCount).toBe(5);
	});
});
