/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { page, root } from './markdown';

describe('The table of folders in CONTRIBUTING.md', () => {
	const paths = [...page('CONTRIBUTING.md').text.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(
		([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path),
	);

	it('names the folders of both nodes', () =>
		expect(paths).toEqual(
			expect.arrayContaining(['nodes/OpenAIConversation/resources', 'nodes/shared/api']),
		));

	it.each(paths)('names %s, which exists', (path) =>
		expect(existsSync(join(root, path))).toBe(true),
	);
});
