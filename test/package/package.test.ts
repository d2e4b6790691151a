/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import 'reflect-metadata'; // n8n's dependency injection wants it first
import { globSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { PackageDirectoryLoader } from 'n8n-core';
import { root } from '../../sandbox/index.mjs';
import { publishedPackage, reachableFrom } from './support.mjs';

const MAX_BYTES = 350_000;

const sources = globSync('nodes/*/*.node.ts', { cwd: root }).sort();

let published: Awaited<ReturnType<typeof publishedPackage>>;

beforeAll(async () => {
	published = await publishedPackage();
}, 120_000);
afterAll(async () => await rm(published.folder, { recursive: true, force: true }));

describe('the published package', () => {
	it('names every node of nodes/ in its package.json', () => {
		expect([...published.packageJson.n8n.nodes].sort()).toEqual(
			sources.map((file) => `dist/${file.replace(/\.ts$/, '.js')}`),
		);
	});

	it('is loaded by n8n’s own loader: each node, and the credential that all of them use', async () => {
		const loader = new PackageDirectoryLoader(published.folder);
		await loader.loadAll();
		const names = Object.keys(loader.known.nodes);

		expect(loader.packageName).toBe('n8n-nodes-openai-conversation');
		expect(names).toHaveLength(sources.length);
		expect(Object.keys(loader.known.credentials)).toEqual(['openAIConversationApi']);
		expect(
			[...(loader.known.credentials['openAIConversationApi']?.supportedNodes ?? [])].sort(),
		).toEqual(names.sort());
		for (const { codex } of loader.types.nodes) {
			expect(codex?.categories?.length).toBeGreaterThan(0);
		}
		expect(loader.types.nodes.find(({ name }) => name === 'openAIConversation')).toMatchObject({
			displayName: 'OpenAI Conversation',
			usableAsTool: true,
		});
	});

	it('has the light and the dark icon that its nodes and its credential name', async () => {
		const loader = new PackageDirectoryLoader(published.folder);
		await loader.loadAll();
		const named = [...loader.types.nodes, ...loader.types.credentials].map(
			({ iconUrl }) => iconUrl,
		);

		expect(named).toHaveLength(sources.length + 1);
		for (const each of named) {
			for (const url of typeof each === 'object' ? [each.light, each.dark] : [each]) {
				const file = url?.replace('icons/n8n-nodes-openai-conversation/', '');
				expect(published.files).toContain(file);
			}
		}
	});

	it(`is smaller than ${MAX_BYTES / 1000} kB`, () => {
		expect(published.bytes).toBeLessThan(MAX_BYTES);
	});

	it('holds nothing but what n8n loads and npm adds', async () => {
		const { folder, files, packageJson } = published;
		const code = await reachableFrom(folder, [
			...packageJson.n8n.nodes,
			...packageJson.n8n.credentials,
		]);
		const isAsset = (file: string) =>
			/^dist\/(nodes|credentials)\/.*\.(svg|node\.json)$/.test(file) ||
			/^dist\/nodes\/.*\/__schema__\/.*\.json$/.test(file);
		const isPapers = (file: string) => /^(package\.json|README\.md|LICENSE)$/.test(file);

		expect(files.filter((file) => !isAsset(file) && !isPapers(file))).toEqual(code);
	});

	it('brings no dependency, and runs no script when it is installed', () => {
		const { dependencies, optionalDependencies, peerDependencies, scripts } = published.packageJson;

		expect(dependencies).toBeUndefined();
		expect(optionalDependencies).toBeUndefined();
		expect(peerDependencies).toEqual({ 'n8n-workflow': '*' });
		const installScripts = [
			'preinstall',
			'install',
			'postinstall',
			'prepare',
			'preprepare',
			'postprepare',
		];
		expect(Object.keys(scripts).filter((name) => installScripts.includes(name))).toEqual([]);
	});
});
