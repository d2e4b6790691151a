import type { IDataObject } from 'n8n-workflow';
import { startServer } from '../../server/index.mjs';
import type { FaultRule } from '../../server/types.mjs';
import { field } from '../../sandbox/index.mjs';
import { leakOf } from '../e2e/support/leaks.mjs';
import { until } from '../support/until.mjs';
import {
	CREDENTIAL_TYPE,
	newId,
	newKey,
	NODE,
	webhookWorkflow,
} from '../e2e/support/workflows.mjs';
import { startVersion, versions } from './support/versions.mjs';

/** The packed node in the last n8n 1.x and in the newest n8n: the same tests, the same expectations. */

type Server = Awaited<ReturnType<typeof startServer>>;

const key = newKey();
let server: Server;
/** An address that is not the credential's. */
let other: Server;
beforeAll(async () => {
	server = await startServer({ apiKeys: [key] });
	other = await startServer({ apiKeys: [key] });
});
beforeEach(() => {
	server.reset();
	other.reset();
	server.configure({ latencyMs: 0, updateSemantics: 'replace' });
});
afterAll(async () => await Promise.all([server?.close(), other?.close()]));

/** The other server by a name that a list of domains can tell from 127.0.0.1. */
const otherUrl = () => `http://localhost:${new URL(other.url).port}/v1`;

const metadataOf = (id: string) => server.store.getConversation(id)?.metadata;
const calls = () =>
	server.requests.map(({ method, path }) => `${method} ${path.replace('/v1', '')}`);
/** Milliseconds between the requests. */
const gaps = () =>
	server.requests
		.slice(1)
		.map(({ receivedAt }, index) => receivedAt - (server.requests[index]?.receivedAt ?? 0));

