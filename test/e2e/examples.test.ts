import {
	at,
	exampleCredentials,
	exampleNames,
	field,
	readExample,
	type Workflow,
} from '../../sandbox/index.mjs';
import { dataTables } from './support/dataTables.mjs';
import { savedFiles } from './support/files.mjs';
import { postFile, postJson } from './support/post.mjs';
import { setStage, type Stage } from './support/stage.mjs';

let stage: Stage;

beforeAll(async () => {
	stage = await setStage();
	const { n8n, api, apiKey } = stage;
	await n8n.cli.importCredentials(exampleCredentials({ baseUrl: api.url, apiKey }));
});
beforeEach(() => stage.api.reset());
afterAll(async () => await stage.close());

type Change = { of: string; to: Record<string, unknown> };

/** Imports an example as it is, but for how it is started, and publishes it. */
async function publish(name: string, change?: Change): Promise<Workflow> {
	const example = await readExample(name, stage.n8n.folder);
	const nodes = example.nodes.map((node) =>
		change && field(node, 'name') === change.of ? Object.assign({}, node, change.to) : node,
	);
	await stage.n8n.cli.importWorkflows([{ ...example, nodes }]);
	await stage.n8n.publishWorkflow(example.id);
	return example;
}

/** Publishes an example that begins with a chat, for visitors without a login. */
async function publishChat(name: string) {
	const { nodes } = await publish(name, {
		of: 'Chat',
		to: { parameters: { public: true, options: {} } },
	});
	const chat = nodes.find((node) => field(node, 'name') === 'Chat');
	const address = `${stage.n8n.url}/webhook/${String(field(chat, 'webhookId'))}/chat`;
	return async (sessionId: string, chatInput: string) => {
		const { status, text } = await postJson(address, {
			action: 'sendMessage',
			sessionId,
			chatInput,
		});
		expect({ status, text }).toMatchObject({ status: 200 });
		return String(field(JSON.parse(text), 'output'));
	};
}

const metadataOf = (id: string) => stage.api.store.getConversation(id)?.metadata;

const textsOf = (id: string) =>
	stage.api.store
		.getConversation(id)
		?.items.map((item) => [item['role'], at(item, 'content', '0', 'text')]);

describe('The examples', () => {
	it('carry a note and no secret, and are switched off', async () => {
		const names = await exampleNames();
		const examples = await Promise.all(
			names.map(async (name) => await readExample(name, stage.n8n.folder)),
		);

		expect(names.toSorted()).toEqual([
			'agent-tool',
			'bulk-tagging',
			'chat-that-remembers',
			'merge-crm-fields',
			'retention',
			'set-conversation',
		]);
		for (const example of examples) {
			expect(example.nodes.map((node) => field(node, 'type'))).toContain(
				'n8n-nodes-base.stickyNote',
			);
			expect(JSON.stringify(example)).not.toMatch(/sk-[A-Za-z0-9]|Bearer |apiKey/);
			expect(field(example, 'active')).toBe(false);
		}
	});
});

describe('Keep CRM fields in a conversation’s metadata', () => {
	it('changes the CRM’s keys, removes those it sends empty, and leaves the others', async () => {
		await publish('merge-crm-fields');
		const metadata = { topic: 'billing', plan: 'free', account_owner: 'Kim' };
		const { id } = stage.api.store.createConversation({ metadata });

		const answer = await stage.n8n.callWebhook('crm-update', {
			conversation_id: id,
			company: 'Acme',
			plan: 'pro',
			owner: '',
		});

		expect(answer).toMatchObject({ status: 200, body: { id } });
		expect(metadataOf(id)).toEqual({ topic: 'billing', company: 'Acme', plan: 'pro' });
	});
});

describe('Tag conversations from a spreadsheet', () => {
	it('tags 500 rows but the bad ones, and reports what became of each', async () => {
		await publish('bulk-tagging');
		const ids = Array.from(
			{ length: 490 },
			() => stage.api.store.createConversation({ metadata: { status: 'new' } }).id,
		);
		const bad = [
			'conv_404',
			'',
			'resp_1',
			'abc',
			'conv_405',
			'thread_2',
			'conv_406',
			'x y',
			'conv_407',
			'msg_3',
		];
		const rows = [...ids, ...bad].map((id, row) => `${id},topic ${row},high`);
		const csv = `${['conversation,topic,priority', ...rows].join('\n')}\n`;

		const { status, text } = await postFile(
			`${stage.n8n.url}/webhook/tag-conversations`,
			'file',
			'rows.csv',
			csv,
		);

		expect(status).toBe(200);
		const report = text.trim().split('\n');
		expect(report).toHaveLength(501);
		expect(report.filter((line) => line.includes(',tagged,'))).toHaveLength(490);
		expect(report.filter((line) => line.includes(',not tagged,'))).toHaveLength(10);
		expect(text).toContain("Conversation with id 'conv_404' not found.");
		expect(text).toContain('Check the ID.');
		expect(text).toContain('Conversation ID is the ID of a response');
		expect(ids.map(metadataOf)).toEqual(
			ids.map((_, row) => ({ status: 'new', topic: `topic ${row}`, priority: 'high' })),
		);
	});
});

