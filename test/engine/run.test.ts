import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, pairs, pause, runNode, until } from '../support/engine';
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

const LONG_WAIT = { 'retry-after-ms': '20000' };
const SHORT_WAIT = { 'retry-after-ms': '1' };

describe('Timeout', () => {
	it.each([
		['never answers', { hang: true }],
		['stops in the middle of its headers', { hang: 'headers' }],
		['stops in the middle of its body', { hang: 'body' }],
		['drips its headers', { dripHeaders: { everyMs: 50, bytes: 1 } }],
		['drips its body', { dripBody: { everyMs: 50, bytes: 1 } }],
	] as const)('should cut off within 250 ms a server that %s', async (_what, fault) => {
		server.fault(fault);
		const startedAt = performance.now();
		const { error } = await setTopic(conversations(1), {}, { timeout: 0.3 });
		const took = performance.now() - startedAt;
		expect(error?.name).toBe('NodeApiError');
		expect(error?.message).toMatch(
			/^No complete response from 127\.0\.0\.1:\d+ within 0\.3 seconds$/,
		);
		expect(error?.description).toContain('Raise Timeout');
		expect(took).toBeGreaterThan(295);
		expect(took).toBeLessThan(550);
		expect(server.requestCount).toBe(1);
		await until(() => server.requests[0]?.aborted === true);
	});

	it.each([0, 3_000_000, Number.MAX_SAFE_INTEGER])(
		'should not cut off a slow answer with %d seconds',
		async (timeout) => {
			server.configure({ latencyMs: 150 });
			const { error } = await setTopic(conversations(1), {}, { timeout });
			expect(error).toBeUndefined();
		},
	);

	it('should count for each attempt anew', async () => {
		server.fault({ hang: true, times: 1 });
		server.configure({ latencyMs: 0 });
		const { error, hints } = await setTopic(
			conversations(1),
			{},
			{ timeout: 0.2, maxRetries: 1, retryNetworkErrors: true },
		);
		expect(error).toBeUndefined();
		expect(server.requests.map(({ aborted }) => aborted)).toEqual([true, false]);
		expect(hints[0]).toContain('1 retry (connection: 1)');
	});
});

describe('Max Retries', () => {
	const soon = { 'retry-after-ms': '20' };

	it('should make no retry by default', async () => {
		server.fault({ status: 503, headers: soon, times: Infinity });
		const { error } = await setTopic(conversations(1));
		expect(error?.description).toContain('1 attempt');
		expect(server.requestCount).toBe(1);
	});

	it.each([429, 500, 502, 503, 504, 599])(
		'should retry after a %d, and then succeed',
		async (status) => {
			server.fault({ status, headers: soon, times: 2 });
			const [item] = conversations(1);
			const { error, hints } = await setTopic([item ?? {}], {}, { maxRetries: 2 });
			expect(error).toBeUndefined();
			expect(server.requests.map(({ status: seen }) => seen)).toEqual([status, status, 200]);
			expect(metadataOf(item?.id)).toEqual({ topic: 'x' });
			expect(hints).toEqual([
				expect.stringContaining(
					`3 requests for 1 input item, 2 retries (${status === 429 ? 'rate limit' : 'server error'}: 2)`,
				),
			]);
		},
	);

	it.each([400, 401, 403, 404, 409, 422])('should not retry after a %d', async (status) => {
		server.fault({ status, headers: soon, times: Infinity });
		await setTopic(conversations(1), {}, { maxRetries: 3 });
		expect(server.requestCount).toBe(1);
	});

	it('should not sleep after the last attempt', async () => {
		server.fault({ status: 500, headers: { 'retry-after-ms': '300' }, times: Infinity });
		const startedAt = performance.now();
		const { error } = await setTopic(conversations(1), {}, { maxRetries: 1 });
		expect(performance.now() - startedAt).toBeLessThan(550);
		expect(error?.description).toContain('2 attempts');
		expect(server.requestCount).toBe(2);
	});

	it('should count per request: the GET and the POST of a merge each have their own', async () => {
		server.fault({ match: { method: 'GET' }, status: 500, headers: soon, times: 2 });
		server.fault({ match: { method: 'POST' }, status: 500, headers: soon, times: 2 });
		const { id } = server.store.createConversation({ metadata: { a: '1' } });
		const { error } = await runNode(server.url, {
			parameters: {
				conversationId: id,
				updateMode: 'merge',
				metadata: pairs({ b: '2' }),
				options: { maxRetries: 2 },
			},
		});
		expect(error).toBeUndefined();
		expect(calls()).toBe('GET GET GET POST POST POST');
		expect(metadataOf(id)).toEqual({ a: '1', b: '2' });
	});
});

describe('An item that fails', () => {
	it('should end the waits of later items, whose retries are then not sent', async () => {
		const { id } = server.store.createConversation();
		server.fault({ match: { path: `/conversations/${id}` }, status: 429, headers: LONG_WAIT });
		server.fault({ match: { path: /conv_missing/ }, delayMs: 60, status: 404, body: {} });
		const { error } = await setTopic([{ id: 'conv_missing' }, { id }], {}, { maxRetries: 3 });
		expect(error?.message).toMatch(/404.* \[item 0\]$/);
		expect(error?.description).toMatch(/0 of 2 input items were done\./);
		expect(server.requestCount).toBe(2);
		expect(metadataOf(id)).toEqual({});
	});

	it('should let what stands in front of it be finished, another try included', async () => {
		const { id } = server.store.createConversation();
		server.fault({
			match: { path: `/conversations/${id}` },
			status: 429,
			headers: { 'retry-after-ms': '80' },
		});
		const { error } = await setTopic([{ id }, { id: 'conv_missing' }], {}, { maxRetries: 3 });
		expect(error?.message).toMatch(/not found\. \[item 1\]$/);
		expect(error?.description).toMatch(/1 of 2 input items was done\./);
		expect(metadataOf(id)).toEqual({ topic: 'x' });
	});
});

