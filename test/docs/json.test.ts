import type { IDataObject } from 'n8n-workflow';

import { OpenAIConversationApi } from '../../credentials/OpenAIConversationApi.credentials';
import { OpenAIConversation } from '../../nodes/OpenAIConversation/OpenAIConversation.node';
import { startServer } from '../../server/index.mjs';
import { API_KEY, runNode } from '../support/engine';
import type { RunOptions } from '../support/engine';
import { blocksOf, pages } from './markdown';

type Parameters = RunOptions['parameters'];
type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
afterAll(async () => await server.close());

/** What the pages call the conversation of their examples. */
const EXAMPLE_ID = 'conv_abc123';

const TYPE = 'n8n-nodes-openai-conversation.openAIConversation';
const { properties } = new OpenAIConversation().description;
const names = properties.map(({ name }) => name);

interface NodeJson {
	name: string;
	type: string;
	parameters: Parameters;
}

/** Runs the node with parameters as a page shows them, on a conversation that exists. */
async function run(parameters: Parameters, settings: RunOptions['settings'] = {}) {
	expect(names).toEqual(expect.arrayContaining(Object.keys(parameters)));
	const { id } = server.store.createConversation({ metadata: { old: 'value', draft: 'yes' } });
	const text = JSON.stringify(parameters).replaceAll(EXAMPLE_ID, id);
	const own: Parameters = JSON.parse(text);
	const item: IDataObject = { conversation: id, topic: 'billing', id, chatInput: 'Hello' };
	const result = await runNode(server.url, { parameters: own, items: [{ json: item }], settings });
	return { ...result, id, metadata: server.store.getConversation(id)?.metadata };
}

async function runToSuccess(parameters: Parameters): Promise<void> {
	const { error, metadata } = await run(parameters);
	expect(error).toBeUndefined();
	expect(metadata).not.toHaveProperty('old');
	expect(metadata).toHaveProperty('topic');
}

interface WorkflowJson {
	nodes: NodeJson[];
	connections: Record<string, { main: Array<Array<{ node: string }>> }>;
}

/** The nodes in the order in which they run, from the one that nothing leads to. */
function chainOf({ nodes, connections }: WorkflowJson): NodeJson[] {
	const next = (name: string) => connections[name]?.main[0]?.[0]?.node;
	const followers = new Set(nodes.map(({ name }) => next(name)));
	const chain: NodeJson[] = [];
	let current = nodes.find(({ name }) => !followers.has(name));
	while (current !== undefined) {
		chain.push(current);
		const following = next(current.name);
		current = nodes.find(({ name }) => name === following);
	}
	return chain;
}

const checks: Record<string, (text: string) => Promise<void> | void> = {
	parameters: async (text) => await runToSuccess(JSON.parse(text)),

	async workflow(text) {
		const chain = chainOf(JSON.parse(text));
		const { size } = server.store.conversations;
		const ours = chain.filter(({ type }) => type === TYPE);
		expect(chain.map(({ type }) => type)).toEqual(['n8n-nodes-base.manualTrigger', TYPE, TYPE]);
		let items: RunOptions['items'] = [{ json: {} }];
		for (const { parameters } of ours) {
			expect(names).toEqual(expect.arrayContaining(Object.keys(parameters)));
			const result = await runNode(server.url, { parameters, items });
			expect(result.error).toBeUndefined();
			items = result.items;
		}
		expect(items).toHaveLength(1);
		expect(items[0]?.json.metadata).toEqual({ topic: 'billing', status: 'open' });
		expect(server.store.conversations.size).toBe(size + 1);
	},

	async send(text) {
		const { json, error, id } = await run(JSON.parse(text));
		expect(error).toBeUndefined();
		expect(json).toEqual([
			expect.objectContaining({ conversation: id, status: 'completed', text: expect.any(String) }),
		]);
		if (text.includes('jsonSchema')) {
			expect(json[0]?.data).toEqual({ category: expect.any(String), answer: expect.any(String) });
		}
	},

	async trim(text) {
		const { json, error, id } = await run(JSON.parse(text));
		expect(error).toBeUndefined();
		expect(json).toEqual([{ id, kept_items: 0, deleted_items: 0 }]);
	},

	async metadata(text) {
		const { error, metadata } = await run({
			conversationId: EXAMPLE_ID,
			metadataInput: 'json',
			metadataJson: text,
			updateMode: 'merge',
		});
		expect(error).toBeUndefined();
		const given: Record<string, string | null> = JSON.parse(text);
		for (const [key, value] of Object.entries(given)) expect(metadata?.[key] ?? null).toBe(value);
		expect(metadata).toHaveProperty('old');
	},

	async 'failed item'(text) {
		const { json, error } = await run(
			{ conversationId: 'conv_404', metadataInput: 'json', metadataJson: { topic: 'billing' } },
			{ onError: 'continueRegularOutput' },
		);
		expect(error).toBeUndefined();
		const { error: message, details }: { error: string; details: IDataObject } = JSON.parse(text);
		const requestId: unknown = expect.stringMatching(/^req_[0-9a-f]+$/);
		expect(json).toEqual([{ error: message, details: { ...details, request_id: requestId } }]);
	},

	async items(text) {
		const { id, error } = await run({
			resource: 'item',
			operation: 'add',
			conversationId: EXAMPLE_ID,
			itemsInput: 'json',
			itemsJson: text,
		});
		expect(error).toBeUndefined();
		expect(server.store.getConversation(id)?.items).toMatchObject(JSON.parse(text));
	},

	/** The messages as n8n's Chat Memory Manager gives them, the last of them still without a reply. */
	async 'simple memory'(text) {
		const messages = [{ human: 'Hello', ai: 'Hi there' }, { human: 'Are you well?' }];
		const { json, error } = await runNode(server.url, {
			parameters: { operation: 'create', itemsInput: 'json', itemsJson: `=${text.trim()}` },
			items: [{ json: { messages, messagesCount: 2 } }],
		});
		expect(error).toBeUndefined();
		expect(server.store.getConversation(String(json[0]?.id))?.items).toMatchObject([
			{ role: 'user', content: [{ text: 'Hello' }] },
			{ role: 'assistant', content: [{ text: 'Hi there' }] },
			{ role: 'user', content: [{ text: 'Are you well?' }] },
		]);
	},

	tool(text) {
		const parameters: Parameters = JSON.parse(text);
		expect(names).toEqual(expect.arrayContaining(Object.keys(parameters)));
	},

	overwrite(text) {
		const overwrites: Record<string, Record<string, string>> = JSON.parse(text);
		const credential = new OpenAIConversationApi();
		expect(Object.keys(overwrites)).toEqual([credential.name]);
		const fields = credential.properties.map(({ name }) => name);
		expect(fields).toEqual(expect.arrayContaining(Object.keys(overwrites[credential.name] ?? {})));
	},

	'other node'(text) {
		const node: NodeJson = JSON.parse(text);
		expect(node).toMatchObject({
			name: expect.any(String),
			type: expect.any(String),
			parameters: expect.any(Object),
		});
		expect(node.type).not.toBe(TYPE);
	},
};

describe('JSON and expressions in the documentation', () => {
	const blocks = pages
		.flatMap(blocksOf)
		.filter(({ language, check }) => language === 'json' || check in checks);

	it.each(blocks.map(({ page, check, text }) => [page, check, text] as const))(
		'%s: %s',
		async (_, check, text) => {
			const run = checks[check];
			if (run === undefined)
				throw new Error(`Say before the block as what it is to be checked:\n${text}`);
			await run(text);
		},
	);
});
