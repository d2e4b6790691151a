import type { WireAnswer } from '../../nodes/shared/transport/answer';
import type { WireRequest } from '../../nodes/shared/transport/attempt';
import { createClient } from '../../nodes/shared/transport/client';
import type {
	ApiRequest,
	Finding,
	RequestSettings,
	Tally,
} from '../../nodes/shared/transport/client';
import type { FailureDetails } from '../../nodes/shared/transport/failures';
import {
	attempted,
	Cancelled,
	NotContinued,
	RequestFailure,
} from '../../nodes/shared/transport/failures';
import type { Observation } from '../../nodes/shared/transport/rateLimiter';
import { createRedactor } from '../../nodes/shared/transport/redact';
import { KEY } from '../support/unit';

const SETTINGS: RequestSettings = {
	baseUrl: 'https://api.example/v1',
	allowedDomains: undefined,
	timeout: 0,
	maxRetries: 3,
	retryNetworkErrors: false,
	additionalHeaders: {},
	additionalQuery: [],
	additionalBody: {},
};

const READ: ApiRequest = { method: 'GET', path: ['conversations', 'conv_1'], repeatable: true };
const SET: ApiRequest = {
	method: 'POST',
	path: ['conversations', 'conv_1'],
	body: { metadata: {} },
	repeatable: true,
};
const CREATE: ApiRequest = { method: 'POST', path: ['conversations'], body: {}, repeatable: false };
const DELETE: ApiRequest = {
	method: 'DELETE',
	path: ['conversations', 'conv_1'],
	repeatable: true,
};

/** What the server does with a request: an answer, or a connection that breaks. */
type Step = { status: number; body?: unknown; headers?: Record<string, string> } | { code: string };

const done: Step = { status: 200, body: { id: 'conv_1' } };
const refused: Step = { status: 400, body: { error: { message: 'No', code: 'bad' } } };
const broken: Step = { status: 500, body: { error: { message: 'Oops' } } };
/** From something in front of the server, behind which it may still be at work. */
const open: Step = { status: 502, body: '<html>' };
const limited: Step = { status: 429, body: { error: { message: 'Slow down' } } };
const quota: Step = { status: 429, body: { error: { message: 'm', code: 'insufficient_quota' } } };
const lost: Step = { code: 'ECONNRESET' };

interface Scene {
	steps?: readonly Step[];
	settings?: Partial<RequestSettings>;
	/** Called when the request with this number, from 1, is on its way. */
	onSend?: (number: number) => void;
	/** Called in each wait before a retry. */
	onPause?: () => void;
}

function stage({ steps = [done], settings = {}, onSend, onPause }: Scene = {}) {
	const cancelling = new AbortController();
	const ending = new AbortController();
	const tally: Tally = { requests: 0, retries: new Map() };
	const sent: WireRequest[] = [];
	const observed: Observation[] = [];
	const pauses: number[] = [];
	let starts = 0;
	const client = createClient(
		{
			async send(request): Promise<WireAnswer> {
				const step = steps[sent.length];
				sent.push(request);
				onSend?.(sent.length);
				if (step === undefined) throw new Error('No request was expected');
				if ('code' in step) throw Object.assign(new Error('socket hang up'), { code: step.code });
				const body = typeof step.body === 'string' ? step.body : JSON.stringify(step.body ?? {});
				return { status: step.status, headers: step.headers ?? {}, body };
			},
			gate: {
				start: async () => ++starts,
				observe: (observation) => observed.push(observation),
				async pause(ms) {
					pauses.push(ms);
					onPause?.();
				},
				waitedMs: 0,
			},
			redactor: createRedactor(KEY),
			tally,
			cancelled: cancelling.signal,
			ended: ending.signal,
			random: () => 0.5,
		},
		{ ...SETTINGS, ...settings },
	);
	const cancel = () => {
		cancelling.abort();
		ending.abort();
	};
	return { client, sent, observed, pauses, tally, cancel, end: () => ending.abort() };
}

