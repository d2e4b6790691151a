/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../sandbox/index.mjs';
import { startRegistry } from './support/registry.mjs';

/** What publish.yml does when a version is tagged, up to the upload, which is only tried. */

let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
	registry = await startRegistry();
});
afterAll(async () => await registry.close());

describe('npm run release', () => {
	it('should lint and build, and offer npm the package with its version and nothing but what n8n loads', async () => {
		const { name, version }: { name: string; version: string } = JSON.parse(
			await readFile(join(root, 'package.json'), 'utf8'),
		);

		const said = await registry.npm(['run', 'release'], root, {
			GITHUB_ACTIONS: 'true',
			npm_config_dry_run: 'true',
		});

		expect(said).toContain('n8n-node lint');
		expect(said).toMatch(/gulp clean && tsc --noEmit && gulp assets/);
		expect(said).toContain(`+ ${name}@${version}`);
		expect(registry.requests.filter((request) => !request.startsWith(`GET /${name}`))).toEqual([]);
	}, 180_000);

	it('should be refused by the workflow when the tag is not the version', async () => {
		const workflow = await readFile(join(root, '.github', 'workflows', 'publish.yml'), 'utf8');
		expect(workflow).toContain(
			`test "$(node -p "require('./package.json').version")" = "$GITHUB_REF_NAME"`,
		);
		expect(workflow).toContain('id-token: write');
	});
});
