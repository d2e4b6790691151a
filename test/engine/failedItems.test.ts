/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { getEventListeners } from 'node:events';
import type { IDataObject, IExecuteFunctions, INodeParameters } from 'n8n-workflow';

import { OpenAIConversation } from '../../nodes/OpenAIConversation/OpenAIConversation.node';
import { startServer } from '../../server/index.mjs';
import { API_KEY, detailsOf, isFailed, pairs, runNode, until } from '../support/engine';
import type { RunOptions } from '../support/engine';
import { RUNS } from '../support/unit';

/** Answers come in random order, so each is tried several times; fewer in the quick suite. */
const TIMES = Math.min(20, RUNS.numRuns / 5);

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => {
	server.reset();
	server.configure({ latencyMs: 0 });
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => await server.close());

const conversations = (count: number): string[] =>
	Array.from({ length: count }, () => server.store.createConversation().id);

/** Sets `{ plan }` on the conversation that each row names under `id`. */
const setPlan = async (
	rows: IDataObject[],
	onError: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput',
	options: INodeParameters = {},
	more: Partial<RunOptions> = {},
) =>
	await runNode(server.url, {
		items: rows.map((json) => ({ json })),
		parameters: {
			conversationId: '={{ $json.id }}',
			metadata: pairs({ plan: '={{ $json.plan }}' }),
			options,
		},
		settings: { onError },
		...more,
	});

/** Rows with a fixed set of failures among them: what each says, and the status of its answer. */
function rowsWithFailures() {
	const [first = '', busy = '', wrong = '', last = ''] = conversations(4);
	const path = (id: string) => `/conversations/${id}`;
	server.fault({
		match: { path: path(busy) },
		status: 503,
		headers: { 'retry-after-ms': '1' },
		body: { error: { message: 'Overloaded' } },
		times: Infinity,
	});
	server.fault({
		match: { path: path(wrong) },
		status: 400,
		headers: { 'x-request-id': 'req_7' },
		body: { error: { message: 'No', type: 'invalid', param: 'metadata.plan', code: 'bad' } },
	});
	const row = (n: number, id: string, plan = 'pro') => ({ row: n, customer: `C${n}`, id, plan });
	const rows = [
		row(1, first),
		row(2, 'conv_missing'),
		row(3, ''),
		row(4, first, 'p'.repeat(513)),
		row(5, busy),
		row(6, wrong),
		row(7, 'no conversation'),
		row(8, last),
	];
	const failures: Array<[place: number, error: RegExp, details: object]> = [
		[
			1,
			/^Conversation with id 'conv_missing' not found\.$/,
			{
				advice: expect.stringContaining('Check the ID'),
				status: 404,
				type: 'invalid_request_error',
				request_id: expect.any(String),
				attempts: 1,
			},
		],
		[2, /Conversation ID is (?:empty|missing|required)/, { advice: expect.stringMatching(/\w/) }],
		[3, /"plan".*513/, { advice: expect.stringMatching(/\w/) }],
		[
			4,
			/^Overloaded$/,
			{
				advice: expect.stringContaining('Max Retries'),
				status: 503,
				request_id: expect.any(String),
				attempts: 2,
			},
		],
		[
			5,
			/^No$/,
			{
				advice: expect.stringContaining('Correct what the message points out'),
				status: 400,
				type: 'invalid',
				param: 'metadata.plan',
				code: 'bad',
				request_id: 'req_7',
				attempts: 1,
			},
		],
		[6, /"no conversation"/, { advice: expect.stringMatching(/\w/) }],
	];
	return { rows, failures, done: [first, last] };
}

describe('Rows that fail', () => {
	it('should leave through the error output with their own fields, the reason and what to do', async () => {
		const { rows, failures, done } = rowsWithFailures();
		const { outputs, error } = await setPlan(rows, 'continueErrorOutput', { maxRetries: 1 });
		expect(error).toBeUndefined();
		const [good = [], bad = []] = outputs;
		expect(good.map(({ json, pairedItem }) => [json.id, pairedItem])).toEqual([
			[done[0], { item: 0 }],
			[done[1], { item: 7 }],
		]);
		expect(bad).toEqual(
			failures.map(([item, message, details]) => ({
				json: { ...rows[item], error: expect.stringMatching(message), details },
				pairedItem: { item },
			})),
		);
	});

	it('should stand in their place when the node goes on through one output', async () => {
		const { rows, failures } = rowsWithFailures();
		const { items, outputs } = await setPlan(rows, 'continueRegularOutput', { maxRetries: 1 });
		expect(outputs).toHaveLength(1);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(rows.map((_, item) => ({ item })));
		expect(items.filter(isFailed)).toEqual(
			failures.map(([item, message, details]) => ({
				json: { error: expect.stringMatching(message), details },
				pairedItem: { item },
			})),
		);
	});

	it('should say that they may have gone through, and what a conversation was left with', async () => {
		server.fault({ match: { path: /items$/ }, status: 500, apply: true });
		const { items } = await runNode(server.url, {
			parameters: {
				operation: 'create',
				itemsInput: 'json',
				itemsJson: JSON.stringify(
					Array.from({ length: 25 }, (_, n) => ({ role: 'user', content: `m${n}` })),
				),
			},
			settings: { onError: 'continueRegularOutput' },
		});
		const [id] = server.store.conversations.keys();
		expect(items.map((item) => detailsOf(item))).toEqual([
			expect.objectContaining({
				advice: expect.stringMatching(/\w/),
				may_have_happened: true,
				conversation: id,
				item_count: 20,
			}),
		]);
	});
});