/** What a call led to: the answer, or the details of its failure. */
async function outcome(
	call: Promise<unknown>,
): Promise<Partial<FailureDetails> | { answer: unknown }> {
	const result = await attempted(call);
	return result instanceof RequestFailure ? result.details : { answer: result };
}

describe('A request', () => {
	const wireFor = async (request: ApiRequest, settings: Partial<RequestSettings> = {}) => {
		const { client, sent } = stage({ settings });
		await client.call(request);
		return sent[0];
	};

	it('should have its address, what it accepts, and nothing else', async () => {
		expect(await wireFor(READ)).toStrictEqual({
			method: 'GET',
			url: 'https://api.example/v1/conversations/conv_1',
			headers: { Accept: 'application/json' },
		});
	});

	it('should have a body as JSON', async () => {
		expect(await wireFor(SET)).toStrictEqual({
			method: 'POST',
			url: 'https://api.example/v1/conversations/conv_1',
			headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
			body: '{"metadata":{}}',
		});
	});

	it('should encode each part of its path', async () => {
		const wire = await wireFor({ ...READ, path: ['conversations', 'a/b?c', '..x'] });
		expect(wire?.url).toBe('https://api.example/v1/conversations/a%2Fb%3Fc/..x');
	});

	it("should have its own query before the user's, encoded but for the brackets of lists", async () => {
		const wire = await wireFor(
			{
				...READ,
				query: [
					['include[]', 'a.b'],
					['include[]', 'c&d'],
					['after', 'ä'],
				],
			},
			{
				additionalQuery: [
					['x[y]', '[1]'],
					['=', ''],
				],
			},
		);
		expect(wire?.url).toBe(
			'https://api.example/v1/conversations/conv_1?include[]=a.b&include[]=c%26d&after=%C3%A4&x[y]=%5B1%5D&%3D=',
		);
	});

	it("should have the user's headers", async () => {
		const wire = await wireFor(READ, { additionalHeaders: { 'X-Trace': '1' } });
		expect(wire?.headers).toEqual({ Accept: 'application/json', 'X-Trace': '1' });
	});

	it('should name the domains that the credential is restricted to', async () => {
		expect((await wireFor(READ, { allowedDomains: 'api.example' }))?.allowedDomains).toBe(
			'api.example',
		);
	});

	it.each<[string, ApiRequest, string | undefined]>([
		[
			'laid over the body of one that takes it',
			{ ...CREATE, body: { a: 1, b: 2 }, extensible: true },
			'{"a":1,"b":3}',
		],
		['kept out of others', { ...CREATE, body: { a: 1, b: 2 } }, '{"a":1,"b":2}'],
		['kept out of a deletion', { ...DELETE, extensible: true }, undefined],
	])('should have the Additional Body %s', async (_what, request, expected) => {
		expect((await wireFor(request, { additionalBody: { b: 3 } }))?.body).toBe(expected);
	});
});

describe('An answer', () => {
	it('should be given and counted', async () => {
		const { client, observed, tally, pauses } = stage();
		expect(await client.call(READ)).toEqual({ id: 'conv_1' });
		expect(tally).toEqual({ requests: 1, retries: new Map() });
		expect(observed).toEqual([
			{ startedAt: 1, status: 200, headers: {}, isRateLimit: false, namedWait: undefined },
		]);
		expect(pauses).toEqual([]);
	});

	it.each<[string, Step, Partial<Observation>]>([
		[
			'a rate limit',
			{ ...limited, headers: { 'retry-after-ms': '30' } },
			{ status: 429, isRateLimit: true, namedWait: 30 },
		],
		[
			'a rate limit without a wait',
			limited,
			{ status: 429, isRateLimit: true, namedWait: undefined },
		],
		[
			'a quota that is used up',
			{ ...quota, headers: { 'retry-after-ms': '30' } },
			{ status: 429, isRateLimit: false, namedWait: undefined },
		],
		[
			'a server that is not there',
			{ ...open, status: 503, headers: { 'retry-after': '2' } },
			{ status: 503, isRateLimit: false, namedWait: 2_000 },
		],
		[
			'another fault',
			{ ...broken, headers: { 'retry-after': '2' } },
			{ status: 500, isRateLimit: false, namedWait: undefined },
		],
		[
			'a broken connection',
			lost,
			{ status: undefined, isRateLimit: false, namedWait: undefined, headers: {} },
		],
	])('should be told to the gate: %s', async (_what, step, expected) => {
		const { client, observed } = stage({ steps: [step], settings: { maxRetries: 0 } });
		await expect(client.call(READ)).rejects.toThrow(RequestFailure);
		expect(observed).toHaveLength(1);
		expect(observed[0]).toMatchObject(expected);
	});
});

