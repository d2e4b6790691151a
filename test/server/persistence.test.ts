/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { startServer } from '../../server/index.mjs';
import { spawnServer } from '../support/spawnServer.mjs';
import { ACCEPTED, rejection, sdk, sleep, until, type Server } from '../support/server';

let folder: string;
let file: string;
const running: Server[] = [];

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'server-'));
	file = join(folder, 'data', 'conversations.json');
});
afterEach(async () => {
	await Promise.all(running.splice(0).map(async (server) => await server.close()));
	await rm(folder, { recursive: true });
});

const start = async () => {
	const server = await startServer({ apiKeys: [ACCEPTED], persistTo: file });
	running.push(server);
	return server;
};
const message = { type: 'message' as const, role: 'user' as const, content: 'My name is Ada' };

test('conversations and items outlive the server', async () => {
	const first = await start();
	const client = sdk(first);
	const { id } = await client.conversations.create({ metadata: { a: '1' }, items: [message] });
	const gone = await client.conversations.create({ items: [message] });
	const [orphan] = first.store.getConversation(gone.id)?.items ?? [];
	await client.conversations.delete(gone.id);
	await client.responses.create({ model: 'gpt-5', conversation: id, input: 'Hello' });
	const before = await client.conversations.items.list(id);
	await first.close();

	const second = await start();
	const again = sdk(second);
	expect((await again.conversations.retrieve(id)).metadata).toEqual({ a: '1' });
	expect((await again.conversations.items.list(id)).data).toEqual(before.data);
	expect(
		(await again.responses.create({ model: 'gpt-5', conversation: id, input: 'Who am I?' }))
			.output_text,
	).toBe('You are Ada.');
	expect(await rejection(again.conversations.retrieve(gone.id))).toMatchObject({ status: 404 });
	expect(second.store.items.get(orphan?.id ?? '')).toEqual(orphan);
});

test('changes are written soon, many at once, and never half a file', async () => {
	const server = await start();
	const client = sdk(server);
	for (let count = 0; count < 20; count++)
		await client.conversations.create({ metadata: { n: String(count) } });
	await until(async () => (await readFile(file, 'utf8').catch(() => '')).includes('"n":"19"'));
	expect(await readdir(join(folder, 'data'))).toEqual(['conversations.json']);
	server.reset();
	await until(async () => !(await readFile(file, 'utf8')).includes('"n"'));
});

test('a file that holds something else is left alone', async () => {
	file = join(folder, 'other.json');
	await writeFile(file, '{"conversations":7}');
	expect(await rejection(startServer({ persistTo: file }))).toMatchObject({
		message: `${file} does not hold conversations. Remove it to start without any.`,
	});
	expect(await readFile(file, 'utf8')).toBe('{"conversations":7}');
});

test('without a file nothing is written', async () => {
	const server = await startServer({ apiKeys: [ACCEPTED] });
	running.push(server);
	await sdk(server).conversations.create();
	await sleep(250);
	expect(await readdir(folder)).toEqual([]);
});

test('a process keeps them too, although it is ended at once', async () => {
	const options = ['--key', ACCEPTED, '--data', file, '--model-ms', '1'];
	const clientOf = (baseURL: string) => new OpenAI({ apiKey: ACCEPTED, baseURL, maxRetries: 0 });
	const first = await spawnServer(options);
	const { id } = await clientOf(first.url).conversations.create({ metadata: { a: '1' } });
	first.child.kill('SIGTERM');
	expect(await once(first.child, 'exit')).toEqual([0, null]);
	const second = await spawnServer(options);
	expect((await clientOf(second.url).conversations.retrieve(id)).metadata).toEqual({ a: '1' });
	second.child.kill('SIGTERM');
	await once(second.child, 'exit');
});
