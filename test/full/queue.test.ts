/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { setTimeout as pause } from 'node:timers/promises';
import { startServer } from '../../server/index.mjs';
import { at, field } from '../../sandbox/index.mjs';
import { newKey, webhookWorkflow } from '../e2e/support/workflows.mjs';
import { startCluster } from './support/cluster.mjs';
import { report } from './support/report.mjs';

/** n8n in queue mode: what 1,000 calls become with two workers, with one of them killed, and when a run is stopped. */

const key = newKey();
const CALLS = 1_000;
/** Calls that the client has open at a time. */
const CLIENTS = 40;
/** Executions that a worker runs at a time, n8n's default. */
const WORKER_CONCURRENCY = 10;
const UNFINISHED = ['new', 'running', 'waiting', 'unknown'];
const NOT_SUCCEEDED = ['error', 'crashed', 'canceled'];
const FINISHED = ['success', ...NOT_SUCCEEDED];

type Cluster = Awaited<ReturnType<typeof startCluster>>;
type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;
let cluster: Cluster;
let credential: { id: string; name: string };

beforeAll(async () => {
	server = await startServer({ apiKeys: [key] });
	cluster = await startCluster(['first', 'second']);
	const data = {
		apiKey: key,
		baseUrl: server.url,
		authentication: 'bearer',
		allowedHttpRequestDomains: 'all',
	};
	const name = 'OpenAI Conversation API';
	credential = {
		id: await cluster.n8n.createCredential({ name, type: 'openAIConversationApi', data }),
		name,
	};
}, 300_000);
afterAll(async () => {
	await cluster?.stop();
	await server?.close();
}, 60_000);
beforeEach(() => server.reset());

/** Publishes a workflow that sets the metadata `{ call }` on each conversation that the request names. */
async function publish(path: string, responseMode: 'lastNode' | 'onReceived'): Promise<string> {
	const id = await cluster.n8n.createWorkflow(
		webhookWorkflow({
			path,
			responseMode,
			credential,
			parameters: {
				conversationId: '={{ $json.id }}',
				metadata: { pairs: [{ key: 'call', value: '={{ $json.call }}' }] },
				options: {
					// So the API server sees who asks, and for which execution.
					additionalHeaders: {
						headers: [
							{ name: 'x-worker', value: '={{ $env.WORKER_NAME }}' },
							{ name: 'x-execution', value: '={{ $execution.id }}' },
						],
					},
				},
			},
		}),
	);
	await cluster.n8n.publishWorkflow(id);
	// n8n learns of a webhook after the publication; a call without items finds out when.
	await cluster.n8n.callWebhook(path, { items: [] });
	await allFinished(id);
	return id;
}

interface Call {
	/** Its number, which the conversation gets as metadata. */
	call: string;
	conversation: string;
	/** HTTP status of n8n's answer. */
	status: number;
	body: unknown;
}

/** Calls the webhook `CALLS` times, each time for a conversation of its own. */
async function callAll(path: string): Promise<Call[]> {
	const calls: Call[] = [];
	const pending = Array.from({ length: CALLS }, (_, index) => ({
		call: String(index),
		conversation: server.store.createConversation().id,
	}));
	const client = async () => {
		for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
			const { call, conversation } = next;
			const { status, body } = await cluster.n8n.callWebhook(path, {
				items: [{ id: conversation, call }],
			});
			calls.push({ ...next, status, body });
		}
	};
	await Promise.all(Array.from({ length: CLIENTS }, client));
	return calls;
}

interface Listing {
	ids: string[];
	/** All there are; `ids` holds the newest 100. */
	count: number;
}

/** Executions of a workflow by status. n8n's further pages may skip or repeat some, so only the first one is used. */
async function list(workflowId: string, status: readonly string[]): Promise<Listing> {
	const query = new URLSearchParams({
		filter: JSON.stringify({ workflowId, status }),
		limit: '100',
	});
	const page = await cluster.n8n.rest('GET', `/rest/executions?${query}`);
	const results = field(page, 'results');
	const ids = Array.isArray(results)
		? results.map((each: unknown) => String(field(each, 'id')))
		: [];
	return { ids, count: Number(field(page, 'count')) };
}

