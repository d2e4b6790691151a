import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Failure, node24, root } from '../../sandbox/index.mjs';
import { bareLoop, credentialOf, httpRequestNode, openAiNode, ourNode } from './peers.mjs';
import { median, rotated, summaryOf } from './statistics.mjs';

/** @import { Peer } from './peers.mjs' */
/** @import { Stage } from './stage.mjs' */

/** @typedef {(detail: string) => void} Say */
/** @typedef {{ median: number, least: number, most: number }} Summary */
/** @typedef {{ label: string, ms: number[], summary: Summary, maxInFlight: number, connections: number }} PeerResult */

/**
 * The same job through several nodes, in interleaved rounds. The time is the measured node's alone, as n8n reports it.
 *
 * @param {Stage} stage
 * @param {Record<string, Peer>} peers
 * @param {{ items: number, latencyMs: number, rounds: number, warmUp?: number }} job
 * @param {Say} say
 * @returns {Promise<Record<string, PeerResult>>}
 */
async function compare(
	{ api, publishPeer, call, lastRun },
	peers,
	{ items, latencyMs, rounds, warmUp = 100 },
	say,
) {
	const entries = await Promise.all(
		Object.entries(peers).map(async ([name, peer]) => ({
			name,
			peer,
			job: await publishPeer(peer),
		})),
	);
	/** @type {Record<string, PeerResult>} */
	const results = Object.fromEntries(
		entries.map(({ name, peer }) => [
			name,
			{ label: peer.label, ms: [], summary: summaryOf([NaN]), maxInFlight: 0, connections: 0 },
		]),
	);
	for (let round = -1; round < rounds; round++) {
		for (const { name, peer, job } of rotated(entries, Math.max(0, round))) {
			const count = round < 0 ? warmUp : items;
			say(
				round < 0 ? `warming up: ${peer.label}` : `round ${round + 1} of ${rounds}: ${peer.label}`,
			);
			await api.reset({ latencyMs: round < 0 ? 0 : latencyMs });
			const ids = await api.seed(count);
			const before = await api.stats();
			await call(
				job,
				ids.map((id) => ({ id })),
			);
			const { requests, maxInFlight, connections } = await api.stats();
			if (requests !== count || (await api.countUpdated()) !== count) {
				throw new Failure(
					`${peer.label} made ${requests} requests and updated ${await api.countUpdated()} of ${count} conversations.`,
				);
			}
			const { executionTime } = await lastRun(job);
			const result = results[name];
			if (round < 0 || result === undefined) continue;
			result.ms.push(executionTime);
			result.summary = summaryOf(result.ms);
			result.maxInFlight = Math.max(result.maxInFlight, maxInFlight);
			result.connections = connections - before.connections;
		}
	}
	return results;
}

/**
 * @param {Stage} stage
 * @param {number} rounds
 * @param {Say} say
 */
export async function fiveHundred(stage, rounds, say) {
	const peers = {
		openAi: openAiNode(),
		httpRequest: httpRequestNode(stage.api),
		ours10: ourNode('this node, default options (10 in flight)', {}),
		ours32: ourNode('this node, 32 in flight', { maxConcurrency: 32 }),
		bare32: bareLoop(stage.api, 32),
	};
	return await compare(stage, peers, { items: 500, latencyMs: 50, rounds }, say);
}

/**
 * @param {Stage} stage
 * @param {number} rounds
 * @param {Say} say
 */
export async function oneAtATime(stage, rounds, say) {
	const peers = {
		openAi: openAiNode(),
		ours1: ourNode('this node, 1 in flight', { maxConcurrency: 1 }),
		bare1: bareLoop(stage.api, 1),
	};
	return await compare(stage, peers, { items: 500, latencyMs: 0, rounds }, say);
}

const MESSAGE = '={{ $json.text }}';

/**
 * 1,000 messages to one conversation with our node; and as a user has to do it without: a loop in the workflow with one
 * call per message, since the HTTP Request node keeps no order.
 *
 * @param {Stage} stage
 * @param {number} rounds
 * @param {Say} say
 */
