/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { Agent, get } from 'node:http';
import { ACCEPTED, raw, until, useServer } from '../support/server';

const server = useServer();
const path = '/v1/conversations/conv_1';
const conversation = { id: 'conv_1', object: 'conversation', created_at: 1, metadata: { a: '1' } };
const genuineBody = JSON.stringify(conversation);

beforeEach(() => server().store.createConversation(conversation));

const status = (head: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);

describe('which request a rule takes', () => {
	const statuses = async (...paths: string[]) => {
		const seen: number[] = [];
		for (const each of paths) seen.push(status((await raw(server(), each)).head));
		return seen;
	};

	test('rules are used up in the order in which they were queued', async () => {
		const [first, second] = server().faults([{ status: 500, times: 2 }, { status: 503 }]);
		expect(await statuses(path, path, path, path)).toEqual([500, 500, 503, 200]);
		expect([first?.hits, second?.hits]).toEqual([2, 1]);
	});

	test('skip lets some pass, nth picks one, Infinity takes all', async () => {
		server().fault({ status: 500, skip: 1 });
		expect(await statuses(path, path, path)).toEqual([200, 500, 200]);
		server().fault({ status: 502, match: { nth: 2 }, times: Infinity });
		expect(await statuses(path, path, path)).toEqual([200, 502, 200]);
		server().fault({ status: 503, times: Infinity });
		expect(await statuses(path, path)).toEqual([503, 503]);
	});

	test.each([
		['method', { method: 'get' }, { method: 'POST' }],
		['path', { path }, { path: '/v1/conversations' }],
		['path without the base path', { path: '/conversations/conv_1' }, { path: '/conv_1' }],
		['path as an expression', { path: /conv_\d$/g }, { path: /items/ }],
		[
			'predicate',
			{ predicate: ({ index }: { index: number }) => index === 1 },
			{ predicate: () => false },
		],
	])('it can be matched by %s', async (_, fitting, other) => {
		server().faults([
			{ status: 500, match: other },
			{ status: 503, match: fitting },
		]);
		expect((await statuses(path, path)).sort()).toEqual([200, 503]);
	});

	test('a rule can be removed, and all are forgotten on reset', async () => {
		server().fault({ status: 500 }).remove();
		server().fault({ status: 503, match: { nth: 2 } });
		expect(await statuses(path)).toEqual([200]);
		server().reset();
		expect(server().requests).toHaveLength(0);
		expect(await statuses('/v1/models', path)).toEqual([200, 404]);
	});

	test.each([
		[{ Status: 500 }, "no field 'Status'"],
		[{ match: { url: '/' } }, "no field 'url'"],
		[{ delayMs: Number.NaN }, 'delayMs must be a number of at least 0'],
		[{ reset: 'sometime' }, 'reset must be one of before-headers'],
		[{ dripBody: { bytes: 0, everyMs: 5 } }, 'dripBody must be an object with bytes, at least 1'],
		[{ hang: 'forever' }, "hang must be true, 'headers' or 'body'"],
	])('a slip in a rule is refused: %j', (rule, message) => {
		// @ts-expect-error: these are slips.
		expect(() => server().fault(rule)).toThrow(message);
	});
});

