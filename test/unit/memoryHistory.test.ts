/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { request } from 'node:http';

import { createHistory, partsOf } from '../../nodes/MemoryOpenAiConversation/history';
import { turnItems } from '../../nodes/MemoryOpenAiConversation/messages';
import type { Item } from '../../nodes/shared/api/items';
import { systemClock } from '../../nodes/shared/n8n/clock';
import { createClient } from '../../nodes/shared/transport/client';
import { RequestFailure } from '../../nodes/shared/transport/failures';
import { createRateLimiter } from '../../nodes/shared/transport/rateLimiter';
import type { RequestSettings, Send } from '../../nodes/shared/transport/request';
import { FieldError } from '../../nodes/shared/values/field';
import { conversationLocked, insufficientQuota } from '../../server/index.mjs';
import type { FaultRule } from '../../server/types.mjs';
import { ACCEPTED, rejection, sleep, until, useServer } from '../support/server';

jest.setTimeout(30_000);

const server = useServer();

/** Sends over the wire, with the errors of Node.js as n8n's helper passes them on. */
const send: Send = async ({ method, url, headers, body }, signal) =>
	await new Promise((resolve, reject) => {
		// As an error of this realm, which Jest's modules know as one.
		const fail = (error: NodeJS.ErrnoException) =>
			reject(Object.assign(new Error(error.message), { code: error.code }));
		const all = { ...headers, authorization: `Bearer ${ACCEPTED}` };
		const sent = request(url, { method, headers: all, signal, agent: false }, (answer) => {
			const pieces: Buffer[] = [];
			answer.on('data', (piece: Buffer) => pieces.push(piece));
			answer.on('error', fail);
			answer.on('end', () => {
				const { statusCode: status = 0, headers: given } = answer;
				resolve({ status, headers: given, body: Buffer.concat(pieces) });
			});
		});
		sent.on('error', fail);
		sent.end(body);
	});

const quick = { maxRetries: 3, retryNetworkErrors: false, timeout: 5 };

interface Given {
	turns?: number;
	lockWait?: number;
	settings?: Partial<RequestSettings>;
}

function historyOf(conversation: string, { turns = 5, lockWait = 5, settings = {} }: Given = {}) {
	const { signal } = new AbortController();
	const api = createClient(
		{
			send,
			limiter: createRateLimiter({ maxRequestsPerMinute: 0, clock: systemClock }),
			clock: systemClock,
			statistics: { requests: 0, retries: new Map() },
			cancelled: signal,
			random: () => 0,
		},
		{ ...quick, baseUrl: server().url, allowedDomains: undefined, ...settings },
		signal,
	);
	return createHistory(api, { conversation, turns, lockWait });
}

const conversationWith = (turns: number) =>
	server().store.createConversation({
		items: Array.from({ length: turns }, (_, turn) => [
			{ type: 'message', role: 'user', content: `question ${turn}` },
			{ type: 'message', role: 'assistant', content: `answer ${turn}` },
		]).flat(),
	}).id;

/** A turn with that many tool calls. */
const turnWith = (calls: number, turn: number): Item[] => [
	{ type: 'message', role: 'user', content: `question ${turn}` },
	...Array.from({ length: calls }, (_, call): Item[] => [
		{ type: 'function_call', call_id: `call_${turn}_${call}`, name: 'x', arguments: '{}' },
		{ type: 'function_call_output', call_id: `call_${turn}_${call}`, output: 'y' },
	]).flat(),
	{ type: 'message', role: 'assistant', content: `answer ${turn}` },
];

const textsIn = (id: string) =>
	server()
		.store.getConversation(id)
		?.items.map((item) => {
			const [part]: unknown[] = Array.isArray(item['content']) ? item['content'] : [];
			return typeof part === 'object' && part !== null && 'text' in part ? part.text : item.type;
		});
const methods = () => server().requests.map(({ method }) => method);
const pages = () => server().requests.map(({ query }) => new URLSearchParams(query).get('limit'));

/** Faults on the writes of items. */
const onWrite = (rule: FaultRule) => server().fault({ match: { method: 'POST' }, ...rule });

async function failureOf(promise: Promise<unknown>): Promise<RequestFailure> {
	const error = await rejection(promise);
	if (error instanceof RequestFailure) return error;
	throw error;
}

