import {
	at,
	exampleCredentials,
	exampleNames,
	field,
	readExample,
	type Workflow,
} from '../../sandbox/index.mjs';
import { until } from '../support/until.mjs';
import { dataTables } from './support/dataTables.mjs';
import { postFile, postJson, runCommand } from './support/post.mjs';
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

async function importAndPublish(name: string, change?: Change): Promise<Workflow> {
	const example = await readExample(name);
	const nodes = example.nodes.map((node) =>
		change && field(node, 'name') === change.of ? Object.assign({}, node, change.to) : node,
	);
	await stage.n8n.cli.importWorkflows([{ ...example, nodes }]);
	await stage.n8n.publishWorkflow(example.id);
	return example;
}

const published = new Map<string, Promise<Workflow>>();

/** Imports an example as it is, but for how it is started, and publishes it. Once, since an import takes seconds. */
async function publish(name: string, change?: Change): Promise<Workflow> {
	const known = published.get(name) ?? importAndPublish(name, change);
	published.set(name, known);
	return await known;
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

const ALL = [
	'agent-tool',
	'bulk-tagging',
	'chat-that-remembers',
	'merge-crm-fields',
	'retention',
	'set-conversation',
	'support-webhook',
];

const textsOf = (id: string) =>
	stage.api.store
		.getConversation(id)
		?.items.map((item) => [item['role'], at(item, 'content', '0', 'text')]);

/** Runs an example from one of its triggers, as a click on Execute workflow there does. */
async function executeFrom(trigger: string, name: string) {
	const { n8n } = stage;
	const example = await publish(name);
	const run = await n8n.rest('POST', `/rest/workflows/${example.id}/run`, {
		triggerToStartFrom: { name: trigger },
	});
	const id = String(field(run, 'executionId'));
	await until(
		async () => {
			const [execution] = (await n8n.executions({ workflowId: example.id })).filter(
				(each) => each.id === id,
			);
			return execution?.status === 'success' || execution?.status === 'error' ? true : undefined;
		},
		`the end of ${name}`,
		30_000,
	);
	const { status, data } = await n8n.execution(id);
	expect({ status, error: data.resultData.error?.message }).toEqual({ status: 'success' });
}

describe('The examples', () => {
	it('carry a note, no secret and no file on a disk, and are switched off', async () => {
		const names = await exampleNames();
		const examples = await Promise.all(names.map(readExample));

		expect(names).toEqual(expect.arrayContaining(ALL));
		for (const example of examples) {
			const types = example.nodes.map((node) => field(node, 'type'));
			expect(types).toContain('n8n-nodes-base.stickyNote');
			expect(types).not.toContain('n8n-nodes-base.readWriteFile');
			expect(JSON.stringify(example)).not.toMatch(/sk-[A-Za-z0-9]|Bearer |apiKey/);
			expect(field(example, 'active')).toBe(false);
		}
	});

	it('make a conversation to try them with', async () => {
		await executeFrom('Start here', 'set-conversation');

		expect([...stage.api.store.conversations.values()]).toMatchObject([
			{ metadata: { status: 'new' } },
		]);
	});
});

describe('The calls on the notes', () => {
	/** The commands on an example's notes, for this n8n and a conversation that exists. */
	async function commandsOf(name: string, id: string) {
		const { nodes } = await publish(name);
		const notes = nodes.map((node) => String(at(node, 'parameters', 'content') ?? '')).join('\n');
		return [...notes.matchAll(/^`((?:curl|printf) .*)`$/gm)].map(([, command = '']) =>
			command.replace('http://localhost:5678', stage.n8n.url).replace('conv_…', id),
		);
	}

	it.each([
		['set-conversation', [{ metadata: { topic: 'billing' } }]],
		['merge-crm-fields', [{ metadata: { status: 'new', company: 'Acme', plan: 'pro' } }]],
		['support-webhook', [{ category: 'billing', urgency: 'urgent' }, { tagged: true }]],
	])('do what the note of %s says', async (name, expected) => {
		const { id } = stage.api.store.createConversation({ metadata: { status: 'new' } });
		const answers: unknown[] = [];
		for (const command of await commandsOf(name, id)) {
			answers.push(JSON.parse(await untilKnown(command)));
		}

		expect(answers).toMatchObject(expected);
	});

	it('send a file with a good and a bad row', async () => {
		const { id } = stage.api.store.createConversation({ metadata: { status: 'new' } });
		const [command = ''] = await commandsOf('bulk-tagging', id);

		expect(await untilKnown(command)).toMatch(
			new RegExp(`${id},refund,high,2,tagged,[^]*conv_404,refund,low,3,not tagged,`),
		);
		expect(metadataOf(id)).toEqual({ status: 'new', topic: 'refund', priority: 'high' });
	});

	/** n8n takes a moment to know the webhook of a workflow that was just published. */
	const untilKnown = async (command: string) =>
		await until(
			async () => {
				const output = await runCommand(command);
				return output.includes('is not registered') ? undefined : output;
			},
			`an answer to ${command}`,
			15_000,
		);
});

describe('Merge CRM fields into metadata', () => {
	const conversation = () =>
		stage.api.store.createConversation({
			metadata: { topic: 'billing', company: 'Acme', plan: 'free', owner: 'Kim' },
		}).id;

	it('sets the fields it is sent under their names, removes the empty ones, and leaves all others', async () => {
		await publish('merge-crm-fields');
		const id = conversation();

		const answer = await stage.n8n.callWebhook('crm-update', {
			conversation_id: id,
			plan: 'pro',
			owner: '',
			unheard_of: 'x',
		});

		expect(answer).toMatchObject({ status: 200, body: { id } });
		expect(metadataOf(id)).toEqual({ topic: 'billing', company: 'Acme', plan: 'pro' });
	});

	it('keeps everything else when only the plan is sent', async () => {
		const id = conversation();

		await stage.n8n.callWebhook('crm-update', { conversation_id: id, plan: 'pro' });

		expect(metadataOf(id)).toEqual({
			topic: 'billing',
			company: 'Acme',
			plan: 'pro',
			owner: 'Kim',
		});
	});

	it('answers with the reason when nothing is sent that it keeps, or for a conversation that is gone', async () => {
		const id = conversation();

		expect(await stage.n8n.callWebhook('crm-update', { conversation_id: id })).toEqual({
			status: 400,
			body: {
				error: 'Metadata (JSON) and Keys to Remove are both empty',
				advice: expect.any(String),
			},
		});
		expect(
			await stage.n8n.callWebhook('crm-update', { conversation_id: 'conv_404', plan: 'pro' }),
		).toEqual({
			status: 404,
			body: { error: "Conversation with id 'conv_404' not found.", advice: expect.any(String) },
		});
	});
});

describe('Tag conversations from a spreadsheet', () => {
	const send = async (csv: string, name = 'file') =>
		await postFile(`${stage.n8n.url}/webhook/tag-conversations`, name, 'rows.csv', csv);

	const newConversations = (length: number) =>
		Array.from(
			{ length },
			() => stage.api.store.createConversation({ metadata: { status: 'new' } }).id,
		);

	it('tags 500 rows but the bad ones, and reports on each in its place, with its own fields', async () => {
		await publish('bulk-tagging');
		const ids = newConversations(490);
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
		const all = [...ids.slice(0, 100), ...bad, ...ids.slice(100)];
		const rows = all.map((id, row) => `${id},topic ${row},high,Customer ${row}`);
		const csv = `${['conversation,topic,priority,customer', ...rows].join('\n')}\n`;

		const { status, text } = await send(csv);

		expect(status).toBe(200);
		const [headings, ...report] = text.trim().split('\n');
		expect(headings?.replace('\uFEFF', '')).toBe(
			'conversation,topic,priority,customer,row,result,reason,advice',
		);
		expect(report).toHaveLength(500);
		all.forEach((id, row) => {
			const result = bad.includes(id) ? 'not tagged' : 'tagged';
			expect(report[row]).toMatch(
				new RegExp(`^${id},topic ${row},high,Customer ${row},${row + 2},${result},`),
			);
		});
		expect(report[100]).toMatch(
			/,not tagged,Conversation with id 'conv_404' not found\.,.*Check the ID\./,
		);
		expect(report[102]).toContain('Conversation ID is the ID of a response');
		expect(metadataOf(ids[0] ?? '')).toEqual({ status: 'new', topic: 'topic 0', priority: 'high' });
		expect(ids.filter((id) => metadataOf(id)?.['priority'] === 'high')).toHaveLength(490);
	});

	it.each([
		['semicolons', ';'],
		['tabs', '\t'],
	])('knows a file with %s when it sees one', async (_, separator) => {
		const [id = ''] = newConversations(1);
		const rows = [
			['conversation', 'topic', 'priority'],
			[id, '"late, broken"', 'high'],
		];

		const { text } = await send(`\uFEFF${rows.map((row) => row.join(separator)).join('\r\n')}\r\n`);

		expect(text).toContain(`${id},"late, broken",high,2,tagged,`);
		expect(metadataOf(id)).toEqual({ status: 'new', topic: 'late, broken', priority: 'high' });
	});

	it('reports on rows that are all bad, and says what to send where there is no table', async () => {
		const { text } = await send('conversation,topic,priority\nabc,x,y\nresp_1,x,y\n');

		expect(text).toMatch(/abc,x,y,2,not tagged,.*\nresp_1,x,y,3,not tagged,/);
		expect(await send('whatever', 'other')).toMatchObject({
			status: 400,
			text: expect.stringContaining('in the form field named file'),
		});
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

	it('hears why the tool could not do it', async () => {
		const say = await publishChat('agent-tool');

		expect(await say('session-2', 'Tag conv_404 as an urgent refund.')).toContain('not found');
	});

	it('does something with a conversation that the user names, although the sandbox’s model only plays one', async () => {
		const say = await publishChat('agent-tool');
		const { id } = stage.api.store.createConversation({ metadata: { status: 'new' } });

		expect(await say('session-3', `Tag ${id} as an urgent refund.`)).toContain('The tool answered');
		expect(metadataOf(id)).toEqual({ status: 'new', topic: 'refund', priority: 'urgent' });
	});
});

describe('A chat that remembers', () => {
	const conversationOf = async (session: string) => {
		const rows = await dataTables(stage.n8n).rows('chat_sessions');
		return String(rows.find((row) => row['session'] === session)?.['conversation']);
	};

	it('keeps one conversation per session, remembers, and keeps the transcript at the end', async () => {
		const say = await publishChat('chat-that-remembers');

		expect(await say('ann', 'bye')).toBe('Goodbye.');
		expect(await say('ann', 'My name is Ada.')).toBe('You said: My name is Ada.');
		expect(await say('bob', 'Goodbye to my old plan')).toBe('You said: Goodbye to my old plan');
		expect(await say('ann', 'What is my name?')).toBe('Your name is Ada.');

		const [ann, bob] = [await conversationOf('ann'), await conversationOf('bob')];
		expect(textsOf(ann)).toEqual([
			['user', 'My name is Ada.'],
			['assistant', 'You said: My name is Ada.'],
			['user', 'What is my name?'],
			['assistant', 'Your name is Ada.'],
		]);
		expect(textsOf(bob)).toHaveLength(2);
		expect(metadataOf(ann)).toEqual({ channel: 'chat', session: 'ann' });

		expect(await say('ann', ' Bye! ')).toContain(ann);

		const transcripts = await dataTables(stage.n8n).rows('conversation_transcripts');
		expect(transcripts).toMatchObject([
			{
				conversation: ann,
				transcript: expect.stringMatching(/My name is Ada\.[^]*Your name is Ada\./),
			},
		]);
		expect(await say('ann', 'Once more')).toBe('You said: Once more');
		expect(textsOf(ann)).toHaveLength(4);
	});

	it.each(['Goodbye', 'thanks, bye', 'OK, thank you. Good bye!', 'Bye bye 👋'])(
		'understands “%s”',
		async (words) => {
			const say = await publishChat('chat-that-remembers');
			await say(words, 'Hello');
			const id = await conversationOf(words);

			expect(await say(words, words)).toContain(id);
			expect(await conversationOf(words)).toBe('undefined');
		},
	);

	it('answers a burst of messages one after the other, also when they are the first', async () => {
		const say = await publishChat('chat-that-remembers');
		stage.api.configure({ modelMs: 300 });
		try {
			const messages = ['one', 'two', 'three', 'four', 'five'];

			const answers = await Promise.all(messages.map(async (text) => await say('burst', text)));

			expect(answers).toEqual(messages.map((text) => `You said: ${text}`));
			const texts = (textsOf(await conversationOf('burst')) ?? []).map(([, text]) => String(text));
			expect(texts.filter((_, place) => place % 2 === 0).toSorted()).toEqual(messages.toSorted());
			texts.forEach((text, place) => {
				if (place % 2 === 1) expect(text).toBe(`You said: ${texts[place - 1]}`);
			});
		} finally {
			stage.api.configure({ modelMs: 0 });
		}
	});

	it('removes the oldest turns of a conversation that has more than 40', async () => {
		const say = await publishChat('chat-that-remembers');
		await say('long', 'turn 1');
		const id = await conversationOf('long');
		const conversation = stage.api.store.getConversation(id);
		if (!conversation) throw new Error('There is no conversation.');
		const [user, assistant] = conversation.items;
		for (let turn = 2; turn <= 45; turn += 1) {
			stage.api.store.addItems(conversation, [
				{
					...structuredClone(user),
					id: `msg_u${turn}`,
					type: 'message',
					role: 'user',
					content: [{ type: 'input_text', text: `turn ${turn}` }],
				},
				{ ...structuredClone(assistant), id: `msg_a${turn}`, type: 'message' },
			]);
		}

		expect(await say('long', 'turn 46')).toBe('You said: turn 46');

		const turns = (textsOf(id) ?? []).filter(([role]) => role === 'user').map(([, text]) => text);
		expect(turns).toEqual(Array.from({ length: 40 }, (_, turn) => `turn ${turn + 7}`));
	});

	it('says why there is no reply', async () => {
		const say = await publishChat('chat-that-remembers');
		await say('gone', 'Hello');
		stage.api.store.deleteConversation(await conversationOf('gone'));

		expect(await say('gone', 'Are you there?')).toMatch(/^There is no reply: .*not found/);
	});
});

describe('Export and delete old conversations', () => {
	it('deletes what is past its date and saved, with its messages, and notes why the rest stays', async () => {
		const { n8n, api } = stage;
		const tables = dataTables(n8n);
		await executeFrom('Start here', 'retention');
		const [sample] = await tables.rows('conversations');
		const conversation = (text: string) =>
			api.store.createConversation({ items: [{ type: 'message', role: 'user', content: text }] })
				.id;
		const [old, older, stuck, young, kept] = [
			conversation('one'),
			conversation('two'),
			conversation('three'),
			conversation('four'),
			conversation('five'),
		];
		const gone = 'conv_gone';
		api.fault({
			match: { method: 'DELETE', path: `/conversations/${stuck}` },
			status: 403,
			body: { error: { message: 'Not allowed.', type: 'invalid_request_error' } },
			times: 1,
		});
		const row = (id: string, tag: string, days: number) => ({
			conversation: id,
			tag,
			delete_after: new Date(Date.now() + days * 86_400_000).toISOString(),
		});
		await tables.insert('conversations', [
			row(gone, 'archive', -2),
			row(old, 'archive', -1),
			row(stuck, 'archive', -3),
			row(young, 'archive', 1),
			row(kept, 'keep', -3),
			row(older, 'archive', -400),
		]);

		await executeFrom('Every night', 'retention');

		expect([...api.store.conversations.keys()].toSorted()).toEqual([kept, stuck, young].toSorted());
		const deletedItems = api.requests.filter(
			({ method, path }) => method === 'DELETE' && path.includes(`${old}/items/`),
		);
		expect(deletedItems).toHaveLength(1);
		const transcripts = await tables.rows('conversation_transcripts');
		const transcriptOf = (id: unknown) =>
			transcripts.filter((each) => each['conversation'] === id).map((each) => each['transcript']);
		expect(transcriptOf(field(sample, 'conversation'))).toEqual([
			expect.stringContaining('My parcel is late.'),
		]);
		expect(transcriptOf(old)).toEqual([expect.stringContaining('one')]);
		expect(transcriptOf(older)).toEqual([expect.stringContaining('two')]);
		expect(transcriptOf(young)).toEqual([]);
		const left = await tables.rows('conversations');
		expect(left.map(({ conversation: id, problem }) => [id, problem])).toEqual([
			[gone, expect.stringContaining('not found')],
			[stuck, expect.stringContaining('Not allowed.')],
			[young, null],
			[kept, null],
		]);
	});

	it('goes by what is past its date alone, and ends well where there is nothing', async () => {
		const { n8n, api } = stage;
		await publish('retention');

		await executeFrom('Every night', 'retention');

		expect(api.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
		expect(await dataTables(n8n).rows('conversations')).toHaveLength(4);
	});
});

describe('Answer support requests over a webhook', () => {
	it('answers with category and urgency, tags the conversation, and goes on in it', async () => {
		await publish('support-webhook');

		const first = await stage.n8n.callWebhook('support', {
			message: 'Your billing is wrong, and it is urgent. My order is 1042.',
		});

		const id = String(field(first.body, 'conversation_id'));
		expect(first).toEqual({
			status: 200,
			body: {
				conversation_id: id,
				category: 'billing',
				urgency: 'urgent',
				answer: 'You said: Your billing is wrong, and it is urgent. My order is 1042.',
				tagged: true,
			},
		});
		expect(metadataOf(id)).toEqual({ category: 'billing', urgency: 'urgent' });

		const second = await stage.n8n.callWebhook('support', {
			message: 'What is my order?',
			conversation_id: id,
		});

		expect(second.body).toMatchObject({ conversation_id: id, answer: 'Your order is 1042.' });
		expect(textsOf(id)).toHaveLength(4);
	});

	it('gives the answer although the tags could not be set', async () => {
		const { id } = stage.api.store.createConversation({ metadata: {} });
		stage.api.fault({
			match: { method: 'POST', path: `/conversations/${id}` },
			status: 403,
			body: { error: { message: 'Not allowed.', type: 'invalid_request_error' } },
			times: 1,
		});

		expect(
			await stage.n8n.callWebhook('support', { message: 'Hello', conversation_id: id }),
		).toMatchObject({ status: 200, body: { answer: 'You said: Hello', tagged: false } });
	});

	it('answers with the reason for a message without words, and for a conversation that is gone', async () => {
		expect(await stage.n8n.callWebhook('support', {})).toEqual({
			status: 400,
			body: { error: 'Message is empty', advice: expect.any(String) },
		});
		expect(
			await stage.n8n.callWebhook('support', { message: 'Hello', conversation_id: 'conv_404' }),
		).toMatchObject({ status: 404, body: { error: expect.stringContaining('conv_404') } });
	});
});
