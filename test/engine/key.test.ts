/* eslint-disable @n8n/community-nodes/no-restricted-globals */
import type { IExecuteFunctions, INodeExecutionData, INodeParameters } from 'n8n-workflow';

import type { FaultRule } from '../../server/types.mjs';
import type * as Harness from '../support/engine';

// n8n reads the level of its log while it is loaded.
process.env.N8N_LOG_LEVEL = 'debug';
const { API_KEY, logged, pairs, pause, runNode, until } =
	jest.requireActual<typeof Harness>('../support/engine');
const { OpenAIConversation } = jest.requireActual<
	typeof import('../../nodes/OpenAIConversation/OpenAIConversation.node.js')
>('../../nodes/OpenAIConversation/OpenAIConversation.node');
const { startServer } =
	jest.requireActual<typeof import('../../server/index.mjs')>('../../server/index.mjs');

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

const SECRET = API_KEY.slice('sk-proj-'.length);
const RUNS = Array.from({ length: SECRET.length - 4 }, (_, start) =>
	SECRET.slice(start, start + 5),
);

/** A key of Azure's form, which has no prefix. */
const AZURE_KEY = ['9f86d081', '884c7d65', '9a2feaa0', 'c55ad015'].join('');

beforeAll(async () => {
	server = await startServer({
		apiKeys: [API_KEY, AZURE_KEY, ['sk', 'QwErTyUiOp', '8fj3Kd92Lm47Xc'].join('-')],
		unknownParameters: 'ignore',
	});
});
beforeEach(() => server.reset());
afterEach(() => jest.restoreAllMocks());
afterAll(async () => await server.close());

/** Every text that can be reached from a value: members and their names, hidden ones and those of causes included. */
function textsIn(start: unknown, skip: ReadonlySet<string>): string[] {
	const texts: string[] = [];
	const seen = new Set<unknown>();
	const queue: unknown[] = [start];
	for (let value = queue.pop(); value !== undefined || queue.length > 0; value = queue.pop()) {
		if (typeof value === 'string') texts.push(value);
		if (typeof value !== 'object' || value === null || seen.has(value)) continue;
		seen.add(value);
		if (Buffer.isBuffer(value)) texts.push(value.toString('latin1'));
		if (value instanceof Map || value instanceof Set) queue.push(...value);
		for (const name of Reflect.ownKeys(value)) {
			if (typeof name === 'string' && skip.has(name)) continue;
			texts.push(String(name));
			queue.push(Reflect.get(value, name));
		}
	}
	return texts;
}

/** Lines that n8n and the node write at the levels below those that the harness collects, or past the log. */
function listen(): string[] {
	const lines: string[] = [];
	const write = (...parts: unknown[]) =>
		void lines.push(
			parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '),
		);
	for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const)
		jest.spyOn(console, level).mockImplementation(write);
	const { execute } = OpenAIConversation.prototype;
	jest.spyOn(OpenAIConversation.prototype, 'execute').mockImplementation(async function (
		this: IExecuteFunctions,
	) {
		if (!jest.isMockFunction(this.logger.debug))
			jest.spyOn(this.logger, 'debug').mockImplementation(write);
		this.logger.debug('The log is heard at debug level');
		return await execute.call(this);
	});
	return lines;
}

interface Case {
	what: string;
	faults?: FaultRule[];
	parameters?: INodeParameters;
	options?: INodeParameters;
	credential?: Record<string, string | object>;
	items?: INodeExecutionData[];
	stopWhen?: () => boolean;
	/** What it should end as, for good measure. */
	ends: 'success' | 'failure';
	/** Whether the output has it in its data, which goes through unaltered. */
	isShownInOutput?: true;
}

const MODES = ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const;

