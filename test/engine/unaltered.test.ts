/* eslint-disable @n8n/community-nodes/no-restricted-globals */
import fc from 'fast-check';
import type { INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, pairs, runNode } from '../support/engine';
import type { RunResult } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
type Item = Record<string, unknown>;
let server: Server;

/** The server looks keys up here, so that a test can bring its own. */
const apiKeys = [API_KEY];

const numRuns = Number(process.env.PROPERTY_RUNS ?? 60);

beforeAll(async () => {
	server = await startServer({ apiKeys });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

/** What a credential has in it beside its address. */
interface Secrets {
	apiKey?: string;
	/** Of custom headers. */
	headerValues?: readonly string[];
}

async function run(
	parameters: INodeParameters,
	{ apiKey = API_KEY, headerValues = [] }: Secrets = {},
): Promise<RunResult> {
	if (!apiKeys.includes(apiKey)) apiKeys.push(apiKey);
	const headers = headerValues.map((value, place) => ({ name: `x-gateway-${place}`, value }));
	return await runNode(server.url, {
		parameters,
		credential: { apiKey, ...(headers.length > 0 && { customHeaders: { headers } }) },
	});
}

/** The bodies that were posted, in order. */
const posted = () =>
	server.requests.filter(({ method }) => method === 'POST').map(({ body }) => body);

const merge = async (metadata: Record<string, string>, secrets: Secrets) => {
	const { id } = server.store.createConversation({ metadata });
	const result = await run(
		{ conversationId: id, updateMode: 'merge', metadata: pairs({ added: 'x' }) },
		secrets,
	);
	return { ...result, id };
};

/** Keys that are made of words and names, as those of gateways are. */
const GATEWAY_KEY = ['sk', 'litellm', 'prod', '2025'].join('-');
const MODEL_KEY = ['sk', 'gpt', '4o', 'mini', 'key'].join('-');

/** Words of ordinary data that are, or are part of, what a credential holds. */
const CREDENTIALS: Array<[string, Secrets, string]> = [
	['a header with the value openai', { headerValues: ['openai'] }, 'openai'],
	['a header with the value assistant', { headerValues: ['assistant'] }, 'assistant'],
	['a header with the value metadata', { headerValues: ['metadata'] }, 'metadata'],
	['a header with the value message', { headerValues: ['message'] }, 'message'],
	['a header that is a tenant', { headerValues: ['550e8400-e29b-41d4'] }, '550e8400-e29b-41d4'],
	['the key sk-litellm-prod-2025', { apiKey: GATEWAY_KEY }, 'prod-2025'],
	['the key sk-gpt-4o-mini-key', { apiKey: MODEL_KEY }, '4o-mini'],
	['the key ollama', { apiKey: 'ollama' }, 'ollama'],
	['the key none', { apiKey: 'none' }, 'none'],
	['a key whose end is quoted', {}, API_KEY.slice(-9)],
];

describe.each(CREDENTIALS)('With %s', (_what, secrets, word) => {
	it('should merge into the metadata as it is', async () => {
		const metadata = {
			team: word,
			note: `Ask ${word} first`,
			[word]: '1',
			[`${word} `]: word.toUpperCase(),
		};
		const { json, error, id } = await merge(metadata, secrets);
		expect(error).toBeUndefined();
		expect(posted()).toEqual([{ metadata: { ...metadata, added: 'x' } }]);
		expect(server.store.getConversation(id)?.metadata).toEqual({ ...metadata, added: 'x' });
		expect(json[0]?.metadata).toEqual({ ...metadata, added: 'x' });
	});

	it('should copy items and metadata as they are', async () => {
		const { id } = server.store.createConversation({
			metadata: { [word]: word },
			items: [
				{ role: 'user', content: `What is ${word}?` },
				{ role: 'assistant', content: `${word} it is` },
				{
					type: 'function_call',
					call_id: 'c',
					name: 'f',
					arguments: JSON.stringify({ [word]: 1 }),
				},
				{ type: 'function_call_output', call_id: 'c', output: word },
			],
		});
		const { json, error, hints } = await run({ operation: 'copy', conversationId: id }, secrets);
		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		expect(json[0]).toMatchObject({ item_count: 4, metadata: { [word]: word } });
		expect(posted()).toEqual([
			{
				metadata: { [word]: word },
				items: [
					{
						type: 'message',
						role: 'user',
						content: [{ type: 'input_text', text: `What is ${word}?` }],
					},
					{
						type: 'message',
						role: 'assistant',
						content: [
							{ type: 'output_text', text: `${word} it is`, annotations: [], logprobs: [] },
						],
					},
					{
						type: 'function_call',
						call_id: 'c',
						name: 'f',
						arguments: JSON.stringify({ [word]: 1 }),
					},
					{ type: 'function_call_output', call_id: 'c', output: word },
				],
			},
		]);
	});

	it('should give what the API has: metadata, items, a transcript', async () => {
		const { id, items } = server.store.createConversation({
			metadata: { note: word },
			items: [{ role: 'assistant', content: `${word}, ${word}` }],
		});
		const got = await run({ operation: 'get', conversationId: id }, secrets);
		expect(got.json[0]?.metadata).toEqual({ note: word });
		const many = await run(
			{ resource: 'item', operation: 'getMany', conversationId: id, simplify: false },
			secrets,
		);
		expect(many.json).toEqual(items);
		const exported = await run(
			{ operation: 'export', conversationId: id, exportFormat: 'text' },
			secrets,
		);
		expect(exported.json[0]?.transcript).toContain(`${word}, ${word}`);
	});
});

describe('A conversation that holds the text [redacted]', () => {
	it('should get the retries that others get', async () => {
		const { id } = server.store.createConversation({
			items: [{ role: 'user', content: 'My number is [redacted]' }],
		});
		server.fault({ match: { method: 'POST' }, status: 500, headers: { 'retry-after-ms': '1' } });
		const { error, json } = await run({
			resource: 'item',
			operation: 'add',
			conversationId: id,
			messages: { values: [{ text: 'new' }] },
			options: { maxRetries: 1 },
		});
		expect(error).toBeUndefined();
		expect(json).toHaveLength(1);
		expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'POST']);
	});
});

