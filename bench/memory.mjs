import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
	ensureN8n,
	installNode,
	n8nVersion,
	newOwner,
	node24,
	packNode,
	startN8n,
} from '../sandbox/index.mjs';
import { startServer } from '../server/index.mjs';
import { CREDENTIAL_TYPE, newId, newKey } from '../test/e2e/support/workflows.mjs';
import {
	agent,
	link,
	MEMORY,
	memoryNode,
	modelNode,
	node,
	webhook,
	workflow,
} from '../test/full/support/memoryWorkflows.mjs';
import { startRedis } from '../test/full/support/services.mjs';

/**
 * What a memory adds to a turn of an agent: the same workflow without a memory, with Simple Memory, Redis Chat Memory
 * and OpenAI Conversation Memory, with histories of several lengths. `node bench/memory.mjs` writes results-memory.md.
 */

const LATENCY_MS = 50;
const LENGTHS = [10, 100, 1_000];
const TURNS = Number(process.env['BENCH_TURNS'] ?? 15);
/** Ends the measurement, whatever came of it. */
const DEADLINE_MS = 10 * 60_000;
const RESULTS = new URL('results-memory.md', import.meta.url);

/** @typedef {ReturnType<typeof node>} Node */

/** @param {readonly number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/**
 * @param {string} name
 * @param {string} type
 * @param {number} version
 * @param {string} session
 * @param {Record<string, unknown>} [more]
 */
const sessionMemory = (name, type, version, session, more) =>
	node(
		name,
		`@n8n/n8n-nodes-langchain.${type}`,
		version,
		{ sessionIdType: 'customKey', sessionKey: session, contextWindowLength: 5 },
		more,
	);

const deadline = setTimeout(() => {
	console.error('The measurement took too long.');
	process.exit(1);
}, DEADLINE_MS);
const folder = await mkdtemp(join(tmpdir(), 'bench-memory-'));
const key = newKey();
const api = await startServer({ apiKeys: [key] });
const [entry, tarball, redis] = [await ensureN8n(), await packNode(), await startRedis(folder)];
await installNode(folder, tarball);
const n8n = await startN8n({
	node: node24,
	entry,
	folder,
	log: join(folder, 'n8n.log'),
	owner: newOwner(),
});

/**
 * @param {string} type
 * @param {Record<string, unknown>} data
 */
const credentialOf = async (type, data) => ({
	name: type,
	id: await n8n.createCredential({ name: type, type, data }),
});

try {
	const openAi = await credentialOf('openAiApi', { apiKey: key, url: api.url });
	const own = await credentialOf(CREDENTIAL_TYPE, {
		apiKey: key,
		baseUrl: api.url,
		authentication: 'bearer',
	});
	const redisCredential = await credentialOf('redis', {
		host: '127.0.0.1',
		port: redis.port,
		database: 0,
	});

	/** @param {Array<Node>} nodes @param {Array<ReturnType<typeof link>>} links */
	const publish = async (nodes, links) =>
		await n8n.publishWorkflow(await n8n.createWorkflow(workflow('Bench', nodes, links)));

	/** Writes a history through Chat Memory Manager. @param {Node} memory @param {number} length */
	async function fill(memory, length) {
		const path = newId();
		const messageValues = Array.from({ length }, (_, place) => ({
			type: place % 2 === 0 ? 'user' : 'ai',
			message: `text ${place}`,
		}));
		const manager = node('Manager', '@n8n/n8n-nodes-langchain.memoryManager', 1.1, {
			mode: 'insert',
			messages: { messageValues },
		});
		await publish(
			[webhook(path), manager, memory],
			[link('Webhook', 'Manager'), link(memory.name, 'Manager', 'ai_memory')],
		);
		await n8n.callWebhook(path, {});
	}

	/** @param {Node | undefined} memory @returns {Promise<string>} the path of the agent's webhook */
	async function publishAgent(memory) {
		const path = newId();
		await publish(
			[webhook(path), agent(3), modelNode(openAi), ...(memory ? [memory] : [])],
			[
				link('Webhook', 'AI Agent'),
				link('Model', 'AI Agent', 'ai_languageModel'),
				...(memory ? [link(memory.name, 'AI Agent', 'ai_memory')] : []),
			],
		);
		await n8n.callWebhook(path, { request: 'Hello' });
		return path;
	}

	/** @type {Array<{ name: string, length: number, path: string, times: number[] }>} */
	const candidates = [];
	const add = async (
		/** @type {string} */ name,
		/** @type {number} */ length,
		/** @type {Node | undefined} */ memory,
	) => candidates.push({ name, length, path: await publishAgent(memory), times: [] });

	await add('no memory', 0, undefined);
	for (const length of LENGTHS) {
		const simple = sessionMemory(MEMORY, 'memoryBufferWindow', 1.3, `simple-${length}`);
		const inRedis = sessionMemory(MEMORY, 'memoryRedisChat', 1.5, `redis-${length}`, {
			credentials: { redis: redisCredential },
		});
		for (const [name, memory] of /** @type {const} */ ([
			['Simple Memory', simple],
			['Redis Chat Memory', inRedis],
		])) {
			await fill(memory, length);
			await add(name, length, memory);
		}
		const { id } = api.store.createConversation({
			items: Array.from({ length }, (_, place) => ({
				type: 'message',
				role: place % 2 === 0 ? 'user' : 'assistant',
				content: `text ${place}`,
			})),
		});
		await add('OpenAI Conversation Memory', length, memoryNode(own, { conversationId: id }));
	}

	api.configure({ latencyMs: LATENCY_MS });
	const requestsBefore = api.requestCount;
	// Taken in turns, so that what else the machine does meets them alike.
	for (let turn = 0; turn < TURNS; turn++) {
		for (const { path, times } of candidates) {
			const startedAt = performance.now();
			const { status } = await n8n.callWebhook(path, { request: `Turn ${turn}` });
			if (status !== 200) throw new Error(`n8n answered with ${status}`);
			times.push(performance.now() - startedAt);
		}
	}
	const itemCalls = api.requests
		.slice(requestsBefore)
		.filter(({ path }) => path.includes('/items')).length;

	const base = median(candidates[0]?.times ?? []);
	const rows = [...new Set(candidates.map(({ name }) => name))].slice(1).map((name) => {
		const cells = LENGTHS.map((length) => {
			const found = candidates.find((each) => each.name === name && each.length === length);
			return `${Math.round(median(found?.times ?? []) - base)} ms`;
		});
		return `| ${name} | ${cells.join(' | ')} |`;
	});
	const text = [
		'# What a memory adds to a turn of an agent',
		'',
		`Median of ${TURNS} turns over that of the same agent without a memory (${Math.round(base)} ms), n8n ${n8nVersion}, ${LATENCY_MS} ms of latency at the API, a window of 5 turns, Redis on the same machine. Made by \`node bench/memory.mjs\`.`,
		'',
		`| items in the history | ${LENGTHS.map((length) => length.toLocaleString('en-US')).join(' | ')} |`,
		`| --- |${LENGTHS.map(() => ' --- |').join('')}`,
		...rows,
		'',
		`OpenAI Conversation Memory made ${itemCalls / TURNS / LENGTHS.length} requests for a turn.`,
		'',
	].join('\n');
	await writeFile(RESULTS, text);
	console.log(text);
} finally {
	clearTimeout(deadline);
	await n8n.stop();
	await api.close();
	await rm(folder, { recursive: true, force: true });
}
process.exit();