/** Everything that n8n would store or print of a run. */
async function audit(
	given: Case,
	onError: (typeof MODES)[number],
	runs: readonly string[] = RUNS,
): Promise<void> {
	server.reset();
	const { id } = server.store.createConversation({ metadata: { old: '1' } });
	server.faults(given.faults ?? []);
	const debugLines = listen();
	const stop = new AbortController();
	let result: Harness.RunResult | undefined;
	const lines = await logged(async () => {
		const running = runNode(server.url, {
			parameters: {
				conversationId: id,
				metadata: pairs({ topic: 'x' }),
				...given.parameters,
				options: given.options ?? {},
			},
			...(given.items === undefined ? {} : { items: given.items }),
			...(given.credential === undefined
				? {}
				: { credential: JSON.parse(JSON.stringify(given.credential)) }),
			settings: { onError },
			stop: stop.signal,
		});
		if (given.stopWhen !== undefined) {
			await until(given.stopWhen);
			await pause(20);
			stop.abort();
		}
		result = await running;
	});
	if (result === undefined) throw new Error('The node did not run');

	const { error, outputs, hints, task, run } = result;
	const failed =
		error !== undefined || outputs.flat().some((item) => typeof item.json.error === 'string');
	expect(failed ? 'failure' : 'success').toBe(given.ends);
	expect(debugLines.join('\n')).toContain('The log is heard at debug level');

	// What the user gave is the user's: the input items, which n8n also lays under those of the error output.
	const own = given.items === undefined ? [] : ['pasted', 'executionData', 'Start'];
	const shown = given.isShownInOutput === true ? ['main'] : [];
	const everything = [
		...textsIn(
			[run, task, error, ...(given.isShownInOutput === true ? [] : [outputs]), hints],
			new Set([...own, ...shown]),
		),
		...lines,
		...debugLines,
	].join('\n');
	expect(everything.length).toBeGreaterThan(100);
	expect(runs.filter((each) => everything.includes(each))).toEqual([]);
	expect(
		server.requests.filter(
			({ rawUrl }) => given.items === undefined && runs.some((each) => rawUrl.includes(each)),
		),
	).toEqual([]);
}

const body = (value: unknown): string => JSON.stringify(value);
const error = (message: unknown, more: object = {}): string =>
	body({ error: { message, type: 'invalid_request_error', ...more } });
const always = (rule: FaultRule): FaultRule[] => [{ ...rule, times: Infinity }];
const pasted = (...texts: string[]): INodeExecutionData[] => [{ json: { pasted: texts[0] ?? '' } }];
const PASTED = '={{ $json.pasted }}';
const answering = (more: object): FaultRule => ({
	respond: (_request, genuine) => ({
		body: body({ ...JSON.parse(String(genuine().body)), ...more }),
	}),
});