export async function messages({ api, publish, publishPeer, call, lastRun }, rounds, say) {
	const COUNT = 1_000;
	const LOOPED = 200;
	const latencyMs = 50;
	const ours = await publishPeer({
		label: '',
		type: 'n8n-nodes-openai-conversation.openAIConversation',
		typeVersion: 1,
		parameters: {
			resource: 'item',
			operation: 'add',
			conversationId: '={{ $json.id }}',
			itemsInput: 'fields',
			messages: { values: [{ role: 'user', text: MESSAGE }] },
			options: {},
		},
		credentials: credentialOf('ours'),
	});
	const httpRequest = httpRequestNode(api);
	const loop = await publish({
		nodes: [
			{
				name: 'Loop',
				type: 'n8n-nodes-base.splitInBatches',
				typeVersion: 3,
				parameters: { batchSize: 1, options: {} },
			},
			{
				name: 'Add',
				...httpRequest,
				parameters: {
					...httpRequest.parameters,
					url: `=${api.url}/conversations/{{ $json.id }}/items`,
					jsonBody:
						'={{ JSON.stringify({ items: [{ type: "message", role: "user", content: $json.text }] }) }}',
				},
			},
		],
		extraConnections: {
			Loop: { main: [[], [{ node: 'Add', type: 'main', index: 0 }]] },
			Add: { main: [[{ node: 'Loop', type: 'main', index: 0 }]] },
		},
	});

	/** @param {number} count */
	const begin = async (count) => {
		await api.reset({ latencyMs });
		const [id = ''] = await api.seed(1);
		return { id, items: Array.from({ length: count }, (_, n) => ({ id, text: `message ${n}.` })) };
	};
	/** @param {string} id @param {number} count */
	const check = async (id, count) => {
		const text = JSON.stringify(await api.conversation(id));
		const found = [...text.matchAll(/message (\d+)\./g)].map(([, n]) => Number(n));
		if (found.length !== count || found.some((n, place) => n !== place)) {
			throw new Failure(`Of ${count} messages ${found.length} arrived, or in another order.`);
		}
	};

	/** @type {number[]} */
	const oursMs = [];
	let requests = 0;
	for (let round = 0; round < rounds; round++) {
		say(`round ${round + 1} of ${rounds}`);
		const { id, items } = await begin(COUNT);
		await call(ours, items);
		oursMs.push((await lastRun(ours)).executionTime);
		await check(id, COUNT);
		({ requests } = await api.stats());
	}
	say('one call per message');
	const { id, items } = await begin(LOOPED);
	const loopMs = await call(loop, items);
	await check(id, LOOPED);
	return {
		latencyMs,
		count: COUNT,
		requests,
		ours: summaryOf(oursMs),
		looped: LOOPED,
		oneCallEachMs: (loopMs * COUNT) / LOOPED,
	};
}

/** Mixed, so that what n8n learns or gathers on the way weighs on all of them alike; the first one warms up. */
const COUNTS = [5_000, 1_000, 5_000, 1_000, 1_000, 20_000, 1_000, 5_000, 1_000];
const MANY = { maxConcurrency: 32 };

/**
 * Time per item for ever more items.
 *
 * @param {Stage} stage
 * @param {Say} say
 */
export async function timeAtScale({ api, inspector, publishPeer, call, lastRun }, say) {
	const job = await publishPeer(ourNode('', MANY));
	/** @param {number} count @returns {Promise<number>} ms per item */
	const once = async (count) => {
		say(`${count.toLocaleString('en-US')} items`);
		await api.reset();
		const ids = await api.seed(count);
		await inspector.usedHeap();
		await call(
			job,
			ids.map((id) => ({ id })),
		);
		return (await lastRun(job)).executionTime / count;
	};
	/** @type {Map<number, number[]>} */
	const times = new Map();
	for (const [round, count] of COUNTS.entries()) {
		const ms = await once(count);
		if (round > 0) times.set(count, [...(times.get(count) ?? []), ms]);
	}
	return [...times]
		.sort(([a], [b]) => a - b)
		.map(([count, ms]) => ({ count, msPerItem: summaryOf(ms) }));
}

/**
 * The node's own memory. The last of the items is answered late: while it is awaited, what the process uses after a
 * garbage collection is input, output and all that the node keeps. It is measured again in the node that follows, when
 * input and output still are there but nothing else of the node is. The difference is the node's own.
 *
 * @param {Stage} stage
 * @param {Say} say
 */
