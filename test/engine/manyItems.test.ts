/* eslint-disable @n8n/community-nodes/no-restricted-imports, @n8n/community-nodes/no-restricted-globals */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import fc from 'fast-check';
import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import { API_KEY, detailsOf, isFailed, pairs, runNode } from '../support/engine';
import type { RunOptions } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

const numRuns = Number(process.env.PROPERTY_RUNS ?? 25);

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => {
	server.reset();
	server.configure({ latencyMs: 0, updateSemantics: 'replace' });
});
afterAll(async () => await server.close());

const inputs = (jsons: IDataObject[]): INodeExecutionData[] => jsons.map((json) => ({ json }));

const conversationIds = (count: number): string[] =>
	Array.from({ length: count }, () => server.store.createConversation().id);

/** One of several, in turn. */
function nth<T>(list: readonly T[], index: number): T {
	const entry = list[index % list.length];
	if (entry === undefined) throw new RangeError('An empty list');
	return entry;
}

/** Sets `{ n }` on the conversation that each item names under `id`. */
const setNumber = async (
	items: IDataObject[],
	more: Partial<RunOptions> = {},
	options: INodeParameters = {},
) =>
	await runNode(server.url, {
		items: inputs(items),
		parameters: {
			conversationId: '={{ $json.id }}',
			metadata: pairs({ n: '={{ $json.n }}' }),
			options,
		},
		...more,
	});

describe('Many items', () => {
	it('should run those of one conversation in input order, one at a time, and others side by side', async () => {
		const ids = conversationIds(12);
		const items = Array.from({ length: 120 }, (_, n) => ({ id: nth(ids, n * 7), n }));
		server.configure({ latencyMs: () => 40 + 40 * Math.random() });
		const { json } = await setNumber(items);
		expect(json.map(({ metadata }) => metadata)).toEqual(items.map(({ n }) => ({ n: String(n) })));
		expect(server.requestCount).toBe(120);
		expect(server.maxInFlight).toBe(10);
		expect(server.maxInFlightPerConversation).toBe(1);
		for (const id of ids) {
			const bodies = server.requests
				.filter(({ path }) => path.endsWith(id))
				.map(({ body }) => body);
			expect(bodies).toEqual(
				items.filter((item) => item.id === id).map(({ n }) => ({ metadata: { n: String(n) } })),
			);
		}
	});

	it.each([1, 3, 32, 100])(
		'should have at most %d in flight, and as many as that',
		async (maxConcurrency) => {
			const items = conversationIds(130).map((id, n) => ({ id, n }));
			server.configure({ latencyMs: maxConcurrency === 1 ? 0 : 1_000 });
			await setNumber(items.slice(0, 2 * maxConcurrency), {}, { maxConcurrency });
			expect(server.maxInFlight).toBe(maxConcurrency);
		},
	);

	it('should find work for all starts in items that are sorted by conversation', async () => {
		const ids = conversationIds(10);
		const items = Array.from({ length: 100 }, (_, n) => ({ id: ids[Math.floor(n / 10)] ?? '', n }));
		server.configure({ latencyMs: 100 });
		await setNumber(items);
		expect(server.maxInFlight).toBe(10);
		expect(server.maxInFlightPerConversation).toBe(1);
	});

	it('should know one conversation by all the forms in which items name it', async () => {
		const [id = ''] = conversationIds(1);
		const forms = [id, { id }, { conversation: { id } }, `https://x.example/${id}`, ` ${id}\n`];
		const items = Array.from({ length: 20 }, (_, n) => ({ id: nth(forms, n), n }));
		server.configure({ latencyMs: () => 5 * Math.random() });
		await setNumber(items);
		expect(server.maxInFlightPerConversation).toBe(1);
		expect(server.store.getConversation(id)?.metadata).toEqual({ n: '19' });
	});

	it('should lose no key when many items merge into one conversation', async () => {
		const [id = ''] = conversationIds(1);
		server.configure({ latencyMs: () => 5 * Math.random() });
		await runNode(server.url, {
			items: inputs(Array.from({ length: 16 }, (_, n) => ({ n }))),
			parameters: {
				conversationId: id,
				updateMode: 'merge',
				metadata: pairs({ '=k{{ $json.n }}': '={{ $json.n }}' }),
			},
		});
		expect(server.maxInFlightPerConversation).toBe(1);
		const expected = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`k${n}`, String(n)]));
		expect(server.store.getConversation(id)?.metadata).toEqual(expected);
	});

	it('should take as long for different conversations as the slowest, not as all of them', async () => {
		server.configure({ latencyMs: 300 });
		const startedAt = performance.now();
		await setNumber(conversationIds(10).map((id, n) => ({ id, n })));
		expect(performance.now() - startedAt).toBeLessThan(900);
	});

	it('should account for every request in its summary', async () => {
		server.fault({
			match: { predicate: ({ index }) => index % 10 === 3 },
			times: Infinity,
			status: 500,
			headers: { 'retry-after-ms': '5' },
		});
		const ids = conversationIds(40);
		const { hints, json } = await setNumber(
			Array.from({ length: 200 }, (_, n) => ({ id: nth(ids, n), n })),
			{},
			{ maxRetries: 5, maxConcurrency: 20 },
		);
		expect(json).toHaveLength(200);
		const { requestCount, requests } = server;
		const failed = requests.filter(({ status }) => status === 500).length;
		expect(requestCount - failed).toBe(200);
		expect(requests.every(({ aborted, endedAt }) => !aborted && endedAt !== undefined)).toBe(true);
		expect(hints).toHaveLength(1);
		expect(
			hints[0]?.startsWith(
				`${requestCount} requests for 200 input items, ${failed} retries (server error: ${failed})`,
			),
		).toBe(true);
	});

	it('should keep to the limits that the first item gives, even when another option of it is invalid', async () => {
		const items = conversationIds(30).map((id, n) => ({ id, n, timeout: n === 0 ? -1 : 5 }));
		server.configure({ latencyMs: 5 });
		const { items: outputs } = await setNumber(
			items,
			{ settings: { onError: 'continueRegularOutput' } },
			{ timeout: '={{ $json.timeout }}', maxConcurrency: 2, maxRequestsPerMinute: 6_000 },
		);
		expect(outputs.filter(isFailed)).toHaveLength(1);
		expect(server.requestCount).toBe(29);
		expect(server.maxInFlight).toBeLessThanOrEqual(2);
		const times = server.requests.map(({ receivedAt }) => receivedAt);
		expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(28 * 10 - 20);
	});
});