describe('The summary of a run', () => {
	it.each<[string, string[], Partial<INode>, string[]]>([
		[
			'should be given after retries',
			[],
			{},
			['2 requests for 1 input item, 1 retry (server error: 1).'],
		],
		[
			'should be given for a node that goes on after failures',
			['conv_missing'],
			{ onError: 'continueRegularOutput' },
			['3 requests for 2 input items, 1 retry (server error: 1).'],
		],
	])('%s', async (_what, others, settings, expected) => {
		const { id } = server.store.createConversation();
		server.fault({
			match: { path: `/conversations/${id}` },
			status: 503,
			headers: { ...SHORT_WAIT, 'openai-processing-ms': '1' },
		});
		const options = { maxConcurrency: 1, maxRetries: 2 };
		const items = [id, ...others].map((each) => ({ id: each }));
		const { hints } = await setTopic(items, { settings }, options);
		expect(hints).toEqual(expected);
	});

	it('should be left out where all went smoothly', async () => {
		const { id } = server.store.createConversation();
		const { hints } = await setTopic([{ id }]);
		expect(hints).toEqual([]);
	});
});

describe('Stopping the execution', () => {
	/** Runs, stops once `ready` holds, and tells how long it took from there to the node's end. */
	async function stopWhen(ready: () => boolean, items: IDataObject[], options: INodeParameters) {
		const stop = new AbortController();
		const running = setTopic(items, { stop: stop.signal }, options);
		await until(ready);
		const stoppedAt = performance.now();
		stop.abort();
		const result = await running;
		return { ...result, tookMs: performance.now() - stoppedAt };
	}

	it('should abort what is in flight at once, and start nothing more', async () => {
		server.configure({ latencyMs: 60_000 });
		const { run, tookMs } = await stopWhen(() => server.inFlight === 10, conversations(30), {});
		expect(tookMs).toBeLessThan(200);
		expect(run.status).toBe('canceled');
		await until(() => server.inFlight === 0);
		expect(server.requests.map(({ aborted }) => aborted)).toEqual(
			Array.from({ length: 10 }, () => true),
		);
		await pause(100);
		expect(server.requestCount).toBe(10);
	});

	it('should end a wait before a retry', async () => {
		server.fault({ status: 500, headers: { 'retry-after': '30' }, times: Infinity });
		const { run, tookMs } = await stopWhen(
			() => server.requests[0]?.status === 500,
			conversations(1),
			{ maxRetries: 5 },
		);
		expect(tookMs).toBeLessThan(200);
		expect(run.status).toBe('canceled');
		await pause(100);
		expect(server.requestCount).toBe(1);
	});

	it('should end a wait that the API named for everyone', async () => {
		server.fault({ status: 429, headers: { 'retry-after': '30' }, times: Infinity });
		const answered = () => server.requests.length >= 1 && server.inFlight === 0;
		const { run, tookMs } = await stopWhen(answered, conversations(20), {
			maxRetries: 5,
			maxConcurrency: 1,
		});
		expect(tookMs).toBeLessThan(200);
		expect(run.status).toBe('canceled');
		await pause(100);
		expect(server.requestCount).toBe(1);
	});

	it('should say how far it got', async () => {
		const options = { maxConcurrency: 1, maxRequestsPerMinute: 600 };
		const { task } = await stopWhen(() => server.requestCount === 3, conversations(5), options);
		expect(task.error?.message).toBe('The execution was canceled');
		expect(task.error?.description).toMatch(/^[23] of 5 input items were done\.$/);
	});

	it('should end the wait for the next start of a paced run', async () => {
		const { run, tookMs } = await stopWhen(() => server.requestCount === 1, conversations(5), {
			maxRequestsPerMinute: 1,
		});
		expect(tookMs).toBeLessThan(200);
		expect(run.status).toBe('canceled');
		await pause(100);
		expect(server.requestCount).toBe(1);
	});

	it('should stop a node that continues on failures, too', async () => {
		server.configure({ latencyMs: 60_000 });
		const stop = new AbortController();
		const running = setTopic(conversations(20), {
			stop: stop.signal,
			settings: { onError: 'continueRegularOutput' },
		});
		await until(() => server.inFlight === 10);
		stop.abort();
		const { run, task } = await running;
		expect(run.status).toBe('canceled');
		expect(task.error?.message).toBe('The execution was canceled');
		expect(server.requestCount).toBe(10);
	});

	it('should say the same when Retry On Fail runs the node again', async () => {
		const [first = {}, second = {}] = conversations(2);
		server.fault({ match: { path: `/conversations/${String(second.id)}` }, hang: true });
		const stop = new AbortController();
		const settings = { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 };
		const running = setTopic([first, second], { stop: stop.signal, settings });
		await until(() => metadataOf(first.id)?.topic === 'x' && server.inFlight === 1);
		stop.abort();
		const { run, task } = await running;
		expect(run.status).toBe('canceled');
		expect(server.requestCount).toBe(2);
		expect(task.error?.description).toBe('1 of 2 input items was done.');
	});
});