const cases: Case[] = [
	{
		what: 'a 401 that quotes the key',
		faults: always({ status: 401, body: error(`Incorrect API key provided: ${API_KEY}.`) }),
		ends: 'failure',
	},
	{
		what: 'a 401 that quotes the start of it',
		faults: always({ status: 401, body: error(`Key ${API_KEY.slice(0, 20)}...`) }),
		ends: 'failure',
	},
	{
		what: 'a 401 that quotes the end of it',
		faults: always({ status: 401, body: error(`Key ***${API_KEY.slice(-9)}`) }),
		ends: 'failure',
	},
	{
		what: 'a 401 that quotes it twice, escaped and within words',
		faults: always({ status: 401, body: error(`"\\"${API_KEY}\\"" x${SECRET}y`) }),
		ends: 'failure',
	},
	{
		what: 'a 401 whose message is longer than what is shown',
		faults: always({ status: 401, body: error(`${'m'.repeat(990)}${API_KEY}`) }),
		ends: 'failure',
	},
	{
		what: 'a 401 that quotes it in code, param and type',
		faults: always({
			status: 401,
			body: error('No', { code: API_KEY, param: SECRET, type: API_KEY.slice(4) }),
		}),
		ends: 'failure',
	},
	{
		what: 'a 401 that is a text',
		faults: always({ status: 401, body: body({ error: `Bad ${API_KEY}` }) }),
		ends: 'failure',
	},
	{
		what: 'a 401 as a web page with the key',
		faults: always({ status: 401, body: `<html>${API_KEY}` }),
		ends: 'failure',
	},
	{
		what: 'a 400 that is no JSON',
		faults: always({ status: 400, body: API_KEY }),
		ends: 'failure',
	},
	{
		what: 'a 500 as a web page with the key, with retries',
		options: { maxRetries: 1 },
		faults: always({ status: 500, headers: { 'retry-after-ms': '5' }, body: `<html>${API_KEY}` }),
		ends: 'failure',
	},
	{
		what: 'a web page with status 200 and the key',
		faults: always({ status: 200, body: `<html>Bearer ${API_KEY}` }),
		ends: 'failure',
	},
	{
		what: 'broken JSON with the key',
		faults: always({ status: 200, body: `{"id":"${API_KEY}` }),
		ends: 'failure',
	},
	{
		what: 'a list with the key',
		faults: always({ status: 200, body: body([API_KEY]) }),
		ends: 'failure',
	},
	{
		what: 'a redirect with the key in its path',
		faults: always({ status: 302, headers: { location: `/a/${API_KEY}/b` } }),
		ends: 'failure',
	},
	{
		what: 'a redirect with the key in its query',
		faults: always({
			status: 307,
			headers: { location: `https://x.example/?key=${API_KEY}#${API_KEY}` },
		}),
		ends: 'failure',
	},
	{
		what: 'a redirect with the key in its host',
		faults: always({ status: 301, headers: { location: `https://${SECRET}.example/` } }),
		ends: 'failure',
	},
	{
		what: 'a redirect with the key as user name',
		faults: always({
			status: 308,
			headers: { location: `https://${API_KEY}:${API_KEY}@x.example/` },
		}),
		ends: 'failure',
	},
	{
		what: 'a request ID with the key',
		faults: always({
			status: 400,
			headers: { 'x-request-id': `req_${API_KEY}` },
			body: error('No'),
		}),
		ends: 'failure',
	},
	{
		what: 'headers with the key',
		faults: always({
			status: 429,
			headers: {
				'retry-after': API_KEY,
				'x-should-retry': API_KEY,
				'x-ratelimit-reset-requests': API_KEY,
			},
			body: error('No'),
		}),
		ends: 'failure',
	},
	{
		what: 'a connection that is refused',
		options: { baseUrl: 'http://127.0.0.1:9/v1' },
		ends: 'failure',
	},
	{ what: 'a connection that is reset', faults: always({ reset: 'mid-body' }), ends: 'failure' },
	{
		what: 'a connection that is closed',
		faults: always({ close: 'before-headers' }),
		ends: 'failure',
	},
	{
		what: 'an answer that can not be unpacked',
		faults: always({ status: 200, headers: { 'content-encoding': 'gzip' }, body: API_KEY }),
		ends: 'failure',
	},
	{ what: 'a timeout', options: { timeout: 0.1 }, faults: always({ hang: true }), ends: 'failure' },
	{
		what: 'an address that the credential does not allow',
		options: { baseUrl: 'http://localhost:9/v1' },
		credential: { allowedHttpRequestDomains: 'none' },
		ends: 'failure',
	},
	{
		what: 'a stop in the middle of a request',
		faults: always({ hang: true }),
		stopWhen: () => server.inFlight === 1,
		ends: 'failure',
	},
	{
		what: 'the key as the id of the answer',
		faults: [answering({ id: API_KEY })],
		ends: 'success',
	},
	{
		what: 'the key in the metadata of the answer',
		faults: [answering({ metadata: { topic: `Bearer ${API_KEY}` } })],
		ends: 'success',
	},
	{
		what: 'the key as a name in the answer',
		faults: [answering({ metadata: { [API_KEY]: 'x' }, a: { [`x${API_KEY}`]: [API_KEY] } })],
		ends: 'success',
	},
	{
		what: 'an object with the key that is no conversation',
		faults: always({ status: 200, body: body({ ok: API_KEY }) }),
		ends: 'failure',
	},
	{
		what: 'a gateway that echoes the request',
		faults: [
			{
				respond: ({ headers, bodyText }, genuine) => ({
					body: body({ ...JSON.parse(String(genuine().body)), headers, bodyText }),
				}),
			},
		],
		ends: 'success',
	},
	{
		what: 'the key pasted as the conversation',
		parameters: { conversationId: PASTED },
		items: pasted(API_KEY),
		ends: 'failure',
	},
	{
		what: 'the key pasted behind the conversation',
		parameters: { conversationId: `=conv_{{ $json.pasted }}?${'x'}` },
		items: pasted(API_KEY),
		ends: 'failure',
	},
	{
		what: 'the key pasted into a URL',
		parameters: { conversationId: '=https://x.example/{{ $json.pasted }}' },
		items: pasted(API_KEY),
		ends: 'failure',
	},
	{
		what: 'the key pasted as the name of metadata',
		parameters: { metadata: { pairs: [{ key: PASTED, value: 'x' }] } },
		items: pasted(API_KEY),
		ends: 'success',
	},
	{
		what: 'the key pasted as a value of metadata',
		parameters: { metadata: { pairs: [{ key: 'topic', value: PASTED }] } },
		items: pasted(API_KEY),
		ends: 'success',
	},
	{
		what: 'the key pasted twice as the name of metadata',
		parameters: {
			metadata: {
				pairs: [
					{ key: PASTED, value: 'x' },
					{ key: PASTED, value: 'y' },
				],
			},
		},
		items: pasted(API_KEY),
		ends: 'failure',
	},
	{
		what: 'the key pasted as metadata that is no JSON',
		parameters: { metadataInput: 'json', metadataJson: '={{ "{" + $json.pasted }}' },
		items: pasted(API_KEY),
		ends: 'failure',
	},
	{
		what: 'the key pasted as the name of a header',
		options: {
			additionalHeaders: { headers: [{ name: '={{ $json.pasted + ":" }}', value: 'x' }] },
		},
		items: pasted(API_KEY),
		ends: 'failure',
	},
	{
		what: 'the key pasted as a value of a header',
		options: {
			additionalHeaders: {
				headers: [{ name: 'x-a', value: '={{ $json.pasted + "\\n" + $json.pasted }}' }],
			},
		},
		items: pasted(API_KEY),
		ends: 'failure',
	},
	{
		what: 'the key pasted as the base URL',
		options: { baseUrl: PASTED },
		items: pasted(API_KEY),
		ends: 'failure',
	},
	{
		what: 'the key pasted as the host of the base URL',
		options: { baseUrl: '=http://{{ $json.pasted }}.invalid/v1' },
		items: pasted(API_KEY),
		ends: 'failure',
	},
	{
		what: 'the key pasted as the timeout',
		options: { timeout: PASTED },
		items: pasted(API_KEY),
		ends: 'failure',
	},
	{
		what: 'the key pasted as a query that the server refuses',
		options: { additionalQuery: { parameters: [{ name: 'a', value: PASTED }] } },
		faults: always({ status: 400, body: error(`Bad query a=${API_KEY}`) }),
		items: pasted(API_KEY),
		ends: 'failure',
	},
	{
		what: 'the key pasted into an expression that fails',
		parameters: { conversationId: '={{ $json.pasted.a.b.c }}' },
		items: pasted(API_KEY),
		ends: 'failure',
	},
	{
		what: 'the key pasted as the base URL of the credential',
		credential: { baseUrl: API_KEY },
		ends: 'failure',
	},
	{
		what: 'the key pasted as the name of a custom header',
		credential: { customHeaders: { headers: [{ name: `${API_KEY}:`, value: 'x' }] } },
		ends: 'failure',
	},
	{
		what: 'the key pasted as a custom header that can not be sent',
		credential: { customHeaders: { headers: [{ name: API_KEY, value: 'x\ny' }] } },
		ends: 'failure',
	},
];

