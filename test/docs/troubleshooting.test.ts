/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { page, root } from './markdown';

const sources = ['nodes', 'credentials']
	.flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
			.filter((name) => name.endsWith('.ts'))
			.map((name) => readFileSync(join(root, folder, name), 'utf8').replaceAll("\\'", "'")),
	)
	.join('\n');

/** What the source puts into its texts: labels, and the kind of a number. */
const LABELS = [
	'Additional Headers',
	'Base URL',
	'Conversation ID',
	'Item ID',
	'JSON Schema',
	'Keys to Remove',
	'Last Item to Copy',
	'Messages',
	'Message',
	'Metadata',
	'Model',
	'a whole number',
];

/** The fixed parts of a text: what is between `…` and labels. */
const partsOf = (text: string): string[] =>
	LABELS.reduce((parts, label) => parts.flatMap((part) => part.split(label)), text.split('…'))
		.map((part) => part.replace(/^["\s]+|["\s]+$/g, ''))
		.filter((part) => part.length > 2);

const quoted = [...page('docs/troubleshooting.md').text.matchAll(/^\| `([^`]+)` \|/gm)].map(
	([, text = '']) => text,
);

describe('Troubleshooting', () => {
	it('quotes many texts', () => expect(quoted.length).toBeGreaterThan(40));

	it.each(quoted)('quotes the source: %s', (text) => {
		const parts = partsOf(text);
		expect(parts.length).toBeGreaterThan(0);
		expect(parts.filter((part) => !sources.includes(part))).toEqual([]);
	});

	it('names labels that the source has', () => {
		for (const label of LABELS) expect(sources).toContain(label);
	});
});
