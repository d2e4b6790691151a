import type { RunStatistics } from '../../nodes/shared/transport/client';
import { systemClock } from '../../nodes/shared/n8n/clock';
import { createClient } from '../../nodes/shared/transport/client';
import type { FailureDetails } from '../../nodes/shared/transport/failures';
import {
	Cancelled,
	RequestFailure,
	resultOf,
	RunEnded,
} from '../../nodes/shared/transport/failures';
import { limitInFlight } from '../../nodes/shared/transport/inFlightLimit';
import type { Observation, RateLimiter } from '../../nodes/shared/transport/rateLimiter';
import { createRateLimiter } from '../../nodes/shared/transport/rateLimiter';
import type {
	ApiRequest,
	RequestSettings,
	Verification,
	WireAnswer,
	WireRequest,
} from '../../nodes/shared/transport/request';
import { FakeClock } from '../support/fakeClock';

const SETTINGS: RequestSettings = {
	baseUrl: 'https://api.example/v1',
	allowedDomains: undefined,
	timeout: 0,
	maxRetries: 3,
	retryNetworkErrors: false,
};

const READ: ApiRequest = { method: 'GET', path: ['conversations', 'conv_1'], idempotent: true };
const SET: ApiRequest = {
	method: 'POST',
	path: ['conversations', 'conv_1'],
	body: { metadata: {} },
	idempotent: true,
};
const CREATE: ApiRequest = { method: 'POST', path: ['conversations'], body: {}, idempotent: false };
const DELETE: ApiRequest = {
	method: 'DELETE',
	path: ['conversations', 'conv_1'],
	idempotent: true,
};

/** What the server does with a request: an answer, or a connection that breaks. */
type Step = { status: number; body?: unknown; headers?: Record<string, string> } | { code: string };

const done: Step = { status: 200, body: { id: 'conv_1' } };
const refused: Step = { status: 400, body: { error: { message: 'No', code: 'bad' } } };
/** The API's own last word. */
const broken: Step = {
	status: 500,
	body: { error: { message: 'Oops' } },
	headers: { 'openai-processing-ms': '12' },
};
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
	/** Called when the turn of a request comes. */
	onStart?: () => void;
	/** Called in each wait before a retry. */
	onPause?: (ms: number) => void;
}

function stage({ steps = [done], settings = {}, onSend, onStart, onPause }: Scene = {}) {
	const cancelling = new AbortController();
	const ending = new AbortController();
	const statistics: RunStatistics = { requests: 0, retries: new Map() };
	const sent: WireRequest[] = [];
	const observed: Observation[] = [];
	const followUps: boolean[] = [];
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
			limiter: {
				async start(_signal, isFollowUp = false) {
					followUps.push(isFollowUp);
					onStart?.();
					return ++starts;
				},
				observe: (observation) => observed.push(observation),
				async pause(ms) {
					pauses.push(ms);
					onPause?.(ms);
				},
				waitedMs: 0,
			},
			statistics,
			cancelled: cancelling.signal,
			clock: systemClock,
			random: () => 0.5,
		},
		{ ...SETTINGS, ...settings },
		ending.signal,
	);
	const cancel = () => {
		cancelling.abort();
		ending.abort();
	};
	return {
		client,
		sent,
		observed,
		followUps,
		pauses,
		statistics,
		cancel,
		end: () => ending.abort(),
	};
}

/** What a call led to: the answer, or the details of its failure. */
async function outcome(
	call: Promise<unknown>,
): Promise<Partial<FailureDetails> | { answer: unknown }> {
	const result = await resultOf(call);
	return result instanceof RequestFailure ? result.details : { answer: result };
}

describe('An answer', () => {
	it('should be given and counted', async () => {
		const { client, observed, statistics, pauses } = stage();
		expect(await client.call(READ)).toEqual({ id: 'conv_1' });
		expect(statistics).toEqual({ requests: 1, retries: new Map() });
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
	])('should be told to the rate limiter: %s', async (_what, step, expected) => {
		const { client, observed } = stage({ steps: [step], settings: { maxRetries: 0 } });
		await expect(client.call(READ)).rejects.toThrow(RequestFailure);
		expect(observed).toHaveLength(1);
		expect(observed[0]).toMatchObject(expected);
	});
});