describe.each(MODES)(
	'Nothing that n8n stores or prints should show the key when the node goes by %s:',
	(mode) => {
		it.each(cases.map((each): [string, Case] => [each.what, each]))('%s', async (_what, given) => {
			// A run that is stopped, and a credential that can't be used, end the node whatever the setting.
			await audit(given, mode);
		});
	},
);

describe('Nothing should show the key with the other scheme and a key without a prefix:', () => {
	const runs = Array.from({ length: AZURE_KEY.length - 4 }, (_, start) =>
		AZURE_KEY.slice(start, start + 5),
	);
	const azure: Case[] = [
		{
			what: 'a 401 that quotes the key',
			faults: always({ status: 401, body: error(`Wrong key ${AZURE_KEY}`) }),
			ends: 'failure',
		},
		{
			what: 'a gateway that echoes the request',
			faults: [
				{
					respond: ({ headers }, genuine) => ({
						body: body({ ...JSON.parse(String(genuine().body)), headers }),
					}),
				},
			],
			ends: 'success',
		},
		{
			what: 'a redirect',
			faults: always({ status: 302, headers: { location: `/${AZURE_KEY}` } }),
			ends: 'failure',
		},
		{
			what: 'the key pasted as the conversation',
			parameters: { conversationId: PASTED },
			items: pasted(AZURE_KEY),
			ends: 'failure',
		},
		{
			what: 'a connection that is reset',
			faults: always({ reset: 'before-headers' }),
			ends: 'failure',
		},
	];
	it.each(azure.map((each): [string, Case] => [each.what, each]))('%s', async (_what, given) => {
		await audit(
			{ ...given, credential: { apiKey: AZURE_KEY, authentication: 'apiKeyHeader' } },
			'stopWorkflow',
			runs,
		);
	});
});

describe('Nothing should show a key whose beginning only looks public:', () => {
	/** Letters before a hyphen are no public beginning: only those of OpenAI's own keys are. */
	const secret = ['QwErTyUiOp', '8fj3Kd92Lm47Xc'].join('-');
	const apiKey = `sk-${secret}`;
	const runs = Array.from({ length: secret.length - 4 }, (_, start) =>
		secret.slice(start, start + 5),
	);

	it.each<[string, Case]>([
		[
			'a 401 that quotes it',
			{
				what: '',
				faults: always({ status: 401, body: error(`Incorrect API key provided: ${apiKey}.`) }),
				ends: 'failure',
			},
		],
		[
			'a 401 that quotes its beginning',
			{
				what: '',
				faults: always({ status: 401, body: error(`Key ${apiKey.slice(0, 13)}***`) }),
				ends: 'failure',
			},
		],
		[
			'a redirect',
			{
				what: '',
				faults: always({ status: 302, headers: { location: `/a/${apiKey}` } }),
				ends: 'failure',
			},
		],
		[
			'a gateway that echoes the request',
			{
				what: '',
				faults: [
					{
						respond: ({ headers }, genuine) => ({
							body: body({ ...JSON.parse(String(genuine().body)), headers }),
						}),
					},
				],
				ends: 'success',
			},
		],
	])('%s', async (_what, given) => {
		await audit({ ...given, credential: { apiKey } }, 'continueErrorOutput', runs);
	});
});

