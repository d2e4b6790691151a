/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { once } from 'node:events';
import OpenAI from 'openai';
import { spawnServer } from '../support/spawnServer.mjs';
import { ACCEPTED, rejection, sdk, sleep, until, useServer } from '../support/server';

const server = useServer();

/** What the control plane answers, and the status. */
async function control(method: string, path: string, body?: unknown, origin = server().origin) {
	const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
	const answer = await fetch(`${origin}/_sandbox/${path}`, init);
	const parsed: unknown = await answer.json();
	return { status: answer.status, body: parsed };
}

test('faults are queued, with expressions, infinity and bytes', async () => {
	expect(
		await control('POST', 'faults', {
			match: { path: { regex: 'MODELS$', flags: 'i' } },
			status: 503,
			times: 'Infinity',
		}),
	).toEqual({ status: 200, body: { queued: 1 } });
	await control('POST', 'faults', [
		{
			match: { path: '/conversations/conv_1', method: 'GET' },
			bodyBase64: Buffer.from('{"id":1}').toString('base64'),
		},
	]);
	const client = sdk(server());
	for (let count = 0; count < 3; count++)
		expect(await rejection(client.models.list())).toMatchObject({ status: 503 });
	expect(await client.conversations.retrieve('conv_1')).toEqual({ id: 1 });
});

test('conversations are seeded, singly, many or by number, and shown with their items', async () => {
	await control('POST', 'conversations', {
		id: 'conv_a',
		metadata: { a: '1' },
		items: [{ role: 'user', content: 'x' }],
	});
	await control('POST', 'conversations', [{ id: 'conv_b' }, { count: 3, metadata: { n: 7 } }]);
	expect(server().store.conversations.size).toBe(5);
	expect([...server().store.conversations.values()].at(-1)?.metadata).toEqual({ n: '7' });
	const expected = {
		id: 'conv_a',
		metadata: { a: '1' },
		items: [{ type: 'message', content: [{ text: 'x' }] }],
	};
	expect(await control('GET', 'conversations/conv_a')).toMatchObject({ body: expected });
	expect(await control('GET', 'conversations')).toMatchObject({
		body: { conversations: expect.arrayContaining([expect.objectContaining({ id: 'conv_b' })]) },
	});
	expect(await control('GET', 'conversations/conv_z')).toMatchObject({ status: 400 });
});

test('requests and counts can be read; what the control plane does is not among them', async () => {
	await sdk(server()).conversations.create({ metadata: { a: '1' } });
	await sdk(server()).models.list();
	const { body } = await control('GET', 'requests?since=1');
	expect(body).toMatchObject({
		requests: [{ index: 1, method: 'GET', path: '/v1/models', status: 200 }],
	});
	expect(await control('GET', 'stats')).toMatchObject({
		body: {
			requests: 2,
			inFlight: 0,
			maxInFlight: 1,
			conversations: 1,
			items: 0,
			openSockets: expect.any(Number),
		},
	});
});

test('settings can be changed', async () => {
	const rateLimit = { perSecond: 0.01, burst: 1, retryAfter: 'seconds' };
	const changes = {
		latencyMs: 1,
		updateSemantics: 'merge',
		unknownParameters: 'ignore',
		unknownIncludes: ['reasoning.encrypted_content'],
		malformedText: 'keep',
		emptyUpdate: 'refuse',
		lockMetadata: false,
		modelMs: 5,
		keepResponsesMs: 1000,
		rateLimit,
	};
	expect(await control('POST', 'settings', changes)).toMatchObject({ status: 200, body: changes });
	const { id } = server().store.createConversation({ metadata: { a: '1' } });
	const updated = await sdk(server()).conversations.update(id, { metadata: { b: '2' } });
	expect(updated.metadata).toEqual({ a: '1', b: '2' });
	expect(await rejection(sdk(server()).models.list())).toBeInstanceOf(OpenAI.RateLimitError);
	await control('POST', 'settings', { rateLimit: null });
	await sdk(server()).models.list();
});