/** Waits until no execution of the workflow is left unfinished. */
async function allFinished(workflowId: string): Promise<void> {
	const deadline = Date.now() + 120_000;
	for (;;) {
		const { ids } = await list(workflowId, UNFINISHED);
		if (ids.length === 0) return;
		if (Date.now() > deadline)
			throw new Error(`These executions have not ended: ${ids.join(', ')}`);
		await pause(500);
	}
}

/** The conversation that an execution was asked to work on, from what n8n keeps of it. */
async function conversationOf(executionId: string): Promise<string> {
	const { data } = await cluster.n8n.execution(executionId);
	const started = data.resultData.runData['Webhook']?.[0]?.data?.main?.[0]?.[0]?.json;
	const waiting = data.executionData?.nodeExecutionStack[0]?.data?.['main']?.[0]?.[0]?.json;
	return String(at(started ?? waiting, 'body', 'items', '0', 'id'));
}

/** What n8n shows of an execution. */
const statusOf = async (id: string) =>
	String(field(await cluster.n8n.rest('GET', `/rest/executions/${id}`), 'status'));

/** Does the work for each entry, ten at a time. */
async function forEach<T>(entries: readonly T[], work: (entry: T) => Promise<void>): Promise<void> {
	const left = [...entries];
	const one = async () => {
		for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
	};
	await Promise.all(Array.from({ length: 10 }, one));
}

const callOf = (conversation: string) =>
	server.store.getConversation(conversation)?.metadata['call'];

const countBy = (values: readonly string[]): Record<string, number> => {
	const counts: Record<string, number> = {};
	for (const value of values.toSorted()) counts[value] = (counts[value] ?? 0) + 1;
	return counts;
};

const workersSeen = () =>
	countBy(server.requests.map(({ headers }) => String(headers['x-worker'])));

/** Execution and conversation of each request that the API server has seen. */
const executionsSeen = () =>
	server.requests.map(
		({ headers, path }) => [String(headers['x-execution']), path.split('/').at(-1) ?? ''] as const,
	);