describe('A conversation as a chat history', () => {
	it('should take one read and one write for a turn', async () => {
		const history = historyOf(conversationWith(20));
		expect((await history.load()).map(({ content }) => content).slice(0, 2)).toEqual([
			'question 15',
			'answer 15',
		]);
		await history.load();
		await history.append(turnItems('Hi', 'Hello'));
		expect(methods()).toEqual(['GET', 'POST']);
	});

	it('should read anew after something was added', async () => {
		const history = historyOf(conversationWith(1));
		expect(await history.load()).toHaveLength(2);
		await history.append(turnItems('Hi', 'Hello'));
		expect(await history.load()).toHaveLength(4);
		expect(methods()).toEqual(['GET', 'POST', 'GET']);
	});

	it('should read once when several ask at the same time', async () => {
		const history = historyOf(conversationWith(1));
		await Promise.all([history.load(), history.load()]);
		expect(methods()).toEqual(['GET']);
	});

	it.each([5, 50, 500])(
		'should read no more of a conversation of %i turns than the window takes',
		async (turns) => {
			const id = conversationWith(turns);
			expect(await historyOf(id).load()).toHaveLength(10);
			expect(pages()).toEqual(['40']);
			server().reset();
		},
	);

	it('should read further where a turn has many items, and no further than its beginning', async () => {
		const calls = Array.from({ length: 60 }, (_, call): Item[] => [
			{ type: 'function_call', call_id: `call_${call}`, name: 'x', arguments: '{}' },
			{ type: 'function_call_output', call_id: `call_${call}`, output: 'y' },
		]).flat();
		const { id } = server().store.createConversation({
			items: [
				...Array.from({ length: 300 }, () => ({ type: 'message', role: 'user', content: 'old' })),
				{ type: 'message', role: 'user', content: 'question' },
				...calls,
				{ type: 'message', role: 'assistant', content: 'answer' },
			],
		});
		const messages = await historyOf(id, { turns: 1 }).load();
		expect([messages[0]?.content, messages.at(-1)?.content]).toEqual(['question', 'answer']);
		expect(messages).toHaveLength(122);
		expect(pages()).toEqual(['40', '40', '40', '40']);
	});

	it.each([
		[5, 60],
		[1, 260],
	])(
		'should begin with the user’s message where %i turns with %i calls each are read',
		async (turns, calls) => {
			const { id } = server().store.createConversation({
				items: Array.from({ length: turns + 1 }, (_, turn) => turnWith(calls, turn)).flat(),
			});
			const messages = await historyOf(id, { turns }).load();
			expect([messages[0]?.role, messages[0]?.content]).toEqual(['user', 'question 1']);
			expect(messages).toHaveLength(turns * (2 + 2 * calls));
		},
	);

	it('should begin with the first user message that is there where a turn is too long to be read', async () => {
		const { id } = server().store.createConversation({
			items: [...turnWith(900, 0), ...turnWith(1, 1)],
		});
		const messages = await historyOf(id, { turns: 2 }).load();
		expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
		expect(messages[0]?.content).toBe('question 1');
	});

	it('should show whole exchanges of a turn whose beginning is too far away', async () => {
		const { id } = server().store.createConversation({ items: turnWith(900, 0) });
		const messages = await historyOf(id, { turns: 1 }).load();
		expect(messages[0]?.role).toBe('assistant');
		expect(messages.at(-1)?.content).toBe('answer 0');
		const called = messages.flatMap(({ tool_calls: toolCalls }) => toolCalls ?? []);
		expect(called.map(({ id: callId }) => callId)).toEqual(
			messages.flatMap(({ tool_call_id: callId }) => callId ?? []),
		);
	});

	it('should hand out messages of the caller’s own', async () => {
		const history = historyOf(conversationWith(1));
		const first = await history.load();
		for (const { additional_kwargs: kwargs } of first) kwargs['hideFromUI'] = true;
		first.splice(0, 1);
		const told = (await history.load()).map(({ content, additional_kwargs: kwargs }) => [
			content,
			kwargs,
		]);
		expect(told).toEqual([
			['question 0', {}],
			['answer 0', {}],
		]);
		expect(methods()).toEqual(['GET']);
	});

	it('should not read a conversation to its beginning in which no user speaks', async () => {
		const { id } = server().store.createConversation({
			items: Array.from({ length: 2_000 }, () => ({
				type: 'message',
				role: 'assistant',
				content: 'news',
			})),
		});
		expect(await historyOf(id, { turns: 1 }).load()).toHaveLength(500);
		expect(methods()).toHaveLength(23);
	});

	it('should look what was there before it adds to what it has not read', async () => {
		const id = conversationWith(1);
		onWrite({ status: 500, apply: true });
		await historyOf(id).append(turnItems('Hi', 'Hello'));
		expect(textsIn(id)).toEqual(['question 0', 'answer 0', 'Hi', 'Hello']);
		expect(methods()).toEqual(['GET', 'POST', 'GET']);
	});

	it('should write nothing where there is nothing to write', async () => {
		await historyOf(conversationWith(1)).append([]);
		expect(methods()).toEqual([]);
	});

	it('should not be cleared', async () => {
		const error = await rejection(historyOf(conversationWith(1)).clear());
		expect(error).toBeInstanceOf(FieldError);
		expect(error).toMatchObject({ advice: expect.stringContaining('Conversation: Trim') });
		expect(methods()).toEqual([]);
	});
});

