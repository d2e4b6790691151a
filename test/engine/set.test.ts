import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, pairs, runNode } from '../support/engine';
import type { Server } from '../support/server';
import { topicsOn } from '../support/topics';

let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => {
	server.reset();
	server.configure({ latencyMs: 0, updateSemantics: 'replace', unknownParameters: 'refuse' });
});
afterAll(async () => await server.close());

const { conversations, metadataOf, calls, setTopic } = topicsOn(() => server);

const inputs = (...jsons: IDataObject[]): INodeExecutionData[] => jsons.map((json) => ({ json }));

const sent = () => server.requests.map(({ method, path, body }) => ({ method, path, body }));

function deepFreeze<T>(value: T): T {
	if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
		Object.freeze(value);
		Object.values(value).forEach(deepFreeze);
	}
	return value;
}

describe('Set', () => {
	it('should send one POST with exactly the given pairs', async () => {
		const { id } = server.store.createConversation({ metadata: { old: '1' } });
		const { json, items } = await runNode(server.url, {
			parameters: { conversationId: id, metadata: pairs({ topic: 'project-x', priority: 3 }) },
		});
		expect(sent()).toEqual([
			{
				method: 'POST',
				path: `/v1/conversations/${id}`,
				body: { metadata: { topic: 'project-x', priority: '3' } },
			},
		]);
		expect(json).toEqual([
			{
				id,
				object: 'conversation',
				created_at: expect.any(Number),
				metadata: { topic: 'project-x', priority: '3' },
			},
		]);
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
	});

	it('should be what the node does when Resource and Operation were never touched', async () => {
		const { id } = server.store.createConversation();
		await runNode(server.url, { parameters: { conversationId: id, metadata: pairs({ a: 'b' }) } });
		expect(metadataOf(id)).toEqual({ a: 'b' });
	});

	it('should give one output item per input item, in order, paired, with nothing of the input in it', async () => {
		const items = conversations(3);
		const { items: outputs } = await setTopic(items);
		expect(outputs.map(({ json, pairedItem }) => [json.id, pairedItem])).toEqual(
			items.map(({ id }, item) => [id, { item }]),
		);
		expect(outputs[0]?.json).not.toHaveProperty('n');
	});

	it('should leave its input as it was', async () => {
		const items: INodeExecutionData[] = conversations(2).map((json, item) => ({
			json: { ...json, metadata: { topic: 'x', deep: null }, remove: ['old'] },
			pairedItem: { item },
		}));
		const before = structuredClone(items);
		const { error, json } = await runNode(server.url, {
			items: deepFreeze(items),
			parameters: {
				conversationId: '={{ $json }}',
				metadataInput: 'json',
				metadataJson: '={{ $json.metadata }}',
				updateMode: 'merge',
				keysToRemove: '={{ $json.remove }}',
			},
		});
		expect(error).toBeUndefined();
		expect(json).toHaveLength(2);
		expect(items).toEqual(before);
	});

	it('should do nothing at all for no items', async () => {
		const { items } = await runNode(server.url, {
			items: [],
			parameters: { conversationId: 'conv_1', metadata: pairs({ a: 'b' }) },
			settings: { alwaysOutputData: true },
		}).catch((error: unknown) => {
			// n8n does not run a node that gets no items.
			expect(String(error)).toContain('did not run');
			return { items: [] };
		});
		expect(items).toEqual([]);
		expect(server.requestCount).toBe(0);
	});

	it('should decrypt the credential once per run', async () => {
		const { decrypted } = await setTopic(conversations(25));
		expect(server.requestCount).toBe(25);
		expect(decrypted).toBe(1);
	});
});