test('tool calls are planned, and everything is forgotten on reset', async () => {
	await control('POST', 'model', { nextToolCall: { name: 'f', arguments: { a: 1 } } });
	expect(server().model.nextToolCall).toEqual({ name: 'f', arguments: { a: 1 } });
	server().store.createConversation();
	await control('POST', 'reset');
	expect([
		server().model.nextToolCall,
		server().store.conversations.size,
		server().requests.length,
	]).toEqual([undefined, 0, 0]);
});

test('what the model answers is planned, and a conversation locked', async () => {
	const { responses } = sdk(server());
	const ask = async () =>
		await responses.create({ model: 'gpt-5', input: 'Hello', conversation: 'conv_1' });
	server().store.createConversation({ id: 'conv_1' });
	await control('POST', 'lock', { conversation: 'conv_1', ms: 300 });
	expect(await rejection(ask())).toMatchObject({ code: 'conversation_locked' });
	await sleep(350);
	const plan = [{ text: 'Hi' }, { refusal: 'No', times: 'Infinity' }];
	await control('POST', 'model', { plan });
	const answers = [await ask(), await ask(), await ask()];
	await control('POST', 'settings', { modelMs: 60_000 });
	const slow = ask();
	await until(() => server().requests.at(-1)?.conversation === 'conv_1' && server().inFlight === 1);
	await control('POST', 'finish');
	expect((await slow).status).toBe('completed');
	expect(answers.map(({ output }) => JSON.stringify(output))).toEqual(
		['"Hi"', '"No"', '"No"'].map((words) => expect.stringContaining(words)),
	);
});

test.each([
	['POST', 'model', { plan: { txt: 'x' } }, 400, "Plan: there is no field 'txt'"],
	['POST', 'lock', { conversation: 'conv_1' }, 400, 'Expected a conversation and ms'],
	['POST', 'faults', { gateway: 'x' }, 400, "Fault rule: gateway must be true or 'forwarding'"],
	['POST', 'faults', { statsu: 500 }, 400, "Fault rule: there is no field 'statsu'"],
	['POST', 'settings', { latency: 5 }, 400, 'No such setting: latency'],
	[
		'POST',
		'settings',
		{ malformedText: 7 },
		400,
		'malformedText: expected one of keep, replace, refuse',
	],
	['POST', 'settings', { modelMs: 'long' }, 400, 'modelMs: expected a number of milliseconds'],
	[
		'POST',
		'settings',
		{ unknownIncludes: 'all' },
		400,
		'unknownIncludes: expected a list of texts',
	],
	['POST', 'model', [], 400, 'Expected a JSON object'],
	['GET', 'nothing', undefined, 404, 'Unknown: GET /_sandbox/nothing'],
])('%s %s with %j answers %i', async (method, path, body, status, error) => {
	expect(await control(method, path, body)).toEqual({ status, body: { error } });
});

test('it runs as a process, says where, and ends on SIGTERM although a client hangs', async () => {
	const { child, url, origin } = await spawnServer(['--key', ACCEPTED, '--key', 'sk-other']);
	expect(url).toBe(`${origin}/v1`);
	for (const apiKey of [ACCEPTED, 'sk-other'])
		await new OpenAI({ apiKey, baseURL: url, maxRetries: 0 }).models.list();
	await control('POST', 'faults', { hang: true }, origin);
	const hanging = rejection(
		new OpenAI({ apiKey: ACCEPTED, baseURL: url, maxRetries: 0 }).models.list(),
	);
	await until(async () => {
		const { body } = await control('GET', 'stats', undefined, origin);
		return JSON.stringify(body).includes('"inFlight":1');
	});
	child.kill('SIGTERM');
	expect(await once(child, 'exit')).toEqual([0, null]);
	await hanging;
});