describe('what is answered', () => {
	test('the usual error of the status, a body of any kind, and headers', async () => {
		server().faults([
			{ status: 503 },
			{ status: 200, body: '<html>no</html>', headers: { 'content-type': 'text/html' } },
			{ status: 200 },
			{ body: [1] },
			{ body: Buffer.from([1, 2]) },
			{ status: 307, headers: { location: 'http://127.0.0.1:1/?secret' } },
		]);
		expect(JSON.parse((await raw(server(), path)).body)).toMatchObject({
			error: { type: 'service_unavailable_error' },
		});
		const html = await raw(server(), path);
		expect([html.body, /^content-type: (.*)$/m.exec(html.head)?.[1]]).toEqual([
			'<html>no</html>',
			'text/html',
		]);
		expect(await raw(server(), path)).toMatchObject({
			body: '',
			head: expect.stringMatching(/^content-length: 0$/m),
		});
		expect((await raw(server(), path)).body).toBe('[1]');
		expect([...(await raw(server(), path)).bytes]).toEqual([1, 2]);
		expect((await raw(server(), path)).head).toMatch(
			/^HTTP\/1\.1 307 Temporary Redirect\r\n[^]*^location: http:\/\/127\.0\.0\.1:1\/\?secret$/m,
		);
	});

	test('the same header twice', async () => {
		server().fault({
			status: 429,
			headers: [
				['retry-after', '1'],
				['retry-after', '2'],
			],
		});
		expect((await raw(server(), path)).head.match(/^retry-after: \d$/gm)).toEqual([
			'retry-after: 1',
			'retry-after: 2',
		]);
	});

	test('the genuine answer when only headers are given; they override the usual ones', async () => {
		server().fault({
			headers: { 'x-request-id': 'req_mine', 'x-ratelimit-remaining-requests': '0' },
		});
		const answer = await raw(server(), path);
		expect(answer.body).toBe(genuineBody);
		expect(answer.head.match(/^x-request-id: .*$/gm)).toEqual(['x-request-id: req_mine']);
	});

	test('what respond computes, from the request and the genuine answer', async () => {
		server().faults([
			{
				respond: ({ method }, genuine) => ({
					status: 203,
					body: { method, length: genuine().body.length },
				}),
			},
			{ respond: async () => await Promise.resolve(undefined) },
		]);
		expect(await raw(server(), path)).toMatchObject({
			body: JSON.stringify({ method: 'GET', length: genuineBody.length }),
		});
		expect((await raw(server(), path)).body).toBe(genuineBody);
	});

	test('the genuine answer late; a client that leaves meanwhile has changed nothing', async () => {
		server().faults([{ delayMs: 80 }, { delayMs: 3000 }]);
		expect((await raw(server(), path)).arrivals[0]).toBeGreaterThanOrEqual(79);
		const update = await raw(server(), path, {
			method: 'POST',
			body: '{"metadata":{}}',
			quietMs: 50,
		});
		expect(update).toMatchObject({ head: '', ending: 'open' });
		await until(() => server().requests[1]?.endedAt !== undefined);
		expect(server().requests[1]).toMatchObject({
			aborted: true,
			applied: false,
			fault: 'delay 3000 ms',
		});
		expect(server().store.getConversation('conv_1')?.metadata).toEqual({ a: '1' });
	});
});

describe('whether a write happened', () => {
	const update = async () =>
		await raw(server(), path, { method: 'POST', body: '{"metadata":{"b":"2"}}', quietMs: 300 });
	const metadata = () => server().store.getConversation('conv_1')?.metadata;

	test.each([
		['not before a failure', { status: 500 }, false],
		['before a failure, when told so', { status: 500, apply: true }, true],
		['not before a silent reset', { reset: 'before-headers' }, false],
		['before a silent reset, when told so', { reset: 'before-headers', apply: true }, true],
		['before a silence, when told so', { hang: true, apply: true }, true],
		['when half of its genuine answer came', { reset: 'mid-body' }, true],
	] as const)('%s', async (_, rule, applied) => {
		server().fault(rule);
		await update();
		expect(server().requests[0]?.applied).toBe(applied);
		expect(metadata()).toEqual(applied ? { b: '2' } : { a: '1' });
	});

	test('once, even if the genuine answer is used as well', async () => {
		server().fault({ apply: true, delayMs: 1 });
		const body = JSON.stringify({ items: [{ role: 'user', content: 'x' }] });
		await raw(server(), `${path}/items`, { method: 'POST', body });
		expect(server().store.items.size).toBe(1);
	});
});