describe('Conversation ID', () => {
	const id = 'conv_68f0a1b2c3d4e5f6';
	const response = { id: 'resp_1', object: 'response', conversation: { id } };

	it.each<[string, string, IDataObject]>([
		['an ID', id, {}],
		['an ID with white space around it', ` \u00A0\t${id}\n\u200B`, {}],
		['an ID by expression', '={{ $json.id }}', { id }],
		['a conversation object', '={{ $json }}', { id, object: 'conversation', metadata: {} }],
		['an object with the ID under conversation', '={{ $json }}', { conversation: id }],
		['an object with the object under conversation', '={{ $json }}', { conversation: { id } }],
		[
			'an object with the ID under conversation_id',
			'={{ $json.body }}',
			{ body: { conversation_id: id } },
		],
		["a response object, whose own ID is the response's", '={{ $json }}', response],
		['a response object inside of the item', '={{ $json.response }}', { response }],
		['an ID in an object with white space around it', '={{ $json }}', { id: ` ${id} ` }],
		['a pasted URL', `https://platform.openai.com/logs/${id}`, {}],
		['a pasted URL with a query string', `https://x.example/a?conversation=${id}&b=1#c`, {}],
	])('should take %s', async (_what, conversationId, json) => {
		server.store.createConversation({ id });
		const { error } = await runNode(server.url, {
			items: inputs(json),
			parameters: { conversationId, metadata: pairs({ topic: 'x' }) },
		});
		expect(error).toBeUndefined();
		expect(server.requests.map(({ path }) => path)).toEqual([`/v1/conversations/${id}`]);
		expect(metadataOf(id)).toEqual({ topic: 'x' });
	});

	it.each<[string, string, IDataObject, string]>([
		['nothing', '={{ "" }}', {}, 'Conversation ID is empty'],
		['an expression that finds nothing', '={{ $json.none }}', {}, 'Conversation ID is empty'],
		['white space', ' \n', {}, 'Conversation ID is empty'],
		[
			'a path',
			'../models',
			{},
			'Conversation ID is "../models", which is not the ID of a conversation',
		],
		['a query string', 'conv_1?x=1', {}, 'Conversation ID is "conv_1?x=1", which'],
		['a further path segment', 'conv_1/items', {}, 'Conversation ID is "conv_1/items", which'],
		['another kind of ID', 'resp_123', {}, 'Conversation ID is the ID of a response'],
		['a number', '={{ 5 }}', {}, 'Conversation ID is a number, not the ID of a conversation'],
		['a list', '={{ $json.ids }}', { ids: ['conv_1'] }, 'Conversation ID is a list'],
		[
			'an object mixed with text',
			'=id: {{ $json }}',
			{ id },
			'Conversation ID mixes an object with text',
		],
		[
			'an object that names none',
			'={{ $json }}',
			{ id: 'resp_1' },
			'Conversation ID is an object without a conversation ID',
		],
		[
			'a URL without an ID',
			'https://platform.openai.com/logs/',
			{},
			'Conversation ID is a link that contains no conversation ID',
		],
		[
			'a URL with two IDs',
			'https://x.example/conv_1/conv_2',
			{},
			'Conversation ID is a link that contains several conversation IDs',
		],
	])('should refuse %s before any request', async (_what, conversationId, json, message) => {
		const { error } = await runNode(server.url, {
			items: inputs(json),
			parameters: { conversationId, metadata: pairs({ topic: 'x' }) },
		});
		expect(error?.name).toBe('NodeOperationError');
		expect(error?.message).toContain(message);
		expect(error?.description).toBeTruthy();
		expect(server.requestCount).toBe(0);
	});

	it('should not repeat a key that was put there by mistake', async () => {
		const { error } = await runNode(server.url, {
			parameters: { conversationId: API_KEY, metadata: pairs({ topic: 'x' }) },
		});
		expect(error?.message).toBe('Conversation ID contains an API key');
		expect(JSON.stringify([error?.message, error?.description])).not.toContain(API_KEY.slice(-5));
	});
});