describe('The first failure', () => {
	/** Answers the nth item's request (from 0) so, after this many ms. */
	const plan = (
		answers: Array<[ms: number, status: number | undefined]>,
		ids: readonly string[],
	) => {
		for (const [n, [delayMs, status]] of answers.entries()) {
			const path = `/conversations/${ids[n] ?? ''}`;
			server.fault({ match: { path }, delayMs, ...(status === undefined ? {} : { status }) });
		}
	};

	it('should let nothing new start, wait for what is in flight, and be the first in input order', async () => {
		const ids = conversationIds(20);
		plan(
			[
				[300, undefined],
				[150, 500],
				[50, 404],
				[250, undefined],
			],
			ids,
		);
		const { error, run } = await setNumber(
			ids.map((id, n) => ({ id, n })),
			{},
			{ maxConcurrency: 4 },
		);
		expect(run.status).toBe('error');
		expect(server.requests.map(({ status }) => status)).toEqual([200, 500, 404, 200]);
		expect(server.requests.some(({ aborted }) => aborted)).toBe(false);
		expect(error?.message).toMatch(/\[item 1\]$/);
		expect(error?.description).toMatch(/2 of 20 input items were done\. To go on /);
		expect(ids.map((id) => server.store.getConversation(id)?.metadata.n)).toEqual([
			'0',
			undefined,
			undefined,
			'3',
			...Array.from({ length: 16 }, () => undefined),
		]);
	});

	it('should be found in input that is refused, too', async () => {
		const ids = conversationIds(3);
		plan(
			[
				[100, undefined],
				[100, undefined],
			],
			ids,
		);
		const items = [
			{ id: ids[0], n: 0 },
			{ id: ids[1], n: 1 },
			{ id: 'oops', n: 2 },
			{ id: ids[2], n: 3 },
		];
		const { error } = await setNumber(items, {}, { maxConcurrency: 2 });
		expect(error?.message).toMatch(/"oops".*\[item 2\]$/);
		expect(error?.description).toMatch(/2 of 4 input items were done\. To go on /);
		expect(server.requestCount).toBe(2);
	});

	it.each<[string, number, number, string[]]>([
		[
			'keep one behind it from changing anything that it has only read so far',
			0,
			0,
			['GET', 'GET'],
		],
		['let one before it come to its end', 1, 1, ['GET', 'GET', 'POST']],
	])('should %s (item %d)', async (_what, culprit, done, methods) => {
		const ids = conversationIds(2);
		server.fault({
			match: { path: `/conversations/${ids[culprit] ?? ''}` },
			delayMs: 50,
			status: 403,
		});
		server.fault({ match: { path: `/conversations/${ids[1 - culprit] ?? ''}` }, delayMs: 150 });
		const { error } = await runNode(server.url, {
			items: inputs(ids.map((id) => ({ id }))),
			parameters: {
				conversationId: '={{ $json.id }}',
				updateMode: 'merge',
				metadata: pairs({ a: 'b' }),
			},
		});
		expect(error?.message).toMatch(new RegExp(`\\[item ${culprit}\\]$`));
		expect(error?.description).toMatch(new RegExp(`${done} of 2 input items (was|were) done\\.`));
		expect(server.requests.map(({ method }) => method)).toEqual(methods);
	});

	it('should end the waits before retries of those behind it', async () => {
		const ids = conversationIds(2);
		server.fault({ match: { path: `/conversations/${ids[0] ?? ''}` }, delayMs: 100, status: 400 });
		server.fault({
			match: { path: `/conversations/${ids[1] ?? ''}` },
			status: 500,
			headers: { 'retry-after': '20' },
		});
		const startedAt = performance.now();
		const { error } = await setNumber(
			ids.map((id, n) => ({ id, n })),
			{},
			{ maxRetries: 3 },
		);
		expect(performance.now() - startedAt).toBeLessThan(1_000);
		expect(error?.message).toMatch(/\[item 0\]$/);
		expect(server.requestCount).toBe(2);
	});

	it('should wait for the retries of those before it', async () => {
		const ids = conversationIds(2);
		server.fault({
			match: { path: `/conversations/${ids[0] ?? ''}` },
			status: 500,
			headers: { 'retry-after-ms': '300' },
		});
		server.fault({ match: { path: `/conversations/${ids[1] ?? ''}` }, delayMs: 50, status: 400 });
		const { error } = await setNumber(
			ids.map((id, n) => ({ id, n })),
			{},
			{ maxRetries: 3 },
		);
		expect(error?.message).toMatch(/\[item 1\]$/);
		expect(error?.description).toMatch(/1 of 2 input items was done\. To go on /);
		expect(server.requests.map(({ status }) => status)).toEqual([500, 400, 200]);
	});

	it('should leave the others alone when the node continues on failures', async () => {
		const ids = conversationIds(40);
		const items = ids.map((id, n) => ({ id: n % 4 === 1 ? 'conv_missing' : id, n }));
		server.configure({ latencyMs: () => 5 * Math.random() });
		const { items: outputs } = await setNumber(items, {
			settings: { onError: 'continueRegularOutput' },
		});
		expect(outputs.map((output) => [isFailed(output), output.pairedItem])).toEqual(
			items.map((_, item) => [item % 4 === 1, { item }]),
		);
		expect(server.requestCount).toBe(40);
		expect(server.maxInFlightPerConversation).toBe(1);
	});
});

