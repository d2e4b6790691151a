import type { INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, isFailed, pairs, runNode } from '../support/engine';
import type { RunOptions } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => {
	server.reset();
	server.configure({ latencyMs: 0, rateLimit: undefined });
});
afterAll(async () => await server.close());

/** Sets metadata on this many different conversations. */
async function setMany(
	api: Server,
	count: number,
	options: INodeParameters,
	more: Partial<RunOptions> = {},
) {
	const items = Array.from({ length: count }, () => ({
		json: { id: api.store.createConversation().id },
	}));
	const result = await runNode(api.url, {
		items,
		parameters: { conversationId: '={{ $json.id }}', metadata: pairs({ topic: 'x' }), options },
		...more,
	});
	return {
		...result,
		updated: items.filter(({ json }) => api.store.getConversation(json.id)?.metadata.topic === 'x')
			.length,
	};
}

const arrivals = () => server.requests.map(({ receivedAt }) => receivedAt);

/** When the first request with this status was answered, on the clock of `receivedAt`. */
const answeredAt = (status: number) =>
	server.requests.find((request) => request.status === status)?.endedAt ?? NaN;

/** But for what had started when the answer came, and arrives a little later on a busy machine. */
function expectNoneBetween(from: number, to: number): void {
	const between = arrivals().filter((time) => time > from && time < to);
	expect(between.length).toBeLessThan(10);
	expect(between.filter((time) => time > from + (to - from) / 2)).toEqual([]);
}

describe('Pacing', () => {
	it('should space requests evenly with Max Requests per Minute', async () => {
		const { hints, error } = await setMany(server, 25, { maxRequestsPerMinute: 1_200 });
		expect(error).toBeUndefined();
		const times = arrivals();
		const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
		const [first = 0] = times;
		expect((times.at(-1) ?? 0) - first).toBeGreaterThan(24 * 50 - 100);
		expect((times.at(-1) ?? 0) - first).toBeLessThan(24 * 50 + 250);
		expect(gaps.toSorted((a, b) => a - b)[12]).toBeGreaterThan(40);
		expect(hints).toEqual([
			expect.stringMatching(
				/^25 requests for 25 input items, no retries, 1\.\d s of 1\.\d s spent waiting\.$/,
			),
		]);
	});

	it.each([
		[429, { 'retry-after': '1' }, 1_000],
		[429, { 'retry-after-ms': '600' }, 600],
		[503, { 'retry-after': '1' }, 1_000],
	])(
		'should start nothing after several %d with %j before that time, and then begin gently',
		async (status, headers, ms) => {
			server.configure({ latencyMs: 20 });
			server.fault({ skip: 14, times: 4, status, headers });
			const { updated } = await setMany(server, 80, { maxRetries: 1 });
			expect(updated).toBe(80);
			expect(server.requestCount).toBe(84);
			const from = answeredAt(status);
			expectNoneBetween(from, from + ms);
			const resumed = arrivals().filter((time) => time >= from + ms);
			expect(resumed.length).toBeGreaterThan(40);
			expect(resumed.filter((time) => time < (resumed[0] ?? 0) + 30).length).toBeLessThanOrEqual(4);
		},
	);

	it('should hold the other items too when the one that was refused has no retry', async () => {
		server.configure({ latencyMs: 10 });
		server.fault({ match: { nth: 3 }, status: 429, headers: { 'retry-after-ms': '500' } });
		const { items } = await setMany(
			server,
			30,
			{},
			{ settings: { onError: 'continueRegularOutput' } },
		);
		expect(items.filter(isFailed)).toHaveLength(1);
		const from = answeredAt(429);
		expectNoneBetween(from, from + 500);
	});

	it('should not spend the retries of every item on one pause of the server', async () => {
		server.configure({ latencyMs: 20 });
		let pausedFrom = NaN;
		server.fault({
			times: Infinity,
			respond({ receivedAt, index }) {
				if (index === 30) pausedFrom = receivedAt;
				const left = pausedFrom + 800 - receivedAt;
				return left > 0
					? { status: 429, headers: { 'retry-after-ms': String(Math.ceil(left)) } }
					: undefined;
			},
		});
		const { updated, error } = await setMany(server, 120, { maxRetries: 1, maxConcurrency: 32 });
		expect(error).toBeUndefined();
		expect(updated).toBe(120);
		const refused = server.requests.filter(({ status }) => status === 429);
		expect(refused.length).toBeLessThanOrEqual(32);
		expect(new Set(refused.map(({ path }) => path)).size).toBe(refused.length);
	});

	it.each([
		// Requests, their bucket, and the ideal time in ms.
		[60, { perSecond: 40, burst: 20 }, 1_000],
		[40, { perSecond: 10, burst: 10 }, 3_000],
		[180, { perSecond: 60, burst: 60 }, 2_000],
	])(
		'should do %d requests at the pace that the headers tell, instead of running into a 429, with %j',
		async (count, rateLimit, idealMs) => {
			server.configure({ rateLimit });
			const { updated } = await setMany(server, count, { maxConcurrency: 10 });
			expect(updated).toBe(count);
			expect(server.requests.every(({ status }) => status === 200)).toBe(true);
			expect(server.requestCount).toBe(count);
			const times = arrivals();
			expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThan(1.5 * idealMs);
		},
		20_000,
	);

	it('should wait for the next request only, not for the whole limit, when none remains', async () => {
		server.configure({ rateLimit: { perSecond: 1, burst: 10, retryAfter: 'seconds' } });
		const { updated } = await setMany(server, 11, { maxConcurrency: 10 });
		expect(updated).toBe(11);
		expect(server.requestCount).toBe(11);
		const times = arrivals();
		expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThan(1_500);
	});

	it('should fail every item quickly when the quota is used up', async () => {
		server.fault({
			times: Infinity,
			status: 429,
			body: {
				error: {
					message: 'You exceeded your current quota',
					type: 'insufficient_quota',
					code: 'insufficient_quota',
					param: null,
				},
			},
		});
		const startedAt = performance.now();
		const { items } = await setMany(
			server,
			40,
			{ maxRetries: 3 },
			{ settings: { onError: 'continueRegularOutput' } },
		);
		expect(items.every(isFailed)).toBe(true);
		expect(server.requestCount).toBe(40);
		expect(performance.now() - startedAt).toBeLessThan(2_000);
	});
});
