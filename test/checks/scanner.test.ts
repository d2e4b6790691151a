/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packNode, unpack } from '../../sandbox/index.mjs';
import { objections } from './program.mjs';

let published: string;

beforeAll(async () => {
	published = await mkdtemp(join(tmpdir(), 'published-'));
});
afterAll(async () => await rm(published, { recursive: true, force: true }));

describe('n8n’s scanner of community packages', () => {
	it('has nothing against the sources', async () => {
		expect(await objections('node', 'test/checks/scan.mjs', 'sources')).toBe('');
	});

	it('has nothing against what `npm run build` and `npm pack` make of them', async () => {
		await unpack(await packNode({ always: true }), published);
		expect(await objections('node', 'test/checks/scan.mjs', 'package', published)).toBe('');
	});
});