describe('A retry', () => {
	it('should come after the backoff, or the wait that the server names', async () => {
		const steps = [broken, { ...limited, headers: { 'retry-after-ms': '30' } }, open, done];
		const { client, pauses, tally, observed } = stage({ steps });
		expect(await client.call(SET)).toEqual({ id: 'conv_1' });
		expect(pauses).toEqual([1_000, 30, 4_000]);
		expect(tally).toEqual({
			requests: 4,
			retries: new Map([
				['server error', 2],
				['rate limit', 1],
			]),
		});
		expect(observed.map(({ startedAt }) => startedAt)).toEqual([1, 2, 3, 4]);
	});

	it('should send the same bytes', async () => {
		const { client, sent } = stage({ steps: [broken, done] });
		await client.call(SET);
		expect(sent[1]).toEqual(sent[0]);
	});

	it('should be made as often as Max Retries says, and the failure tell how often', async () => {
		const { client, sent } = stage({
			steps: [broken, broken, broken, broken],
			settings: { maxRetries: 2 },
		});
		expect(await outcome(client.call(READ))).toMatchObject({
			kind: 'answer',
			status: 500,
			attempts: 3,
		});
		expect(sent).toHaveLength(3);
	});

	it.each<[string, Step]>([
		['a redirect', { status: 302, headers: { location: '/x', 'x-should-retry': 'true' } }],
		[
			'an answer that is no JSON',
			{ status: 200, body: 'x', headers: { 'x-should-retry': 'true' } },
		],
		['a refusal', refused],
		['a quota that is used up', quota],
		['a request that can not be sent', { code: 'ERR_INVALID_CHAR' }],
	])('should not be made after %s', async (_what, step) => {
		const { client, sent } = stage({ steps: [step], settings: { retryNetworkErrors: true } });
		expect(await outcome(client.call(SET))).toMatchObject({ attempts: 1 });
		expect(sent).toHaveLength(1);
	});

	it('should be made after a broken connection only when the user wants that, and tell how many there were', async () => {
		const without = stage({ steps: [lost] });
		expect(await outcome(without.client.call(SET))).toMatchObject({ kind: 'network', attempts: 1 });
		const { client, tally } = stage({
			steps: [lost, lost],
			settings: { retryNetworkErrors: true, maxRetries: 1 },
		});
		expect(await outcome(client.call(SET))).toMatchObject({
			kind: 'network',
			code: 'ECONNRESET',
			attempts: 2,
		});
		expect(tally.retries).toEqual(new Map([['connection', 1]]));
	});

	it('should be made while the conversation is busy, whatever the request', async () => {
		const locked: Step = {
			status: 400,
			body: { error: { message: 'm', code: 'conversation_locked' } },
		};
		const { client, tally } = stage({ steps: [locked, done] });
		expect(await client.call(CREATE)).toEqual({ id: 'conv_1' });
		expect(tally.retries).toEqual(new Map([['conversation busy', 1]]));
	});

	it('should know the busy conversation by param and text', async () => {
		const error = { message: 'Please retry in a few seconds.', param: 'conversation' };
		const { client, sent } = stage({ steps: [{ status: 409, body: { error } }, done] });
		await client.call(SET);
		expect(sent).toHaveLength(2);
	});
});

