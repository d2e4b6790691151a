/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import jestConfig from '../../jest.config.js';
import packageJson from '../../package.json';
import { blocksOf, pages, proseOf, root } from './markdown';
import { shellProblem } from './shell.mjs';

const scripts = Object.keys(packageJson.scripts);
const projects = jestConfig.projects?.map((each) =>
	typeof each === 'object' ? each['displayName'] : each,
);

/** Every command line of a shell block, without comments. */
const lines = pages.flatMap((each) =>
	blocksOf(each)
		.filter(({ language }) => language === 'sh')
		.flatMap(({ text }) => text.split('\n'))
		.map((line) => line.replace(/(^|\s)#.*$/, '').trim())
		.filter(Boolean)
		.map((line) => ({ page: each.name, line })),
);

/** Commands that are named in a sentence. */
const named = pages.flatMap((each) =>
	[...proseOf(each).matchAll(/`((?:npm (?:run|start|test)|npx jest|node )[^`]*)`/g)].map(
		([, line = '']) => ({
			page: each.name,
			line,
		}),
	),
);

const all = [...lines, ...named].map(({ page, line }) => [page, line] as const);

describe('Commands in the documentation', () => {
	it('are there', () => expect(lines.length).toBeGreaterThan(5));

	it.each(all)('%s: %s', (_, line) => {
		expect(shellProblem(line)).toBe('');
		const script = /^npm (?:run ([\w:]+)|(start|test)\b)/.exec(line);
		if (script) expect(scripts).toContain(script[1] ?? script[2]);
		const file = /^(?:npx jest|node) (?:--config=)?([\w./-]+)/.exec(line)?.[1];
		if (file !== undefined)
			expect({ file, exists: existsSync(join(root, file)) }).toEqual({ file, exists: true });
		const chosen = /--selectProjects ([\w -]+)/.exec(line)?.[1]?.trim().split(' ') ?? [];
		for (const project of chosen) expect(projects).toContain(project);
		if (line.includes('npm install')) expect(line).toContain(packageJson.name);
	});

	const workflows = readdirSync(join(root, '.github/workflows'));
	it.each(workflows)('of the workflow %s are scripts of the package', (name) => {
		const text = readFileSync(join(root, '.github/workflows', name), 'utf8');
		const used = [...text.matchAll(/run: (?:npm run ([\w:]+)|(\.ci\/run))$/gm)];
		expect(used.length).toBeGreaterThan(0);
		for (const [, script, file] of used) {
			if (script !== undefined) expect(scripts).toContain(script);
			if (file !== undefined) expect(existsSync(join(root, file))).toBe(true);
		}
	});

	it.each(pages.map(({ name, text }) => [name, text]))(
		'%s names the package by its name',
		(_, text) => {
			const names = new Set([...text.matchAll(/n8n-nodes-openai[\w-]*/g)].map(([name]) => name));
			expect([...names].filter((name) => name !== packageJson.name)).toEqual([]);
		},
	);
});