describe.each(versions)('n8n $version', (version) => {
	let running: Awaited<ReturnType<typeof startVersion>>;
	let credential: { id: string; name: string };

	beforeAll(async () => {
		running = await startVersion(version);
		credential = await credentialWith({});
	}, 300_000);
	afterAll(async () => await running?.stop(), 60_000);

	async function credentialWith(data: Record<string, unknown>) {
		const name = `Key ${newId()}`;
		const all = { apiKey: key, baseUrl: server.url, authentication: 'bearer', ...data };
		return {
			name,
			id: await running.n8n.createCredential({ name, type: CREDENTIAL_TYPE, data: all }),
		};
	}

	interface Run {
		parameters: Record<string, unknown>;
		/** One item without data unless given. */
		items?: IDataObject[];
		credential?: { id: string; name: string };
		onError?: 'continueErrorOutput' | 'continueRegularOutput';
	}

	/** Publishes a workflow with the node and calls its webhook. */
	async function call({
		parameters,
		items = [{ n: 0 }],
		credential: chosen = credential,
		onError,
	}: Run) {
		const path = newId();
		const workflow = webhookWorkflow({
			path,
			credential: chosen,
			parameters,
			...(onError !== undefined && { settings: { onError } }),
			outputs: onError === 'continueErrorOutput' ? ['Done', 'Failed'] : ['Done'],
		});
		// n8n 1.x does not take a workflow that leaves this open.
		const inactive = { ...workflow, active: false };
		// It also gives it an ID of its own.
		const workflowId = await running.n8n.createWorkflow(inactive);
		await running.n8n.publishWorkflow(workflowId);
		return { workflowId, answer: running.n8n.callWebhook(path, { items }) };
	}

	/** What n8n shows of the workflow's execution, once it has ended. */
	async function ended(workflowId: string) {
		const execution = await until(
			async () => {
				const [last] = await running.n8n.executions({ workflowId });
				return last && !['new', 'running'].includes(last.status)
					? await running.n8n.execution(last.id)
					: undefined;
			},
			'the end of the execution',
			15_000,
		);
		const task = execution.data.resultData.runData[NODE]?.[0];
		const outputs = (task?.data?.main ?? []).map((output) => output ?? []);
		return {
			...execution,
			outputs,
			json: (outputs[0] ?? []).map(({ json }) => json),
			hints: (task?.hints ?? []).map(({ message }) => message),
			error: execution.data.resultData.error,
			ms: task?.executionTime ?? 0,
		};
	}

	async function run(options: Run) {
		const { workflowId, answer } = await call(options);
		await answer;
		return await ended(workflowId);
	}

	const setTopic = (options: IDataObject = {}) => ({
		conversationId: '={{ $json.id }}',
		metadata: { pairs: [{ key: 'topic', value: 'x' }] },
		options,
	});
	const addHello = (conversationId: string) => ({
		resource: 'item',
		operation: 'add',
		conversationId,
		messages: { values: [{ role: 'user', text: 'Hello' }] },
	});
	const conversations = (count: number) =>
		Array.from({ length: count }, () => ({
			id: server.store.createConversation({ metadata: { old: '1' } }).id,
		}));

	describe('loading', () => {
		it('should be the version that is meant', async () => {
			expect(field(await running.n8n.rest('GET', '/rest/settings'), 'versionCli')).toBe(
				version.version,
			);
		});

		it('should know the node, its tool and its credential', async () => {
			const { body: nodes } = await running.n8n.ask('GET', '/types/nodes.json');
			const { body: credentials } = await running.n8n.ask('GET', '/types/credentials.json');
			const names = (types: unknown) =>
				Array.isArray(types) ? types.map((type: unknown) => field(type, 'name')) : [];
			expect(names(nodes)).toEqual(
				expect.arrayContaining([
					'n8n-nodes-openai-conversation.openAIConversation',
					'n8n-nodes-openai-conversation.openAIConversationTool',
				]),
			);
			expect(names(credentials)).toContain(CREDENTIAL_TYPE);
		});

		it.each([
			['pass with a good key', () => key, 'OK'],
			['fail with a bad key, and not show it', newKey, 'Error'],
		])('should let the credential test %s', async (_what, keyFor, status) => {
			const apiKey = keyFor();
			const data = { apiKey, baseUrl: `${server.url}/`, authentication: 'bearer' };
			const saved = { name: 'Tried', type: CREDENTIAL_TYPE, data };
			const id = await running.n8n.createCredential(saved);
			const result = await running.n8n.rest('POST', '/rest/credentials/test', {
				credentials: { id, ...saved },
			});
			expect(result).toMatchObject({ status });
			// n8n itself asks a second time after a 401.
			expect(new Set(calls())).toEqual(new Set(['GET /models']));
			expect(leakOf(JSON.stringify(result), apiKey)).toBeUndefined();
		});
	});

	describe('operations', () => {
		it('should set metadata', async () => {
			const [{ id } = { id: '' }] = conversations(1);
			const { status, json, stored } = await run({ parameters: setTopic(), items: [{ id }] });
			expect(status).toBe('success');
			expect(calls()).toEqual([`POST /conversations/${id}`]);
			expect(json).toEqual([
				{ id, object: 'conversation', created_at: expect.any(Number), metadata: { topic: 'x' } },
			]);
			expect(leakOf(stored, key)).toBeUndefined();
		});

		it('should merge metadata', async () => {
			const [{ id } = { id: '' }] = conversations(1);
			await run({ parameters: { ...setTopic(), updateMode: 'merge' }, items: [{ id }] });
			expect(calls()).toEqual([`GET /conversations/${id}`, `POST /conversations/${id}`]);
			expect(metadataOf(id)).toEqual({ old: '1', topic: 'x' });
		});

		it('should merge and copy what the API has as it is, whatever words the credential has', async () => {
			const words = await credentialWith({
				customHeaders: {
					headers: ['openai', 'assistant', 'metadata'].map((value, n) => ({
						name: `x-gateway-${n}`,
						value,
					})),
				},
			});
			const metadata = { team: 'openai', note: 'Ask openai first', metadata: `has ${key}` };
			const { id } = server.store.createConversation({
				metadata,
				items: [
					{ role: 'user', content: 'Is it [redacted]?' },
					{ role: 'assistant', content: 'openai says so' },
				],
			});
			const merged = await run({
				parameters: { ...setTopic(), updateMode: 'merge' },
				items: [{ id }],
				credential: words,
			});
			expect(merged.status).toBe('success');
			expect(metadataOf(id)).toEqual({ ...metadata, topic: 'x' });
			expect(leakOf(merged.stored, key)).toBeUndefined();
			const { json } = await run({
				parameters: { operation: 'copy', conversationId: id },
				credential: words,
			});
			const copied = server.store.getConversation(String(json[0]?.['id']));
			expect(copied?.metadata).toEqual({ ...metadata, topic: 'x' });
			expect(copied?.items.map(({ role, content }) => ({ role, content }))).toEqual(
				server.store.getConversation(id)?.items.map(({ role, content }) => ({ role, content })),
			);
		});

		it('should create a conversation', async () => {
			const { json } = await run({
				parameters: {
					operation: 'create',
					metadata: { pairs: [{ key: 'topic', value: 'x' }] },
					messages: { values: [{ role: 'user', text: 'Hello' }] },
				},
			});
			const id = String(json[0]?.['id']);
			expect(metadataOf(id)).toEqual({ topic: 'x' });
			expect(server.store.getConversation(id)?.items).toMatchObject([
				{ type: 'message', role: 'user' },
			]);
		});

		it('should get and delete a conversation', async () => {
			const [{ id } = { id: '' }] = conversations(1);
			const got = await run({ parameters: { operation: 'get', conversationId: id } });
			expect(got.json).toMatchObject([{ id, metadata: { old: '1' } }]);
			const deleted = await run({ parameters: { operation: 'delete', conversationId: id } });
			expect(deleted.json).toEqual([{ id, object: 'conversation.deleted', deleted: true }]);
			expect(server.store.getConversation(id)).toBeUndefined();
		});

		it('should add items, and get them all, page by page', async () => {
			const [{ id } = { id: '' }] = conversations(1);
			const texts = Array.from({ length: 45 }, (_, index) => `message ${index}`);
			const added = await run({
				parameters: {
					resource: 'item',
					operation: 'add',
					conversationId: id,
					messages: { values: [{ role: 'user', text: '={{ $json.text }}' }] },
				},
				items: texts.map((text) => ({ text })),
			});
			expect(added.json).toHaveLength(45);
			expect(calls()).toEqual(Array.from({ length: 3 }, () => `POST /conversations/${id}/items`));
			const many = await run({
				parameters: { resource: 'item', operation: 'getMany', conversationId: id, returnAll: true },
			});
			expect(many.json.map(({ text }) => text)).toEqual(texts);
			expect(many.json[0]).toEqual({
				id: expect.any(String),
				conversation: id,
				type: 'message',
				role: 'user',
				status: 'completed',
				text: 'message 0',
			});
		});

		it.each([
			['a field', { exportTo: 'json' }],
			['a file', { exportTo: 'file' }],
		])('should export a transcript into %s', async (_where, where) => {
			const items = [
				{ role: 'user', content: 'Hello' },
				{ role: 'assistant', content: 'Hi' },
			];
			const { id } = server.store.createConversation({ items });
			const { outputs } = await run({
				parameters: { operation: 'export', conversationId: id, exportFormat: 'text', ...where },
			});
			const [output] = outputs[0] ?? [];
			expect(output?.json).toMatchObject({ conversation: id, format: 'text', item_count: 2 });
			if (where.exportTo === 'json') expect(output?.json['transcript']).toContain('Hello');
			else
				expect(output?.binary?.['data']).toMatchObject({
					fileName: `conversation-${id}.txt`,
					mimeType: 'text/plain',
				});
		});

		it('should keep the order of the items and the limit of requests in flight', async () => {
			server.configure({ latencyMs: 250 });
			const items = conversations(40);
			const { outputs } = await run({ parameters: setTopic({ maxConcurrency: 7 }), items });
			expect(outputs[0]?.map(({ json, pairedItem }) => [json['id'], pairedItem])).toEqual(
				items.map(({ id }, item) => [id, { item }]),
			);
			expect(server.maxInFlight).toBe(7);
		});

		const ask = (more: IDataObject = {}, options: IDataObject = {}) => ({
			operation: 'send',
			conversationId: '={{ $json.id }}',
			model: { __rl: true, mode: 'id', value: 'gpt-5-mini' },
			text: '={{ $json.text }}',
			...more,
			options,
		});

		it('should send a message and give the reply, also in the background and in a new conversation', async () => {
			const { id } = server.store.createConversation();
			for (const background of [false, true]) {
				const { json } = await run({
					parameters: ask({}, { background }),
					items: [{ id, text: `My name is Ada. ${background}` }],
				});
				expect(json).toEqual([expect.objectContaining({ conversation: id, status: 'completed' })]);
			}
			const { json } = await run({
				parameters: ask({ conversationId: '' }),
				items: [{ text: 'Hello' }],
			});
			const conversation = String(json[0]?.conversation);
			expect(conversation).toMatch(/^conv_/);
			expect(server.store.getConversation(conversation)?.items).toHaveLength(2);
			expect(server.store.getConversation(id)?.items).toHaveLength(4);
		}, 60_000);

		it('should answer five executions at once in one conversation, each once', async () => {
			server.configure({ modelMs: 200 });
			const { id } = server.store.createConversation();
			const path = newId();
			const workflow = webhookWorkflow({
				path,
				credential,
				parameters: ask(),
				outputs: ['Done'],
			});
			const inactive = { ...workflow, active: false };
			const workflowId = await running.n8n.createWorkflow(inactive);
			await running.n8n.publishWorkflow(workflowId);
			const texts = ['one', 'two', 'three', 'four', 'five'];
			await Promise.all(
				texts.map(async (text) => await running.n8n.callWebhook(path, { items: [{ id, text }] })),
			);
			server.configure({ modelMs: 0 });
			const items = server.store.getConversation(id)?.items ?? [];
			const said = items.filter(({ role }) => role === 'user').map((item) => JSON.stringify(item));
			expect(items.map(({ role }) => role)).toEqual(texts.flatMap(() => ['user', 'assistant']));
			for (const text of texts) {
				expect(said.filter((item) => item.includes(`"${text}"`))).toHaveLength(1);
			}
		}, 60_000);

		it('should trim a conversation to its latest turns, and delete one with its items', async () => {
			const items = Array.from({ length: 12 }, (_, turn) => [
				{ type: 'message', role: 'user', content: `q${turn}` },
				{ type: 'message', role: 'assistant', content: `a${turn}` },
			]).flat();
			const { id } = server.store.createConversation({ items });
			const trimmed = await run({
				parameters: { operation: 'trim', conversationId: id, keepTurns: 2, options: {} },
			});
			expect(trimmed.json).toEqual([{ id, kept_items: 4, deleted_items: 20 }]);
			expect(server.store.getConversation(id)?.items).toHaveLength(4);
			const deleted = await run({
				parameters: { operation: 'delete', conversationId: id, deleteItems: true, options: {} },
			});
			expect(deleted.json).toEqual([expect.objectContaining({ deleted: true, deleted_items: 4 })]);
			expect(server.store.getConversation(id)).toBeUndefined();
		}, 60_000);

		it('should show hints', async () => {
			server.configure({ updateSemantics: 'merge' });
			const { status, hints } = await run({ parameters: setTopic(), items: conversations(1) });
			expect(status).toBe('success');
			expect(hints).toEqual([
				expect.stringContaining('The API kept metadata that was not sent ("old")'),
			]);
		});
	});

	describe('failures', () => {
		const oneMissing = () => {
			const [first = { id: '' }, last = { id: '' }] = conversations(2);
			return [first, { id: 'conv_missing' }, last];
		};

		it('should end the execution and say what, where and what to do', async () => {
			const { status, error, stored } = await run({
				parameters: setTopic({ maxConcurrency: 1 }),
				items: oneMissing(),
			});
			expect(status).toBe('error');
			expect(error?.message).toMatch(/conv_missing.*\[item 1\]$/);
			expect(error).toMatchObject({ name: 'NodeApiError', httpCode: '404' });
			expect(field(error, 'description')).toMatch(
				/Check the ID.*status 404.*1 attempt\. This was input item 2 of 3; n8n calls it item 1, because it counts from 0\. 1 of 3 input items was done\. To go on /,
			);
			expect(server.requestCount).toBe(2);
			expect(leakOf(stored, key)).toBeUndefined();
		});

		/** Where a failed item leaves through the error output, n8n 1.x has room for texts alone. */
		const isN8n1 = version.version.startsWith('1.');
		const reasons = (error: RegExp, advice: RegExp, more: IDataObject = {}) => ({
			error: expect.stringMatching(error),
			...(isN8n1
				? { message: expect.stringMatching(new RegExp(`${error.source}.*${advice.source}`, 's')) }
				: { details: { advice: expect.stringMatching(advice), ...more } }),
		});

		it('should send a failed item to the error branch with its fields and reasons, the others on', async () => {
			const items = [...oneMissing(), { id: 'oops' }].map((item, n) => ({ ...item, row: n + 1 }));
			const { status, outputs } = await run({
				parameters: setTopic(),
				items,
				onError: 'continueErrorOutput',
			});
			expect(status).toBe('success');
			const [good = [], bad = []] = outputs;
			expect(good.map(({ json, pairedItem }) => [json['id'], pairedItem])).toEqual([
				[items[0]?.id, { item: 0 }],
				[items[2]?.id, { item: 2 }],
			]);
			expect(bad).toEqual([
				{
					json: {
						...items[1],
						...reasons(/conv_missing/, /Check the ID/, {
							status: 404,
							type: 'invalid_request_error',
							request_id: expect.any(String),
							attempts: 1,
						}),
					},
					pairedItem: { item: 1 },
				},
				{
					json: { ...items[3], ...reasons(/"oops", which is not the ID/, /\w/) },
					pairedItem: { item: 3 },
				},
			]);
			if (isN8n1) expect(bad[0]?.json['message']).toMatch(/status 404.*1 attempt\./);
		});

		it('should put a failed item in its place, when the node continues', async () => {
			const { outputs } = await run({
				parameters: setTopic(),
				items: oneMissing(),
				onError: 'continueRegularOutput',
			});
			expect(outputs[0]?.map(({ json, pairedItem }) => [typeof json['error'], pairedItem])).toEqual(
				[
					['undefined', { item: 0 }],
					['string', { item: 1 }],
					['undefined', { item: 2 }],
				],
			);
			expect(outputs[0]?.[1]?.json).toEqual({
				error: expect.stringMatching(/conv_missing/),
				details: expect.objectContaining({
					advice: expect.stringContaining('Check the ID'),
					status: 404,
					attempts: 1,
				}),
			});
		});

		it.each<[string, Record<string, unknown>, IDataObject, RegExp]>([
			[
				'a key that is none',
				{ apiKey: 'two words' },
				{},
				/API Key in the credential contains characters/,
			],
			['an address that is none', { baseUrl: 'nowhere' }, {}, /Base URL in the credential/],
			[
				'an address that the credential forbids',
				{ allowedHttpRequestDomains: 'none' },
				{ baseUrl: 'http://localhost:9/v1' },
				/which the credential does not allow/,
			],
		])(
			'should let no item pass for done, when the node has %s',
			async (_what, data, options, message) => {
				const wrong = await credentialWith(data);
				const items = conversations(2).map((item, n) => ({ ...item, row: n + 1 }));
				const parameters = setTopic(options);
				const separate = await run({
					parameters,
					items,
					credential: wrong,
					onError: 'continueErrorOutput',
				});
				const [good = [], bad = []] = separate.outputs;
				expect(good).toEqual([]);
				expect(bad).toEqual(
					items.map((item, n) => ({
						json: { ...item, ...reasons(message, /\w/) },
						pairedItem: { item: n },
					})),
				);
				const inPlace = await run({
					parameters,
					items,
					credential: wrong,
					onError: 'continueRegularOutput',
				});
				expect(inPlace.json).toEqual(
					Array(2).fill({
						error: expect.stringMatching(message),
						details: { advice: expect.stringMatching(/\w/) },
					}),
				);
				expect(server.requestCount).toBe(0);
			},
		);

		it('should always end with the first failure in input order, with all before it done', async () => {
			server.configure({ latencyMs: () => 100 * Math.random() });
			for (let time = 0; time < 3; time++) {
				const [first = { id: '' }, last = { id: '' }] = conversations(2);
				const items = [first, { id: 'conv_missing' }, { id: '' }, last];
				const { error } = await run({ parameters: setTopic(), items });
				expect(error?.message).toMatch(/conv_missing.*\[item 1\]$/);
				expect(metadataOf(first.id)).toEqual({ topic: 'x' });
				expect(metadataOf(last.id)).toEqual({ old: '1' });
			}
		});

		it('should ask once when the key is wrong, and store nothing of it, although the API repeats it', async () => {
			const apiKey = newKey();
			const { error, stored } = await run({
				parameters: setTopic(),
				items: conversations(1),
				credential: await credentialWith({ apiKey }),
			});
			expect(server.requests.map(({ status }) => status)).toEqual([401]);
			expect(field(error, 'description')).toContain('Check API Key');
			expect(leakOf(stored, apiKey)).toBeUndefined();
		});

		it.each([301, 302, 303, 307, 308])(
			'should not follow a %d to another address',
			async (status) => {
				server.fault({ status, headers: { location: `${otherUrl()}/conversations/conv_1` } });
				const { error } = await run({
					parameters: setTopic({ maxRetries: 3 }),
					items: conversations(1),
				});
				expect(error?.message).toBe(
					`The server redirected the request to ${otherUrl()}/conversations/conv_1 (status ${status})`,
				);
				expect([server.requestCount, other.requestCount]).toEqual([1, 0]);
			},
		);

		it.each<[string, FaultRule, RegExp]>([
			[
				'is reset before the answer',
				{ reset: 'before-headers' },
				/broke before the response was complete \(ECONNRESET\)/,
			],
			[
				'is reset after the headers',
				{ reset: 'after-headers' },
				/broke before the response was complete/,
			],
			['is reset within the body', { reset: 'mid-body' }, /broke before the response was complete/],
			[
				'is closed before the answer',
				{ close: 'before-headers' },
				/broke before the response was complete/,
			],
			[
				'is closed within the body',
				{ close: 'mid-body' },
				/broke before the response was complete/,
			],
			[
				'is answered by something that is no HTTP',
				{ status: 200, headers: { 'content-length': 'x' }, closeKeepAlive: true },
				/could not be read \(HPE_/,
			],
		])(
			'should say that a write may have happened, when the connection %s',
			async (_what, fault, message) => {
				const [{ id } = { id: '' }] = conversations(1);
				server.fault(fault);
				const { outputs } = await run({
					parameters: addHello(id),
					onError: 'continueRegularOutput',
				});
				const [failed] = outputs[0] ?? [];
				expect(failed?.json['error']).toMatch(message);
				expect(failed?.json['details']).toMatchObject({ may_have_happened: true });
				expect(server.requestCount).toBe(1);
			},
		);

		it.each([
			[
				'refused',
				'http://127.0.0.1:9/v1',
				/^The connection to 127\.0\.0\.1:9 was refused \(ECONNREFUSED\)$/,
			],
			[
				'not found',
				'http://nowhere.invalid/v1',
				/^The address nowhere\.invalid could not be found \((ENOTFOUND|EAI_AGAIN)\)$/,
			],
		])(
			'should say that a write has not happened, when the address is %s',
			async (_what, baseUrl, message) => {
				const parameters = { ...addHello('conv_1'), options: { baseUrl } };
				const { outputs } = await run({ parameters, onError: 'continueRegularOutput' });
				const [failed] = outputs[0] ?? [];
				expect(failed?.json['error']).toMatch(message);
				expect(failed?.json['details']).not.toHaveProperty('may_have_happened');
			},
		);

		it('should take a web page with status 200 for a failure', async () => {
			server.fault({ status: 200, body: '<!doctype html><p>Welcome' });
			const { error } = await run({ parameters: setTopic(), items: conversations(1) });
			expect(error?.message).toContain('a web page (HTML)');
		});
	});

	describe('retries', () => {
		it.each([
			['retry-after-ms', { status: 503, headers: { 'retry-after-ms': '300' } }, 300, 700],
			['retry-after', { status: 429, headers: { 'retry-after': '1' } }, 1_000, 1_500],
			['no wait named', { status: 500 }, 800, 1_700],
		])('should wait as long as the answer says: %s', async (_what, fault, atLeast, atMost) => {
			server.fault(fault);
			const { status, json } = await run({
				parameters: setTopic({ maxRetries: 2 }),
				items: conversations(1),
			});
			expect(status).toBe('success');
			expect(json).toMatchObject([{ metadata: { topic: 'x' } }]);
			expect(gaps()).toHaveLength(1);
			// A timer may be a millisecond early.
			expect(gaps()[0]).toBeGreaterThan(atLeast - 5);
			expect(gaps()[0]).toBeLessThan(atMost);
		});

		it('should give up after the last retry', async () => {
			server.fault({ status: 503, headers: { 'retry-after-ms': '10' }, times: Infinity });
			const { error } = await run({
				parameters: setTopic({ maxRetries: 2 }),
				items: conversations(1),
			});
			expect(field(error, 'description')).toContain('3 attempts');
			expect(server.requestCount).toBe(3);
		});

		it('should repeat after a broken connection only when told to', async () => {
			server.fault({ reset: 'before-headers', times: 2 });
			const items = conversations(1);
			const first = await run({ parameters: setTopic({ maxRetries: 2 }), items });
			expect(first.status).toBe('error');
			expect(server.requestCount).toBe(1);
			const second = await run({
				parameters: setTopic({ maxRetries: 2, retryNetworkErrors: true }),
				items,
			});
			expect(second.status).toBe('success');
			expect(server.requestCount).toBe(3);
		});
	});

	describe('timeout', () => {
		it.each([
			['hangs', { hang: true }],
			['hangs within the headers', { hang: 'headers' }],
			['hangs within the body', { hang: 'body' }],
			['drips its headers', { dripHeaders: { everyMs: 100, bytes: 1 } }],
			['drips its body', { dripBody: { everyMs: 200, bytes: 1 } }],
		] as const)('should cut off a server that %s', async (_what, fault) => {
			server.fault(fault);
			const { status, error, ms } = await run({
				parameters: setTopic({ timeout: 1 }),
				items: conversations(1),
			});
			expect(status).toBe('error');
			expect(error?.message).toMatch(
				/^No complete response from 127\.0\.0\.1:\d+ within 1 second$/,
			);
			expect(ms).toBeGreaterThan(990);
			expect(ms).toBeLessThan(2_500);
			await until(() => (server.inFlight === 0 ? true : undefined), 'the end of the request');
			expect(server.requests.map(({ aborted }) => aborted)).toEqual([true]);
		});
	});

	describe('stopping the execution', () => {
		async function stopOnce(ready: () => boolean, workflowId: string) {
			await until(() => (ready() ? true : undefined), 'what is to be stopped');
			const [execution] = await running.n8n.executions({ workflowId, status: ['running'] });
			await running.n8n.stopExecution(execution?.id ?? '');
			return Date.now();
		}

		it('should abort the requests in flight and start nothing more', async () => {
			server.configure({ latencyMs: 60_000 });
			const { workflowId, answer } = await call({
				parameters: setTopic({ maxConcurrency: 8 }),
				items: conversations(20),
			});
			const stoppedAt = await stopOnce(() => server.inFlight === 8, workflowId);
			await until(() => (server.inFlight === 0 ? true : undefined), 'the end of the requests');
			expect(Date.now() - stoppedAt).toBeLessThan(2_000);
			await answer;
			expect((await ended(workflowId)).status).toBe('canceled');
			expect(server.requests.map(({ aborted, applied }) => [aborted, applied])).toEqual(
				Array.from({ length: 8 }, () => [true, false]),
			);
		});

		it('should end a wait before a retry', async () => {
			server.fault({ status: 503, headers: { 'retry-after': '2' }, times: Infinity });
			const { workflowId, answer } = await call({
				parameters: setTopic({ maxRetries: 5 }),
				items: conversations(1),
			});
			const stoppedAt = await stopOnce(() => server.requests[0]?.status === 503, workflowId);
			await answer;
			expect((await ended(workflowId)).status).toBe('canceled');
			await until(
				() => (Date.now() - stoppedAt > 2_500 ? true : undefined),
				'the time of the retry',
			);
			expect(server.requestCount).toBe(1);
		});
	});

	describe('the address that a credential allows', () => {
		const all = 'all';
		const none = 'none';
		const domains = 'domains';
		it.each<
			[
				mode: string | undefined,
				allowed: string,
				override: () => string,
				outcome: 'own' | 'other' | 'refused' | 'tried',
			]
		>([
			[undefined, '', () => '', 'own'],
			[undefined, '', otherUrl, 'other'],
			[all, '', () => '', 'own'],
			[all, '', otherUrl, 'other'],
			[all, 'nowhere.invalid', otherUrl, 'other'],
			[none, '', () => '', 'own'],
			[none, '', () => server.url, 'own'],
			[none, '', () => ` ${server.url}/ `, 'own'],
			[none, '', () => `${server.url}/more`, 'refused'],
			[none, '', () => server.url.replace('127.0.0.1', 'localhost'), 'refused'],
			[none, '', otherUrl, 'refused'],
			[none, 'localhost', otherUrl, 'refused'],
			[domains, '127.0.0.1', () => '', 'own'],
			[domains, '127.0.0.1', otherUrl, 'refused'],
			[domains, 'localhost', otherUrl, 'other'],
			[domains, 'localhost', () => '', 'refused'],
			[domains, ' nowhere.invalid , LocalHost. ', otherUrl, 'other'],
			[domains, 'localhost,127.0.0.1', () => '', 'own'],
			[domains, '', () => '', 'refused'],
			[domains, ' , ', otherUrl, 'refused'],
			[domains, '*', otherUrl, 'refused'],
			[domains, '*.', otherUrl, 'refused'],
			[domains, '*.localhost', otherUrl, 'refused'],
			[domains, '*.gateway.invalid', () => 'http://eu.gateway.invalid/v1', 'tried'],
			[domains, '*.gateway.invalid', () => 'http://a.eu.gateway.invalid/v1', 'tried'],
			[domains, '*.gateway.invalid', () => 'http://gateway.invalid/v1', 'refused'],
			[domains, '*.gateway.invalid', () => 'http://evilgateway.invalid/v1', 'refused'],
			[domains, 'gateway.invalid', () => 'http://eu.gateway.invalid/v1', 'refused'],
			[domains, 'gateway.invalid', () => 'http://gateway.invalid.evil.invalid/v1', 'refused'],
		])(
			'should be, for %p with %p, as n8n itself decides (%#)',
			async (mode, allowedDomains, override, outcome) => {
				const restricted = await credentialWith({
					...(mode !== undefined && { allowedHttpRequestDomains: mode }),
					...(mode === domains && { allowedDomains }),
				});
				const { id } = server.store.createConversation();
				other.store.createConversation({ id });
				const { error } = await run({
					parameters: setTopic({ baseUrl: override() }),
					items: [{ id }],
					credential: restricted,
				});

				const expected = {
					own: { message: undefined, requests: [1, 0] },
					other: { message: undefined, requests: [0, 1] },
					refused: {
						message: expect.stringMatching(/^Base URL .*which the credential does not allow/),
						requests: [0, 0],
					},
					tried: { message: expect.stringMatching(/could not be found/), requests: [0, 0] },
				}[outcome];
				expect({
					message: error?.message,
					requests: [server.requestCount, other.requestCount],
				}).toEqual(expected);
			},
		);
	});
});