describe('A turn is saved once', () => {
	const turn = turnItems('Pay invoice 7', 'Paid');
	const saved = ['question 0', 'answer 0', 'Pay invoice 7', 'Paid'];

	/** Loads, saves and tells what came of it. */
	async function save(rule: FaultRule, given: Given = {}) {
		const id = conversationWith(1);
		const history = historyOf(id, given);
		await history.load();
		onWrite(rule);
		const failure = await history.append(turn).then(
			() => undefined,
			async (error: unknown) => await failureOf(Promise.reject(error)),
		);
		return { id, failure, posts: methods().filter((method) => method === 'POST').length };
	}

	it.each<[string, FaultRule, number, Given?]>([
		['a 500 that changed nothing', { status: 500 }, 2],
		['a 500 behind which it was saved', { status: 500, apply: true }, 1],
		['a 429', { status: 429, headers: { 'retry-after-ms': '1' } }, 2],
		['a connection that broke after it', { apply: true, reset: 'before-headers' }, 1],
		['an answer that broke off', { apply: true, close: 'mid-body' }, 1],
		[
			'a connection that broke after it, and no retries',
			{ apply: true, reset: 'before-headers' },
			1,
			{ settings: { maxRetries: 0 } },
		],
		['a gateway’s 500 that lands later', { status: 500, gateway: true, applyAfterMs: 300 }, 1],
		['an answer that comes too late', { apply: true, hang: true }, 1, { settings: { timeout: 1 } }],
	])('should survive %s', async (_what, rule, writes, given = {}) => {
		const { id, failure, posts } = await save(rule, given);
		expect(failure?.details).toBeUndefined();
		expect(textsIn(id)).toEqual(saved);
		expect(posts).toBe(writes);
	});

	it('should wait for a conversation in which a response is being made', async () => {
		const id = conversationWith(1);
		const history = historyOf(id, { settings: { maxRetries: 0 } });
		await history.load();
		server().lockConversation(id, 300);
		await history.append(turn);
		expect(textsIn(id)).toEqual(saved);
	});

	it('should be saved once more where an equal turn of somebody else held the conversation', async () => {
		const id = conversationWith(1);
		const history = historyOf(id);
		await history.load();
		const locked = { code: 'conversation_locked', message: 'Another process is operating on it.' };
		onWrite({
			respond: (_request, genuine) => {
				// What the other one saves.
				genuine();
				return { status: 400, body: { error: locked } };
			},
		});
		onWrite({ status: 500 });
		await history.append(turn);
		expect(textsIn(id)).toEqual([...saved, 'Pay invoice 7', 'Paid']);
	});

	/** Holds the answer to the next read back, as it was when it was asked for, until the function is called. */
	function holdRead(): () => void {
		let release: () => void = () => undefined;
		const held = new Promise<void>((resolve) => {
			release = resolve;
		});
		server().fault({
			match: { method: 'GET' },
			respond: async (_request, genuine) => {
				const answer = genuine();
				await held;
				return answer;
			},
		});
		return () => release();
	}

	it.each([false, true])(
		'should be saved again in equal words when another item’s read came back late (read before: %s)',
		async (isRead) => {
			const id = conversationWith(1);
			const history = historyOf(id);
			if (isRead) {
				await Promise.all([history.load(), history.load()]);
				await history.append(turnItems('a', 'b'));
			}
			const sent = server().requestCount;
			const release = holdRead();
			const late = history.load();
			await until(() => server().requestCount > sent);
			await history.append(turn);
			release();
			await late;
			onWrite({ status: 500 });
			await history.append(turn);
			const words = ['Pay invoice 7', 'Paid', 'Pay invoice 7', 'Paid'];
			expect(textsIn(id)?.slice(-4)).toEqual(words);
			expect(textsIn(id)).toHaveLength(isRead ? 8 : 6);
		},
	);

	it('should be saved again in equal words when a read was answered while it was being saved', async () => {
		const id = conversationWith(1);
		const history = historyOf(id);
		let release: () => void = () => undefined;
		let late: Promise<unknown> | undefined;
		onWrite({
			respond: async () => {
				const sent = server().requestCount;
				release = holdRead();
				late = history.load();
				await until(() => server().requestCount > sent);
				return undefined;
			},
		});
		await history.append(turn);
		release();
		await late;
		onWrite({ status: 500 });
		await history.append(turn);
		expect(textsIn(id)).toEqual([...saved, 'Pay invoice 7', 'Paid']);
	});

	it('should not count as saved when other items came back than were sent', async () => {
		const id = conversationWith(1);
		const history = historyOf(id);
		onWrite({
			respond: () => ({
				body: {
					object: 'list',
					data: turnItems('Something', 'else').map((item, n) => ({ ...item, id: `msg_${n}` })),
					has_more: false,
				},
			}),
		});
		const { details } = await failureOf(history.append(turn));
		expect(details).toMatchObject({
			message: expect.stringMatching(
				/^Whether the turn was saved in conv_\w+ is not certain: .* different items/,
			),
			outcomeUnknown: true,
			leftBehind: { conversation: id },
		});
	});

	it('should leave the end to be read anew when it came back in another order', async () => {
		const id = conversationWith(1);
		const history = historyOf(id);
		await history.load();
		onWrite({ list: 'reversed' });
		await history.append(turn);
		onWrite({ status: 500 });
		await history.append(turn);
		expect(textsIn(id)).toEqual([...saved, 'Pay invoice 7', 'Paid']);
		expect(methods()).toEqual(['GET', 'POST', 'GET', 'POST', 'GET', 'POST']);
	});

	it('should say that it was not saved', async () => {
		const { id, failure, posts } = await save({ status: 400, times: Infinity });
		expect(failure?.details).toMatchObject({
			message: expect.stringMatching(/^The turn was not saved in conv_\w+: /),
			outcomeUnknown: false,
			leftBehind: { conversation: id },
		});
		expect(posts).toBe(1);
		expect(textsIn(id)).toHaveLength(2);
	});

	it.each<[string, FaultRule, string]>([
		['a rate limit', { status: 429 }, 'Too many requests were sent in a short time.'],
		[
			'a used-up quota',
			{ status: 429, body: insufficientQuota().body },
			'The account has no credit left',
		],
		[
			'a busy conversation',
			{ status: 400, body: conversationLocked().body },
			'The conversation is busy',
		],
		['a refusal', { status: 400 }, 'ask the model again.'],
	])('should advise nobody to ask the model again after %s', async (_what, rule, advice) => {
		const settings = { maxRetries: 0, lockWait: 0 };
		const { failure } = await save({ ...rule, times: Infinity }, { settings });
		const text = String(failure?.details.advice);
		expect(text).toContain(advice);
		expect(text).toContain('Running the workflow again would ask the model again.');
		expect(text).not.toMatch(/run the workflow/i);
	});

	it('should say that it may have been saved', async () => {
		const rule: FaultRule = { status: 502, gateway: true, times: Infinity };
		const { id, failure, posts } = await save(rule, { settings: { maxRetries: 1 } });
		expect(failure?.details).toMatchObject({
			message: expect.stringMatching(/^Whether the turn was saved in conv_\w+ is not certain: /),
			advice: expect.stringContaining('Order set to Newest First'),
			outcomeUnknown: true,
		});
		expect(posts).toBe(1);
		await sleep(50);
		expect(textsIn(id)).toHaveLength(2);
	});

	it('should say how much of a long turn was saved', async () => {
		const id = conversationWith(1);
		const history = historyOf(id);
		onWrite({ skip: 1, status: 400, times: Infinity });
		const long = Array.from(
			{ length: 25 },
			(_, n): Item => ({
				type: 'message',
				role: 'user',
				content: `text ${n}`,
			}),
		);
		const { details } = await failureOf(history.append(long));
		expect(details.message).toMatch(/except for the first 20 of its 25 items: /);
		expect(details.leftBehind).toEqual({ conversation: id, items: 20 });
	});

	it('should follow no redirect', async () => {
		const { failure } = await save({ status: 307, headers: { location: 'http://127.0.0.1:9/' } });
		expect(failure?.details.kind).toBe('redirect');
	});

	it('should leave turns whole when two agents save to one conversation at once', async () => {
		const id = conversationWith(0);
		const histories = [historyOf(id), historyOf(id)];
		server().configure({ latencyMs: () => Math.random() * 5 });
		const calls = (who: number, n: number): Item[] => [
			{ type: 'message', role: 'user', content: `${who} asks ${n}` },
			{ type: 'function_call', call_id: `call_${who}_${n}`, name: 'x', arguments: '{}' },
			{ type: 'function_call_output', call_id: `call_${who}_${n}`, output: 'y' },
			{ type: 'message', role: 'assistant', content: `${who} answers ${n}` },
		];
		for (let n = 0; n < 6; n++) {
			server().fault({ match: { method: 'POST' }, status: 500, apply: n % 2 === 0 });
			await Promise.all(histories.map(async (history, who) => await history.append(calls(who, n))));
		}
		const texts = textsIn(id) ?? [];
		expect(texts).toHaveLength(48);
		for (let start = 0; start < texts.length; start += 4) {
			const [who, , n] = String(texts[start]).split(' ');
			expect(texts.slice(start, start + 4)).toEqual([
				`${who} asks ${n}`,
				'function_call',
				'function_call_output',
				`${who} answers ${n}`,
			]);
		}
	});
});