describe('Metadata', () => {
	const set = async (parameters: INodeParameters, json: IDataObject = {}) => {
		const { id } = server.store.createConversation({ metadata: { old: '1' } });
		const result = await runNode(server.url, {
			items: inputs(json),
			parameters: { conversationId: id, ...parameters },
		});
		return { ...result, stored: metadataOf(id) };
	};

	it.each<[string, INodeParameters, IDataObject, Record<string, string>]>([
		['fields', { metadata: pairs({ a: '1', b: '2' }) }, {}, { a: '1', b: '2' }],
		[
			'fields with expressions for keys and values',
			{ metadata: pairs({ '={{ $json.key }}': '={{ $json.value }}' }) },
			{ key: 'topic', value: 'x' },
			{ topic: 'x' },
		],
		['an empty value', { metadata: pairs({ a: '' }) }, {}, { a: '' }],
		['JSON text', { metadataInput: 'json', metadataJson: '{ "a": "1" }' }, {}, { a: '1' }],
		[
			'an object by expression',
			{ metadataInput: 'json', metadataJson: '={{ $json }}' },
			{ a: '1' },
			{ a: '1' },
		],
		[
			'JSON text by expression',
			{ metadataInput: 'json', metadataJson: '={{ JSON.stringify($json) }}' },
			{ a: '1' },
			{ a: '1' },
		],
		[
			'JSON text with expressions in it',
			{ metadataInput: 'json', metadataJson: '={ "a": {{ $json.n }} }' },
			{ n: 7 },
			{ a: '7' },
		],
		[
			'numbers and booleans, as text',
			{ metadataInput: 'json', metadataJson: '{ "n": 1.50, "t": true, "f": false, "z": 0 }' },
			{},
			{ n: '1.5', t: 'true', f: 'false', z: '0' },
		],
		['{} as JSON, which clears', { metadataInput: 'json', metadataJson: '{}' }, {}, {}],
	])('should take %s', async (_what, parameters, json, expected) => {
		const { error, stored } = await set(parameters, json);
		expect(error).toBeUndefined();
		expect(stored).toEqual(expected);
		expect(calls()).toBe('POST');
	});

	it.each<[string, INodeParameters]>([
		['in a key', { metadata: pairs({ '={{ $json.half }}': 'v' }) }],
		['in a value', { metadata: pairs({ a: '={{ $json.half }}' }) }],
		['in JSON', { metadataInput: 'json', metadataJson: '{ "a": "\\ud83d" }' }],
		['in an object', { metadataInput: 'json', metadataJson: '={{ ({ a: $json.nul }) }}' }],
	])(
		'should refuse half a character or a null character %s before any request',
		async (_what, parameters) => {
			const { error } = await set(parameters, { half: 'x\ud83d', nul: 'a\u0000' });
			expect(error?.message).toMatch(/contains (?:half a character|a null character)/);
			expect(server.requestCount).toBe(0);
		},
	);

	it('should not be replaced by Additional Body', async () => {
		const { error, stored } = await set({
			metadata: pairs({ a: '1' }),
			options: { additionalBody: '{ "metadata": { "b": "2" } }' },
		});
		expect(error?.message).toBe(
			'Additional Body (JSON) sets "metadata", which this operation sends itself',
		);
		expect(error?.description).toBe('Enter it under Metadata.');
		expect(stored).toEqual({ old: '1' });
		expect(server.requestCount).toBe(0);
	});

	it('should take what is just within the limits', async () => {
		const entries = Array.from({ length: 15 }, (_, n) => [`k${n}`, 'v'] as const);
		const metadata = { ...Object.fromEntries(entries), ['ü'.repeat(64)]: '😀'.repeat(512) };
		const { error, stored } = await set({ metadata: pairs(metadata) });
		expect(error).toBeUndefined();
		expect(stored).toEqual(metadata);
	});

	const many = Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v']));

	it.each<[string, INodeParameters, string]>([
		['no row', { metadata: {} }, 'Metadata is empty'],
		['no row left in the collection', { metadata: { pairs: [] } }, 'Metadata is empty'],
		[
			'JSON that is left empty',
			{ metadataInput: 'json', metadataJson: '' },
			'Metadata (JSON) is empty',
		],
		['17 pairs', { metadata: pairs(many) }, 'Metadata has 17 pairs; the API allows 16'],
		[
			'a key of 65 characters',
			{ metadata: pairs({ ['k'.repeat(65)]: 'v' }) },
			'has 65 characters; the API allows 64',
		],
		[
			'a value of 513 characters',
			{ metadata: pairs({ key: 'v'.repeat(513) }) },
			'The value of the key "key" in Metadata has 513 characters',
		],
		['an empty key', { metadata: pairs({ '': 'v' }) }, 'A key in Metadata is empty'],
		[
			'a key that is there twice',
			{
				metadata: {
					pairs: [
						{ key: 'a', value: '1' },
						{ key: 'a', value: '2' },
					],
				},
			},
			'The key "a" appears twice in Metadata',
		],
		[
			'a key that JSON text gives twice',
			{ metadataInput: 'json', metadataJson: '{ "a": "1", "a": "2" }' },
			'has the key "a" twice',
		],
		[
			'a nested value',
			{ metadataInput: 'json', metadataJson: '{ "a": { "b": 1 } }' },
			'The value of the key "a" in Metadata is an object',
		],
		[
			'a list as value',
			{ metadataInput: 'json', metadataJson: '{ "a": [1] }' },
			'The value of the key "a" in Metadata is a list',
		],
		[
			'null as value',
			{ metadataInput: 'json', metadataJson: '{ "a": null }' },
			'The key "a" in Metadata has no value',
		],
		[
			'bad JSON',
			{ metadataInput: 'json', metadataJson: '{ a: 1 }' },
			"Metadata (JSON) isn't valid JSON",
		],
		[
			'a JSON list',
			{ metadataInput: 'json', metadataJson: '["a"]' },
			'Metadata (JSON) is a list, not an object',
		],
		[
			'JSON null',
			{ metadataInput: 'json', metadataJson: 'null' },
			'Metadata (JSON) is nothing, not an object',
		],
		[
			'an object mixed with text',
			{ metadataInput: 'json', metadataJson: '={{ $json }} ' },
			'Metadata (JSON)',
		],
	])('should refuse %s before any request', async (_what, parameters, message) => {
		const { error, stored } = await set(parameters, { a: 'b' });
		expect(error?.name).toBe('NodeOperationError');
		expect(error?.message).toContain(message);
		expect(error?.description).toBeTruthy();
		expect(stored).toEqual({ old: '1' });
		expect(server.requestCount).toBe(0);
	});
});