describe('Random items, latencies and faults', () => {
	const IDS = ['conv_a', 'conv_b', 'conv_c', 'conv_d'];

	const item = fc.record({
		id: fc.oneof(
			{ weight: 8, arbitrary: fc.constantFrom(...IDS) },
			{ weight: 1, arbitrary: fc.constantFrom('conv_missing', 'no conversation', '') },
		),
		key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'k'.repeat(70)),
		value: fc.oneof(
			{ weight: 6, arbitrary: fc.string({ maxLength: 8 }) },
			{ weight: 1, arbitrary: fc.constant(null) },
		),
	});

	const situation = fc.record({
		items: fc.array(item, { minLength: 1, maxLength: 30 }),
		updateMode: fc.constantFrom('replace', 'merge'),
		updateSemantics: fc.constantFrom('replace' as const, 'merge' as const),
		maxConcurrency: fc.integer({ min: 2, max: 16 }),
		latencies: fc.array(fc.nat(6), { minLength: 1, maxLength: 10 }),
		faulty: fc.array(fc.nat(40), { maxLength: 6 }),
	});

	const run = async (items: IDataObject[], updateMode: string, options: INodeParameters) => {
		for (const id of IDS)
			server.store.createConversation({ id, created_at: 1, metadata: { before: id } });
		const { items: outputs } = await runNode(server.url, {
			items: inputs(items),
			parameters: {
				conversationId: '={{ $json.id }}',
				metadataInput: 'json',
				metadataJson: '={{ { [$json.key]: $json.value } }}',
				updateMode,
				options,
			},
			settings: { onError: 'continueRegularOutput' },
		});
		return {
			// Attempts and request IDs are no part of what items come to.
			outputs: outputs.map((output) => ({
				json: { ...output.json, ...(isFailed(output) && { details: detailsOf(output).status }) },
				pairedItem: output.pairedItem,
			})),
			state: IDS.map((id) => server.store.getConversation(id)?.metadata),
		};
	};

	it('should lead to the state and the outputs of the same items run one by one', async () => {
		await fc.assert(
			fc.asyncProperty(
				situation,
				async ({ items, updateMode, updateSemantics, maxConcurrency, latencies, faulty }) => {
					server.reset();
					server.configure({ updateSemantics, latencyMs: 0 });
					const expected = await run(items, updateMode, { maxConcurrency: 1 });
					const asked = server.requestCount;

					server.reset();
					let answered = 0;
					server.configure({ latencyMs: () => nth(latencies, answered++) });
					const isFaulty = new Set(faulty);
					server.fault({
						match: { predicate: ({ index }) => isFaulty.has(index) },
						times: Infinity,
						status: 503,
						headers: { 'retry-after-ms': '1' },
					});
					const actual = await run(items, updateMode, { maxConcurrency, maxRetries: 10 });

					expect(actual).toEqual(expected);
					expect(server.maxInFlight).toBeLessThanOrEqual(maxConcurrency);
					expect(server.maxInFlightPerConversation).toBeLessThanOrEqual(1);
					const failed = server.requests.filter(({ status }) => status === 503).length;
					expect(server.requestCount - failed).toBe(asked);
					expect(server.requests.every(({ aborted }) => !aborted)).toBe(true);
				},
			),
			{ numRuns },
		);
	}, 300_000);
});