describe('An agent that tags conversations', () => {
	it('sets what the model asks for and keeps the rest', async () => {
		const { api } = stage;
		const say = await publishChat('agent-tool');
		const { id } = api.store.createConversation({ metadata: { status: 'new' } });
		api.model.nextToolCall = {
			arguments: { conversation_id: id, metadata: { topic: 'refund', priority: 'high' } },
		};

		const answer = await say('session-1', `Tag ${id} as an urgent refund.`);

		expect(answer).toContain('The tool answered');
		expect(metadataOf(id)).toEqual({ status: 'new', topic: 'refund', priority: 'high' });
	});
});

describe('An agent in the sandbox', () => {
	it('does something with a conversation that the user names, although its model only plays one', async () => {
		const say = await publishChat('agent-tool');
		const { id } = stage.api.store.createConversation({ metadata: { status: 'new' } });

		expect(await say('session-2', `Tag ${id} as an urgent refund.`)).toContain('The tool answered');
		expect(metadataOf(id)).toEqual({ status: 'new', note: `Tag ${id} as an urgent refund.` });
	});
});

describe('A chat that remembers', () => {
	it('keeps one conversation per session, notes the time, and saves the transcript at the end', async () => {
		const say = await publishChat('chat-that-remembers');

		expect(await say('ann', 'My parcel is late.')).toBe('You said: My parcel is late.');
		expect(await say('bob', 'Hello')).toBe('You said: Hello');
		expect(await say('ann', 'It is order 7.')).toBe('You said: It is order 7.');

		const rows = await dataTables(stage.n8n).rows('chat_sessions');
		expect(rows.map(({ session }) => session)).toEqual(['ann', 'bob']);
		const [ann = '', bob = ''] = rows.map(({ conversation }) => String(conversation));
		expect(textsOf(ann)).toEqual([
			['user', 'My parcel is late.'],
			['assistant', 'You said: My parcel is late.'],
			['user', 'It is order 7.'],
			['assistant', 'You said: It is order 7.'],
		]);
		expect(textsOf(bob)).toHaveLength(2);
		expect(metadataOf(ann)).toEqual({
			channel: 'chat',
			session: 'ann',
			last_message_at: expect.stringMatching(/^2\d{3}-.*Z$/),
		});

		expect(await say('ann', ' Bye ')).toContain(`${ann}.md`);

		const transcript = (await savedFiles(stage.n8n.folder)).get(`${ann}.md`) ?? '';
		expect(transcript).toContain('My parcel is late.');
		expect(transcript).toContain('You said: It is order 7.');
		expect(
			(await dataTables(stage.n8n).rows('chat_sessions')).map(({ session }) => session),
		).toEqual(['bob']);
		expect(await say('ann', 'Once more')).toBe('You said: Once more');
		expect(textsOf(ann)).toHaveLength(4);
	});
});

describe('Export and delete old conversations', () => {
	it('deletes what is past its date and saved, and notes what it could not do', async () => {
		const { n8n, api } = stage;
		const tables = dataTables(n8n);
		await tables.create('conversations', {
			conversation: 'string',
			tag: 'string',
			delete_after: 'date',
			problem: 'string',
		});
		const parameters = { httpMethod: 'POST', path: 'retention', responseMode: 'lastNode' };
		const webhook = {
			type: 'n8n-nodes-base.webhook',
			typeVersion: 2.1,
			webhookId: 'retention',
			parameters,
		};
		await publish('retention', { of: 'Try it now', to: webhook });
		const conversation = (text: string) =>
			api.store.createConversation({ items: [{ type: 'message', role: 'user', content: text }] })
				.id;
		const [old, older, young, kept] = [
			conversation('one'),
			conversation('two'),
			conversation('three'),
			conversation('four'),
		];
		const gone = 'conv_gone';
		const row = (id: string, tag: string, days: number) => ({
			conversation: id,
			tag,
			delete_after: new Date(Date.now() + days * 86_400_000).toISOString(),
		});
		await tables.insert('conversations', [
			row(old, 'archive', -1),
			row(gone, 'archive', -2),
			row(young, 'archive', 1),
			row(kept, 'keep', -3),
			row(older, 'archive', -400),
		]);

		const answer = await n8n.callWebhook('retention', {});

		expect(answer).toMatchObject({ status: 200 });
		expect([old, older, young, kept].filter((id) => api.store.getConversation(id))).toEqual([
			young,
			kept,
		]);
		const files = await savedFiles(n8n.folder);
		expect(files.get(`${old}.md`)).toContain('one');
		expect(files.get(`${older}.md`)).toContain('two');
		expect(files.has(`${young}.md`)).toBe(false);
		const left = await tables.rows('conversations');
		expect(left.map(({ conversation: id, problem }) => [id, problem])).toEqual([
			[gone, expect.stringContaining('not found')],
			[young, null],
			[kept, null],
		]);
	});
});