describe('Queue mode', () => {
	it('should answer 1,000 webhook calls, each with its metadata in place, spread over both workers', async () => {
		const workflow = await publish('answered', 'lastNode');
		const { count: earlier } = await list(workflow, FINISHED);
		server.configure({ latencyMs: 20 });
		const startedAt = Date.now();
		const calls = await callAll('answered');
		const seconds = (Date.now() - startedAt) / 1_000;
		const spread = workersSeen();
		report('queue, two workers', { seconds, spread });

		expect(countBy(calls.map(({ status }) => String(status)))).toEqual({ 200: CALLS });
		for (const { conversation, call, body } of calls) {
			expect(body).toEqual([expect.objectContaining({ id: conversation, metadata: { call } })]);
			expect(callOf(conversation)).toBe(call);
		}
		expect(server.requestCount).toBe(CALLS);
		await allFinished(workflow);
		expect(await list(workflow, FINISHED)).toMatchObject({ count: CALLS + earlier });
		expect(await list(workflow, NOT_SUCCEEDED)).toMatchObject({ count: 0 });
		expect(Object.keys(spread)).toEqual(['first', 'second']);
		expect(Math.min(...Object.values(spread))).toBeGreaterThan(CALLS / 5);
	}, 300_000);

	it('should abort the requests of a running execution on its worker, when main is told to stop it', async () => {
		const workflow = await publish('stopped', 'onReceived');
		server.configure({ latencyMs: 120_000 });
		const items = Array.from({ length: 30 }, (_, call) => ({
			call,
			id: server.store.createConversation().id,
		}));
		const { status } = await cluster.n8n.callWebhook('stopped', { items });
		expect(status).toBe(200);
		const deadline = Date.now() + 30_000;
		while (server.inFlight < 10 && Date.now() < deadline) await pause(20);
		expect(server.inFlight).toBe(10);

		const [running = ''] = (await list(workflow, ['running'])).ids;
		const stoppedAt = Date.now();
		await cluster.n8n.stopExecution(running);
		while (server.inFlight > 0 && Date.now() < deadline) await pause(20);
		const ms = Date.now() - stoppedAt;
		report('queue, stopped from main', { ms });

		expect(server.requests.map(({ aborted, applied }) => ({ aborted, applied }))).toEqual(
			Array.from({ length: 10 }, () => ({ aborted: true, applied: false })),
		);
		expect(ms).toBeLessThan(5_000);
		await pause(1_000);
		expect(server.requestCount).toBe(10);
		await allFinished(workflow);
		expect(await statusOf(running)).toBe('canceled');
	}, 120_000);

	it.each([
		['acknowledged at once', 'acknowledged', 'onReceived', 'second', 'third'],
		['answered at its end', 'awaited', 'lastNode', 'third', 'fourth'],
	] as const)(
		'should lose no call that is %s when a worker is killed: each is a success or shown as failed',
		async (_what, path, responseMode, victim, successor) => {
			const workflow = await publish(path, responseMode);
			const { count: earlier } = await list(workflow, FINISHED);
			server.configure({ latencyMs: 100 });
			const calling = callAll(path);
			while (server.requestCount < CALLS / 4) await pause(5);
			const killed = cluster.workers.find(({ name }) => name === victim);
			await killed?.kill();
			const killedAt = Date.now();
			// What n8n knows of them now: once it has found out, it keeps no data of a lost execution.
			const conversations = new Map<string, string>();
			await forEach((await list(workflow, ['running'])).ids, async (id) => {
				conversations.set(id, await conversationOf(id));
			});
			cluster.workers.push(await cluster.startWorker(successor));
			const calls = await calling;
			await allFinished(workflow);
			const seconds = (Date.now() - killedAt) / 1_000;

			// What became of each call's execution, as n8n shows it.
			for (const [execution, conversation] of executionsSeen())
				conversations.set(execution, conversation);
			const shown = new Map<string, string>();
			await forEach([...conversations], async ([execution, conversation]) => {
				expect(shown.get(conversation)).toBeUndefined();
				shown.set(conversation, await statusOf(execution));
			});
			// Of those that had only just been taken from the queue, n8n keeps no more than that they failed.
			const { ids: lost } = await list(workflow, NOT_SUCCEEDED);
			const unnamed = lost.filter((id) => !conversations.has(id));
			const unknown = calls.filter(({ conversation }) => !shown.has(conversation));
			expect(unknown).toHaveLength(unnamed.length);
			for (const [index, { conversation }] of unknown.entries()) {
				shown.set(conversation, await statusOf(unnamed[index] ?? ''));
			}
			const rows = calls.map(({ conversation, call, status }) => {
				const answer = status < 300 ? 'acknowledged' : `refused with ${status}`;
				const metadata = callOf(conversation) === call ? 'in place' : 'missing';
				return `${answer}, shown as ${shown.get(conversation) ?? 'lost'}, metadata ${metadata}`;
			});
			const table = countBy(rows);
			report('queue, a worker killed', {
				path,
				seconds,
				spread: workersSeen(),
				unnamed: unnamed.length,
				table,
			});

			expect(rows).toHaveLength(CALLS);
			const allowed = [
				/^acknowledged, shown as success, metadata in place$/,
				responseMode === 'onReceived'
					? /^acknowledged, shown as (error|crashed), metadata (in place|missing)$/
					: /^refused with 500, shown as (error|crashed), metadata (in place|missing)$/,
			];
			expect(
				Object.keys(table).filter((row) => !allowed.some((pattern) => pattern.test(row))),
			).toEqual([]);
			expect(await list(workflow, FINISHED)).toMatchObject({ count: CALLS + earlier });
			expect(lost).toHaveLength(
				CALLS - (table['acknowledged, shown as success, metadata in place'] ?? 0),
			);
			// The killed worker had no more executions at work than it may run at a time.
			expect(lost.length).toBeGreaterThan(0);
			expect(lost.length).toBeLessThanOrEqual(WORKER_CONCURRENCY);
			// Nothing was sent twice.
			expect(new Set(server.requests.map(({ path: address }) => address)).size).toBe(
				server.requestCount,
			);
		},
		300_000,
	);
});