describe('the connection', () => {
	test.each([
		['reset', 'before-headers', 'ECONNRESET', 0, 0],
		['reset', 'after-headers', 'ECONNRESET', 200, 0],
		['reset', 'mid-body', 'ECONNRESET', 200, genuineBody.length >> 1],
		['close', 'before-headers', 'end', 0, 0],
		['close', 'after-headers', 'end', 200, 0],
		['close', 'mid-body', 'end', 200, genuineBody.length >> 1],
	] as const)('%s %s', async (kind, point, ending, expected, length) => {
		server().fault({ [kind]: point });
		const answer = await raw(server(), path);
		expect(answer.ending).toBe(ending);
		expect(answer.bytes).toHaveLength(length);
		expect(answer.head === '' ? 0 : status(answer.head)).toBe(expected);
		expect(server().requests[0]).toMatchObject({
			fault: `${kind} ${point}`,
			aborted: false,
			status: expected || undefined,
		});
		expect(server().inFlight).toBe(0);
	});

	test.each([
		[true, /^$/, 0],
		['headers', /^HTTP\/1\.1 200 OK\r\n[^]*[^\r\n]$/, 0],
		['body', /^content-length: 75$/m, 37],
	] as const)('hangs (%s) until the client leaves', async (hang, head, length) => {
		server().fault({ hang });
		const answer = await raw(server(), path, { quietMs: 200 });
		expect(answer.ending).toBe('open');
		expect(answer.head).toMatch(head);
		expect(answer.bytes).toHaveLength(length);
		await until(() => server().openSockets === 0);
		expect(server().requests[0]?.aborted).toBe(true);
	});

	test('headers drip', async () => {
		server().fault({ dripHeaders: { everyMs: 5, bytes: 40 } });
		const answer = await raw(server(), path);
		expect(answer.arrivals.length).toBeGreaterThan(4);
		expect((answer.arrivals.at(-1) ?? 0) - (answer.arrivals[0] ?? 0)).toBeGreaterThan(19);
		expect([answer.body, answer.ending]).toEqual([genuineBody, 'end']);
	});

	test('the body drips, whole or in chunks', async () => {
		server().faults([
			{ dripBody: { everyMs: 5, bytes: 20 } },
			{ dripBody: { everyMs: 5, bytes: 20 }, chunked: true, status: 500, body: 'x'.repeat(45) },
		]);
		const plain = await raw(server(), path);
		expect(plain.arrivals.length).toBeGreaterThanOrEqual(4);
		expect(plain.body).toBe(genuineBody);
		const chunked = await raw(server(), path);
		expect(chunked.body).toBe(
			`14\r\n${'x'.repeat(20)}\r\n14\r\n${'x'.repeat(20)}\r\n5\r\nxxxxx\r\n0\r\n\r\n`,
		);
	});

	test('a client that leaves a dripping body is noticed', async () => {
		server().fault({ dripBody: { everyMs: 1000, bytes: 1 } });
		await raw(server(), path, { quietMs: 200 });
		await until(() => server().openSockets === 0);
		expect(server().requests[0]).toMatchObject({ aborted: true, status: 200 });
	});

	test.each([[0], [5], [500]])('a content-length of %i is a lie', async (contentLength) => {
		server().fault({ contentLength });
		const answer = await raw(server(), path, { keepAlive: true });
		expect(answer.head).toMatch(new RegExp(`^content-length: ${contentLength}$`, 'm'));
		expect([answer.body, answer.ending]).toEqual([genuineBody, 'end']);
	});

	test('a body is cut short, by length or without its last chunk', async () => {
		server().faults([{ truncate: 10 }, { truncate: 10, chunked: true }]);
		const short = await raw(server(), path, { keepAlive: true });
		expect(short.head).toMatch(/^content-length: 75$/m);
		expect([short.body, short.ending]).toEqual([genuineBody.slice(0, 10), 'end']);
		const chunked = await raw(server(), path, { keepAlive: true });
		expect([chunked.body, chunked.ending]).toEqual([`a\r\n${genuineBody.slice(0, 10)}\r\n`, 'end']);
	});

	test.each([
		['{"a":1}', 1_000_000],
		['{"a":1}', 20],
		['{"a":1}', 19],
		['plain', 1000],
	])('a body %s is padded to %i bytes', async (body, bodySize) => {
		server().fault({ bodySize, body });
		const { bytes } = await raw(server(), path);
		expect(bytes).toHaveLength(bodySize === 19 ? body.length : bodySize);
		if (body.startsWith('{')) expect(JSON.parse(bytes.toString())).toMatchObject({ a: 1 });
	});

	test('a body of 50 MB is streamed in pieces', async () => {
		server().fault({ bodySize: 50_000_000 });
		const answer = await raw(server(), path);
		expect(answer.bytes).toHaveLength(50_000_000);
		expect(answer.arrivals.length).toBeGreaterThan(50);
	});

	test('bytes that are no UTF-8', async () => {
		server().fault({ invalidUtf8: true });
		const { bytes } = await raw(server(), path);
		expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toThrow();
		expect(JSON.parse(bytes.toString())).toMatchObject(conversation);
	});

	test('keep-alive is promised, and the connection closed at once', async () => {
		server().fault({ closeKeepAlive: true });
		const answer = await raw(server(), path, { keepAlive: true });
		expect(answer.head).toMatch(/^connection: keep-alive$/m);
		expect([answer.body, answer.ending]).toEqual([genuineBody, 'end']);
	});

	test('otherwise it is kept, also after a failure, and counted once', async () => {
		const agent = new Agent({ keepAlive: true, maxSockets: 1 });
		const headers = { 'api-key': ACCEPTED };
		server().fault({ status: 500 });
		for (const expected of [500, 200, 200]) {
			const got = await new Promise((resolve) => {
				get(server().origin + path, { agent, headers }, (answer) =>
					answer.resume().on('end', () => resolve(answer.statusCode)),
				);
			});
			expect(got).toBe(expected);
		}
		expect([server().connections, server().openSockets]).toEqual([1, 1]);
		agent.destroy();
	});
});