describe('The whole key in what a conversation holds', () => {
	it('should be replaced in outputs, and nowhere on its way back', async () => {
		const metadata = { note: `the key is ${API_KEY}` };
		const { json, id } = await merge(metadata, {});
		expect(posted()).toEqual([{ metadata: { ...metadata, added: 'x' } }]);
		expect(server.store.getConversation(id)?.metadata).toEqual({ ...metadata, added: 'x' });
		expect(json[0]?.metadata).toEqual({ note: 'the key is [redacted]', added: 'x' });
	});

	it('should stay where it has fewer than 20 characters, as a word might', async () => {
		const { json } = await merge({ note: MODEL_KEY }, { apiKey: MODEL_KEY });
		expect(json[0]?.metadata).toEqual({ note: MODEL_KEY, added: 'x' });
	});
});

describe('The words of an error', () => {
	it.each<[string, Secrets]>([
		['sk-no-key-required', { apiKey: 'sk-no-key-required' }],
		['test', { apiKey: 'test' }],
		['none', { apiKey: 'none' }],
		['ollama', { apiKey: 'ollama' }],
	])('should stay readable with the key %s', async (_what, secrets) => {
		const message = 'Missing required parameter, none of the models test or ollama has a key';
		server.fault({ status: 400, body: { error: { message, param: 'required', code: 'no_key' } } });
		const { error } = await run({ operation: 'get', conversationId: 'conv_1' }, secrets);
		expect(error?.message).toBe(message);
		expect(error?.context).toMatchObject({ param: 'required', code: 'no_key' });
	});
});

describe('Any data, with any key and any headers', () => {
	const printable = fc.string({
		unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
		minLength: 1,
		maxLength: 40,
	});
	const word = fc.constantFrom(
		...['openai', 'assistant', 'metadata', 'message', 'user', 'text', 'output_text', 'completed'],
		...['[redacted]', '•••', 'type', 'role', 'id', 'data', 'input_text', 'conversation'],
	);
	const secrets = fc.record({
		apiKey: fc.oneof(
			word.filter((text) => /^[\x21-\x7e]+$/.test(text)),
			printable,
			printable.map((text) => `sk-${text}`),
			printable.map((text) => `sk-proj-${text}`),
		),
		headerValues: fc.array(
			fc.oneof(
				word.filter((text) => /^[\x21-\x7e]+$/.test(text)),
				printable,
			),
			{ maxLength: 3 },
		),
	});

	/** Texts that are full of the credential's own. */
	const textsFor = ({ apiKey, headerValues }: { apiKey: string; headerValues: string[] }) =>
		fc
			.array(
				fc.oneof(
					fc.string({ unit: 'grapheme', maxLength: 6 }),
					word,
					fc.constantFrom(...headerValues, apiKey, apiKey.slice(2), apiKey.slice(-6)),
				),
				{ maxLength: 6 },
			)
			.map((parts) => parts.join(''));

	const situation = secrets.chain((given) =>
		fc.record({
			given: fc.constant(given),
			metadata: fc.dictionary(
				textsFor(given).filter((key) => key !== '' && key !== 'added' && [...key].length <= 64),
				textsFor(given),
				{ maxKeys: 15, noNullPrototype: true },
			),
			texts: fc.array(fc.tuple(fc.constantFrom('user', 'assistant'), textsFor(given)), {
				maxLength: 5,
			}),
			json: fc.array(fc.dictionary(textsFor(given), fc.jsonValue(), { noNullPrototype: true }), {
				maxLength: 3,
			}),
		}),
	);

	it('should be sent by Merge as the API answered it, plus the change', async () => {
		await fc.assert(
			fc.asyncProperty(situation, async ({ given, metadata }) => {
				server.reset();
				const { error, id } = await merge(metadata, given);
				expect(error).toBeUndefined();
				const expected = [...Object.entries(metadata), ['added', 'x']];
				const [body]: unknown[] = posted();
				expect(body).toEqual({ metadata: Object.fromEntries(expected) });
				const { metadata: stored = {} } = server.store.getConversation(id) ?? {};
				expect(Object.entries(stored).sort()).toEqual(expected.sort());
			}),
			{ numRuns },
		);
	}, 120_000);

	it('should be sent by Copy as the API answered it', async () => {
		await fc.assert(
			fc.asyncProperty(situation, async ({ given, metadata, texts, json }) => {
				server.reset();
				const items: Item[] = [
					...texts.map(([role, text]) => ({
						type: 'message',
						role,
						content: [
							role === 'user'
								? { type: 'input_text', text }
								: { type: 'output_text', text, annotations: [], logprobs: [] },
						],
					})),
					...json.map((value, place) => ({
						type: 'mcp_list_tools',
						id: `mcpl_${place}`,
						server_label: texts[0]?.[1] ?? '',
						tools: [{ name: 'f', input_schema: value }],
					})),
				];
				const { id } = server.store.createConversation({ metadata, items });
				const { error } = await run({ operation: 'copy', conversationId: id }, given);
				expect(error).toBeUndefined();
				expect(JSON.parse(JSON.stringify(posted()))).toEqual([
					{
						metadata: JSON.parse(JSON.stringify(metadata)),
						...(items.length > 0 && { items: JSON.parse(JSON.stringify(items)) }),
					},
				]);
			}),
			{ numRuns },
		);
	}, 120_000);
});
