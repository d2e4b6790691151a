import type { IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';

import { OpenAIConversation } from '../../nodes/OpenAIConversation/OpenAIConversation.node';
import { startServer } from '../../server/index.mjs';
import type { FaultRule } from '../../server/types.mjs';
import { API_KEY, pairs, pause, runNode } from '../support/engine';
import type { RunOptions, RunResult } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;
/** A server of another origin, that nobody gave the key to. */
let elsewhere: Server;

beforeAll(async () => {
	[server, elsewhere] = await Promise.all([
		startServer({ apiKeys: [API_KEY] }),
		startServer({ apiKeys: [API_KEY] }),
	]);
});
beforeEach(() => {
	server.reset();
	elsewhere.reset();
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => await Promise.all([server.close(), elsewhere.close()]));

const conversation = () => server.store.createConversation({ metadata: { old: '1' } }).id;

/** Our node: Set with `{ topic: 'x' }`. */
const ours = async (id: string, options = {}, more: Partial<RunOptions> = {}): Promise<RunResult> =>
	await runNode(server.url, {
		parameters: { conversationId: id, metadata: pairs({ topic: 'x' }), options },
		...more,
	});

/** The same request by n8n's helper, used as n8n documents it, from a node that does nothing else. */
async function plainly(
	id: string,
	more: Partial<IHttpRequestOptions> = {},
	times = 1,
): Promise<RunResult> {
	jest.spyOn(OpenAIConversation.prototype, 'execute').mockImplementation(async function (
		this: IExecuteFunctions,
	) {
		let answer: unknown;
		for (let n = 0; n < times; n++) {
			answer = await this.helpers.httpRequestWithAuthentication.call(
				this,
				'openAIConversationApi',
				{
					method: 'POST',
					url: `${server.url}/conversations/${id}`,
					body: { metadata: { topic: 'x' } },
					json: true,
					...more,
				},
			);
		}
		return [[{ json: { answer: JSON.parse(JSON.stringify(answer ?? null)) } }]];
	});
	const result = await runNode(server.url, { parameters: { conversationId: 'conv_1' } });
	jest.restoreAllMocks();
	return result;
}

const keysSentTo = ({ requests }: Server) =>
	requests.map(({ headers }) => headers.authorization ?? headers['api-key']);

describe.each([301, 302, 303, 307, 308])('A %d to another origin', (status) => {
	const redirect = (): FaultRule => ({
		status,
		headers: { location: `${elsewhere.url}/models` },
		times: Infinity,
	});

	it('should make the plain helper hand the key to that origin', async () => {
		server.fault(redirect());
		await plainly(conversation());
		expect(keysSentTo(elsewhere)).toEqual([`Bearer ${API_KEY}`]);
	});

	it.each(['bearer', 'apiKeyHeader'])(
		'should not make our node send anything there, with the key as %s says',
		async (authentication) => {
			server.fault(redirect());
			const before = elsewhere.connections;
			const { error } = await ours(
				conversation(),
				{ maxRetries: 2, retryNetworkErrors: true },
				{ credential: { authentication } },
			);
			expect(error?.message).toMatch(/^The server redirected the request to /);
			expect(server.requestCount).toBe(1);
			expect(elsewhere.requestCount).toBe(0);
			expect(elsewhere.connections).toBe(before);
		},
	);
});

describe('A 401', () => {
	it('should make the plain helper send the request twice', async () => {
		server.fault({ status: 401, times: Infinity });
		await plainly(conversation());
		expect(server.requests.map(({ status }) => status)).toEqual([401, 401]);
	});

	it('should make our node send it once', async () => {
		server.fault({ status: 401, times: Infinity });
		const { error } = await ours(conversation());
		expect(error).toMatchObject({ httpCode: '401' });
		expect(server.requests.map(({ status }) => status)).toEqual([401]);
	});

	it('should stand in the error of the plain helper with the key that it quotes, and not in ours', async () => {
		const quoting: FaultRule = {
			status: 401,
			body: { error: { message: `Wrong key: ${API_KEY}` } },
			times: Infinity,
		};
		server.fault(quoting);
		const plain = await plainly(conversation());
		expect(JSON.stringify(plain.run)).toContain(API_KEY);
		const { run, error } = await ours(conversation());
		expect(error?.message).toBe('Wrong key: sk-proj-[redacted]');
		expect(JSON.stringify(run)).not.toContain(API_KEY.slice(-8));
	});
});

describe('A web page with status 200', () => {
	const page: FaultRule = {
		status: 200,
		headers: { 'content-type': 'text/html' },
		body: '<!doctype html>Log in',
		times: Infinity,
	};

	it('should be a success to the plain helper', async () => {
		server.fault(page);
		const { error, json } = await plainly(conversation());
		expect(error).toBeUndefined();
		expect(json).toEqual([{ answer: '<!doctype html>Log in' }]);
	});

	it('should be a failure to our node', async () => {
		server.fault(page);
		const { error, json } = await ours(conversation());
		expect(error?.message).toContain('a web page (HTML) instead of the JSON object');
		expect(json).toEqual([]);
	});
});

describe('A server that drips its answer', () => {
	const dripping: FaultRule = { dripBody: { everyMs: 100, bytes: 12 } };
	const took = async (action: () => Promise<RunResult>) => {
		const startedAt = performance.now();
		const { error } = await action();
		return { ms: performance.now() - startedAt, error };
	};

	it('should outlive the timeout of the plain helper', async () => {
		server.fault(dripping);
		const id = conversation();
		const { ms, error } = await took(async () => await plainly(id, { timeout: 300 }));
		expect(error).toBeUndefined();
		expect(ms).toBeGreaterThan(800);
	});

	it('should outlive a signal that the plain helper is given, which it does not look at', async () => {
		server.fault(dripping);
		const id = conversation();
		const { ms, error } = await took(
			async () => await plainly(id, { abortSignal: AbortSignal.timeout(300) }),
		);
		expect(error).toBeUndefined();
		expect(ms).toBeGreaterThan(800);
	});

	it('should be cut off by our node within 250 ms of the timeout', async () => {
		server.fault(dripping);
		const id = conversation();
		const { ms, error } = await took(async () => await ours(id, { timeout: 0.3 }));
		expect(error?.message).toMatch(/^No complete response from .* within 0\.3 seconds$/);
		expect(ms).toBeGreaterThan(295);
		expect(ms).toBeLessThan(550);
	});
});

describe('A timeout of 25 days', () => {
	it('should fire at once as a plain signal', async () => {
		const signal = AbortSignal.timeout(2 ** 31);
		await pause(50);
		expect(signal.aborted).toBe(true);
	});

	it('should not in our node', async () => {
		server.fault({ delayMs: 200 });
		const { error } = await ours(conversation(), { timeout: 2 ** 31 / 1_000 });
		expect(error).toBeUndefined();
		expect(server.requests.map(({ status }) => status)).toEqual([200]);
	});
});

describe('A refusal', () => {
	const refusing: FaultRule = {
		status: 400,
		headers: { 'x-request-id': 'req_abc' },
		body: { error: { message: 'Metadata is not to my liking', param: 'metadata' } },
		times: Infinity,
	};

	it("should lose the API's own words in the message of the plain helper", async () => {
		server.fault(refusing);
		const { error } = await plainly(conversation());
		expect(error?.message).toBe('Bad request - please check your parameters');
	});

	it('should keep them, and the request ID, in ours', async () => {
		server.fault(refusing);
		const { error } = await ours(conversation());
		expect(error?.message).toBe('Metadata is not to my liking');
		expect(error?.context).toMatchObject({ status: 400, param: 'metadata', request_id: 'req_abc' });
	});
});

describe('An ID that is a path', () => {
	it('should lead the plain helper to another address', async () => {
		await plainly('../models');
		expect(server.requests.map(({ path }) => path)).toEqual(['/v1/models']);
	});

	it('should not lead our node anywhere', async () => {
		const { error } = await ours('../models');
		expect(error?.message).toContain('which is not the ID of a conversation');
		expect(server.requestCount).toBe(0);
	});
});

describe('The credential', () => {
	it('should be decrypted by the plain helper for every request', async () => {
		const { decrypted } = await plainly(conversation(), {}, 5);
		expect([server.requestCount, decrypted]).toEqual([5, 5]);
	});

	it('should be decrypted by our node once', async () => {
		const items = Array.from({ length: 5 }, () => ({ json: { id: conversation() } }));
		const { decrypted } = await ours('={{ $json.id }}', {}, { items });
		expect([server.requestCount, decrypted]).toEqual([5, 1]);
	});
});