describe('A fault of the whole node', () => {
	const faults: Array<[string, Partial<RunOptions>, INodeParameters, RegExp]> = [
		['no API key', { credential: { apiKey: '' } }, {}, /API Key in the credential is empty/],
		[
			'a base URL that is none',
			{ credential: { baseUrl: 'nowhere' } },
			{},
			/Base URL in the credential/,
		],
		[
			'a custom header that can not be sent',
			{ credential: { customHeaders: { headers: [{ name: 'a b', value: 'x' }] } } },
			{},
			/Custom Headers in the credential/,
		],
		['a number of requests that is none', {}, { maxConcurrency: 0 }, /Max Concurrency/],
		[
			'an address that the credential forbids',
			{ credential: { allowedHttpRequestDomains: 'none' } },
			{ baseUrl: 'http://localhost:9/v1' },
			/Base URL points to localhost:9, which the credential does not allow/,
		],
	];

	it.each(faults)(
		'should fail every row in its place, so that none passes for done: %s',
		async (_what, more, options, message) => {
			const rows = conversations(3).map((id, row) => ({ id, row, plan: 'pro' }));
			const failed = { error: expect.stringMatching(message), details: expect.anything() };
			const separate = await setPlan(rows, 'continueErrorOutput', options, more);
			expect(separate.error).toBeUndefined();
			expect(separate.outputs).toEqual([
				[],
				rows.map((row, item) => ({ json: { ...row, ...failed }, pairedItem: { item } })),
			]);
			const inPlace = await setPlan(rows, 'continueRegularOutput', options, more);
			expect(inPlace.items).toEqual(
				rows.map((_, item) => ({ json: failed, pairedItem: { item } })),
			);
			expect(inPlace.items.map((item) => detailsOf(item).advice)).toEqual(
				Array(3).fill(expect.stringMatching(/\w/)),
			);
			expect(server.requestCount).toBe(0);
		},
	);

	it.each(faults)('should end a node that stops: %s', async (_what, more, options, message) => {
		const rows = conversations(3).map((id) => ({ id, plan: 'pro' }));
		const { error, items } = await setPlan(rows, 'stopWorkflow', options, more);
		expect(error?.message).toMatch(message);
		expect(error?.description).toMatch(/\w.* 0 of 3 input items were done\./);
		expect(items).toEqual([]);
		expect(server.requestCount).toBe(0);
	});

	it('should fail every row where the operation is one that this version does not have', async () => {
		const { items } = await runNode(server.url, {
			items: [{ json: { row: 1 } }, { json: { row: 2 } }],
			parameters: { operation: 'archive', conversationId: 'conv_1' },
			settings: { onError: 'continueRegularOutput' },
		});
		const failed = {
			error: "The chosen operation doesn't exist in this version of the node",
			details: { advice: 'Choose Resource and Operation again, then save the workflow.' },
		};
		expect(items).toEqual([0, 1].map((item) => ({ json: failed, pairedItem: { item } })));
		expect(server.requestCount).toBe(0);
	});
});

describe('Five rows of which two fail', () => {
	it.each<[string, INodeParameters]>([
		['side by side', {}],
		['one at a time', { maxConcurrency: 1 }],
		['at a limited rate', { maxRequestsPerMinute: 3_000 }],
	])(
		'should always end with the error of the first, and with the same rows done: %s',
		async (_what, options) => {
			server.configure({ latencyMs: () => 30 * Math.random() });
			for (let time = 0; time < TIMES; time++) {
				server.reset();
				const ids = conversations(3);
				const rows = [ids[0], 'conv_missing', '', ids[1], ids[2]].map((id) => ({
					id,
					plan: 'pro',
				}));
				const { error } = await setPlan(rows, 'stopWorkflow', options);
				expect(error?.message).toBe("Conversation with id 'conv_missing' not found. [item 1]");
				expect(error?.description).toMatch(/1 of 5 input items was done\. To go on /);
				expect(ids.map((id) => server.store.getConversation(id)?.metadata.plan)).toEqual([
					'pro',
					undefined,
					undefined,
				]);
			}
		},
	);

	it('should always end with the error of the first, whichever answers first', async () => {
		for (let time = 0; time < TIMES; time++) {
			server.reset();
			const ids = conversations(3);
			for (const id of ids) {
				server.fault({
					match: { path: `/conversations/${id}` },
					status: 400,
					delayMs: 30 * Math.random(),
				});
			}
			const good = conversations(2);
			const rows = [good[0], ids[0], ids[1], good[1], ids[2]].map((id) => ({ id, plan: 'pro' }));
			const { error } = await setPlan(rows, 'stopWorkflow');
			expect(error?.message).toMatch(/status 400.*\[item 1\]$/);
			expect(server.store.getConversation(good[0] ?? '')?.metadata).toEqual({ plan: 'pro' });
		}
	});
});

