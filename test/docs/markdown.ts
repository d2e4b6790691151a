/* eslint-disable @n8n/community-nodes/no-restricted-imports, @n8n/community-nodes/no-restricted-globals */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

export const root = join(__dirname, '../..');

/** Where pages for people are; what tools bring along is not ours. */
const FOLDERS = [
	'.',
	'docs',
	'bench',
	'examples',
	'sandbox',
	'server',
	'.github',
	'.github/ISSUE_TEMPLATE',
];

export interface Page {
	/** From the checkout's folder. */
	name: string;
	text: string;
}

const filesIn = (folder: string): string[] => {
	try {
		return readdirSync(join(root, folder)).map((name) => join(root, folder, name));
	} catch {
		return [];
	}
};

export const pages: Page[] = FOLDERS.flatMap(filesIn)
	.filter((path) => path.endsWith('.md') && statSync(path).isFile())
	.map((path) => ({ name: relative(root, path), text: readFileSync(path, 'utf8') }));

export const page = (name: string): Page => {
	const found = pages.find((each) => each.name === name);
	if (found === undefined) throw new Error(`There is no page ${name}`);
	return found;
};

export interface Block {
	page: string;
	language: string;
	/** What the comment before the block says it is to be checked as. */
	check: string;
	text: string;
}

/** The fenced blocks of a page. */
export const blocksOf = ({ name, text }: Page): Block[] =>
	[...text.matchAll(/(?:<!-- check: ([^>]+?) -->\n)?^```(\w*)\n(.*?)^```$/gms)].map(
		([, check = '', language = '', block = '']) => ({ page: name, language, check, text: block }),
	);

/** A page without its fenced blocks. */
export const proseOf = ({ text }: Page): string => text.replace(/^```.*?^```$/gms, '');