describe('Loading', () => {
	it.each<[string, FaultRule]>([
		['a 500', { status: 500 }],
		['a 429', { status: 429, headers: { 'retry-after-ms': '1' } }],
		['a page of a proxy', { status: 502, gateway: true }],
	])('should be tried again after %s', async (_what, rule) => {
		server().fault(rule);
		expect(await historyOf(conversationWith(1)).load()).toHaveLength(2);
		expect(methods()).toEqual(['GET', 'GET']);
	});

	it('should say which conversation is gone, and be tried anew when asked again', async () => {
		const history = historyOf('conv_gone');
		for (const asked of [1, 2]) {
			const { details } = await failureOf(history.load());
			expect(details.message).toBe(
				"The chat history in conv_gone could not be loaded: Conversation with id 'conv_gone' not found.",
			);
			expect(details.advice).toMatch(/^Check Conversation ID in the memory\./);
			expect(server().requestCount).toBe(asked);
		}
	});
});

describe('The parts of a long turn', () => {
	const pair = (n: number): Item[] => [
		{ type: 'function_call', call_id: `call_${n}` },
		{ type: 'function_call_output', call_id: `call_${n}` },
	];
	const message: Item = { type: 'message' };

	it('should not part a call from its output', () => {
		const items = [message, ...Array.from({ length: 15 }, (_, n) => pair(n)).flat(), message];
		expect(partsOf(items).map(({ length }) => length)).toEqual([19, 13]);
	});

	it('should be cut anywhere where more calls are open than a part can hold', () => {
		const calls = Array.from({ length: 25 }, (_, n) => pair(n));
		const items = [...calls.map(([call = {}]) => call), ...calls.map(([, output = {}]) => output)];
		expect(partsOf(items).flat()).toEqual(items);
		expect(Math.max(...partsOf(items).map(({ length }) => length))).toBe(20);
	});
});
