/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { startServer } from '../../server/index.mjs';
import { until } from '../support/until.mjs';
import { leakOf } from './support/leaks.mjs';
import {
	filesOf,
	newFolder,
	npmStart,
	processesOf,
	removeFolder,
	takePort,
} from './support/sandbox.mjs';
import { postJson } from './support/post.mjs';
import { newKey } from './support/workflows.mjs';

const SECOND_START_MS = 60_000;

let folder: string;
/** The one that the first start worked on. */
let conversation: string;
let toUndo: Array<() => unknown> = [];

function start(args: string[] = [], env: Record<string, string> = {}) {
	const started = npmStart(folder, args, env);
	toUndo.push(started.cleanUp);
	return started;
}

async function serve(...apiKeys: string[]) {
	const api = await startServer(apiKeys.length > 0 ? { apiKeys } : {});
	toUndo.push(api.close);
	return api;
}

const nothingLeft = async () =>
	await until(
		async () => ((await processesOf(folder)).length === 0 ? true : undefined),
		'the end of all processes',
		15_000,
	);

beforeAll(async () => {
	folder = await newFolder();
});
afterEach(async () => {
	await Promise.all(toUndo.map(async (undo) => await undo()));
	toUndo = [];
	await nothingLeft();
});
afterAll(async () => await removeFolder(folder));

/** One after the other: the first makes n8n’s database, the later ones find it. */
describe('npm start', () => {
	it('with --once runs the example, tells what happened, and leaves neither a process nor the key behind', async () => {
		const sandbox = start(['--once']);

		expect(await sandbox.exited).toBe(0);
		expect(await processesOf(folder)).toEqual([]);

		const { output } = sandbox;
		const [, id] = /The API received: POST \/v1\/conversations\/(conv_\w+)\n/.exec(output) ?? [];
		conversation = id ?? '';
		expect(output).toContain(`"conversation_id": "${id}"`);
		expect(output).toContain(
			'{"metadata":{"status":"resolved","topic":"billing","customer":"C-1042"}}',
		);
		expect(output).toMatch(
			/The updated conversation[^]*"object": "conversation"[^]*"status": "resolved"/,
		);

		expect((await stat(folder)).mode & 0o077).toBe(0);
		const files = await filesOf(folder);
		const secrets: { apiKey: string } = JSON.parse(
			files.find(({ name }) => name === 'secrets.json')?.text ?? '',
		);
		expect(leakOf(output, secrets.apiKey)).toBeUndefined();
		const holders = files
			.filter(({ text }) => text.includes(secrets.apiKey))
			.map(({ name }) => name);
		expect(holders).toEqual(['secrets.json']);
	}, 180_000);

	it('is up within a minute the second time, on a busy machine too, on free ports, for this machine only, with what was there before and all examples published, until it is told to end', async () => {
		toUndo.push(...(await Promise.all([5678, 4010].map(takePort))));
		const began = performance.now();
		const sandbox = start();
		await sandbox.says('stays up until Ctrl-C');

		expect(performance.now() - began).toBeLessThan(SECOND_START_MS);
		expect(sandbox.output).toContain('Port 5678 is taken; n8n uses ');
		expect(sandbox.output).toContain('Port 4010 is taken; the API server uses ');

		const [, port = ''] = /Editor +http:\/\/127\.0\.0\.1:(\d+)\//.exec(sandbox.output) ?? [];
		const [, email, password] = /Login +(\S+)\nPassword +(\S+)\n/.exec(sandbox.output) ?? [];
		const login = await fetch(`http://127.0.0.1:${port}/rest/login`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ emailOrLdapLoginId: email, password }),
		});
		expect(login.status).toBe(200);

		const [, apiPort = ''] =
			/API +the embedded API server at http:\/\/127\.0\.0\.1:(\d+)\//.exec(sandbox.output) ?? [];
		const [, baseUrl, apiKey] = /Base URL +(\S+)\nAPI key +(\S+)\n/.exec(sandbox.output) ?? [];
		const kept = await fetch(`${baseUrl}/conversations/${conversation}`, {
			headers: { authorization: `Bearer ${apiKey}` },
		});
		expect(await kept.json()).toMatchObject({
			id: conversation,
			metadata: { status: 'resolved', topic: 'billing' },
		});
		const request = { message: 'Your billing is wrong, and it is urgent.' };
		expect(await postJson(`http://127.0.0.1:${port}/webhook/support`, request)).toMatchObject({
			status: 200,
			text: expect.stringContaining('"category":"billing"'),
		});
		const addresses = Object.values(networkInterfaces()).flatMap((each = []) => each);
		for (const { address, family, internal } of addresses) {
			if (internal || family !== 'IPv4') continue;
			for (const each of [port, apiPort])
				await expect(fetch(`http://${address}:${each}/`)).rejects.toThrow('fetch failed');
		}

		const second = start(['--once']);
		expect(await second.exited).toBe(1);
		expect(second.output).toContain('The sandbox is running already');

		sandbox.signal('SIGTERM');
		await nothingLeft();
	}, 180_000);

	it('works with the API that OPENAI_API_KEY and OPENAI_API_BASE name, and says so without showing the key', async () => {
		const key = newKey();
		const api = await serve(key);
		const sandbox = start(['--once'], { OPENAI_API_KEY: key, OPENAI_API_BASE: `${api.url}/` });

		expect(await sandbox.exited).toBe(0);

		expect(sandbox.output).toContain(`API: ${api.url}, with the key from OPENAI_API_KEY`);
		expect(api.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'GET']);
		expect(leakOf(sandbox.output, key)).toBeUndefined();
		const files = await filesOf(folder);
		expect(files.filter(({ text }) => text.includes(key)).map(({ name }) => name)).toEqual([]);
		await nothingLeft();
	}, 120_000);

	it('says what to do when the API refuses the key, which it does not show', async () => {
		const key = newKey();
		const api = await serve();
		const sandbox = start(['--once'], { OPENAI_API_KEY: key, OPENAI_API_BASE: api.url });

		expect(await sandbox.exited).toBe(1);

		expect(sandbox.output).toContain('with 401');
		expect(sandbox.output).toContain('What to do: Check OPENAI_API_KEY and OPENAI_API_BASE');
		expect(leakOf(sandbox.output, key)).toBeUndefined();
		await nothingLeft();
	}, 60_000);
});