describe('Update Mode', () => {
	const kept = /kept metadata that was not sent/;

	describe.each(['replace', 'merge'] as const)(
		'with a server that treats an update as %s',
		(updateSemantics) => {
			beforeEach(() => server.configure({ updateSemantics }));

			const merge = async (
				before: Record<string, string>,
				parameters: INodeParameters,
				json: IDataObject = {},
			) => {
				const { id } = server.store.createConversation({ metadata: before });
				const result = await runNode(server.url, {
					items: inputs(json),
					parameters: { conversationId: id, updateMode: 'merge', ...parameters },
				});
				return { ...result, stored: metadataOf(id) };
			};

			it('should merge with a GET and a POST of the full map', async () => {
				const { stored, json, hints } = await merge(
					{ keep: '1', change: '2' },
					{ metadata: pairs({ change: '3', add: '4' }) },
				);
				expect(calls()).toBe('GET POST');
				expect(server.requests[1]?.body).toEqual({
					metadata: { keep: '1', change: '3', add: '4' },
				});
				expect(stored).toEqual({ keep: '1', change: '3', add: '4' });
				expect(json[0]?.metadata).toEqual(stored);
				expect(hints).toEqual([]);
			});

			it('should send no key that is to be removed, and say so when it stays', async () => {
				const { stored, hints } = await merge(
					{ keep: '1', a: '2', b: '3', c: '4' },
					{
						metadataInput: 'json',
						metadataJson: '{ "a": null, "new": "5" }',
						keysToRemove: 'b, c ,,',
					},
				);
				expect(server.requests[1]?.body).toEqual({ metadata: { keep: '1', new: '5' } });
				if (updateSemantics === 'replace') {
					expect(stored).toEqual({ keep: '1', new: '5' });
					expect(hints).toEqual([]);
				} else {
					expect(hints).toEqual([
						expect.stringMatching(
							/should have been removed are still there \("a", "b", "c"\) in 1 conversation/,
						),
					]);
				}
			});

			it('should take the keys to remove as a list by expression, and no metadata beside it', async () => {
				await merge(
					{ a: '1', 'b, with comma': '2', ' c': '4', keep: '3' },
					{ keysToRemove: '={{ $json.keys }}' },
					{ keys: ['a', 'b, with comma', ' c'] },
				);
				expect(server.requests[1]?.body).toEqual({ metadata: { keep: '3' } });
			});

			it('should refuse 17 pairs after the merge, before the POST', async () => {
				const before = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`k${n}`, 'v']));
				const { error, stored } = await merge(before, { metadata: pairs({ more: 'v' }) });
				expect(error?.message).toBe(
					'Metadata, together with what the conversation already has, has 17 pairs; the API allows 16',
				);
				expect(error?.description).toContain('Remove 1 of them');
				expect(calls()).toBe('GET');
				expect(stored).toEqual(before);
			});

			it('should hint in replace mode at keys that came back though they were not sent', async () => {
				const items = Array.from({ length: 3 }, (_, n) =>
					server.store.createConversation({ metadata: { [`old${n % 2}`]: '1' } }),
				);
				const { hints, json } = await setTopic(items.map(({ id }) => ({ id })));
				expect(calls()).toBe('POST POST POST');
				if (updateSemantics === 'replace') {
					expect(hints).toEqual([]);
					expect(json[0]?.metadata).toEqual({ topic: 'x' });
				} else {
					expect(hints).toHaveLength(1);
					expect(hints[0]).toMatch(kept);
					expect(hints[0]).toContain('"old0", "old1"');
					expect(hints[0]).toContain('in 3 conversations');
					expect(hints[0]).toContain('set Update Mode to Merge');
				}
			});
		},
	);

	it('should take a 17th pair in exchange for one that goes', async () => {
		const before = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`k${n}`, 'v']));
		const { id } = server.store.createConversation({ metadata: before });
		const { error } = await runNode(server.url, {
			parameters: {
				conversationId: id,
				updateMode: 'merge',
				metadata: pairs({ more: 'v' }),
				keysToRemove: 'k0',
			},
		});
		expect(error).toBeUndefined();
		expect(server.requests[1]?.body).toMatchObject({ metadata: { more: 'v', k15: 'v' } });
	});

	it('should merge into a conversation whose metadata is null', async () => {
		const { id } = server.store.createConversation();
		server.fault({
			match: { method: 'GET' },
			body: { id, object: 'conversation', created_at: 1, metadata: null },
		});
		await runNode(server.url, {
			parameters: { conversationId: id, updateMode: 'merge', metadata: pairs({ a: 'b' }) },
		});
		expect(metadataOf(id)).toEqual({ a: 'b' });
	});

	it('should keep keys that have the names of built-in members', async () => {
		const { id } = server.store.createConversation({
			metadata: { constructor: '1', toString: '2' },
		});
		await runNode(server.url, {
			parameters: {
				conversationId: id,
				updateMode: 'merge',
				metadataInput: 'json',
				metadataJson: '{ "__proto__": "3", "hasOwnProperty": "4" }',
			},
		});
		expect(server.requests[1]?.bodyText).toBe(
			'{"metadata":{"constructor":"1","toString":"2","__proto__":"3","hasOwnProperty":"4"}}',
		);
	});

	it.each(['Merge', ' merge ', 'MERGE'])('should understand the mode "%s"', async (updateMode) => {
		const { id } = server.store.createConversation({ metadata: { a: '1' } });
		const { error } = await runNode(server.url, {
			parameters: { conversationId: id, metadata: pairs({ b: '2' }), updateMode },
		});
		expect(error).toBeUndefined();
		expect(metadataOf(id)).toEqual({ a: '1', b: '2' });
	});

	it.each(['add', 'replace all', '={{ 1 }}'])(
		'should refuse the mode "%s", so that nothing is replaced by mistake',
		async (updateMode) => {
			const { id } = server.store.createConversation({ metadata: { a: '1' } });
			const { error } = await runNode(server.url, {
				parameters: { conversationId: id, metadata: pairs({ b: '2' }), updateMode },
			});
			expect(error?.message).toMatch(/^Update Mode is "/);
			expect(error?.description).toBe('Choose Replace or Merge.');
			expect(metadataOf(id)).toEqual({ a: '1' });
		},
	);

	it.each<[string, string]>([
		['a JSON list as text, as a model writes it', '["a", "b, with comma"]'],
		['the same with white space around it', ' [ "a",\n"b, with comma" ]\n'],
	])('should take the keys to remove as %s', async (_what, keysToRemove) => {
		const { id } = server.store.createConversation({
			metadata: { a: '1', 'b, with comma': '2', keep: '3' },
		});
		const { hints } = await runNode(server.url, {
			parameters: { conversationId: id, updateMode: 'merge', keysToRemove },
		});
		expect(server.requests[1]?.body).toEqual({ metadata: { keep: '3' } });
		expect(hints).toEqual([]);
	});

	it('should hint at keys to remove that the conversation does not have', async () => {
		const { id } = server.store.createConversation({ metadata: { draft: '1' } });
		const { hints, error } = await runNode(server.url, {
			parameters: { conversationId: id, updateMode: 'merge', keysToRemove: 'Draft, draft, gone' },
		});
		expect(error).toBeUndefined();
		expect(metadataOf(id)).toEqual({});
		expect(hints).toEqual([
			'Keys to Remove lists keys that the conversation does not have: "Draft", "gone". Check their spelling, including upper and lower case.',
		]);
	});

	it('should not hint at a null for a key that is not there', async () => {
		const { id } = server.store.createConversation({ metadata: { a: '1' } });
		const { hints } = await runNode(server.url, {
			parameters: {
				conversationId: id,
				updateMode: 'merge',
				metadataInput: 'json',
				metadataJson: '{ "gone": null, "b": "2" }',
			},
		});
		expect(metadataOf(id)).toEqual({ a: '1', b: '2' });
		expect(hints).toEqual([]);
	});

	it('should ignore Keys to Remove in replace mode', async () => {
		const { id } = server.store.createConversation();
		await runNode(server.url, {
			parameters: { conversationId: id, metadata: pairs({ a: 'b' }), keysToRemove: 'a' },
		});
		expect(metadataOf(id)).toEqual({ a: 'b' });
	});

	it.each<[string, INodeParameters, string]>([
		[
			'a key that is both set and removed',
			{ metadata: pairs({ a: '1' }), keysToRemove: 'a' },
			'The key "a" appears in Metadata and in Keys to Remove',
		],
		[
			'a list with something that is no key',
			{ keysToRemove: '={{ [{}] }}' },
			'Keys to Remove contains an object, not a key',
		],
		[
			'an object in place of keys',
			{ keysToRemove: '={{ { a: 1 } }}' },
			'Keys to Remove contains an object, not a key',
		],
		['neither metadata nor keys to remove', {}, 'Metadata and Keys to Remove are both empty'],
		[
			'keys to remove that are only commas',
			{ keysToRemove: ' , ,' },
			'Metadata and Keys to Remove are both empty',
		],
		[
			'{}, which would clear nothing',
			{ metadataInput: 'json', metadataJson: '{}' },
			'Metadata (JSON) and Keys to Remove are both empty',
		],
		[
			'an empty object by expression, and an empty list',
			{ metadataInput: 'json', metadataJson: '={{ {} }}', keysToRemove: '[]' },
			'Metadata (JSON) and Keys to Remove are both empty',
		],
		[
			'a JSON list that is cut off',
			{ keysToRemove: '["a", "b"' },
			"Keys to Remove isn't valid JSON",
		],
	])('should refuse in merge mode %s before any request', async (_what, parameters, message) => {
		const { error } = await runNode(server.url, {
			parameters: { conversationId: 'conv_1', updateMode: 'merge', ...parameters },
		});
		expect(error?.message).toContain(message);
		expect(error?.description).not.toContain('set Update Mode to Merge');
		expect(server.requestCount).toBe(0);
	});

	it('should not POST when the GET fails', async () => {
		const { error } = await runNode(server.url, {
			parameters: {
				conversationId: 'conv_missing',
				updateMode: 'merge',
				metadata: pairs({ a: 'b' }),
			},
		});
		expect(error?.name).toBe('NodeApiError');
		expect(calls()).toBe('GET');
	});
});

