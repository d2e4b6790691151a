/* eslint-disable @n8n/community-nodes/no-restricted-imports, @n8n/community-nodes/no-restricted-globals */
import path from 'node:path';
import { loadOutputSchema } from 'n8n-core';
import type { INodeParameters } from 'n8n-workflow';

import { resources } from '../../nodes/OpenAIConversation/resources';
import { startServer } from '../../server/index.mjs';
import { API_KEY, pairs, runNode } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const nodeDir = path.join(__dirname, '../../nodes/OpenAIConversation');

/** The preview of an operation's output as n8n finds it before the first run. */
const preview = (resource: string, operation: string) =>
	loadOutputSchema({ nodeDir, version: 1, resource, operation });

const operations = resources.flatMap(({ value: resource, operations: list }) =>
	list.map(({ value }): [string, string] => [resource, value]),
);

const message = { type: 'message', role: 'user', content: 'Hello' };

/** Runs an operation on a conversation with two messages and a topic. */
async function run(parameters: INodeParameters) {
	const seed = [message, { ...message, role: 'assistant', content: 'Hi' }];
	const {
		id,
		items: [first],
	} = server.store.createConversation({ metadata: { topic: 'x' }, items: seed });
	const result = await runNode(server.url, {
		parameters: { conversationId: id, itemId: String(first?.id), ...parameters },
	});
	return { ...result, id };
}

describe('The preview of the output before the first run', () => {
	it.each<[string, string]>(operations)('should be there for %s %s', (resource, operation) => {
		expect(preview(resource, operation)).toMatchObject({
			type: 'object',
			properties: expect.any(Object),
		});
	});

	const returning: Array<[string, string, INodeParameters]> = [
		['conversation', 'set', { metadata: pairs({ topic: 'y' }) }],
		['conversation', 'create', { metadata: pairs({ topic: 'y' }) }],
		['conversation', 'get', {}],
		['conversation', 'delete', {}],
		['conversation', 'copy', {}],
		['conversation', 'export', {}],
		['item', 'add', { messages: { values: [{ role: 'user', text: 'Hello' }] } }],
		['item', 'get', {}],
		['item', 'getMany', {}],
		['item', 'delete', {}],
		['conversation', 'send', { model: { mode: 'id', value: 'gpt-5-mini' }, text: 'Hello' }],
		['conversation', 'trim', {}],
	];

	it('should be compared with the output of every operation', () => {
		const compared = returning.map(([resource, operation]) => `${resource} ${operation}`);
		expect(compared.toSorted()).toEqual(operations.map((each) => each.join(' ')).toSorted());
	});

	it.each(returning)(
		'should name what %s %s really returns',
		async (resource, operation, parameters) => {
			const { json } = await run({ resource, operation, ...parameters });
			const shape = preview(resource, operation)?.properties;
			expect(Object.keys(json[0] ?? {}).toSorted()).toEqual(Object.keys(shape ?? {}).toSorted());
		},
	);
});

describe('A simplified conversation item', () => {
	it.each(['get', 'getMany'])(
		'should name its conversation in Conversation Item: %s',
		async (operation) => {
			const { json, id } = await run({ resource: 'item', operation });
			expect(json[0]).toEqual({
				id: expect.stringMatching(/^msg_/),
				conversation: id,
				type: 'message',
				role: 'user',
				status: 'completed',
				text: 'Hello',
			});
		},
	);
});

describe('An export', () => {
	const exported = async (parameters: INodeParameters = {}) =>
		await run({ resource: 'conversation', operation: 'export', ...parameters });

	it('should hold the whole conversation by default, and say so', async () => {
		const { json } = await exported();
		expect(json[0]).toMatchObject({ item_count: 2, complete: true });
		expect(json[0]).not.toHaveProperty('metadata');
		expect(server.requests.map(({ method }) => method)).toEqual(['GET']);
	});

	it('should say that it is not complete when Limit cuts it', async () => {
		const { json, hints } = await exported({ returnAll: false, limit: 1 });
		expect(json[0]).toMatchObject({ item_count: 1, complete: false });
		expect(hints[0]).toContain('ends before the conversation does, because of Limit');
	});

	it.each(['json', 'file'])('should carry the metadata on request, to %s', async (exportTo) => {
		const { json, id } = await exported({ exportTo, options: { includeMetadata: true } });
		expect(json[0]).toMatchObject({ conversation: id, metadata: { topic: 'x' } });
		expect(server.requests.map(({ path: asked }) => asked)).toEqual([
			`/v1/conversations/${id}/items`,
			`/v1/conversations/${id}`,
		]);
	});
});

describe('What the operation itself sends', () => {
	it.each<[string, string, string, INodeParameters]>([
		['conversation', 'set', 'metadata', { metadata: pairs({ a: '1' }) }],
		['conversation', 'create', 'metadata', {}],
		['conversation', 'create', 'items', {}],
		['conversation', 'copy', 'metadata', {}],
		['conversation', 'copy', 'items', {}],
		['item', 'add', 'items', { messages: { values: [{ role: 'user', text: 'a' }] } }],
	])(
		'should not be replaced by Additional Body: %s %s, %s',
		async (resource, operation, name, parameters) => {
			const additionalBody = JSON.stringify({ [name]: null });
			const { error } = await run({
				resource,
				operation,
				...parameters,
				options: { additionalBody },
			});
			expect(error?.message).toBe(
				`Additional Body (JSON) sets "${name}", which this operation sends itself`,
			);
			expect(server.requestCount).toBe(0);
		},
	);
});

describe('Half characters and null characters', () => {
	it.each<[string, INodeParameters]>([
		['a message', { messages: { values: [{ role: 'user', text: '={{ "a\\ud83d" }}' }] } }],
		[
			'items in JSON',
			{ itemsInput: 'json', itemsJson: '[{ "content": [{ "text": "\\u0000" }] }]' },
		],
	])('should be refused in %s before any request', async (_what, parameters) => {
		for (const place of [
			{ resource: 'item', operation: 'add' },
			{ resource: 'conversation', operation: 'create' },
		]) {
			const { error } = await run({ ...place, ...parameters });
			expect(error?.name).toBe('NodeOperationError');
			expect(error?.message).toMatch(/contains (?:half a character|a null character)/);
		}
		expect(server.requestCount).toBe(0);
	});
});

describe('The empty message that Conversation Item: Add begins with', () => {
	it('should be refused as no message at all, before any request', async () => {
		const { error } = await run({ resource: 'item', operation: 'add' });
		expect(error?.message).toBe('Messages is empty');
		expect(server.requestCount).toBe(0);
	});
});