describe('A failure', () => {
	it.each<[string, ApiRequest, Step[], Partial<FailureDetails>]>([
		[
			'a write that the server broke off',
			SET,
			[broken],
			{ mayHaveHappened: true, repeatable: true },
		],
		[
			'a write that must not be repeated',
			CREATE,
			[broken],
			{ mayHaveHappened: true, repeatable: false },
		],
		['a deletion', DELETE, [open], { mayHaveHappened: true, repeatable: true }],
		['a read, which changes nothing', READ, [broken], { mayHaveHappened: false, repeatable: true }],
		['a refusal', SET, [refused], { mayHaveHappened: false }],
		[
			'a refusal after an attempt that was broken off',
			SET,
			[broken, refused],
			{ mayHaveHappened: true, status: 400, code: 'bad' },
		],
		['a refusal after a rate limit', SET, [limited, refused], { mayHaveHappened: false }],
	])('should tell whether it may have happened: %s', async (_what, request, steps, expected) => {
		const { client } = stage({ steps, settings: { maxRetries: steps.length - 1 } });
		expect(await outcome(client.call(request))).toMatchObject(expected);
	});
});

describe('A write that must not be done twice', () => {
	const found: Finding = { kind: 'done', answer: { id: 'conv_1', found: true } };

	function add(
		steps: readonly Step[],
		findOut: () => Promise<Finding>,
		settings: Partial<RequestSettings> = {},
	) {
		const look = jest.fn(findOut);
		const scene = stage({ steps, settings });
		return {
			...scene,
			look,
			call: async () => await scene.client.call({ ...CREATE, findOut: look }),
		};
	}

	it.each([broken, open])(
		'should not be sent again where nobody can find out: %j',
		async (step) => {
			const { client, sent, pauses } = stage({ steps: [step] });
			expect(await outcome(client.call(CREATE))).toMatchObject({ attempts: 1 });
			expect([sent.length, pauses]).toEqual([1, []]);
		},
	);

	it('should be sent again after an answer that rules it out', async () => {
		const { call, look, sent } = add([limited, done], async () => found);
		expect(await call()).toEqual({ id: 'conv_1' });
		expect(look).not.toHaveBeenCalled();
		expect(sent).toHaveLength(2);
	});

	it.each([broken, open])('should be done when it is found, after %j and a wait', async (step) => {
		const { call, sent, pauses } = add([step], async () => found);
		expect(await call()).toEqual({ id: 'conv_1', found: true });
		expect([sent.length, pauses]).toEqual([1, [1_000]]);
	});

	it('should be looked for after a broken connection only when network errors are retried', async () => {
		const without = add([lost], async () => found);
		expect(await outcome(without.call())).toMatchObject({
			code: 'ECONNRESET',
			mayHaveHappened: true,
			repeatable: false,
		});
		expect(without.look).not.toHaveBeenCalled();
		const retried = add([lost], async () => found, { retryNetworkErrors: true });
		expect(await retried.call()).toEqual({ id: 'conv_1', found: true });
	});

	it('should be sent again when it is not there and the server is through with it', async () => {
		const { call, sent } = add([broken, done], async () => ({ kind: 'notDone' }));
		expect(await call()).toEqual({ id: 'conv_1' });
		expect(sent).toHaveLength(2);
	});

	it('should have happened for certain not, once it was not there and then refused', async () => {
		const { call } = add([broken, refused], async () => ({ kind: 'notDone' }));
		expect(await outcome(call())).toMatchObject({ status: 400, mayHaveHappened: false });
	});

	it.each<[string, Step, () => Promise<Finding>]>([
		['may still come', open, async () => ({ kind: 'notDone' })],
		['can not be told', broken, async () => ({ kind: 'unclear' })],
		[
			'could not be looked for',
			broken,
			async () =>
				await Promise.reject(
					new RequestFailure({
						kind: 'network',
						message: 'x',
						attempts: 1,
						mayHaveHappened: false,
					}),
				),
		],
		[
			'is not looked for because the run has ended',
			broken,
			async () => await Promise.reject(new NotContinued()),
		],
	])('should be left at the first failure when it %s', async (_what, step, findOut) => {
		const { call, sent } = add([step], findOut);
		expect(await outcome(call())).toMatchObject({
			kind: 'answer',
			attempts: 1,
			mayHaveHappened: true,
			repeatable: false,
		});
		expect(sent).toHaveLength(1);
	});

	it.each([
		['a stop', new Cancelled()],
		['a fault of our own', new TypeError('fault')],
	])('should end with what else ends the look: %s', async (_what, error) => {
		const { call } = add([broken], async () => await Promise.reject(error));
		await expect(call()).rejects.toBe(error);
	});

	it('should count as a change when it is found, so that its item is finished', async () => {
		const { call, client, end } = add([broken, done], async () => found);
		await call();
		end();
		expect(await client.call(READ)).toEqual({ id: 'conv_1' });
	});
});