describe('Options', () => {
	describe('Base URL', () => {
		it.each(['', '/', '///'])(
			'should override the credential\'s address, with "%s" at its end',
			async (end) => {
				const [item] = conversations(1);
				const { error } = await setTopic(
					[item ?? {}],
					{ credential: { baseUrl: 'http://127.0.0.1:9/v1' } },
					{ baseUrl: server.url + end },
				);
				expect(error).toBeUndefined();
				expect(server.requests.map(({ rawUrl }) => rawUrl)).toEqual([
					`/v1/conversations/${String(item?.id)}`,
				]);
			},
		);

		it('should be read for each item by itself', async () => {
			const other = await startServer({ apiKeys: [API_KEY] });
			try {
				const here = server.store.createConversation().id;
				const there = other.store.createConversation().id;
				const { error } = await setTopic(
					[
						{ id: here, base: server.url },
						{ id: there, base: other.url },
					],
					{},
					{ baseUrl: '={{ $json.base }}' },
				);
				expect(error).toBeUndefined();
				expect([server.requestCount, other.requestCount]).toEqual([1, 1]);
			} finally {
				await other.close();
			}
		});

		const sameServer = () => server.url.replace('127.0.0.1', 'localhost');

		it.each<[string, IDataObject, boolean]>([
			['all', { allowedHttpRequestDomains: 'all' }, true],
			[
				'a list with the domain',
				{ allowedHttpRequestDomains: 'domains', allowedDomains: 'example.com, LOCALHOST.' },
				true,
			],
			[
				'a list without the domain',
				{ allowedHttpRequestDomains: 'domains', allowedDomains: 'example.com, *.localhost' },
				false,
			],
			['an empty list', { allowedHttpRequestDomains: 'domains', allowedDomains: ' ' }, false],
			["none but the credential's own", { allowedHttpRequestDomains: 'none' }, false],
		])('should obey a credential that allows %s', async (_what, credential, allowed) => {
			const data = Object.fromEntries(
				Object.entries(credential).map(([key, value]) => [key, String(value)]),
			);
			const { error } = await setTopic(
				conversations(1),
				{ credential: data },
				{ baseUrl: sameServer() },
			);
			if (allowed) {
				expect(error).toBeUndefined();
				expect(server.requestCount).toBe(1);
			} else {
				expect(error?.name).toBe('NodeOperationError');
				expect(error?.message).toMatch(
					/^Base URL points to localhost:\d+, which the credential does not allow$/,
				);
				expect(error?.description).toContain('Remove Base URL from the options');
				expect(server.requestCount).toBe(0);
			}
		});

		it('should let a credential that allows none use its own address', async () => {
			const { error } = await setTopic(conversations(1), {
				credential: { allowedHttpRequestDomains: 'none' },
			});
			expect(error).toBeUndefined();
			expect(server.requestCount).toBe(1);
		});

		it('should be warned of, once each, where it is not encrypted and not of a private network', async () => {
			// The IDs are refused, so nothing is sent.
			const items = [
				'http://a.example/v1',
				'http://b.example:8080/v1',
				'http://a.example/v1',
				'https://c.example/v1',
				server.url,
			];
			const { error, hints } = await setTopic(
				items.map((base) => ({ id: 'oops', base })),
				{ settings: { onError: 'continueRegularOutput' } },
				{ baseUrl: '={{ $json.base }}' },
			);
			expect(error).toBeUndefined();
			expect(hints).toEqual([
				'Requests to a.example, b.example:8080 are not encrypted, so anyone between n8n and the server can read the API key. Use https in Base URL.',
			]);
		});

		it.each([
			['ftp://example.com/v1', 'which is not an http or https URL'],
			['example.com/v1', 'which is not an http or https URL'],
			['https://me:secret@example.com/v1', 'contains a user name or a password'],
			['https://example.com/v1?a=b', 'contains a query string'],
		])('should refuse %s before any request', async (baseUrl, message) => {
			const { error } = await setTopic(conversations(1), {}, { baseUrl });
			expect(error?.message).toContain('Base URL');
			expect(error?.message).toContain(message);
			expect(error?.message).not.toContain('secret');
			expect(server.requestCount).toBe(0);
		});
	});

	describe('additional parts of the request', () => {
		it('should send headers and query with every request, and lay the body over that of the POST', async () => {
			server.configure({ unknownParameters: 'ignore' });
			const { id } = server.store.createConversation();
			await runNode(server.url, {
				items: inputs({ trace: 't-1' }),
				parameters: {
					conversationId: id,
					updateMode: 'merge',
					metadata: pairs({ a: 'b' }),
					options: {
						additionalHeaders: { headers: [{ name: 'X-Trace', value: '={{ $json.trace }}' }] },
						additionalQuery: {
							parameters: [
								{ name: 'api-version', value: 'preview 1' },
								{ name: 'tag[]', value: 'a&b' },
								{ name: 'tag[]', value: 'c' },
							],
						},
						additionalBody: '{ "new_parameter": { "deep": true } }',
					},
				},
			});
			expect(server.requests.map(({ headers, query }) => [headers['x-trace'], query])).toEqual([
				['t-1', 'api-version=preview%201&tag[]=a%26b&tag[]=c'],
				['t-1', 'api-version=preview%201&tag[]=a%26b&tag[]=c'],
			]);
			expect(server.requests[0]?.bodyText).toBe('');
			expect(server.requests[1]?.body).toEqual({
				metadata: { a: 'b' },
				new_parameter: { deep: true },
			});
		});

		it.each<[string, INodeParameters, string]>([
			[
				'a header that the credential settles',
				{ additionalHeaders: { headers: [{ name: 'authorization', value: 'x' }] } },
				"Additional Headers can't set authorization",
			],
			[
				'a header with a line break',
				{ additionalHeaders: { headers: [{ name: 'x-a', value: 'a\r\nb: c' }] } },
				'The value of x-a in Additional Headers',
			],
			[
				'a body that is no object',
				{ additionalBody: '[1]' },
				'Additional Body (JSON) is a list, not an object',
			],
			[
				'a timeout below 0',
				{ timeout: -1 },
				'Timeout (Seconds) is "-1", not a number of 0 or more',
			],
			[
				'101 retries',
				{ maxRetries: 101 },
				'Max Retries is "101", not a whole number from 0 to 100',
			],
			['half a retry', { maxRetries: 0.5 }, 'Max Retries is "0.5"'],
			[
				'no concurrency',
				{ maxConcurrency: 0 },
				'Max Concurrency is "0", not a whole number from 1 to 100',
			],
			[
				'a rate that is text',
				{ maxRequestsPerMinute: 'many' },
				'Max Requests per Minute is "many"',
			],
		])('should refuse %s before any request', async (_what, options, message) => {
			const { error } = await setTopic(conversations(1), {}, options);
			expect(error?.name).toBe('NodeOperationError');
			expect(error?.message).toContain(message);
			expect(error?.description).toBeTruthy();
			expect(server.requestCount).toBe(0);
		});

		it('should take an option whose expression finds nothing for one that was left out', async () => {
			const nothing = '={{ $json.none }}';
			const { error } = await setTopic(
				conversations(1),
				{},
				{ timeout: nothing, maxRetries: nothing, baseUrl: nothing, maxConcurrency: nothing },
			);
			expect(error).toBeUndefined();
			expect(server.requestCount).toBe(1);
		});
	});
});

