import type { FaultRule } from '../../server/types.mjs';
import { raw, rejection, sdk, sleep, until, useServer } from '../support/server';

const server = useServer();
const path = '/v1/conversations/conv_1';

beforeEach(() => server().store.createConversation({ id: 'conv_1', metadata: { a: '1' } }));

const update = async (quietMs = 4000) =>
	await raw(server(), path, { method: 'POST', body: '{"metadata":{"b":"2"}}', quietMs });
const metadata = () => server().store.getConversation('conv_1')?.metadata;
const OWN_HEADERS = /^(openai-|x-request-id|x-ratelimit-)/m;

describe('a gateway', () => {
	test.each([
		[500, 'litellm.APIConnectionError: '],
		[429, 'litellm.RateLimitError: '],
	])("answers %i in the API's form without the API's headers", async (status, words) => {
		server().fault({ gateway: true, status });
		const { head, body } = await update();
		expect(head).toMatch(/^x-litellm-call-id: \S+$/m);
		expect(head).not.toMatch(OWN_HEADERS);
		expect(JSON.parse(body)).toEqual({
			error: {
				message: expect.stringContaining(words),
				type: null,
				param: null,
				code: `${status}`,
			},
		});
		expect(server().requests[0]).toMatchObject({
			fault: `gateway, status ${status}`,
			applied: false,
		});
	});

	test("forwards the API's headers under a prefix", async () => {
		server().fault({ gateway: 'forwarding', status: 500, apply: true });
		const { head } = await update();
		expect(head).not.toMatch(OWN_HEADERS);
		expect(head).toMatch(/^llm_provider-x-request-id: req_/m);
		expect(head).toMatch(/^llm_provider-openai-processing-ms: \d+$/m);
		expect(metadata()).toEqual({ b: '2' });
	});

	test.each<[string, FaultRule]>([
		['an HTML page', { status: 502, body: '<html>Bad Gateway</html>' }],
		['a redirect', { status: 303, headers: { location: '/elsewhere' } }],
		['the genuine answer', {}],
	])("its %s carries none of the API's headers either", async (_, rule) => {
		server().fault({ gateway: true, ...rule });
		expect((await update()).head).not.toMatch(OWN_HEADERS);
	});

	test('every other failure is the last word of the API', async () => {
		server().fault({ status: 500 });
		const { head } = await update();
		expect(head).toMatch(/^openai-processing-ms: \d+$/m);
		expect(head).toMatch(/^x-request-id: req_/m);
		expect(head).not.toMatch(/litellm|ratelimit/);
	});
});

describe('a write that lands after the answer', () => {
	test.each<[string, FaultRule]>([
		['a 500 in the form of the API', { gateway: true, status: 500 }],
		['a 504 page', { status: 504, body: '<html></html>' }],
		['a redirect', { status: 303, headers: { location: '/' } }],
		['a success of its own', { body: { id: 'conv_1' } }],
		['what respond computes', { respond: () => ({ status: 500 }) }],
		['a reset without a byte', { reset: 'before-headers' }],
		['a reset after the headers', { reset: 'after-headers' }],
		['a reset within the body', { reset: 'mid-body' }],
		['a closed connection', { close: 'before-headers' }],
		['a silence', { hang: true }],
		['a silence within the body', { hang: 'body' }],
		['a body cut short', { truncate: 3 }],
		['a slow answer', { status: 500, dripBody: { everyMs: 1, bytes: 50 } }],
	])('%s', async (_, rule) => {
		server().fault({ ...rule, applyAfterMs: 500 });
		await update(rule.hang ? 50 : 4000);
		expect(metadata()).toEqual({ a: '1' });
		expect(server().requests[0]?.applied).toBe(false);
		await until(() => server().requests[0]?.applied === true);
		expect(metadata()).toEqual({ b: '2' });
		expect(server().requests).toHaveLength(1);
	});

	test('a client that leaves before the answer does not stop it', async () => {
		server().fault({ status: 500, delayMs: 300, applyAfterMs: 200 });
		await update(50);
		expect(server().requests[0]?.applied).toBe(false);
		await until(() => server().requests[0]?.applied === true);
	});

	test('it happens once, also when respond asked for the genuine answer', async () => {
		server().fault({
			applyAfterMs: 1,
			respond: (_request, genuine) => {
				genuine();
				return { status: 500 };
			},
		});
		const body = JSON.stringify({ items: [{ role: 'user', content: 'x' }] });
		await raw(server(), `${path}/items`, { method: 'POST', body });
		await sleep(30);
		expect(server().store.items.size).toBe(1);
	});

	test('what the API refuses changes nothing', async () => {
		server().fault({ status: 500, applyAfterMs: 1 });
		await raw(server(), path, { method: 'POST', body: '{"metadata":7}' });
		await sleep(30);
		expect(server().requests[0]?.applied).toBe(false);
	});

	test('a reset or the end of the server calls it off', async () => {
		server().fault({ status: 500, applyAfterMs: 40, times: 2 });
		await update();
		server().reset();
		const { store } = server();
		store.createConversation({ id: 'conv_1', metadata: { a: '1' } });
		server().fault({ status: 500, applyAfterMs: 40 });
		await update();
		await server().close();
		await sleep(80);
		expect(store.getConversation('conv_1')?.metadata).toEqual({ a: '1' });
	});

	test.each([
		[{ applyAfterMs: 5 }, 'applyAfterMs needs a status'],
		[{ applyAfterMs: 5, apply: true, status: 500 }, 'exclude each other'],
		[{ applyAfterMs: -1, status: 500 }, 'at least 0'],
		[{ gateway: 'nginx' }, "gateway must be true or 'forwarding'"],
	])('%j is refused', (rule, message) => {
		// @ts-expect-error: one of them is no rule.
		expect(() => server().fault(rule)).toThrow(message);
	});
});

