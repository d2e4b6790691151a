/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { pages, proseOf, root } from './markdown';
import type { Page } from './markdown';

/** The anchors that GitHub gives a page's headings. */
const anchorsOf = (text: string): string[] =>
	[...text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
		heading
			.toLowerCase()
			.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
			.replace(/[^\p{L}\p{N}_ -]/gu, '')
			.replaceAll(' ', '-'),
	);

const targetsOf = (text: string): string[] =>
	[...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)].map(
		([, link, source]) => link ?? source ?? '',
	);

/** What is wrong with a link; undefined when it leads somewhere. */
function problemOf({ name, text }: Page, target: string): string | undefined {
	if (/^https?:/.test(target)) return URL.canParse(target) ? undefined : 'is no URL';
	const [path = '', anchor] = target.split('#');
	const file = path === '' ? join(root, name) : join(root, dirname(name), path);
	if (relative(root, file).startsWith('..')) return 'leads out of the repository';
	if (!existsSync(file)) return 'leads to nothing';
	if (anchor === undefined) return undefined;
	const headings = anchorsOf(path === '' ? text : readFileSync(file, 'utf8'));
	return headings.includes(anchor) ? undefined : 'leads to no heading';
}

describe('Links in the documentation', () => {
	it.each(pages.map((each) => [each.name, each] as const))('of %s lead somewhere', (_, each) => {
		const problems = targetsOf(proseOf(each)).flatMap((target) => {
			const problem = problemOf(each, target);
			return problem === undefined ? [] : [`${target} ${problem}`];
		});
		expect(problems).toEqual([]);
	});

	const pictures = pages.flatMap((each) =>
		targetsOf(each.text)
			.filter((target) => target.endsWith('.png'))
			.map((target) => join(root, dirname(each.name), target)),
	);

	it('show every picture that there is', () => {
		const all = readdirSync(join(root, 'docs/pictures')).map((name) =>
			join(root, 'docs/pictures', name),
		);
		expect(all.filter((path) => !pictures.includes(path))).toEqual([]);
	});

	it('show pictures that load fast', () => {
		expect(pictures.length).toBeGreaterThan(0);
		const large = pictures.filter((path) => statSync(path).size > 150_000);
		expect(large).toEqual([]);
	});
});