describe('Authentication', () => {
	it.each<[string, string, string]>([
		['bearer', 'authorization', `Bearer ${API_KEY}`],
		['apiKeyHeader', 'api-key', API_KEY],
	])('should send the key as %s says', async (authentication, header, value) => {
		await setTopic(conversations(1), {
			credential: {
				authentication,
				organizationId: 'org-1',
				customHeaders: { headers: [{ name: 'x-gateway', value: 'g1' }] },
			},
		});
		const [request] = server.requests;
		expect(request?.headers[header]).toBe(value);
		expect(request?.headers['openai-organization']).toBe('org-1');
		expect(request?.headers).not.toHaveProperty('openai-project');
		expect(request?.headers['x-gateway']).toBe('g1');
		expect(request?.rawUrl).not.toContain(API_KEY.slice(8));
	});

	it('should refuse an empty key before any request', async () => {
		const { error } = await setTopic(conversations(1), { credential: { apiKey: '  ' } });
		expect(error?.message).toBe('API Key in the credential is empty');
		expect(server.requestCount).toBe(0);
	});

	it('should ask once when the key is wrong, and not show it', async () => {
		const wrong = ['sk', 'proj', 'Qw91Er82Ty73Ui64Op55'].join('-');
		const { error, run } = await setTopic(conversations(1), { credential: { apiKey: wrong } });
		expect(server.requests.map(({ status }) => status)).toEqual([401]);
		expect(error?.message).toContain('Incorrect API key provided');
		expect(error?.description).toContain('Check API Key');
		const everything = JSON.stringify([run, error?.message, error?.description, error?.stack]);
		for (let start = 8; start + 5 <= wrong.length; start++) {
			expect(everything).not.toContain(wrong.slice(start, start + 5));
		}
	});
});