describe('A retry', () => {
	it('should come after the backoff, or the wait that the server names', async () => {
		const steps = [broken, { ...limited, headers: { 'retry-after-ms': '30' } }, open, done];
		const { client, pauses, statistics, observed } = stage({ steps });
		expect(await client.call(SET)).toEqual({ id: 'conv_1' });
		expect(pauses).toEqual([1_000, 30, 4_000]);
		expect(statistics).toEqual({
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
		const { client, statistics } = stage({
			steps: [lost, lost],
			settings: { retryNetworkErrors: true, maxRetries: 1 },
		});
		expect(await outcome(client.call(SET))).toMatchObject({
			kind: 'network',
			code: 'ECONNRESET',
			attempts: 2,
		});
		expect(statistics.retries).toEqual(new Map([['connection', 1]]));
	});

	it('should be made while the conversation is busy, whatever the request', async () => {
		const locked: Step = {
			status: 400,
			body: { error: { message: 'm', code: 'conversation_locked' } },
		};
		const { client, statistics } = stage({ steps: [locked, done] });
		expect(await client.call(CREATE)).toEqual({ id: 'conv_1' });
		expect(statistics.retries).toEqual(new Map([['conversation busy', 1]]));
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
			{ outcomeUnknown: true, idempotent: true },
		],
		[
			'a write that must not be repeated',
			CREATE,
			[broken],
			{ outcomeUnknown: true, idempotent: false },
		],
		['a deletion', DELETE, [open], { outcomeUnknown: true, idempotent: true }],
		['a read, which changes nothing', READ, [broken], { outcomeUnknown: false, idempotent: true }],
		['a refusal', SET, [refused], { outcomeUnknown: false }],
		[
			'a refusal after an attempt that was broken off',
			SET,
			[broken, refused],
			{ outcomeUnknown: true, status: 400, code: 'bad' },
		],
		['a refusal after a rate limit', SET, [limited, refused], { outcomeUnknown: false }],
	])('should tell whether it may have happened: %s', async (_what, request, steps, expected) => {
		const { client } = stage({ steps, settings: { maxRetries: steps.length - 1 } });
		expect(await outcome(client.call(request))).toMatchObject(expected);
	});
});

describe('A write that must not be done twice', () => {
	const found: Verification = { kind: 'done', answer: { id: 'conv_1', found: true } };
	const notDone: Verification = { kind: 'notDone' };
	const unclear: Verification = { kind: 'unclear' };

	/** @param looks what each look at the server shows; the last one also all later ones */
	function add(
		steps: readonly Step[],
		looks: ReadonlyArray<Verification | Error>,
		{ verifyAlways, ...scene }: Omit<Scene, 'steps'> & { verifyAlways?: boolean } = {},
	) {
		const staged = stage({ steps, ...scene });
		const verify = jest.fn(async (): Promise<Verification> => {
			const look = looks[Math.min(verify.mock.calls.length, looks.length) - 1];
			if (look === undefined || look instanceof Error) throw look ?? new Error('Not expected');
			return look;
		});
		const request: ApiRequest = {
			...CREATE,
			verify,
			...(verifyAlways === undefined ? {} : { verifyAlways }),
		};
		return { ...staged, verify, call: async () => await staged.client.call(request) };
	}

	it.each([broken, open])(
		'should not be sent again where nobody can find out: %j',
		async (step) => {
			const { client, sent, pauses } = stage({ steps: [step] });
			expect(await outcome(client.call(CREATE))).toMatchObject({
				attempts: 1,
				outcomeUnknown: true,
			});
			expect([sent.length, pauses]).toEqual([1, []]);
		},
	);

	it('should be sent again after an answer that rules it out', async () => {
		const { call, verify, sent } = add([limited, done], [found]);
		expect(await call()).toEqual({ id: 'conv_1' });
		expect(verify).not.toHaveBeenCalled();
		expect(sent).toHaveLength(2);
	});

	it.each([broken, open])('should be done when it is found, after %j and a wait', async (step) => {
		const { call, sent, pauses } = add([step], [found]);
		expect(await call()).toEqual({ id: 'conv_1', found: true });
		expect([sent.length, pauses]).toEqual([1, [1_000]]);
	});

	it('should be looked for after a broken connection only when network errors are retried', async () => {
		const without = add([lost], [found]);
		expect(await outcome(without.call())).toMatchObject({
			code: 'ECONNRESET',
			outcomeUnknown: true,
			idempotent: false,
		});
		expect(without.verify).not.toHaveBeenCalled();
		const retried = add([lost], [found], { settings: { retryNetworkErrors: true } });
		expect(await retried.call()).toEqual({ id: 'conv_1', found: true });
	});

	it('should not be looked for without retries, unless it always is', async () => {
		const settings = { maxRetries: 0 };
		const without = add([open], [found], { settings });
		expect(await outcome(without.call())).toMatchObject({ status: 502, outcomeUnknown: true });
		expect(without.verify).not.toHaveBeenCalled();

		const always = add([open], [found], { settings, verifyAlways: true });
		expect(await always.call()).toEqual({ id: 'conv_1', found: true });
		expect([always.pauses, always.sent.length]).toEqual([[], 1]);
	});

	it.each<[string, Step]>([
		['a broken connection', lost],
		['an answer that is no JSON', { status: 200, body: '<html>' }],
		['a redirect that may follow a success', { status: 303 }],
	])('should be looked for even after %s, where it always is', async (_what, step) => {
		const { call, sent } = add([step], [found], { verifyAlways: true });
		expect(await call()).toEqual({ id: 'conv_1', found: true });
		expect(sent).toHaveLength(1);
	});

	it('should be looked for once without retries, and be known not to be done where the API is through with it', async () => {
		const settings = { maxRetries: 0 };
		const final = add([broken], [notDone], { settings, verifyAlways: true });
		expect(await outcome(final.call())).toMatchObject({ status: 500, outcomeUnknown: false });
		const stillOpen = add([open], [notDone], { settings, verifyAlways: true });
		expect(await outcome(stillOpen.call())).toMatchObject({ status: 502, outcomeUnknown: true });
		expect([final.verify, stillOpen.verify].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
		expect([final.sent.length, stillOpen.sent.length]).toEqual([1, 1]);
	});

	it('should be sent again when it is not there and the API is through with it', async () => {
		const { call, sent, statistics } = add([broken, done], [notDone]);
		expect(await call()).toEqual({ id: 'conv_1' });
		expect(sent).toHaveLength(2);
		expect(statistics.retries).toEqual(new Map([['server error', 1]]));
	});

	it('should be sent again as often as Max Retries says, and certainly not be done at the end', async () => {
		const { call, sent, verify, pauses } = add([broken, broken, broken], [notDone], {
			settings: { maxRetries: 2 },
			verifyAlways: true,
		});
		expect(await outcome(call())).toMatchObject({ attempts: 3, outcomeUnknown: false });
		expect([sent.length, verify.mock.calls.length, pauses]).toEqual([3, 3, [1_000, 2_000]]);
	});

	it('should have an unknown outcome when the last retry fails and is not looked for', async () => {
		const { call, sent } = add([broken, broken], [notDone], { settings: { maxRetries: 1 } });
		expect(await outcome(call())).toMatchObject({ attempts: 2, outcomeUnknown: true });
		expect(sent).toHaveLength(2);
	});

	it('should certainly not have happened, once it was not there and then refused', async () => {
		const { call } = add([broken, refused], [notDone]);
		expect(await outcome(call())).toMatchObject({ status: 400, outcomeUnknown: false });
	});

	it('should be looked for again while it may still come and retries are left, never sent again', async () => {
		const { call, sent, verify, pauses } = add([open], [notDone]);
		expect(await outcome(call())).toMatchObject({ status: 502, attempts: 1, outcomeUnknown: true });
		expect([sent.length, verify.mock.calls.length]).toEqual([1, 3]);
		expect(pauses).toEqual([1_000, 2_000, 4_000]);
	});

	it('should be done when it comes late', async () => {
		const { call, sent, pauses } = add([open], [notDone, notDone, found]);
		expect(await call()).toEqual({ id: 'conv_1', found: true });
		expect([sent.length, pauses]).toEqual([1, [1_000, 2_000, 4_000]]);
	});

	it('should count the retries that were made when it looks again', async () => {
		const { call, verify } = add([limited, open], [notDone]);
		expect(await outcome(call())).toMatchObject({ status: 502, attempts: 2 });
		expect(verify).toHaveBeenCalledTimes(2);
	});

	it('should not be waited for longer than a backoff between two looks', async () => {
		const { call, pauses } = add([open], [notDone], { settings: { maxRetries: 100 } });
		await outcome(call());
		expect(pauses).toHaveLength(100);
		expect(Math.max(...pauses)).toBe(129_000);
	});

	const unreachable = new RequestFailure({
		kind: 'network',
		message: 'x',
		attempts: 1,
		outcomeUnknown: false,
		idempotent: true,
	});

	it.each<[string, Step, Verification | Error]>([
		['can not be told', broken, unclear],
		['can not be told of what may still come', open, unclear],
		['could not be looked for', broken, unreachable],
		['is not looked for because the run has ended', broken, new RunEnded()],
	])('should be left at the first failure when it %s', async (_what, step, look) => {
		for (const verifyAlways of [false, true]) {
			const { call, sent, verify } = add([step], [look], { verifyAlways });
			expect(await outcome(call())).toMatchObject({
				kind: 'answer',
				attempts: 1,
				outcomeUnknown: true,
				idempotent: false,
			});
			expect([sent.length, verify.mock.calls.length]).toEqual([1, 1]);
		}
	});

	it('should end with a fault of our own that ends the look', async () => {
		const error = new TypeError('fault');
		await expect(add([broken], [error]).call()).rejects.toBe(error);
	});

	it('should end with a stop that ends the look, as a write that may have been carried out', async () => {
		const stop = new Cancelled({ conversation: 'conv_1' });
		await expect(add([broken], [stop]).call()).rejects.toMatchObject({
			name: 'Cancelled',
			leftBehind: { conversation: 'conv_1' },
			outcomeUnknown: true,
		});
	});

	it('should neither be looked for nor sent again when the run ends meanwhile', async () => {
		const scene = add([broken, done], [notDone], { onPause: () => scene.end() });
		expect(await outcome(scene.call())).toMatchObject({ status: 500, outcomeUnknown: true });
		expect([scene.sent.length, scene.verify.mock.calls.length]).toEqual([1, 0]);
	});

	it('should count as a change when it is found, so that its item is finished', async () => {
		const { call, client, end } = add([broken, done], [found]);
		await call();
		end();
		expect(await client.call(READ)).toEqual({ id: 'conv_1' });
	});
});

describe('A locked conversation that has a time to be waited for', () => {
	const NOW = 1_000_000;
	beforeEach(() => jest.useFakeTimers({ now: NOW }));
	afterEach(() => jest.useRealTimers());

	const locked: Step = {
		status: 400,
		body: { error: { message: 'm', code: 'conversation_locked' } },
		headers: { 'openai-processing-ms': '3' },
	};

	/** A clock that goes on with each pause alone. */
	function waiting(steps: readonly Step[], lockWait: number, scene: Omit<Scene, 'steps'> = {}) {
		const staged = stage({
			steps,
			...scene,
			onPause(ms) {
				jest.setSystemTime(Date.now() + ms);
				scene.onPause?.(ms);
			},
		});
		const call = async () => await staged.client.call({ ...CREATE, lockWait });
		return { ...staged, call };
	}

	it('should be asked again after longer and longer waits, whatever Max Retries says', async () => {
		const steps = [...Array.from({ length: 7 }, () => locked), done];
		const { call, pauses, statistics } = waiting(steps, 120, {
			settings: { maxRetries: 0 },
		});
		expect(await call()).toEqual({ id: 'conv_1' });
		expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
		expect(statistics.retries).toEqual(new Map([['conversation busy', 7]]));
	});

	it('should be looked at anew after each wait, but not when the run has ended meanwhile', async () => {
		const afterLock = jest.fn(async () => undefined);
		const going = waiting([locked, locked, done], 60);
		await going.client.call({ ...CREATE, lockWait: 60, afterLock });
		expect(afterLock).toHaveBeenCalledTimes(2);
		const ended = waiting([locked, done], 60, { onPause: () => ended.end() });
		await outcome(ended.client.call({ ...CREATE, lockWait: 60, afterLock }));
		expect(afterLock).toHaveBeenCalledTimes(2);
	});

	it('should not be asked again when the look shows that an earlier attempt was carried out', async () => {
		const staged = waiting([locked], 60);
		const afterLock = async () => ({ id: 'conv_found' });
		expect(await staged.client.call({ ...CREATE, lockWait: 60, afterLock })).toEqual({
			id: 'conv_found',
		});
		expect(staged.sent).toHaveLength(1);
	});

	it('should be reported when its time is over, the last wait being as long as what is left', async () => {
		const { call, pauses, sent } = waiting(
			Array.from({ length: 9 }, () => locked),
			3,
		);
		expect(await outcome(call())).toMatchObject({
			code: 'conversation_locked',
			attempts: 4,
			outcomeUnknown: false,
			advice: expect.stringContaining('raise Wait If Busy (Seconds)'),
		});
		expect([pauses, sent.length]).toEqual([[500, 1_000, 1_500], 4]);
	});

	it('should be reported at once where there is no time', async () => {
		const { call, pauses, sent } = waiting([locked], 0);
		expect(await outcome(call())).toMatchObject({ code: 'conversation_locked', attempts: 1 });
		expect([pauses, sent.length]).toEqual([[], 1]);
	});

	it('should not take retries from what comes behind', async () => {
		const { call, pauses } = waiting([locked, locked, limited, locked, done], 60, {
			settings: { maxRetries: 1 },
		});
		expect(await call()).toEqual({ id: 'conv_1' });
		expect(pauses).toEqual([500, 1_000, 1_000, 2_000]);
	});

	it('should end with the run, and with a stop', async () => {
		const ended = waiting([locked, done], 60, { onPause: () => ended.end() });
		expect(await outcome(ended.call())).toMatchObject({ code: 'conversation_locked' });
		const stopped = waiting([locked, done], 60, { onPause: () => stopped.cancel() });
		await expect(stopped.call()).rejects.toThrow(Cancelled);
		expect([ended.sent.length, stopped.sent.length]).toEqual([1, 1]);
	});

	it('should without such a time be a retry like others', async () => {
		const { client, pauses } = stage({ steps: [locked, done] });
		await client.call(SET);
		expect(pauses).toEqual([1_000]);
	});
});

describe('The end of a run', () => {
	it('should let nothing start', async () => {
		const { client, end, sent } = stage();
		end();
		await expect(client.call(SET)).rejects.toThrow(RunEnded);
		expect(sent).toEqual([]);
	});

	it('should let nothing start that waits for its turn, and tell the rate limiter so', async () => {
		const scene = stage({ onStart: () => scene.end() });
		await expect(scene.client.call(SET)).rejects.toThrow(RunEnded);
		expect([scene.sent.length, scene.observed.length, scene.statistics.requests]).toEqual([
			0, 1, 0,
		]);
	});

	it('should let an item finish that has changed something, but not one that has only read', async () => {
		const writing = stage({ steps: [done, done] });
		await writing.client.call(SET);
		writing.end();
		expect(await writing.client.call(READ)).toEqual({ id: 'conv_1' });
		await expect(writing.client.pause(5)).resolves.toBeUndefined();

		const reading = stage({ steps: [done, done] });
		await reading.client.call(READ);
		reading.end();
		await expect(reading.client.call(READ)).rejects.toThrow(RunEnded);
		await expect(reading.client.pause(5)).rejects.toThrow(RunEnded);
	});

	it('should keep the answer to what is on its way', async () => {
		const scene = stage({ onSend: () => scene.end() });
		expect(await scene.client.call(READ)).toEqual({ id: 'conv_1' });
	});

	it('should leave no retry to be waited for', async () => {
		const scene = stage({ steps: [broken, done], onSend: () => scene.end() });
		expect(await outcome(scene.client.call(READ))).toMatchObject({ status: 500 });
		expect([scene.sent.length, scene.pauses, scene.statistics.retries.size]).toEqual([1, [], 0]);
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
		await expect(client.pause(5)).rejects.toThrow(Cancelled);
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

	it.each<[string, Step, ApiRequest, boolean]>([
		['a write that was carried out', done, CREATE, true],
		['a write whose answer was lost', lost, CREATE, true],
		['a write that met a server error', broken, CREATE, true],
		['a write that was refused', refused, CREATE, false],
		['a write that may come twice', lost, SET, false],
		['a read', done, READ, false],
	])('should say whether nobody can tell what came of %s', async (_what, step, request, open) => {
		const scene = stage({ steps: [step], onSend: () => scene.cancel() });
		await expect(scene.client.call(request)).rejects.toMatchObject({
			name: 'Cancelled',
			outcomeUnknown: open,
		});
	});

	it('should say so of one that the stop has cut off', async () => {
		const scene = stage({ steps: [{ code: 'ERR_CANCELED' }], onSend: () => scene.cancel() });
		await expect(scene.client.call(CREATE)).rejects.toMatchObject({ outcomeUnknown: true });
	});

	it('should say so of an earlier attempt, too', async () => {
		const scene = stage({ steps: [broken, done], onPause: () => scene.cancel() });
		const verify = async () => ({ kind: 'notDone' as const });
		await expect(scene.client.call({ ...CREATE, verify })).rejects.toMatchObject({
			name: 'Cancelled',
			outcomeUnknown: true,
		});
		expect(scene.sent).toHaveLength(1);
	});

	it('should be told instead of a failure whose retry is waited for', async () => {
		const scene = stage({ steps: [broken, done], onPause: () => scene.cancel() });
		await expect(scene.client.call(SET)).rejects.toThrow(Cancelled);
		expect(scene.sent).toHaveLength(1);
	});

	it('should leave what has to be put in order at the server to be sent, once', async () => {
		const { client, cancel, sent, statistics, pauses } = stage({ steps: [broken] });
		cancel();
		await expect(client.cleanUp(DELETE)).resolves.toBeUndefined();
		expect(sent.map(({ method, url }) => [method, url])).toEqual([
			['DELETE', 'https://api.example/v1/conversations/conv_1'],
		]);
		expect([statistics.requests, pauses]).toEqual([1, []]);
	});

	it('should be told what the server answered to that, and only when it succeeded', async () => {
		const answered = stage({ steps: [done] });
		answered.cancel();
		await expect(answered.client.cleanUp(DELETE)).resolves.toEqual({ id: 'conv_1' });
		const failed = stage({ steps: [refused] });
		failed.cancel();
		await expect(failed.client.cleanUp(DELETE)).resolves.toBeUndefined();
	});

	it('should not be told of what could not be put in order', async () => {
		const { client, cancel, sent } = stage({ steps: [lost] });
		cancel();
		await expect(client.cleanUp(DELETE)).resolves.toBeUndefined();
		expect(sent).toHaveLength(1);
	});
});

describe('A pause', () => {
	it('should be a wait that the rate limiter knows of', async () => {
		const { client, pauses, sent } = stage();
		await client.pause(250);
		expect([pauses, sent]).toEqual([[250], []]);
	});
});

describe('Deletions of an item when an earlier one ends the run', () => {
	/** Deletes for several clients at once, and ends the run while some deletions stand in line. */
	async function deleteWhileRunEnds(
		makeLimiter: (clock: FakeClock) => RateLimiter,
		{ clients, each }: { clients: number; each: number },
	) {
		const clock = new FakeClock();
		const limiter = makeLimiter(clock);
		const ended = new AbortController();
		const starts: number[] = [];
		let inFlight = 0;
		let mostInFlight = 0;
		const shared = {
			send: async (): Promise<WireAnswer> => {
				starts.push(clock.now());
				mostInFlight = Math.max(mostInFlight, ++inFlight);
				await clock.wait(60);
				inFlight--;
				return { status: 200, headers: {}, body: '{"id":"conv_1"}' };
			},
			limiter,
			statistics: { requests: 0, retries: new Map() },
			cancelled: new AbortController().signal,
			clock,
			random: () => 0.5,
		};
		const calls = Array.from({ length: clients }, () =>
			createClient(shared, SETTINGS, ended.signal),
		).flatMap((client) => Array.from({ length: each }, async () => await client.call(DELETE)));
		const ending = clock.wait(30).then(() => ended.abort());
		await clock.run(Promise.allSettled([...calls, ending]));
		return { starts, mostInFlight };
	}

	it('should still keep the pace of Max Requests per Minute', async () => {
		const { starts } = await deleteWhileRunEnds(
			(clock) => createRateLimiter({ maxRequestsPerMinute: 300, clock }),
			{ clients: 1, each: 5 },
		);
		expect(starts).toEqual([0, 200, 400, 600, 800]);
	});

	it('should still keep to Max Concurrency', async () => {
		const { starts, mostInFlight } = await deleteWhileRunEnds(
			(clock) => limitInFlight(createRateLimiter({ maxRequestsPerMinute: 0, clock }), 2),
			{ clients: 2, each: 3 },
		);
		// The second item has not begun, so only the first is finished.
		expect(starts).toHaveLength(3);
		expect(mostInFlight).toBe(2);
	});
});

describe('A request of an item that has begun', () => {
	it('should go before those of items that have not', async () => {
		const { client, followUps } = stage({ steps: [done, broken, done, done] });
		await client.call(READ);
		await client.call(READ);
		await client.call(READ);
		expect(followUps).toEqual([false, true, true, true]);
	});

	it('should start after the end of the run while a write of the item is on its way', async () => {
		const scene = stage({
			steps: [done, done, done],
			onSend: (number) => {
				if (number === 2) scene.end();
			},
		});
		await scene.client.call(READ);
		const both = [scene.client.call(SET), scene.client.call(DELETE)];
		expect(await Promise.all(both)).toEqual([{ id: 'conv_1' }, { id: 'conv_1' }]);
	});
});

describe('A look at the outcome that no retry covers', () => {
	it('should be a single one', async () => {
		const verify = jest.fn(async (): Promise<Verification> => ({ kind: 'notDone' }));
		const { client, sent } = stage({ steps: [lost] });
		const result = await outcome(client.call({ ...CREATE, verify, verifyAlways: true }));
		expect(result).toMatchObject({ kind: 'network', outcomeUnknown: true });
		expect([verify.mock.calls.length, sent.length]).toEqual([1, 1]);
	});
});

describe('A request that goes on at the server after a stop', () => {
	/** Sends it, stops when it is on its way, and lets the server answer after `ms`. */
	async function stopMeanwhile(ms: number, answer: Step, isStopped = true) {
		const clock = new FakeClock();
		const cancelling = new AbortController();
		const afterStop = jest.fn(async () => {});
		let aborted = false;
		const client = createClient(
			{
				async send(_request, signal) {
					if (isStopped) cancelling.abort();
					await clock.wait(ms, signal);
					aborted = signal.aborted;
					if (aborted || 'code' in answer)
						throw Object.assign(new Error('x'), { code: 'ECONNRESET' });
					return { status: answer.status, headers: {}, body: JSON.stringify(answer.body ?? {}) };
				},
				limiter: createRateLimiter({ maxRequestsPerMinute: 0, clock }),
				statistics: { requests: 0, retries: new Map() },
				cancelled: cancelling.signal,
				clock,
				random: () => 0.5,
			},
			{ ...SETTINGS, timeout: 60, maxRetries: 0 },
			new AbortController().signal,
		);
		const result = await clock.run(
			client.call({ ...CREATE, afterStop }).catch((error: unknown) => error),
		);
		await clock.run(clock.wait(10_000));
		return { result, afterStop, aborted };
	}

	it('should be followed up when its answer still comes', async () => {
		const { result, afterStop, aborted } = await stopMeanwhile(4_000, done);
		expect(result).toMatchObject({ name: 'Cancelled', outcomeUnknown: true });
		expect(afterStop.mock.calls).toEqual([[{ id: 'conv_1' }]]);
		expect(aborted).toBe(false);
	});

	it('should be given up after 5 s', async () => {
		const { result, afterStop, aborted } = await stopMeanwhile(6_000, done);
		expect(result).toMatchObject({ name: 'Cancelled' });
		expect(afterStop).not.toHaveBeenCalled();
		expect(aborted).toBe(true);
	});

	it('should not be followed up when it was refused', async () => {
		const { result, afterStop } = await stopMeanwhile(100, refused);
		expect(result).toMatchObject({ name: 'Cancelled' });
		expect(afterStop).not.toHaveBeenCalled();
	});

	it('should be a request like others without a stop', async () => {
		const { result, afterStop } = await stopMeanwhile(6_000, done, false);
		expect(result).toEqual({ id: 'conv_1' });
		expect(afterStop).not.toHaveBeenCalled();
	});
});
