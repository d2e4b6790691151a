import type { INodeParameters } from 'n8n-workflow';
import OpenAI from 'openai';

import { startServer } from '../../server/index.mjs';
import { resources } from '../../nodes/OpenAIConversation/resources';
import { INCLUDES } from '../../nodes/shared/api/schema';
import { API_KEY, pairs, pause, runNode } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;
let sdk: OpenAI;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
	sdk = new OpenAI({ apiKey: API_KEY, baseURL: server.url, maxRetries: 0 });
});
afterAll(async () => await server.close());

const ID = 'conv_68f0a1b2c3d4';

const messages = (count: number) =>
	Array.from({ length: count }, (_, n) => ({
		type: 'message' as const,
		role: 'user' as const,
		content: `m${n} ü 😀`,
	}));

const withoutNewIds = (text: string): string =>
	text.replace(/conv_[0-9a-f]{20,}/, 'conv_NEW').replace(/resp_[0-9a-f]{20,}/, 'resp_NEW');

/** The requests of one run, each run against the same conversation with 130 items. */
async function arrivals(run: () => Promise<unknown>) {
	server.reset();
	server.store.createConversation({
		id: ID,
		metadata: { topic: 'x', lang: 'de' },
		items: messages(130).map((item, n) => ({ ...item, id: `msg_${n}` })),
	});
	await run();
	return server.requests.map(({ method, path, query, body, headers }) => ({
		method,
		path: withoutNewIds(path),
		query: query === '' ? [] : query.split('&').map(decodeURIComponent),
		body: body === undefined ? undefined : JSON.parse(withoutNewIds(JSON.stringify(body))),
		accept: headers.accept,
		authorization: headers.authorization,
		contentType: headers['content-type'],
	}));
}

/** Everything that a list of several pages gives. */
async function drained(list: AsyncIterable<unknown>): Promise<unknown[]> {
	const items: unknown[] = [];
	for await (const item of list) items.push(item);
	return items;
}

interface Case {
	what: string;
	resource: string;
	operation: string;
	parameters: INodeParameters;
	withSdk(client: OpenAI['conversations']): Promise<unknown>;
	/** Requests that both must have made, so that a case in which nothing happens proves nothing. */
	requests: number;
}

const include = [...INCLUDES];

const SCHEMA = {
	type: 'object',
	properties: { answer: { type: 'string' } },
	required: ['answer'],
	additionalProperties: false,
};