describe('The tool of an agent that does not hear of what a tool throws', () => {
	it.each<[string, INodeParameters, RegExp, object]>([
		[
			'a conversation that is gone',
			{ conversationId: 'conv_missing', metadata: pairs({ a: 'b' }) },
			/not found/,
			{ status: 404, advice: expect.stringContaining('Check the ID') },
		],
		[
			'an ID that is none',
			{ conversationId: 'x y', metadata: pairs({ a: 'b' }) },
			/which is not the ID of a conversation/,
			{ advice: expect.stringMatching(/\w/) },
		],
	])(
		'should hand over the reason and what to do: %s',
		async (_what, parameters, error, details) => {
			const result = await runNode(server.url, { parameters, asTool: true });
			expect(result.error).toBeUndefined();
			expect(result.json).toEqual([
				{ error: expect.stringMatching(error), details: expect.objectContaining(details) },
			]);
		},
	);

	it('should hand over what is wrong with the credential', async () => {
		const { json, error } = await runNode(server.url, {
			parameters: { conversationId: 'conv_1', metadata: pairs({ a: 'b' }) },
			credential: { apiKey: '' },
			asTool: true,
		});
		expect(error).toBeUndefined();
		expect(json).toEqual([
			{
				error: 'API Key in the credential is empty',
				details: { advice: expect.stringMatching(/\w/) },
			},
		]);
	});
});

describe('The signal that stops the execution', () => {
	/** What still listens to it once the node has ended. */
	async function listenersAfter(
		action: () => Promise<unknown>,
		change: (context: IExecuteFunctions) => IExecuteFunctions = (context) => context,
	) {
		const { execute } = OpenAIConversation.prototype;
		let signal: AbortSignal | undefined;
		let before: number | undefined;
		let after: number | undefined;
		jest.spyOn(OpenAIConversation.prototype, 'execute').mockImplementation(async function (
			this: IExecuteFunctions,
		) {
			signal = this.getExecutionCancelSignal();
			const count = () =>
				signal === undefined ? undefined : getEventListeners(signal, 'abort').length;
			before = count();
			return await execute.call(change(this)).finally(() => {
				after = count();
			});
		});
		await action();
		return { before, after };
	}

	const rows = (id: string) => Array.from({ length: 5 }, () => ({ id, plan: 'pro' }));

	it.each<[string, () => Promise<unknown>]>([
		['success', async () => await setPlan(rows(conversations(1)[0] ?? ''), 'stopWorkflow')],
		['a failure', async () => await setPlan(rows('conv_missing'), 'stopWorkflow')],
		['failures that are passed on', async () => await setPlan(rows('x'), 'continueErrorOutput')],
		[
			'a credential that can not be used',
			async () => await setPlan(rows('conv_1'), 'stopWorkflow', {}, { credential: { apiKey: '' } }),
		],
		[
			'a stop',
			async () => {
				const stop = new AbortController();
				server.fault({ hang: true });
				const running = setPlan(
					rows(conversations(1)[0] ?? ''),
					'stopWorkflow',
					{ timeout: 60 },
					{ stop: stop.signal },
				);
				await until(() => server.inFlight === 1);
				stop.abort();
				await running;
			},
		],
	])('should have no listener left after %s', async (_what, action) => {
		const { before, after } = await listenersAfter(action);
		expect(before).toEqual(expect.any(Number));
		expect(after).toBe(before);
	});

	it('should have no listener left when n8n can not take what a row gave', async () => {
		const { id } = server.store.createConversation({ items: [{ role: 'user', content: 'a' }] });
		const failing = (context: IExecuteFunctions): IExecuteFunctions =>
			Object.create(context, {
				helpers: {
					value: {
						...context.helpers,
						prepareBinaryData: async () => await Promise.reject(new Error('The disk is full')),
					},
				},
			});
		let message: string | undefined;
		const { before, after } = await listenersAfter(async () => {
			const { error } = await runNode(server.url, {
				parameters: { operation: 'export', conversationId: id, exportTo: 'file' },
			});
			message = error?.message;
		}, failing);
		expect(message).toBe('The disk is full');
		expect(after).toBe(before);
	});
});