describe('include values that a gateway does not know', () => {
	const include = ['reasoning.encrypted_content', 'message.input_image.image_url'] as const;

	test('are refused by name', async () => {
		server().configure({ unknownIncludes: ['message.input_image.image_url'] });
		const { items } = sdk(server()).conversations;
		expect(await rejection(items.list('conv_1', { include: [...include] }))).toMatchObject({
			status: 400,
			param: 'include[1]',
			message: expect.stringContaining("Invalid value: 'message.input_image.image_url'"),
		});
		await items.list('conv_1', { include: [include[0]] });
	});
});

describe('NULs and half characters', () => {
	const odd = 'a\0b\uD83D';
	const add = async () =>
		await sdk(server()).conversations.items.create('conv_1', {
			items: [{ type: 'message', role: 'user', content: odd }],
		});
	const stored = () => JSON.stringify(server().store.getConversation('conv_1')?.items[0]?.content);

	test('are stored as U+FFFD, in texts and in metadata', async () => {
		await add();
		expect(stored()).toContain('a\uFFFDb\uFFFD');
		const updated = await sdk(server()).conversations.update('conv_1', { metadata: { k: odd } });
		expect(updated.metadata).toEqual({ k: 'a\uFFFDb\uFFFD' });
	});

	test('can be kept', async () => {
		server().configure({ malformedText: 'keep' });
		await add();
		expect(stored()).toContain(JSON.stringify(odd).slice(1, -1));
	});

	test('can be refused', async () => {
		server().configure({ malformedText: 'refuse' });
		expect(await rejection(add())).toMatchObject({ status: 400, param: 'items[0].content' });
		expect(
			await rejection(sdk(server()).conversations.update('conv_1', { metadata: { k: odd } })),
		).toMatchObject({ param: 'metadata.k' });
	});

	test('whole characters beyond the basic plane stay as they are', async () => {
		server().configure({ malformedText: 'refuse' });
		const body = '{"metadata":{"k":"\\ud83d\\ude00"}}';
		await raw(server(), path, { method: 'POST', body });
		expect(metadata()).toEqual({ k: '😀' });
	});
});

test('an update with {} clears, or is refused', async () => {
	server().configure({ emptyUpdate: 'refuse' });
	const { conversations } = sdk(server());
	expect(await rejection(conversations.update('conv_1', { metadata: {} }))).toMatchObject({
		status: 400,
		code: 'missing_required_parameter',
		param: 'metadata',
	});
	server().configure({ emptyUpdate: 'clear' });
	expect((await conversations.update('conv_1', { metadata: {} })).metadata).toEqual({});
});