const CASES: Case[] = [
	{
		what: 'Replace',
		resource: 'conversation',
		operation: 'set',
		parameters: { conversationId: ID, metadata: pairs({ topic: 'y 😀', 'a b': '' }) },
		withSdk: async (client) => await client.update(ID, { metadata: { topic: 'y 😀', 'a b': '' } }),
		requests: 1,
	},
	{
		what: 'Merge',
		resource: 'conversation',
		operation: 'set',
		parameters: {
			conversationId: ID,
			metadata: pairs({ topic: 'y' }),
			updateMode: 'merge',
			keysToRemove: 'none',
		},
		async withSdk(client) {
			const { metadata } = await client.retrieve(ID);
			await client.update(ID, { metadata: { ...Object(metadata), topic: 'y' } });
		},
		requests: 2,
	},
	{
		what: 'with nothing',
		resource: 'conversation',
		operation: 'create',
		parameters: {},
		withSdk: async (client) => await client.create({}),
		requests: 1,
	},
	{
		what: 'with metadata and 45 items',
		resource: 'conversation',
		operation: 'create',
		parameters: {
			metadata: pairs({ topic: 'x' }),
			itemsInput: 'json',
			itemsJson: JSON.stringify(messages(45)),
		},
		async withSdk(client) {
			const items = messages(45);
			const { id } = await client.create({ metadata: { topic: 'x' }, items: items.slice(0, 20) });
			await client.items.create(id, { items: items.slice(20, 40) });
			await client.items.create(id, { items: items.slice(40) });
		},
		requests: 3,
	},
	{
		what: 'one',
		resource: 'conversation',
		operation: 'get',
		parameters: { conversationId: ID },
		withSdk: async (client) => await client.retrieve(ID),
		requests: 1,
	},
	{
		what: 'one',
		resource: 'conversation',
		operation: 'delete',
		parameters: { conversationId: ID },
		withSdk: async (client) => await client.delete(ID),
		requests: 1,
	},
	{
		what: 'through an item',
		resource: 'conversation',
		operation: 'copy',
		parameters: { conversationId: ID, throughItemId: 'msg_21' },
		async withSdk(client) {
			const page = await client.items.list(ID, {
				limit: 100,
				order: 'asc',
				include: include.filter((value) => value !== 'message.output_text.logprobs'),
			});
			const items = page.data.slice(0, 22).flatMap((item) => {
				if (item.type !== 'message') return [];
				const content = item.content.flatMap((part) => (part.type === 'input_text' ? [part] : []));
				return [{ type: item.type, role: 'user' as const, content }];
			});
			const { metadata } = await client.retrieve(ID);
			const { id } = await client.create({ metadata: Object(metadata), items: items.slice(0, 20) });
			await client.items.create(id, { items: items.slice(20) });
		},
		requests: 4,
	},
	{
		what: 'by one turn',
		resource: 'conversation',
		operation: 'trim',
		parameters: { conversationId: ID, keepTurns: 129 },
		async withSdk(client) {
			await drained(client.items.list(ID, { limit: 100, order: 'asc' }));
			await client.items.delete('msg_0', { conversation_id: ID });
		},
		requests: 3,
	},
	{
		what: 'text, with every option',
		resource: 'conversation',
		operation: 'send',
		parameters: {
			conversationId: ID,
			model: { __rl: true, mode: 'list', value: 'gpt-5-mini' },
			text: 'Hello 😀',
			options: {
				instructions: 'Be brief.',
				maxOutputTokens: 200,
				temperature: 0.5,
				reasoningEffort: 'low',
				outputFormat: 'json',
				jsonSchema: JSON.stringify(SCHEMA),
				additionalBody: '{ "metadata": { "topic": "x" } }',
			},
		},
		async withSdk(client) {
			await client.items.list(ID, { limit: 1, order: 'desc' });
			await sdk.responses.create({
				model: 'gpt-5-mini',
				conversation: ID,
				input: [{ type: 'message', role: 'user', content: 'Hello 😀' }],
				instructions: 'Be brief.',
				max_output_tokens: 200,
				temperature: 0.5,
				reasoning: { effort: 'low' },
				text: { format: { type: 'json_schema', name: 'reply', strict: true, schema: SCHEMA } },
				metadata: { topic: 'x' },
			});
		},
		requests: 2,
	},
	{
		what: 'items in a new conversation, in the background',
		resource: 'conversation',
		operation: 'send',
		parameters: {
			model: 'gpt-5-mini',
			itemsInput: 'json',
			itemsJson: JSON.stringify(messages(2)),
			options: { background: true },
		},
		async withSdk(client) {
			const { id: conversation } = await client.create({});
			const { id } = await sdk.responses.create({
				model: 'gpt-5-mini',
				conversation,
				input: messages(2),
				background: true,
			});
			// The API has made it by then.
			await pause(50);
			await sdk.responses.retrieve(id);
		},
		requests: 3,
	},
	{
		what: 'as a whole',
		resource: 'conversation',
		operation: 'export',
		parameters: { conversationId: ID, returnAll: true },
		async withSdk(client) {
			const query = {
				limit: 100,
				order: 'asc' as const,
				include: ['message.input_image.image_url' as const],
			};
			await drained(client.items.list(ID, query));
		},
		requests: 2,
	},
	{
		what: 'messages',
		resource: 'item',
		operation: 'add',
		parameters: {
			conversationId: ID,
			messages: {
				values: [
					{ role: 'user', text: 'Hello 😀' },
					{ role: 'assistant', text: 'Hi' },
				],
			},
		},
		withSdk: async (client) =>
			await client.items.create(ID, {
				items: [
					{ type: 'message', role: 'user', content: 'Hello 😀' },
					{ type: 'message', role: 'assistant', content: 'Hi' },
				],
			}),
		requests: 1,
	},
	{
		what: 'an image, with every include',
		resource: 'item',
		operation: 'add',
		parameters: {
			conversationId: ID,
			itemsInput: 'json',
			itemsJson:
				'{ "role": "user", "content": [{ "type": "input_image", "detail": "auto", "image_url": "https://example.com/a.png" }] }',
			options: { include },
		},
		withSdk: async (client) =>
			await client.items.create(ID, {
				include,
				items: [
					{
						role: 'user',
						content: [
							{ type: 'input_image', detail: 'auto', image_url: 'https://example.com/a.png' },
						],
					},
				],
			}),
		requests: 1,
	},
	{
		what: 'one, with every include',
		resource: 'item',
		operation: 'get',
		parameters: { conversationId: ID, itemId: 'msg_3', options: { include } },
		withSdk: async (client) =>
			await client.items.retrieve('msg_3', { conversation_id: ID, include }),
		requests: 1,
	},
	{
		what: 'all, page by page',
		resource: 'item',
		operation: 'getMany',
		parameters: { conversationId: ID, returnAll: true },
		async withSdk(client) {
			await drained(client.items.list(ID, { limit: 100, order: 'asc' }));
		},
		requests: 2,
	},
	{
		what: 'some, newest first, after one, with every include',
		resource: 'item',
		operation: 'getMany',
		parameters: {
			conversationId: ID,
			limit: 30,
			options: { order: 'desc', after: 'msg_99', include },
		},
		withSdk: async (client) =>
			await client.items.list(ID, { limit: 30, order: 'desc', after: 'msg_99', include }),
		requests: 1,
	},
	{
		what: 'one',
		resource: 'item',
		operation: 'delete',
		parameters: { conversationId: ID, itemId: 'msg_3' },
		withSdk: async (client) => await client.items.delete('msg_3', { conversation_id: ID }),
		requests: 1,
	},
];