export async function memoryAtScale({ api, inspector, publishPeer, call }, say) {
	const after = {
		name: 'After',
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		executeOnce: true,
		parameters: {
			url: `${api.url}/conversations/conv_after`,
			options: { response: { response: { neverError: true } } },
		},
	};
	const job = await publishPeer(ourNode('', MANY), [after]);
	/** @type {Array<{ count: number, ownBytesPerItem: number }>} */
	const memory = [];
	for (const count of [5_000, 20_000]) {
		say(`${count.toLocaleString('en-US')} items`);
		await api.reset();
		const ids = await api.seed(count);
		// Long enough for all others to be over and for the garbage collections.
		const delayMs = 10_000;
		await api.fault({ match: { path: `/conversations/${ids.at(-1)}` }, delayMs });
		await api.fault({ match: { path: '/conversations/conv_after' }, delayMs, status: 404 });
		const running = call(
			job,
			ids.map((id) => ({ id })),
		);
		/** @param {number} requests */
		const reached = async (requests) => {
			for (;;) {
				const now = await api.stats();
				if (now.requests === requests && now.inFlight === 1) return;
				if (now.requests > requests)
					throw new Failure('The last item was answered before it was looked at.');
				await Promise.race([wait(50), running]);
			}
		};
		await reached(count);
		const during = await inspector.usedHeap();
		await reached(count + 1);
		const afterwards = await inspector.usedHeap();
		await running;
		memory.push({ count, ownBytesPerItem: (during - afterwards) / count });
	}
	return memory;
}

/**
 * A server with a real token bucket.
 *
 * @param {Stage} stage
 * @param {Say} say
 */
export async function tokenBucket({ api, publishPeer, call, lastRun }, say) {
	const rateLimit = { perSecond: 60, burst: 60 };
	const COUNT = 1_000;
	const idealMs = ((COUNT - rateLimit.burst) / rateLimit.perSecond) * 1_000;
	/** @type {Array<{ concurrency: number, hasLimitHeaders: boolean, ms: number, times: number, refused: number, share: number }>} */
	const results = [];
	for (const { concurrency, hasLimitHeaders } of [
		{ concurrency: 10, hasLimitHeaders: false },
		{ concurrency: 32, hasLimitHeaders: false },
		{ concurrency: 32, hasLimitHeaders: true },
	]) {
		say(`${concurrency} in flight, ${hasLimitHeaders ? 'with' : 'without'} x-ratelimit headers`);
		const job = await publishPeer(ourNode('', { maxConcurrency: concurrency, maxRetries: 3 }));
		await api.reset({ latencyMs: 50, rateLimit });
		if (!hasLimitHeaders) {
			const names = ['limit', 'remaining', 'reset'].map((part) => [
				`x-ratelimit-${part}-requests`,
				'-',
			]);
			await api.fault({ times: 'Infinity', headers: Object.fromEntries(names) });
		}
		const ids = await api.seed(COUNT);
		await call(
			job,
			ids.map((id) => ({ id })),
		);
		const { executionTime: ms } = await lastRun(job);
		const { requests } = await api.stats();
		const updated = await api.countUpdated();
		if (updated !== COUNT)
			throw new Failure(`Only ${updated} of ${COUNT} items succeeded against the token bucket.`);
		const refused = requests - COUNT;
		results.push({
			concurrency,
			hasLimitHeaders,
			ms,
			times: ms / idealMs,
			refused,
			share: refused / requests,
		});
	}
	return { ...rateLimit, count: COUNT, idealMs, results };
}

/** Prints the ms that n8n-workflow takes to load, and what our node takes on top. */
const LOADING = `
const { performance } = require('node:perf_hooks');
const start = performance.now();
require('n8n-workflow');
const middle = performance.now();
require('./dist/nodes/OpenAIConversation/OpenAIConversation.node.js');
console.log(JSON.stringify([middle - start, performance.now() - middle]));
`;

/** @param {Say} say */
export async function loading(say) {
	/** @type {number[]} */
	const workflowMs = [];
	/** @type {number[]} */
	const nodeMs = [];
	for (let times = 0; times < 15; times++) {
		say(`${times + 1} of 15`);
		const { stdout } = await promisify(execFile)(node24, ['-e', LOADING], { cwd: join(root) });
		/** @type {[number, number]} */
		const [workflow, node] = JSON.parse(stdout);
		workflowMs.push(workflow);
		nodeMs.push(node);
	}
	return { workflowMs: median(workflowMs), nodeMs: summaryOf(nodeMs) };
}