describe('Messages for one conversation', () => {
	const add = async (texts: string[], more: Partial<RunOptions> = {}) => {
		const { id } = server.store.createConversation();
		const result = await runNode(server.url, {
			items: inputs(texts.map((text) => ({ text }))),
			parameters: {
				resource: 'item',
				operation: 'add',
				conversationId: id,
				itemsInput: 'json',
				itemsJson:
					'={{ { type: "message", role: $json.text.startsWith("bad") ? "nobody" : "user", content: $json.text } }}',
			},
			...more,
		});
		const stored = server.store.getConversation(id)?.items ?? [];
		return { ...result, stored: stored.map(({ content }) => JSON.stringify(content)) };
	};

	it('should share requests, and still come in input order, each with its own output', async () => {
		const texts = Array.from({ length: 45 }, (_, n) => `message ${n}.`);
		const { items, stored, error } = await add(texts);
		expect(error).toBeUndefined();
		expect(server.requestCount).toBe(3);
		expect(stored).toHaveLength(45);
		for (const [n, text] of texts.entries()) {
			expect(stored[n]).toContain(text);
			expect(JSON.stringify(items[n]?.json)).toContain(text);
			expect(items[n]?.pairedItem).toEqual({ item: n });
		}
	});

	it('should fail only the one that the API refuses, when the node continues on failures', async () => {
		const texts = Array.from({ length: 12 }, (_, n) => (n === 5 ? 'bad.' : `message ${n}.`));
		const { items, stored } = await add(texts, { settings: { onError: 'continueRegularOutput' } });
		expect(items.map(isFailed)).toEqual(texts.map((text) => text === 'bad.'));
		expect(stored).toHaveLength(11);
	});
});

describe('20,000 items', () => {
	it('should not keep n8n from other work while they are read and refused', async () => {
		const items = Array.from({ length: 20_000 }, (_, n) => ({ id: `oops ${n}` }));
		const delay = monitorEventLoopDelay({ resolution: 5 });
		const done = { count: 0 };
		const running = runNode(server.url, {
			items: inputs(items),
			parameters: { conversationId: '={{ $json.id }}', metadata: pairs({ a: 'b' }) },
			settings: { onError: 'continueRegularOutput' },
		}).then((result) => {
			delay.disable();
			done.count = result.items.length;
		});
		delay.enable();
		await running;
		expect(done.count).toBe(20_000);
		// In nanoseconds. Most of the time nothing waits longer than one slice of reading.
		expect(delay.percentile(95) / 1e6).toBeLessThan(60);
		expect(server.requestCount).toBe(0);
	}, 60_000);
});
