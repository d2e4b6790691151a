/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startServer } from '../../server/index.mjs';
import { runProbe } from '../support/runProbe.mjs';

const KEY = ['sk', 'proj', 'Ab3dEf6hIj9lMn2pQr5tUv8x'].join('-');
type Options = NonNullable<Parameters<typeof startServer>[0]>;

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'probe-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

/** Runs the probe against a server of its own; `interruptAfter` sends it SIGINT once that many requests were made. */
async function probe(options: Options, { key = KEY, interruptAfter = Infinity } = {}) {
	const server = await startServer({ apiKeys: [KEY], modelMs: 300, ...options });
	const file = join(folder, `${Math.random()}.md`);
	try {
		const { code, output } = await runProbe({
			file,
			key,
			baseUrl: server.url,
			isTimeToInterrupt: () => server.requestCount >= interruptAfter,
		});
		const report = await readFile(file, 'utf8');
		return { code, output, report, left: [...server.store.conversations.keys()], server };
	} finally {
		await server.close();
	}
}

const row = (report: string, name: string) =>
	report.split('\n').find((line) => line.startsWith(`| ${name} |`)) ?? '';

describe('npm run probe', () => {
	it('should find every assumption to hold at a server that is as assumed, and leave nothing behind', async () => {
		const { code, report, left, output } = await probe({});
		expect(report).not.toContain('not settled');
		expect(report).not.toContain('does not hold');
		expect(row(report, 'Update of metadata')).toContain('| replaces | holds |');
		expect(row(report, 'Removing orphans')).toContain('| holds |');
		expect(row(report, 'Lock during a response')).toContain('conversation_locked');
		expect(left).toEqual([]);
		expect(code).toBe(0);
		expect(output + report).not.toContain('Ab3dE');
	}, 60_000);

	it('should tell a server that merges', async () => {
		const { report, left } = await probe({ updateSemantics: 'merge' });
		expect(row(report, 'Update of metadata')).toMatch(/merges.*does not hold/);
		expect(row(report, 'Update with {}')).toMatch(/changes nothing \| does not hold/);
		expect(left).toEqual([]);
	}, 60_000);

	it('should tell a server that refuses an empty update, a null character and an include value', async () => {
		const { report, left } = await probe({
			emptyUpdate: 'refuse',
			malformedText: 'refuse',
			unknownIncludes: ['web_search_call.results'],
			lockMetadata: false,
		});
		expect(row(report, 'Update with {}')).toMatch(/is refused \(400.*does not hold/);
		expect(row(report, 'NUL in a text')).toMatch(/refused \(400.*holds/);
		expect(row(report, 'Include values of a listing')).toContain(
			'refused: web_search_call.results',
		);
		expect(row(report, 'Lock during a response')).toContain('does not hold');
		expect(left).toEqual([]);
	}, 60_000);

	it('should delete what it made when it is interrupted', async () => {
		const { code, report, left } = await probe({ latencyMs: 20 }, { interruptAfter: 8 });
		expect(report.split('\n').length).toBeLessThan(14);
		expect(left).toEqual([]);
		expect(code).toBe(1);
	}, 60_000);

	it('should show no part of a wrong key that the server quotes', async () => {
		const { report, output } = await probe({}, { key: KEY.replace('Ab3d', 'Zz9y') });
		expect(report).toContain('not settled');
		expect(report + output).not.toMatch(/Ef6hI|Zz9yE|Uv8x\b/);
	}, 60_000);
});
