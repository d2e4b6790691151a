import OpenAI from 'openai';
import { conversationLocked, insufficientQuota } from '../../server/index.mjs';
import { createLimiter, formatDuration } from '../../server/limiter.mjs';
import { raw, rejection, sdk, until, useServer } from '../support/server';

const server = useServer();

/** The SDK asks `instanceof Error`, which fetch's errors are not inside jest's realm. */
const fetchWithOwnErrors: typeof fetch = async (...request) =>
	await fetch(...request).catch(({ name, message }: Error) => {
		throw Object.assign(new Error(message), { name });
	});

describe('the SDK sees each class of error', () => {
	test.each([
		[400, OpenAI.BadRequestError],
		[401, OpenAI.AuthenticationError],
		[403, OpenAI.PermissionDeniedError],
		[404, OpenAI.NotFoundError],
		[409, OpenAI.ConflictError],
		[422, OpenAI.UnprocessableEntityError],
		[429, OpenAI.RateLimitError],
		[500, OpenAI.InternalServerError],
		[502, OpenAI.InternalServerError],
		[503, OpenAI.InternalServerError],
	])('%i', async (status, expected) => {
		server().fault({ status });
		const error = await rejection(sdk(server()).models.list());
		expect(error).toBeInstanceOf(expected);
		expect(error).toMatchObject({
			status,
			requestID: expect.stringMatching(/^req_/),
			type: expect.any(String),
		});
		expect(server().requests).toMatchObject([
			{ status, fault: `status ${status}`, applied: false },
		]);
	});

	test('a broken connection', async () => {
		server().fault({ reset: 'before-headers' });
		expect(await rejection(sdk(server()).models.list())).toBeInstanceOf(OpenAI.APIConnectionError);
	});

	test('a timeout, which the server sees as a client that hung up', async () => {
		server().fault({ hang: true });
		const client = sdk(server(), { timeout: 50, fetch: fetchWithOwnErrors });
		const error = await rejection(client.models.list());
		expect(error).toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
		await until(() => server().inFlight === 0);
		expect(server().requests).toMatchObject([{ aborted: true, status: undefined }]);
	});

	test('a locked conversation and a spent quota', async () => {
		server().faults(
			[conversationLocked(), insufficientQuota()].map(({ status, body }) => ({ status, body })),
		);
		expect(await rejection(sdk(server()).models.list())).toMatchObject({
			status: 400,
			code: 'conversation_locked',
			param: 'conversation',
			message: expect.stringContaining('Please retry in a few seconds'),
		});
		expect(await rejection(sdk(server()).models.list())).toMatchObject({
			status: 429,
			code: 'insufficient_quota',
		});
	});
});

describe('the SDK retries', () => {
	const retrying = (maxRetries: number) => sdk(server(), { maxRetries });

	test('after the wait that retry-after-ms names', async () => {
		server().fault({ status: 429, headers: { 'retry-after-ms': '20' }, times: 2 });
		await retrying(2).models.list();
		const [first, second, third] = server().requests;
		expect(server().requests.map(({ status }) => status)).toEqual([429, 429, 200]);
		for (const gap of [
			(second?.receivedAt ?? 0) - (first?.receivedAt ?? 0),
			(third?.receivedAt ?? 0) - (second?.receivedAt ?? 0),
		]) {
			expect(gap).toBeGreaterThanOrEqual(19);
			// Without the header the SDK waits at least 375 ms.
			expect(gap).toBeLessThan(370);
		}
	});

	test('as often as it may, and no more', async () => {
		const fault = server().fault({
			status: 500,
			headers: { 'retry-after-ms': '1' },
			times: Infinity,
		});
		expect(await rejection(retrying(3).models.list())).toBeInstanceOf(OpenAI.InternalServerError);
		expect(fault.hits).toBe(4);
		expect(server().requests).toHaveLength(4);
	});

	test('not when x-should-retry forbids it', async () => {
		server().fault({ status: 500, headers: { 'x-should-retry': 'false' } });
		await rejection(retrying(3).models.list());
		expect(server().requests).toHaveLength(1);
	});

	test('a create whose answer was lost, and so makes two', async () => {
		server().fault({ apply: true, status: 500, headers: { 'retry-after-ms': '1' } });
		await retrying(1).conversations.create({ metadata: { a: '1' } });
		expect(server().store.conversations.size).toBe(2);
		expect(server().requests).toMatchObject([
			{ status: 500, applied: true },
			{ status: 200, applied: true },
		]);
	});
});