describe('The end of a run', () => {
	it('should let nothing start', async () => {
		const { client, end, sent } = stage();
		end();
		await expect(client.call(SET)).rejects.toThrow(NotContinued);
		expect(sent).toEqual([]);
	});

	it('should let an item finish that has changed something, but not one that has only read', async () => {
		const writing = stage({ steps: [done, done] });
		await writing.client.call(SET);
		writing.end();
		expect(await writing.client.call(READ)).toEqual({ id: 'conv_1' });

		const reading = stage({ steps: [done, done] });
		await reading.client.call(READ);
		reading.end();
		await expect(reading.client.call(READ)).rejects.toThrow(NotContinued);
	});

	it('should keep the answer to what is on its way', async () => {
		const scene = stage({ onSend: () => scene.end() });
		expect(await scene.client.call(READ)).toEqual({ id: 'conv_1' });
	});

	it('should leave no retry to be waited for', async () => {
		const scene = stage({ steps: [broken, done], onSend: () => scene.end() });
		expect(await outcome(scene.client.call(READ))).toMatchObject({ status: 500 });
		expect([scene.sent.length, scene.pauses, scene.tally.retries.size]).toEqual([1, [], 0]);
	});

	it('should break off a wait for a retry with the failure that led to it', async () => {
		const scene = stage({ steps: [broken, done], onPause: () => scene.end() });
		expect(await outcome(scene.client.call(READ))).toMatchObject({ status: 500 });
		expect(scene.sent).toHaveLength(1);
	});

	it('should let a retry happen of an item that has changed something', async () => {
		const scene = stage({ steps: [done, broken, done], onPause: () => scene.end() });
		await scene.client.call(SET);
		expect(await scene.client.call(READ)).toEqual({ id: 'conv_1' });
	});
});

describe('A stop of the execution', () => {
	it('should let nothing start, not even of an item that has changed something', async () => {
		const { client, cancel, sent } = stage({ steps: [done, done] });
		await client.call(SET);
		cancel();
		await expect(client.call(READ)).rejects.toThrow(Cancelled);
		expect(sent).toHaveLength(1);
	});

	it.each<[string, Step]>([
		['an answer', done],
		['a broken connection', lost],
	])('should be told instead of %s that comes with it', async (_what, step) => {
		const scene = stage({ steps: [step], onSend: () => scene.cancel() });
		await expect(scene.client.call(SET)).rejects.toThrow(Cancelled);
		expect(scene.observed).toHaveLength(1);
	});

	it('should be told instead of a failure whose retry is waited for', async () => {
		const scene = stage({ steps: [broken, done], onPause: () => scene.cancel() });
		await expect(scene.client.call(SET)).rejects.toThrow(Cancelled);
		expect(scene.sent).toHaveLength(1);
	});
});
