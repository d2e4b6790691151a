import type { INode, INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, pairs, runNode, until } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => server.reset());
afterAll(async () => await server.close());

const LONG_WAIT = { 'retry-after-ms': '20000' };
const SHORT_WAIT = { 'retry-after-ms': '1' };

/** Sets a topic on the conversation of each row. */
const setTopic = async (
	ids: readonly string[],
	options: INodeParameters = {},
	settings: Partial<INode> = {},
	stop?: AbortSignal,
) =>
	await runNode(server.url, {
		items: ids.map((id) => ({ json: { id } })),
		parameters: {
			conversationId: '={{ $json.id }}',
			metadata: pairs({ topic: 'refund' }),
			options,
		},
		settings,
		...(stop === undefined ? {} : { stop }),
	});

const topicOf = (id: string) => server.store.getConversation(id)?.metadata.topic;

describe('An item that fails', () => {
	it('should end what waits behind it for another try, which then is not carried out', async () => {
		const { id } = server.store.createConversation();
		server.fault({ match: { path: `/conversations/${id}` }, status: 429, headers: LONG_WAIT });
		server.fault({ match: { path: /conv_missing/ }, delayMs: 60, status: 404, body: {} });
		const { error } = await setTopic(['conv_missing', id], { maxRetries: 3 });
		expect(error?.message).toMatch(/404.* \[item 0\]$/);
		expect(error?.description).toMatch(/0 of 2 input items were done\./);
		expect(server.requestCount).toBe(2);
		expect(topicOf(id)).toBeUndefined();
	});

	it('should let what stands in front of it be finished, another try included', async () => {
		const { id } = server.store.createConversation();
		server.fault({
			match: { path: `/conversations/${id}` },
			status: 429,
			headers: { 'retry-after-ms': '80' },
		});
		const { error } = await setTopic([id, 'conv_missing'], { maxRetries: 3 });
		expect(error?.message).toMatch(/not found\. \[item 1\]$/);
		expect(error?.description).toMatch(/1 of 2 input items was done\./);
		expect(topicOf(id)).toBe('refund');
	});
});

describe('The sum of a run', () => {
	it.each<[string, string[], Partial<INode>, string[]]>([
		['is said after retries', [], {}, ['2 requests for 1 input item, 1 retry (server error: 1).']],
		[
			'is said of a node that goes on after failures',
			['conv_missing'],
			{ onError: 'continueRegularOutput' },
			['3 requests for 2 input items, 1 retry (server error: 1).'],
		],
		['is left out of a run that failed', ['conv_missing'], {}, []],
	])('%s', async (_what, others, settings, expected) => {
		const { id } = server.store.createConversation();
		server.fault({
			match: { path: `/conversations/${id}` },
			status: 503,
			headers: { ...SHORT_WAIT, 'openai-processing-ms': '1' },
		});
		const options = { maxConcurrency: 1, maxRetries: 2 };
		const { hints } = await setTopic([id, ...others], options, settings);
		expect(hints).toEqual(expected);
	});

	it('is left out where all went smoothly', async () => {
		const { id } = server.store.createConversation();
		const { hints } = await setTopic([id]);
		expect(hints).toEqual([]);
	});
});

describe('A stop', () => {
	it('should end an item that waits for another try, and start no other', async () => {
		const ids = Array.from({ length: 3 }, () => server.store.createConversation().id);
		server.fault({ status: 429, headers: LONG_WAIT });
		const stop = new AbortController();
		const running = setTopic(ids, { maxConcurrency: 1, maxRetries: 3 }, {}, stop.signal);
		await until(() => server.requestCount === 1);
		stop.abort();
		const { run, error } = await running;
		expect(run.status).toBe('canceled');
		expect(error?.description).toBe('0 of 3 input items were done.');
		expect(server.requestCount).toBe(1);
	});

	it('should not be taken for a reason to run the node again', async () => {
		const { id } = server.store.createConversation();
		server.fault({ status: 429, headers: LONG_WAIT });
		const stop = new AbortController();
		const again = { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 };
		const running = setTopic([id], { maxRetries: 3 }, again, stop.signal);
		await until(() => server.requestCount === 1);
		stop.abort();
		expect((await running).run.status).toBe('canceled');
		expect(server.requestCount).toBe(1);
	});
});