describe('Nothing should show the whole value of a custom header:', () => {
	const secret = ['gateway', 'Secret', '4711'].join('');
	const customHeaders = {
		headers: [
			{ name: 'x-gateway-token', value: `Bearer ${secret}` },
			{ name: 'x-portkey-provider', value: 'openai' },
		],
	};

	it.each<[string, Case]>([
		[
			'a 401 that quotes it',
			{
				what: '',
				faults: always({ status: 401, body: error(`Wrong token Bearer ${secret}!`) }),
				ends: 'failure',
			},
		],
		[
			'a 500 that quotes it in code, param and type',
			{
				what: '',
				faults: always({
					status: 500,
					body: error('No', { code: secret, param: secret, type: secret }),
				}),
				ends: 'failure',
			},
		],
		[
			'a request ID and a redirect',
			{
				what: '',
				faults: always({
					status: 307,
					headers: { location: `/a/${secret}`, 'x-request-id': secret },
				}),
				ends: 'failure',
			},
		],
		[
			'a hint on metadata that was kept',
			{
				what: '',
				faults: [answering({ metadata: { [`${secret} `]: 'x', topic: 'x' } })],
				ends: 'success',
				isShownInOutput: true,
			},
		],
	])('%s', async (_what, given) => {
		await audit({ ...given, credential: { customHeaders } }, 'continueRegularOutput', [secret]);
	});

	it('should leave its words where they are words', async () => {
		server.fault({ status: 400, body: error('The model openai/gpt is none of openai-compatible') });
		const { error: failure } = await runNode(server.url, {
			parameters: { operation: 'get', conversationId: 'conv_1' },
			credential: JSON.parse(JSON.stringify({ customHeaders })),
		});
		expect(failure?.message).toBe('The model openai/gpt is none of openai-compatible');
	});
});

describe('What only looks like the key', () => {
	beforeEach(() => void listen());

	const merge = async (
		metadata: Record<string, string>,
		credential: Record<string, string | object>,
	) => {
		const { id } = server.store.createConversation({ metadata });
		const result = await runNode(server.url, {
			parameters: { conversationId: id, updateMode: 'merge', metadata: pairs({ topic: 'x' }) },
			credential: JSON.parse(JSON.stringify(credential)),
		});
		return { ...result, stored: server.store.getConversation(id)?.metadata };
	};
	const route = (name: string, value: string) => ({
		customHeaders: { headers: [{ name, value }] },
	});

	it.each<[string, Record<string, string>, Record<string, string | object>]>([
		[
			'the value of a custom header that is an ordinary word',
			{ stage: 'production' },
			route('x-stage', 'production'),
		],
		[
			'the ID of a tenant that is also a custom header',
			{ tenant: '550e8400-e29b-41d4' },
			route('x-tenant-id', '550e8400-e29b-41d4'),
		],
	])('should not be overwritten in a merge: %s', async (_what, metadata, credential) => {
		const { stored, json, error: failure } = await merge(metadata, credential);
		expect(failure).toBeUndefined();
		expect(stored).toEqual({ ...metadata, topic: 'x' });
		expect(json[0]?.metadata).toEqual(stored);
	});

	it.each(['EMPTY', 'none', 'anything', 'not-needed', 'ollama', 'x'])(
		'should not be overwritten in a merge where the key is just "%s"',
		async (apiKey) => {
			const gateway = await startServer({ apiKeys: [apiKey] });
			try {
				const { id } = gateway.store.createConversation({
					metadata: { note: `${apiKey} and more`, [apiKey]: '1' },
				});
				await runNode(gateway.url, {
					parameters: { conversationId: id, updateMode: 'merge', metadata: pairs({ topic: 'x' }) },
					credential: { apiKey },
				});
				expect(gateway.store.getConversation(id)?.metadata).toEqual({
					note: `${apiKey} and more`,
					[apiKey]: '1',
					topic: 'x',
				});
			} finally {
				await gateway.close();
			}
		},
	);
});