describe('What arrives at the server', () => {
	it.each(CASES.map((each) => [`${each.resource} ${each.operation}: ${each.what}`, each] as const))(
		'should be the same from the node as from the official SDK for %s',
		async (_name, { resource, operation, parameters, withSdk, requests }) => {
			const fromSdk = await arrivals(async () => await withSdk(sdk.conversations));
			const fromNode = await arrivals(async () => {
				const { error } = await runNode(server.url, {
					parameters: { resource, operation, ...parameters },
				});
				expect(error).toBeUndefined();
			});
			expect(fromSdk).toHaveLength(requests);
			const sorted = ({ query, ...rest }: (typeof fromSdk)[number]) => ({
				...rest,
				query: query.toSorted(),
			});
			expect(fromNode.map(sorted)).toEqual(fromSdk.map(sorted));
		},
	);

	it('should be compared for every operation', () => {
		const all = resources.flatMap(({ value, operations }) =>
			operations.map((operation) => `${value} ${operation.value}`),
		);
		const compared = new Set(CASES.map(({ resource, operation }) => `${resource} ${operation}`));
		expect([...compared].toSorted()).toEqual(all.toSorted());
	});
});

describe('Options', () => {
	it.each(CASES.map((each) => [`${each.resource} ${each.operation}: ${each.what}`, each] as const))(
		'should hold for every request of %s',
		async (_name, { resource, operation, parameters, requests }) => {
			const run = async (options: INodeParameters) =>
				await runNode('http://127.0.0.1:9/v1', {
					parameters: {
						resource,
						operation,
						...parameters,
						options: { ...Object(parameters.options), ...options },
					},
				});
			await arrivals(async () => {
				server.fault({ status: 429, headers: { 'retry-after-ms': '1' } });
				const { error, hints } = await run({
					baseUrl: server.url,
					maxRetries: 1,
					additionalHeaders: { headers: [{ name: 'x-trace-id', value: 'abc' }] },
					additionalQuery: { parameters: [{ name: 'api-version', value: '1 2' }] },
				});
				expect(error).toBeUndefined();
				expect(hints.at(-1)).toContain('1 retry (rate limit: 1)');
			});
			expect(server.requests).toHaveLength(requests + 1);
			for (const { headers, query } of server.requests) {
				expect(headers['x-trace-id']).toBe('abc');
				expect(query).toMatch(/(^|&)api-version=1%202$/);
			}

			await arrivals(async () => {
				server.fault({ hang: true });
				const { error } = await run({ baseUrl: server.url, timeout: 0.2 });
				expect(error?.message).toContain('within 0.2 seconds');
			});
			expect(server.requestCount).toBe(1);
		},
	);
});