describe('a token bucket', () => {
	test('refuses what is over the burst, and names the wait', async () => {
		server().configure({ rateLimit: { perSecond: 0.01, burst: 3 } });
		const client = sdk(server());
		const answers = await Promise.allSettled(
			Array.from({ length: 5 }, async () => await client.models.list()),
		);
		expect(answers.map(({ status }) => status).sort()).toEqual([
			'fulfilled',
			'fulfilled',
			'fulfilled',
			'rejected',
			'rejected',
		]);
		const error = await rejection(client.models.list());
		if (!(error instanceof OpenAI.RateLimitError)) throw error;
		expect(error).toMatchObject({ code: 'rate_limit_exceeded' });
		const wait = Number(error.headers?.get('retry-after-ms'));
		expect(wait).toBeGreaterThan(90_000);
		expect(wait).toBeLessThanOrEqual(100_000);
	});

	test('lets a request pass that waited as told', async () => {
		server().configure({ rateLimit: { perSecond: 20, burst: 1 } });
		const start = performance.now();
		for (let count = 0; count < 4; count++) await sdk(server(), { maxRetries: 5 }).models.list();
		expect(performance.now() - start).toBeGreaterThanOrEqual(150);
		expect(server().requests.filter(({ status }) => status === 200)).toHaveLength(4);
	});

	test('tells what is left on every answer, also on a fault', async () => {
		server().configure({ rateLimit: { perSecond: 0.05, burst: 2, retryAfter: 'seconds' } });
		const first = await raw(server(), '/v1/models');
		expect(first.head).toMatch(/^x-ratelimit-limit-requests: 2$/m);
		expect(first.head).toMatch(/^x-ratelimit-remaining-requests: 1$/m);
		expect(first.head).toMatch(/^x-ratelimit-reset-requests: (20|1\d(\.\d+)?)s$/m);
		server().fault({ status: 500 });
		expect((await raw(server(), '/v1/models')).head).toMatch(
			/^x-ratelimit-remaining-requests: 1$/m,
		);
		await raw(server(), '/v1/models');
		const last = await raw(server(), '/v1/models');
		expect(last.head).toMatch(/^HTTP\/1\.1 429 [^]*^retry-after: (20|1\d)$/m);
	});

	test('keeps time exactly', () => {
		let now = 0;
		const limiter = createLimiter({ perSecond: 2, burst: 2 }, () => now);
		expect([limiter.take(), limiter.take()]).toEqual([undefined, undefined]);
		expect(limiter.take()).toEqual([['retry-after-ms', '500']]);
		expect(limiter.headers()).toContainEqual(['x-ratelimit-reset-requests', '1s']);
		now = 499;
		expect(limiter.take()).toEqual([['retry-after-ms', '1']]);
		now = 500;
		expect(limiter.take()).toBeUndefined();
		now = 60_000;
		expect(limiter.headers()).toEqual([
			['x-ratelimit-limit-requests', '2'],
			['x-ratelimit-remaining-requests', '2'],
			['x-ratelimit-reset-requests', '0s'],
		]);
	});

	test.each([
		[0, '0s'],
		[12, '12ms'],
		[1500, '1.5s'],
		[360_000, '6m0s'],
		[3_661_000, '1h1m1s'],
	])('writes %i ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

	test.each([
		{ perSecond: 0, burst: 1 },
		{ perSecond: 1, burst: 0 },
		{ perSecond: Number.NaN, burst: 1 },
	])('cannot be %j', (rateLimit) =>
		expect(() => server().configure({ rateLimit })).toThrow(RangeError),
	);

	test('can keep the wait to itself, and be taken away', async () => {
		server().configure({ rateLimit: { perSecond: 0.01, burst: 1, retryAfter: 'none' } });
		await raw(server(), '/v1/models');
		expect((await raw(server(), '/v1/models')).head).not.toMatch(/retry-after/);
		server().configure({ rateLimit: undefined });
		expect((await raw(server(), '/v1/models')).head).not.toMatch(/x-ratelimit/);
	});
});
