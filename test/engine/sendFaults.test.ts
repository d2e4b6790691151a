import type { INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import type { FaultRule, RequestRecord } from '../../server/types.mjs';
import { API_KEY, pause, runNode, until } from '../support/engine';
import type { RunResult } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;

/** A wait that the server names, so that a row is soon over. */
const SOON = { 'retry-after-ms': '20' };
const OPTIONS: INodeParameters = {
	maxRetries: 3,
	retryNetworkErrors: true,
	timeout: 1,
	lockWait: 0.7,
};

/** What the API says itself when it has come to the end of a request. */
const final = (status: number): FaultRule => ({ status, headers: SOON });
/** What leaves open whether the server is still at work. */
const gateway = (status: number): FaultRule => ({ status, headers: SOON, gateway: true });
const HTML: FaultRule = { status: 502, headers: SOON, body: '<html>Bad gateway</html>' };
const RESET: FaultRule = { reset: 'before-headers' };
const HALF: FaultRule = { reset: 'mid-body' };
const SILENT: FaultRule = { hang: true };

const PRE_READ = { method: 'GET', path: /\/items$/ };
const CREATE = { method: 'POST', path: '/conversations' };
const POST = { method: 'POST', path: '/responses' };
const POLL = { method: 'GET', path: /\/responses\/[^/]+$/ };

interface Row {
	what: string;
	faults: FaultRule[];
	/** Left out: a conversation that holds a message already. */
	conversation?: 'new';
	background?: true;
	options?: INodeParameters;
	/** ms that the model takes. */
	modelMs?: number;
	/** `reply`: the API's answer; `found`: the reply, as the conversation has it. */
	gets: 'reply' | 'found' | 'not sent' | 'uncertain';
	/** How often the message stands in the conversation; for `uncertain`. */
	stored?: 0 | 1;
	/** A part of what is said. */
	says?: string;
	/** The requests, in order: `G`et items, `C`reate, `P`ost, `L`ook at the response, `X` cancel. */
	seen: string | RegExp;
}

const postRows: Row[] = [
	...[final(500), final(503)].map(
		(fault): Row => ({
			what: `${fault.status} in the API's own words`,
			faults: [{ match: POST, ...fault }],
			gets: 'reply',
			seen: 'GPGP',
		}),
	),
	{
		what: 'a rate limit',
		faults: [{ match: POST, ...final(429) }],
		gets: 'reply',
		seen: 'GPP',
	},
	{
		what: 'a refusal',
		faults: [{ match: POST, ...final(400) }],
		gets: 'not sent',
		seen: 'GP',
	},
	...[final(500), final(502), final(504), gateway(500), gateway(503), HTML, RESET, SILENT].map(
		(fault, n): Row => ({
			what: `fault ${n} (${fault.status ?? 'no answer'}) although it was carried out`,
			faults: [{ match: POST, ...fault, apply: true }],
			gets: 'found',
			seen: 'GPG',
		}),
	),
	{
		what: 'an answer that breaks off',
		faults: [{ match: POST, ...HALF }],
		gets: 'found',
		seen: 'GPG',
	},
	{
		what: 'success with nothing the API promises',
		faults: [{ match: POST, status: 200, body: {}, apply: true }],
		gets: 'found',
		seen: 'GPG',
	},
	...[final(502), gateway(500), gateway(503), HTML, RESET, SILENT].map(
		(fault, n): Row => ({
			what: `fault ${n} (${fault.status ?? 'no answer'}) that leaves open whether it is carried out`,
			faults: [{ match: POST, ...fault }],
			gets: 'uncertain',
			stored: 0,
			seen: 'GPGGG',
			options: { timeout: 0.3 },
		}),
	),
	{
		what: 'a gateway that gives up, and a reply that comes later',
		faults: [{ match: POST, ...gateway(502), applyAfterMs: 60 }],
		gets: 'found',
		seen: /^GPGG+$/,
	},
	{
		what: 'an API that says it has failed, and goes on all the same',
		faults: [{ match: POST, ...final(503), applyAfterMs: 0 }],
		modelMs: 600,
		gets: 'found',
		options: { lockWait: 5 },
		seen: /^GPG+P+G/,
	},
	{
		what: 'an API that says it has failed, and goes on for longer than Wait If Busy',
		faults: [{ match: POST, ...final(503), applyAfterMs: 0 }],
		modelMs: 5_000,
		gets: 'uncertain',
		stored: 0,
		seen: /^GPG+P(GP)+$/,
	},
	{
		what: 'a lost answer without a retry left',
		faults: [{ match: POST, ...RESET, apply: true }],
		options: { maxRetries: 0 },
		gets: 'found',
		seen: 'GPG',
	},
	{
		what: 'a lost answer without a retry left, and no trace',
		faults: [{ match: POST, ...RESET }],
		options: { maxRetries: 0 },
		gets: 'uncertain',
		stored: 0,
		seen: 'GPG',
	},
	{
		what: "503 in the API's own words without a retry left",
		faults: [{ match: POST, ...final(503) }],
		options: { maxRetries: 0 },
		gets: 'not sent',
		seen: 'GPG',
	},
	{
		what: 'a timeout while the reply is being made',
		faults: [],
		modelMs: 700,
		options: { timeout: 0.4, maxRetries: 2, retryNetworkErrors: true },
		gets: 'found',
		seen: /^GPG+$/,
	},
	{
		what: 'looks that fail as well',
		faults: [
			{ match: { ...PRE_READ, nth: 2 }, ...final(403) },
			{ match: POST, ...RESET, apply: true },
		],
		gets: 'uncertain',
		stored: 1,
		seen: 'GPG',
	},
	{
		what: 'a lost answer in a new conversation',
		conversation: 'new',
		faults: [{ match: POST, ...RESET, apply: true }],
		gets: 'found',
		seen: 'CPG',
	},
	{
		what: 'a lost request in a new conversation',
		conversation: 'new',
		faults: [{ match: POST, ...RESET }],
		options: { maxRetries: 0 },
		gets: 'uncertain',
		stored: 0,
		seen: 'CPG',
	},
	{
		what: 'a refusal in a new conversation',
		conversation: 'new',
		faults: [{ match: POST, ...final(400) }],
		gets: 'not sent',
		says: 'was created, but has no reply: ',
		seen: 'CP',
	},
];

const preReadRows: Row[] = [
	...[final(429), final(500), gateway(502), RESET, SILENT].map(
		(fault, n): Row => ({
			what: `fault ${n} (${fault.status ?? 'no answer'}), once`,
			faults: [{ match: PRE_READ, ...fault }],
			gets: 'reply',
			seen: 'GGP',
		}),
	),
	{
		what: 'a fault that stays',
		faults: [{ match: PRE_READ, ...final(500), times: Infinity }],
		gets: 'not sent',
		seen: 'GGGG',
	},
	{
		what: 'a conversation that is not there',
		faults: [{ match: PRE_READ, ...final(404) }],
		gets: 'not sent',
		seen: 'G',
	},
];

const createRows: Row[] = [
	{
		what: 'a rate limit',
		conversation: 'new',
		faults: [{ match: CREATE, ...final(429) }],
		gets: 'reply',
		seen: 'CCP',
	},
	...[final(500), gateway(502), RESET, SILENT].flatMap((fault, n) =>
		[true, false].map(
			(apply): Row => ({
				what: `fault ${n} (${fault.status ?? 'no answer'}), ${apply ? 'although it was created' : 'not created'}`,
				conversation: 'new',
				faults: [{ match: CREATE, ...fault, apply }],
				gets: 'uncertain',
				stored: 0,
				says: "It isn't certain whether the conversation was created",
				seen: 'C',
			}),
		),
	),
];

const backgroundRows: Row[] = [
	{ what: 'nothing', background: true, faults: [], gets: 'reply', seen: 'GPL' },
	{
		what: 'nothing, in a new conversation',
		conversation: 'new',
		background: true,
		faults: [],
		gets: 'reply',
		seen: 'CPL',
	},
	...[final(429), final(500), gateway(502), RESET, SILENT, HALF].map(
		(fault, n): Row => ({
			what: `a look that fails: ${n} (${fault.status ?? 'no answer'})`,
			background: true,
			faults: [{ match: POLL, ...fault }],
			gets: 'reply',
			seen: 'GPLL',
		}),
	),
	{
		what: 'looks that fail without a retry left',
		background: true,
		faults: [{ match: POLL, ...gateway(502), times: 3 }],
		options: { maxRetries: 0, retryNetworkErrors: false },
		gets: 'reply',
		seen: 'GPLLLL',
	},
	{
		what: 'a look that finds nothing, once',
		background: true,
		modelMs: 800,
		faults: [{ match: POLL, ...final(404) }],
		gets: 'reply',
		seen: 'GPLGL',
	},
	{
		what: 'a response that the API no longer has, with its reply in the conversation',
		background: true,
		faults: [{ match: POLL, ...final(404), times: Infinity }],
		gets: 'found',
		seen: 'GPLG',
	},
	{
		what: 'a response that the API no longer has, and no reply',
		background: true,
		modelMs: 10_000,
		faults: [{ match: POLL, ...final(404), times: Infinity }],
		gets: 'uncertain',
		stored: 0,
		says: 'The API no longer has the response resp_',
		seen: 'GPLGLG',
	},
	{
		what: 'looks that are refused',
		background: true,
		faults: [{ match: POLL, ...final(403) }],
		gets: 'uncertain',
		stored: 1,
		says: 'The message was sent, but its reply could not be asked for',
		seen: 'GPL',
	},
	...[final(500), final(503), gateway(502), RESET, SILENT].map(
		(fault, n): Row => ({
			what: `a lost answer to the request, which is carried out: ${n} (${fault.status ?? 'no answer'})`,
			background: true,
			modelMs: 200,
			faults: [{ match: POST, ...fault, apply: true }],
			gets: 'found',
			seen: /^GPG+$/,
		}),
	),
	...[final(500), gateway(502), RESET].map(
		(fault, n): Row => ({
			what: `a lost request: ${n} (${fault.status ?? 'no answer'})`,
			background: true,
			faults: [{ match: POST, ...fault }],
			gets: 'uncertain',
			stored: 0,
			seen: /^GPG+$/,
		}),
	),
	{
		what: 'a rate limit',
		background: true,
		faults: [{ match: POST, ...final(429) }],
		gets: 'reply',
		seen: 'GPPL',
	},
];

const TABLE: Array<[string, Row[]]> = [
	['Faults when the end of the conversation is read', preReadRows],
	['Faults when the conversation is created', createRows],
	['Faults when the message is sent', postRows],
	['In the background', backgroundRows],
];

const letter = ({ method, path }: RequestRecord): string => {
	if (path.endsWith('/cancel')) return 'X';
	if (path.endsWith('/responses')) return 'P';
	if (path.endsWith('/conversations')) return 'C';
	return method === 'GET' && path.includes('/responses/') ? 'L' : 'G';
};
const letters = (server: Server) => server.requests.map(letter).join('');

const TEXT = 'What now?';

/** How often the message stands in any conversation. */
function timesStored(server: Server, text = TEXT): number {
	return [...server.store.conversations.values()].flatMap(({ items }) =>
		items.filter(({ role, content }) => role === 'user' && JSON.stringify(content).includes(text)),
	).length;
}

const send = async (server: Server, parameters: INodeParameters, stop?: AbortSignal) =>
	await runNode(server.url, {
		parameters: { operation: 'send', model: 'gpt-5-mini', text: TEXT, ...parameters },
		...(stop === undefined ? {} : { stop }),
	});

const oldConversation = (server: Server) =>
	server.store.createConversation({
		items: [{ type: 'message', role: 'user', content: 'Before' }],
	}).id;

function check(row: Row, { error, json, hints }: RunResult, server: Server, id: string): void {
	const { gets, says = '', seen } = row;
	if (typeof seen === 'string') expect(letters(server)).toBe(seen);
	else expect(letters(server)).toMatch(seen);
	const lost = hints.filter((hint) => hint.includes('was found in the conversation'));
	const names = row.conversation === 'new' ? expect.stringMatching(/^conv_/) : id;
	if (gets === 'reply' || gets === 'found') {
		expect(error?.message).toBeUndefined();
		expect(json).toMatchObject([{ status: 'completed', text: `You said: ${TEXT}` }]);
		expect(json[0]?.['conversation']).toEqual(names);
		expect(timesStored(server)).toBe(1);
		expect(lost).toHaveLength(gets === 'found' ? 1 : 0);
		if (gets === 'found') expect(json[0]?.['usage']).toBeNull();
		return;
	}
	expect(json).toEqual([]);
	expect(error?.name).toBe('NodeApiError');
	expect(error?.message).toContain(says);
	expect(timesStored(server)).toBe(gets === 'not sent' ? 0 : row.stored);
	if (gets === 'not sent') {
		expect(error?.context).not.toHaveProperty('may_have_happened');
		expect(error?.message).not.toContain('not certain');
	} else {
		expect(error?.context).toMatchObject({ may_have_happened: true });
		if (says === '') {
			expect(error?.message).toMatch(/^It isn't certain whether the message was sent: ./);
			expect(error?.description).toContain('Get Many with the option Order set to Newest First');
			expect(error?.description).not.toMatch(/Run the workflow again|Max Retries/);
		}
	}
	if (letters(server).includes('P')) expect(error?.context).toMatchObject({ conversation: names });
}

beforeAll(async () => {
	// The first run loads what the engine needs, and would be late for its row.
	const server = await startServer({ apiKeys: [API_KEY] });
	await send(server, {});
	await server.close();
});

describe.each(TABLE)('%s', (_title, rows) => {
	it.concurrent.each(rows.map((row): [string, Row] => [row.what, row]))(
		'%s',
		async (_what, row) => {
			const server = await startServer({ apiKeys: [API_KEY], modelMs: row.modelMs ?? 0 });
			try {
				const id = row.conversation === 'new' ? '' : oldConversation(server);
				server.faults(row.faults);
				const result = await send(server, {
					conversationId: id,
					options: {
						...OPTIONS,
						...(row.background ? { background: true } : {}),
						...row.options,
					},
				});
				check(row, result, server, id);
			} finally {
				await server.close();
			}
		},
		30_000,
	);
});

it('should be a table with each row under a name of its own', () => {
	for (const [, rows] of TABLE)
		expect(new Set(rows.map(({ what }) => what)).size).toBe(rows.length);
	expect(TABLE.flatMap(([, rows]) => rows).length).toBeGreaterThan(60);
});

describe('What somebody else says', () => {
	it('should not be taken for the reply to a lost message', async () => {
		const server = await startServer({ apiKeys: [API_KEY] });
		try {
			const id = oldConversation(server);
			const other = [
				{ type: 'message', role: 'user', content: 'Other' },
				{ type: 'message', role: 'assistant', content: 'Yes' },
			];
			server.fault({
				match: POST,
				status: 502,
				gateway: true,
				respond(_request, answer) {
					const conversation = server.store.getConversation(id);
					if (conversation) server.store.addItems(conversation, items(other));
					answer();
					if (conversation) server.store.addItems(conversation, items(other));
					return { status: 502 };
				},
			});
			const { json } = await send(server, { conversationId: id, options: OPTIONS });
			expect(json[0]?.['text']).toBe(`You said: ${TEXT}`);
			expect(timesStored(server)).toBe(1);
		} finally {
			await server.close();
		}
	});

	it('should leave open which is which when it is the same', async () => {
		const server = await startServer({ apiKeys: [API_KEY] });
		try {
			const id = oldConversation(server);
			server.fault({
				match: POST,
				respond(_request, answer) {
					answer();
					const conversation = server.store.getConversation(id);
					const same = { type: 'message', role: 'user', content: TEXT };
					if (conversation) server.store.addItems(conversation, items([same]));
					return { status: 502 };
				},
			});
			const { error } = await send(server, { conversationId: id, options: OPTIONS });
			expect(error?.message).toMatch(/^It isn.t certain whether the message was sent/);
			expect(letters(server)).toBe('GPG');
		} finally {
			await server.close();
		}
	});

	it('should not be taken for ours when it was said while the conversation was locked', async () => {
		const server = await startServer({ apiKeys: [API_KEY], modelMs: 300 });
		try {
			const id = oldConversation(server);
			const others = send(server, { conversationId: id });
			await until(() => letters(server) === 'GP');
			// Ours waits for theirs, and is then lost on the way.
			server.fault({ match: { ...POST, nth: 2 }, ...RESET });
			const { error } = await send(server, {
				conversationId: id,
				options: { maxRetries: 0, lockWait: 5 },
			});
			expect((await others).error).toBeUndefined();
			expect(error?.message).toMatch(/^It isn.t certain whether the message was sent/);
			expect(timesStored(server)).toBe(1);
		} finally {
			await server.close();
		}
	});
});

/** Items as the server stores them. */
function items(messages: ReadonlyArray<{ type: string; role: string; content: string }>) {
	return messages.map(({ content, ...message }, n) => ({
		...message,
		id: `msg_other_${n}_${Math.random().toString(16).slice(2)}`,
		content: [{ type: message.role === 'user' ? 'input_text' : 'output_text', text: content }],
	}));
}

describe('A message whose reply takes too long', () => {
	it('should be looked for before anything is changed and sent again', async () => {
		const server = await startServer({ apiKeys: [API_KEY] });
		try {
			const id = oldConversation(server);
			server.fault({ match: POST, ...SILENT });
			const { error } = await send(server, {
				conversationId: id,
				options: { maxRetries: 0, timeout: 0.3 },
			});
			expect(error?.description).toMatch(
				/^It may have gone through anyway\. Look at the end of the conversation: .* Newest First\. .*For replies that take long, turn on Background/,
			);
			expect(letters(server)).toBe('GPG');
		} finally {
			await server.close();
		}
	});
});

describe('A stop', () => {
	const stopWhen = async (
		server: Server,
		parameters: INodeParameters,
		condition: () => boolean,
	): Promise<{ run: RunResult | undefined; tookMs: number }> => {
		const stop = new AbortController();
		const running = send(server, parameters, stop.signal);
		await until(condition);
		await pause(30);
		const stoppedAt = performance.now();
		stop.abort();
		const run = await running.catch(() => undefined);
		return { run, tookMs: performance.now() - stoppedAt };
	};

	const MAY_BE_STORED =
		'What was being sent may have gone through anyway. Check that before you run the workflow again.';

	it.each<[string, FaultRule[], string, string]>([
		['between two looks', [], 'GPLX', ''],
		['during a look', [{ match: POLL, hang: true }], 'GPLX', ''],
		[
			'and say that it may be stored when that fails',
			[{ match: { path: /cancel$/ }, status: 500 }],
			'GPLX',
			MAY_BE_STORED,
		],
		[
			'and say that it may be stored when it was complete by then',
			[{ match: { path: /cancel$/ }, body: { object: 'response', status: 'completed' } }],
			'GPLX',
			MAY_BE_STORED,
		],
	])('should cancel the response in the background %s', async (_what, faults, expected, told) => {
		const server = await startServer({ apiKeys: [API_KEY], modelMs: 5_000 });
		try {
			server.faults(faults);
			const { run, tookMs } = await stopWhen(
				server,
				{
					conversationId: oldConversation(server),
					options: { background: true, timeout: 20 },
				},
				() => letters(server) === 'GPL',
			);
			expect(run?.run.status).toBe('canceled');
			expect(run?.error?.description ?? '').toBe(told);
			expect(letters(server)).toBe(expected);
			expect(tookMs).toBeLessThan(1_000);
			expect(timesStored(server)).toBe(0);
		} finally {
			await server.close();
		}
	});

	it('should not hold longer than 5 s for the cancelling', async () => {
		const server = await startServer({ apiKeys: [API_KEY], modelMs: 5_000 });
		try {
			server.fault({ match: { path: /cancel$/ }, hang: true });
			const { tookMs } = await stopWhen(
				server,
				{ conversationId: oldConversation(server), options: { background: true } },
				() => letters(server) === 'GPL',
			);
			expect(tookMs).toBeGreaterThan(4_000);
			expect(tookMs).toBeLessThan(7_000);
		} finally {
			await server.close();
		}
	}, 20_000);

	it('should name the new conversation', async () => {
		const server = await startServer({ apiKeys: [API_KEY], modelMs: 5_000 });
		try {
			const { run } = await stopWhen(server, {}, () => letters(server) === 'CP');
			const [conversation] = server.store.conversations.values();
			expect(run?.run.status).toBe('canceled');
			expect(run?.error?.description).toContain(`The conversation ${conversation?.id} was created`);
		} finally {
			await server.close();
		}
	});
});

describe('A response in the background', () => {
	it('should be asked for with growing pauses of up to 3 s', async () => {
		const server = await startServer({ apiKeys: [API_KEY], modelMs: 7_000 });
		try {
			const id = oldConversation(server);
			const { json } = await send(server, { conversationId: id, options: { background: true } });
			expect(json[0]?.['text']).toBe(`You said: ${TEXT}`);
			const looks = server.requests.slice(1).map(({ receivedAt }) => receivedAt);
			const pauses = looks.slice(1).map((at, n) => at - (looks[n] ?? 0));
			for (const [n, ms] of [500, 750, 1_125, 1_687, 2_531].entries()) {
				expect(pauses[n]).toBeGreaterThan(ms - 30);
				expect(pauses[n]).toBeLessThan(ms + 500);
			}
			expect(server.requests[1]?.body).toMatchObject({ background: true, conversation: id });
		} finally {
			await server.close();
		}
	}, 20_000);

	it('should fail with the reason of the API, or that somebody canceled it', async () => {
		const server = await startServer({ apiKeys: [API_KEY] });
		try {
			server.model.plan({ failed: { code: 'invalid_prompt', message: 'Not allowed.' } });
			const id = oldConversation(server);
			const options = { background: true };
			const failed = await send(server, { conversationId: id, options });
			expect(failed.error?.message).toBe('Not allowed.');

			server.fault({
				match: POLL,
				respond: (_request, answer) => ({
					status: 200,
					body: { ...JSON.parse(String(answer().body)), status: 'cancelled' },
				}),
			});
			const cancelled = await send(server, { conversationId: id, options });
			expect(cancelled.error?.message).toContain('canceled before it was complete');
		} finally {
			await server.close();
		}
	});

	it('should wait for a conversation that is locked', async () => {
		const server = await startServer({ apiKeys: [API_KEY] });
		try {
			const id = oldConversation(server);
			server.lockConversation(id, 400);
			const { json } = await send(server, { conversationId: id, options: { background: true } });
			expect(json[0]?.['text']).toBe(`You said: ${TEXT}`);
			expect(letters(server)).toBe('GPGPL');
		} finally {
			await server.close();
		}
	});
});
