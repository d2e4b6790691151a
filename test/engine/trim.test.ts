import type { INodeParameters } from 'n8n-workflow';

import { conversationLocked, startServer } from '../../server/index.mjs';
import type { RunOptions } from '../support/engine';
import { API_KEY, pause, runNode, until } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;

beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
beforeEach(() => {
	server.reset();
	server.configure({ latencyMs: 0, rateLimit: undefined });
});
afterAll(async () => await server.close());

const message = (role: string, id: string) => ({ type: 'message', id, role, content: id });

/** Turns of a question and an answer each, such as `msg_q0` and `msg_a0`. */
const turns = (count: number) =>
	Array.from({ length: count }, (_, n) => [
		message('user', `msg_q${n}`),
		message('assistant', `msg_a${n}`),
	]).flat();

/** A turn with reasoning, a call and its output. */
const toolTurn = (name: string) => [
	message('user', `msg_q${name}`),
	{ type: 'reasoning', id: `rs_${name}`, summary: [] },
	{ type: 'function_call', id: `fc_${name}`, call_id: name, name: 'f', arguments: '{}' },
	{ type: 'function_call_output', id: `fco_${name}`, call_id: name, output: '1' },
	message('assistant', `msg_a${name}`),
];

const conversationOf = (items: object[]) =>
	server.store.createConversation({ items: items.map((item) => ({ ...item })) }).id;

interface Trim {
	/** Fields beside the ID. */
	fields?: INodeParameters;
	options?: INodeParameters;
	settings?: RunOptions['settings'];
	stop?: AbortSignal;
}

const trim = async (ids: string[], { fields = {}, options = {}, settings, stop }: Trim = {}) =>
	await runNode(server.url, {
		items: ids.map((id) => ({ json: { id } })),
		parameters: { operation: 'trim', conversationId: '={{ $json.id }}', ...fields, options },
		...(settings === undefined ? {} : { settings }),
		...(stop === undefined ? {} : { stop }),
	});

const left = (id: string) => server.store.getConversation(id)?.items.map((item) => item.id);
const requests = (method: string) => server.requests.filter((request) => request.method === method);