describe('Redirects', () => {
	it.each([301, 302, 303, 307, 308])(
		'should not follow a %d, and say where it pointed',
		async (status) => {
			server.fault({
				status,
				headers: { location: 'https://user:pw@elsewhere.example/v1/x?token=secret#part' },
			});
			const { error, run } = await setTopic(conversations(1), {}, { maxRetries: 3 });
			expect(server.requestCount).toBe(1);
			expect(error?.message).toBe(
				`The server redirected the request to https://elsewhere.example/v1/x (status ${status})`,
			);
			expect(error?.description).toContain('Check Base URL');
			expect(JSON.stringify([run, error?.message, error?.description])).not.toMatch(
				/secret|user:pw/,
			);
		},
	);
});

/** Three items of which the second names a conversation that is not there. */
const oneMissing = () => {
	const [first, last] = conversations(2);
	return [first ?? {}, { id: 'conv_missing', n: 9 }, last ?? {}];
};

describe('A key with white space at its beginning or end', () => {
	it.each(['replace', 'merge'])(
		'should be stored as it is by %s, with a hint',
		async (updateMode) => {
			const { id } = server.store.createConversation({ metadata: { topic: 'refund' } });
			const { hints } = await runNode(server.url, {
				parameters: {
					conversationId: id,
					updateMode,
					metadata: pairs({ ' topic\n': 'x', a: 'b' }),
				},
			});
			expect(server.store.getConversation(id)?.metadata).toEqual({
				...(updateMode === 'merge' ? { topic: 'refund' } : {}),
				' topic\n': 'x',
				a: 'b',
			});
			expect(hints).toEqual([
				'These metadata keys begin or end with white space and were stored like that: " topic\\n". The API treats " topic" and "topic" as two different keys.',
			]);
		},
	);
});

describe('An expression in a value that is set to Fixed', () => {
	it('should be stored as it is, with a hint', async () => {
		const { id } = server.store.createConversation();
		const { hints } = await runNode(server.url, {
			parameters: {
				conversationId: id,
				metadata: pairs({ status: '{{ $json.status }}', topic: 'x' }),
			},
		});
		expect(server.store.getConversation(id)?.metadata).toEqual({
			status: '{{ $json.status }}',
			topic: 'x',
		});
		expect(hints).toContain(
			'An expression was stored in the metadata as plain text ("status"). To store what it gives, switch Value from Fixed to Expression.',
		);
	});
});

describe('Failures', () => {
	it("should carry the API's own words and everything needed to follow it up", async () => {
		server.fault({
			status: 400,
			headers: { 'x-request-id': 'req_abc' },
			body: {
				error: {
					message: 'Metadata is not to my liking',
					type: 'invalid_request_error',
					param: 'metadata.topic',
					code: 'bad_topic',
				},
			},
		});
		const { error } = await setTopic(conversations(1));
		expect(error).toMatchObject({
			name: 'NodeApiError',
			message: 'Metadata is not to my liking',
			httpCode: '400',
		});
		expect(error?.description).toContain(
			'Details: status 400, code bad_topic, param metadata.topic, type invalid_request_error, request ID req_abc, 1 attempt.',
		);
		expect(error?.context).toMatchObject({
			status: 400,
			code: 'bad_topic',
			param: 'metadata.topic',
			request_id: 'req_abc',
			attempts: 1,
		});
	});

	it.each([
		[403, 'Check its permissions'],
		[404, 'Check the ID'],
		[429, 'set Max Retries'],
		[500, 'Run the workflow again later'],
	])('should say what to do after a %d', async (status, advice) => {
		server.fault({ status });
		const { error } = await setTopic(conversations(1));
		expect(error).toMatchObject({ name: 'NodeApiError', httpCode: String(status) });
		expect(error?.description).toContain(advice);
	});

	it.each<[string, string | null]>([
		['a web page', '<!doctype html><p>Welcome'],
		['nothing', ''],
		['broken JSON', '{ "id": "conv_1"'],
		['a JSON list', '[]'],
		['JSON null', 'null'],
		['an object that is no conversation', '{ "ok": true }'],
	])('should take %s with status 200 for a failure', async (_what, body) => {
		server.fault({ status: 200, body });
		const { error } = await setTopic(conversations(1));
		expect(error?.name).toBe('NodeApiError');
		expect(error?.message).toMatch(/^The server answered with/);
		expect(error?.description).toContain('Check Base URL');
	});

	describe('when the node stops on them', () => {
		it('should name the item and how many had been done', async () => {
			const { error, run } = await setTopic(oneMissing(), {}, { maxConcurrency: 1 });
			expect(run.status).toBe('error');
			expect(error?.name).toBe('NodeApiError');
			expect(error?.message).toMatch(/ \[item 1\]$/);
			expect(error?.description).toMatch(
				/1 of 3 input items was done\. To go on with the others when one fails, set On Error/,
			);
			expect(error?.context).toMatchObject({ itemIndex: 1 });
			expect(server.requestCount).toBe(2);
		});

		it('should name neither for a single item', async () => {
			const { error } = await setTopic([{ id: 'conv_missing' }]);
			expect(error?.message).not.toContain('[item');
			expect(error?.description).not.toContain('input items were done');
		});

		it('should name the field by its label, and the item, for input that is refused', async () => {
			const [good] = conversations(1);
			const { error } = await setTopic([good ?? {}, { id: 'oops' }], {}, { maxConcurrency: 1 });
			expect(error?.name).toBe('NodeOperationError');
			expect(error?.message).toBe(
				'Conversation ID is "oops", which is not the ID of a conversation [item 1]',
			);
			expect(error?.description).toMatch(
				/^Enter an ID that starts with "conv_".* 1 of 2 input items was done\. To go on /,
			);
		});

		it('should name the item whose expression can not be resolved', async () => {
			const { id } = server.store.createConversation();
			const { error } = await runNode(server.url, {
				items: inputs({ n: 1 }, { n: 2 }),
				parameters: {
					conversationId: `={{ $json.n === 2 ? $json.a.b.c : "${id}" }}`,
					metadata: pairs({ topic: 'x' }),
					options: { maxConcurrency: 1 },
				},
			});
			expect(error?.message).toMatch(/\[item 1\]$/);
			expect(error?.description).toMatch(/1 of 2 input items was done\. To go on /);
		});
	});

	it('should go on, and put the failed item in its place, when the node continues on them', async () => {
		const items = oneMissing();
		const { outputs, error, run } = await setTopic(items, {
			settings: { onError: 'continueRegularOutput' },
		});
		expect(error).toBeUndefined();
		expect(run.status).toBe('success');
		expect(outputs).toHaveLength(1);
		const [all = []] = outputs;
		expect(all.map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 1 },
			{ item: 2 },
		]);
		expect(all.map(({ json }) => json.id)).toEqual([items[0]?.id, undefined, items[2]?.id]);
		expect(all[1]?.json).toMatchObject({
			error: expect.stringContaining('conv_missing'),
			details: { status: 404, attempts: 1 },
		});
		expect(server.requestCount).toBe(3);
	});

	it('should send the failed item to the error output, when that is chosen', async () => {
		const items = oneMissing();
		const { outputs, run } = await setTopic(items, {
			settings: { onError: 'continueErrorOutput' },
		});
		expect(run.status).toBe('success');
		const [good = [], bad = []] = outputs;
		expect(good.map(({ json }) => json.id)).toEqual([items[0]?.id, items[2]?.id]);
		expect(bad).toHaveLength(1);
		expect(bad[0]).toMatchObject({
			json: { error: expect.stringContaining('conv_missing') },
			pairedItem: { item: 1 },
		});
	});

	it('should send input that is refused to the error output too', async () => {
		const { outputs } = await setTopic([{ id: 'oops' }, ...conversations(1)], {
			settings: { onError: 'continueErrorOutput' },
		});
		expect(outputs.map((output) => output.length)).toEqual([1, 1]);
		expect(outputs[1]?.[0]?.json).toEqual({
			id: 'oops',
			error: 'Conversation ID is "oops", which is not the ID of a conversation',
			details: { advice: expect.stringMatching(/^Enter an ID that starts with "conv_"/) },
		});
	});
});