/** The items that the server was asked to delete, in the order in which the requests came. */
const deleted = () => requests('DELETE').map(({ path }) => path.replace(/^.*\//, ''));

// Hundreds of requests take their time on a crowded machine.
jest.setTimeout(60_000);

/** What a 404 says of something that is not there, and of an address that is not there. */
const notFound = (message: string) => ({
	error: { message, type: 'invalid_request_error', param: null, code: null },
});
const NOT_FOUND = notFound('gone');
const AZURE_NOT_FOUND = { error: { code: '404', message: 'Resource not found' } };
const INVALID_URL = notFound('Invalid URL (DELETE /v1/x)');

const ONE_BY_ONE = { maxConcurrency: 1 };
const locked = { status: 400, body: conversationLocked().body };

describe('Conversation: Trim', () => {
	it('should keep the latest turns and the instructions, and say how much went', async () => {
		const id = conversationOf([message('system', 'msg_s'), ...turns(3), ...toolTurn('x')]);
		const { json, items, hints } = await trim([id], {
			fields: { keepTurns: 2 },
			options: ONE_BY_ONE,
		});
		expect(json).toEqual([{ id, kept_items: 8, deleted_items: 4 }]);
		expect(items[0]?.pairedItem).toEqual({ item: 0 });
		expect(hints).toEqual([]);
		expect(left(id)).toEqual([
			'msg_s',
			'msg_q2',
			'msg_a2',
			'msg_qx',
			'rs_x',
			'fc_x',
			'fco_x',
			'msg_ax',
		]);
		expect(deleted()).toEqual(['msg_a0', 'msg_q0', 'msg_a1', 'msg_q1']);
		expect(server.requests.map(({ method, query }) => `${method} ${query}`)).toEqual([
			'GET limit=100&order=asc',
			...Array<string>(4).fill('DELETE '),
		]);
	});

	it('should keep ten turns and remove what is incomplete unless told otherwise', async () => {
		const id = conversationOf([
			...turns(11),
			{ type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '{}' },
		]);
		const { json, hints } = await trim([id]);
		expect(json).toEqual([{ id, kept_items: 20, deleted_items: 3 }]);
		expect(left(id)?.slice(0, 2)).toEqual(['msg_q1', 'msg_a1']);
		expect(hints).toEqual([
			'1 incomplete conversation item was removed: function call (fc_1). The API refuses a conversation that holds such items.',
		]);
	});

	it('should say in one hint what was incomplete in several conversations', async () => {
		const ids = ['a', 'b'].map((name) =>
			conversationOf([
				message('user', `msg_${name}`),
				{ type: 'reasoning', id: `rs_${name}`, summary: [] },
			]),
		);
		const { hints } = await trim(ids, { options: ONE_BY_ONE });
		expect(hints).toEqual([
			'2 incomplete conversation items were removed: reasoning (rs_a), reasoning (rs_b). The API refuses a conversation that holds such items.',
		]);
	});

	it.each<[string, INodeParameters]>([
		['fewer turns than are to stay', { keepTurns: 3 }],
		['all turns are to stay', { keepTurns: 0 }],
		['as many turns as are to stay', { keepTurns: '={{ "2" }}', removeIncomplete: false }],
	])('should remove nothing, and say so, where there are %s', async (_what, fields) => {
		const id = conversationOf(turns(2));
		const { json, hints } = await trim([id], { fields });
		expect(json).toEqual([{ id, kept_items: 4, deleted_items: 0 }]);
		expect(hints).toEqual([]);
		expect(server.requestCount).toBe(1);
	});

	it.each<[INodeParameters, string]>([
		[{ keepTurns: -1 }, 'Turns to Keep is "-1", not a whole number of 0 or more'],
		[{ keepTurns: 2.5 }, 'Turns to Keep is "2.5", not a whole number of 0 or more'],
		[{ keepTurns: '={{ "many" }}' }, 'Turns to Keep is "many", not a whole number of 0 or more'],
		[
			{ removeIncomplete: '={{ "maybe" }}' },
			'Remove Incomplete Items is "maybe", neither true nor false',
		],
	])('should refuse %j before any request', async (fields, text) => {
		const { error } = await trim([conversationOf(turns(2))], { fields });
		expect(error?.message).toBe(text);
		expect(server.requestCount).toBe(0);
	});

	it('should fail for a conversation that does not exist', async () => {
		const { error } = await trim(['conv_none']);
		expect(error).toMatchObject({
			message: "Conversation with id 'conv_none' not found.",
			httpCode: '404',
		});
	});

	it('should delete reasoning first, then a call directly before its output', async () => {
		const id = conversationOf([...toolTurn('x'), ...turns(1)]);
		await trim([id], { fields: { keepTurns: 1 }, options: ONE_BY_ONE });
		expect(deleted()).toEqual(['rs_x', 'fc_x', 'fco_x', 'msg_ax', 'msg_qx']);
	});

	it('should delete the newest of the old user messages when all others have answered', async () => {
		const id = conversationOf(turns(6));
		server.configure({ latencyMs: 5 });
		await trim([id], { fields: { keepTurns: 1 } });
		const all = requests('DELETE');
		const last = all.at(-1);
		expect(last?.path).toContain('msg_q4');
		for (const { endedAt } of all.slice(0, -1)) expect(endedAt).toBeLessThan(last?.receivedAt ?? 0);
	});
});

describe('Trim, with a long conversation', () => {
	it('should read it once and delete side by side, up to Max Concurrency', async () => {
		server.configure({ latencyMs: 20 });
		const id = conversationOf(turns(61));
		const { json } = await trim([id], { fields: { keepTurns: 1 } });
		expect(json).toEqual([{ id, kept_items: 2, deleted_items: 120 }]);
		expect(requests('GET')).toHaveLength(2);
		expect(requests('DELETE')).toHaveLength(120);
		expect(server.maxInFlight).toBe(10);
	});

	it('should start deletions about in their order', async () => {
		server.configure({ latencyMs: 5 });
		const id = conversationOf(turns(50));
		await trim([id], { fields: { keepTurns: 1 }, options: { maxConcurrency: 5 } });
		const numbers = deleted().map((item) => Number(item.slice(5)));
		numbers.forEach((number, place) => expect(Math.abs(number - place / 2)).toBeLessThan(6));
	});

	it('should keep to Max Concurrency when several conversations are trimmed', async () => {
		server.configure({ latencyMs: 10 });
		const ids = Array.from({ length: 5 }, () => conversationOf(turns(12)));
		const { json } = await trim(ids, {
			fields: { keepTurns: 2 },
			options: { maxConcurrency: 4 },
		});
		expect(json).toEqual(ids.map((id) => ({ id, kept_items: 4, deleted_items: 20 })));
		expect(server.maxInFlight).toBe(4);
	});

	it('should stay within a rate limit', async () => {
		const id = conversationOf(turns(40));
		server.configure({ rateLimit: { perSecond: 100, burst: 10 } });
		const { json } = await trim([id], { fields: { keepTurns: 1 }, options: { maxRetries: 5 } });
		expect(json).toEqual([{ id, kept_items: 2, deleted_items: 78 }]);
		expect(server.requestCount).toBeLessThan(110);
	});
});

const RETRY = { 'retry-after-ms': '1' };

describe('Trim, when a deletion does not go through', () => {
	it('should say how many items went and how many are left, and complete it when run again', async () => {
		const id = conversationOf(turns(10));
		const handle = server.fault({
			match: { method: 'DELETE' },
			skip: 7,
			times: Infinity,
			status: 500,
		});
		const run = { fields: { keepTurns: 2 }, options: ONE_BY_ONE };
		const { json } = await trim([id], { ...run, settings: { onError: 'continueRegularOutput' } });
		expect(json).toEqual([
			{
				error: expect.stringMatching(`^7 of 16 items were removed from ${id}, 9 left to remove: `),
				details: expect.objectContaining({
					advice: expect.stringMatching(/^Run the workflow again to remove the rest\. /),
					status: 500,
					attempts: 1,
					conversation: id,
					item_count: 13,
				}),
			},
		]);
		expect(json[0]?.details).not.toHaveProperty('may_have_happened');
		expect(deleted()).toHaveLength(8);

		handle.remove();
		const { json: again } = await trim([id], run);
		expect(again).toEqual([{ id, kept_items: 4, deleted_items: 9 }]);
		expect(left(id)).toEqual(['msg_q8', 'msg_a8', 'msg_q9', 'msg_a9']);
	});

	it.each<[string, object, INodeParameters]>([
		['a server error', { status: 500, headers: RETRY }, {}],
		['a page of a proxy', { status: 502, body: '<html></html>', headers: RETRY }, {}],
		['a lost connection', { reset: 'mid-body' }, { retryNetworkErrors: true }],
	])('should count what is gone after %s that may have deleted it', async (_w, fault, options) => {
		const id = conversationOf(turns(6));
		server.fault({ match: { method: 'DELETE' }, times: 3, apply: true, ...fault });
		const { json, error } = await trim([id], {
			fields: { keepTurns: 1 },
			options: { maxRetries: 1, ...options },
		});
		expect(error).toBeUndefined();
		expect(json).toEqual([{ id, kept_items: 2, deleted_items: 10 }]);
		expect(left(id)).toEqual(['msg_q5', 'msg_a5']);
		expect(deleted()).toHaveLength(13);
	});

	it('should count an item that somebody else has deleted', async () => {
		const id = conversationOf(turns(2));
		// The listing is answered, and then an item goes.
		server.fault({
			match: { method: 'GET' },
			respond: (_request, genuine) => {
				const { status, body } = genuine();
				server.store.getConversation(id)?.items.shift();
				return { status, body };
			},
		});
		const { json } = await trim([id], { fields: { keepTurns: 1 }, options: ONE_BY_ONE });
		expect(json).toEqual([{ id, kept_items: 2, deleted_items: 2 }]);
	});

	it('should fail when the conversation itself has gone', async () => {
		const id = conversationOf(turns(5));
		server.fault({
			match: { method: 'DELETE', nth: 4 },
			respond: (_request, genuine) => {
				server.store.conversations.delete(id);
				genuine();
				return undefined;
			},
		});
		const { error } = await trim([id], { fields: { keepTurns: 1 }, options: ONE_BY_ONE });
		expect(error?.message).toBe(`Conversation with id '${id}' not found.`);
	});

	it.each(['OpenAI', 'Azure'] as const)(
		'should fail when items that are not found, as %s says it, are listed all the same',
		async (service) => {
			const id = conversationOf(turns(3));
			const body = service === 'Azure' ? AZURE_NOT_FOUND : NOT_FOUND;
			server.fault({ match: { method: 'DELETE' }, times: Infinity, status: 404, body });
			const { error } = await trim([id], { fields: { keepTurns: 1 }, options: ONE_BY_ONE });
			expect(error?.message).toBe(
				`0 of 4 items were removed from ${id}. The API still lists the rest, but answered 404 when they were to be deleted`,
			);
			expect(left(id)).toHaveLength(6);
		},
	);

	it('should fail at the first item when the server does not know the address', async () => {
		const id = conversationOf(turns(3));
		server.fault({ match: { method: 'DELETE' }, status: 404, body: INVALID_URL });
		const { error } = await trim([id], { fields: { keepTurns: 1 }, options: ONE_BY_ONE });
		expect(error?.message).toBe(
			`0 of 4 items were removed from ${id}, 4 left to remove: Invalid URL (DELETE /v1/x)`,
		);
		expect(error?.description).toContain('The server does not know this address.');
		expect(requests('DELETE')).toHaveLength(1);
	});

	it('should fail when nobody can tell whether they are gone', async () => {
		const id = conversationOf(turns(3));
		server.fault({ match: { method: 'DELETE' }, status: 404, body: NOT_FOUND });
		server.fault({ match: { method: 'GET', nth: 2 }, status: 500, times: Infinity });
		const { error } = await trim([id], { fields: { keepTurns: 1 }, options: ONE_BY_ONE });
		expect(error?.message).toMatch(
			new RegExp(`^Whether all items to remove from ${id} are gone could not be checked: `),
		);
		expect(error?.description).toMatch(/^Run the workflow again to remove what is left\./);
	});

	it('should start nothing more, but finish a pair that is half deleted', async () => {
		const items = Array.from({ length: 8 }, (_, n) => toolTurn(`t${n}`)).flat();
		const id = conversationOf([...items, ...turns(1)]);
		server.configure({ latencyMs: 20 });
		server.fault({ match: { method: 'DELETE', path: /rs_t1$/ }, status: 400 });
		const { error } = await trim([id], {
			fields: { keepTurns: 1 },
			options: { maxConcurrency: 4 },
		});
		expect(error?.message).toMatch(/items were removed from/);
		const rest = left(id) ?? [];
		expect(rest).toContain('rs_t1');
		expect(deleted().length).toBeLessThan(16);
		for (let n = 0; n < 8; n++) {
			expect(rest.includes(`fc_t${n}`)).toBe(rest.includes(`fco_t${n}`));
		}
		await trim([id], { fields: { keepTurns: 1 } });
		expect(left(id)).toEqual(['msg_q0', 'msg_a0']);
	});
});

describe('Trim, when an earlier item fails', () => {
	it('should finish what it has begun', async () => {
		const id = conversationOf(turns(30));
		server.configure({ latencyMs: 10 });
		// The answer comes while the other conversation is being trimmed.
		server.fault({
			match: { method: 'GET', path: /conv_none/ },
			respond: async () => {
				await until(() => requests('DELETE').length > 20);
				return undefined;
			},
		});
		const { error } = await trim(['conv_none', id], { fields: { keepTurns: 1 } });
		expect(error?.message).toBe("Conversation with id 'conv_none' not found. [item 0]");
		expect(left(id)).toEqual(['msg_q29', 'msg_a29']);
	});

	it('should not begin', async () => {
		const id = conversationOf(turns(30));
		server.fault({ match: { path: new RegExp(`${id}/items$`) }, delayMs: 100 });
		const { error } = await trim(['conv_none', id], { fields: { keepTurns: 1 } });
		expect(error?.message).toBe("Conversation with id 'conv_none' not found. [item 0]");
		expect(deleted()).toEqual([]);
	});
});

describe('Trim of a conversation that is locked', () => {
	it('should delete one at a time from then on, without a retry being allowed', async () => {
		const id = conversationOf(turns(20));
		server.configure({ latencyMs: 5 });
		let refusals = 0;
		server.fault({
			match: { method: 'DELETE' },
			times: Infinity,
			respond: () => {
				if (server.inFlight === 1) return undefined;
				refusals += 1;
				return locked;
			},
		});
		const { json, error } = await trim([id], {
			fields: { keepTurns: 1 },
			options: { maxRetries: 0 },
		});
		expect(error).toBeUndefined();
		expect(json).toEqual([{ id, kept_items: 2, deleted_items: 38 }]);
		expect(refusals).toBeGreaterThan(0);
		expect(refusals).toBeLessThanOrEqual(10);
		expect(deleted()).toHaveLength(38 + refusals);
		const lastRefused = requests('DELETE').findLast(({ status }) => status === locked.status);
		const alone = requests('DELETE').filter(
			({ receivedAt }) => receivedAt > (lastRefused?.endedAt ?? Infinity),
		);
		expect(alone.length).toBeGreaterThan(20);
		alone.slice(1).forEach(({ receivedAt }, place) => {
			expect(receivedAt).toBeGreaterThanOrEqual(alone[place]?.endedAt ?? Infinity);
		});
	});

	it('should wait for the lock that its own deletions leave', async () => {
		const id = conversationOf(turns(6));
		server.fault({ match: { method: 'DELETE' }, times: 11, ...locked });
		const { json } = await trim([id], { fields: { keepTurns: 1 }, options: { maxRetries: 0 } });
		expect(json).toEqual([{ id, kept_items: 2, deleted_items: 10 }]);
		expect(deleted()).toHaveLength(21);
	});

	it('should leave a lock that it meets one at a time to Max Retries', async () => {
		const id = conversationOf(turns(3));
		server.fault({ match: { method: 'DELETE' }, times: 2, ...locked, headers: RETRY });
		const run = { fields: { keepTurns: 1 } };
		const { error } = await trim([id], { ...run, options: { ...ONE_BY_ONE, maxRetries: 0 } });
		expect(error?.message).toContain('Another process is currently operating');
		const { json } = await trim([id], { ...run, options: { ...ONE_BY_ONE, maxRetries: 1 } });
		expect(json).toEqual([{ id, kept_items: 2, deleted_items: 4 }]);
	});
});

describe('Trim, when the execution is stopped', () => {
	it('should start nothing more, say how far it came, and complete it when run again', async () => {
		const id = conversationOf([
			...Array.from({ length: 30 }, (_, n) => toolTurn(`t${n}`)).flat(),
			...turns(1),
		]);
		server.configure({ latencyMs: 20 });
		const stopping = new AbortController();
		const running = trim([id], { fields: { keepTurns: 1 }, stop: stopping.signal });
		await until(() => requests('DELETE').length > 60);
		const sent = requests('DELETE').length;
		stopping.abort();
		const { error } = await running;
		expect(error?.message).toBe('The execution was canceled');
		expect(error?.description).toMatch(
			new RegExp(
				`^\\d+ conversation items were removed from ${id}, which holds at most \\d+ more\\. Run the workflow again to finish\\.$`,
			),
		);
		await pause(50);
		// What was on its way to the server.
		expect(requests('DELETE').length).toBeLessThanOrEqual(sent + 10);

		server.configure({ latencyMs: 0 });
		const { json } = await trim([id], { fields: { keepTurns: 1 } });
		expect(json).toEqual([expect.objectContaining({ kept_items: 2 })]);
		expect(left(id)).toEqual(['msg_q0', 'msg_a0']);
	});

	it('should say so as well when only the last look was missing', async () => {
		const id = conversationOf(turns(3));
		// Gone already when it is to be deleted, so that there is a last look.
		server.fault({ match: { method: 'DELETE' }, status: 404, body: NOT_FOUND });
		server.fault({ match: { method: 'GET', nth: 2 }, hang: true });
		const stopping = new AbortController();
		const running = trim([id], { fields: { keepTurns: 1 }, stop: stopping.signal });
		await until(() => requests('GET').length === 2);
		stopping.abort();
		const { error } = await running;
		expect(error?.description).toBe(
			`4 conversation items were removed from ${id}, which holds at most 2 more. Run the workflow again to finish.`,
		);
	});
});
