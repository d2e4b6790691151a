/* eslint-disable @n8n/community-nodes/no-restricted-imports, @n8n/community-nodes/no-restricted-globals */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { OpenAIConversationApi } from '../../credentials/OpenAIConversationApi.credentials';
import { OpenAIConversation } from '../../nodes/OpenAIConversation/OpenAIConversation.node';
import { parseMetadataChanges } from '../../nodes/OpenAIConversation/parameters/metadata';
import { resources } from '../../nodes/OpenAIConversation/resources';
import packageJson from '../../package.json';

const root = join(__dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = (language: string): string[] =>
	[...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
		([, text = '']) => text,
	);

/** The JSON block that has a member of that name. */
const json = (member: string): Record<string, unknown> => {
	const found = blocks('json')
		.map((text): Record<string, unknown> => JSON.parse(text))
		.find((value) => member in value);
	if (found === undefined) throw new Error(`No JSON in the README has ${member}`);
	return found;
};

const { properties } = new OpenAIConversation().description;

describe('The README', () => {
	it('should name commands that the package has', () => {
		const commands = [...readme.matchAll(/\bnpm (?:run ([\w:]+)|(start|test))\b/g)].map(
			([, script, short]) => script ?? short ?? '',
		);
		expect(commands.length).toBeGreaterThan(3);
		expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(commands));
	});

	it('should show metadata that Set takes', () => {
		const metadataJson = blocks('json').find((text) => text.includes('"draft"')) ?? '';
		const fields: Record<string, unknown> = { metadataInput: 'json', metadataJson };
		expect(parseMetadataChanges((name, fallback) => fields[name] ?? fallback)).toEqual({
			topic: 'billing',
			priority: 'high',
			draft: null,
		});
	});

	it('should show a credential with fields that it has', () => {
		const shown = Object.keys(json('openAIConversationApi').openAIConversationApi ?? {});
		expect(shown.length).toBeGreaterThan(0);
		expect(new OpenAIConversationApi().properties.map(({ name }) => name)).toEqual(
			expect.arrayContaining(shown),
		);
	});

	it('should show parameters for an agent that the node has', () => {
		expect(properties.map(({ name }) => name)).toEqual(
			expect.arrayContaining(Object.keys(json('conversationId'))),
		);
	});

	it('should list every operation and every option', () => {
		for (const { name } of resources.flatMap(({ operations }) => operations)) {
			expect(readme).toMatch(new RegExp(`^\\|.*\\| (\\*\\*)?${name}(\\*\\*)? \\|`, 'm'));
		}
		for (const label of [
			'Timeout (Seconds)',
			'Max Retries',
			'Retry Network Errors',
			'Max Concurrency',
			'Max Requests per Minute',
		]) {
			const options = properties.find(({ name }) => name === 'options')?.options ?? [];
			expect(
				options.map((option) => ('displayName' in option ? option.displayName : '')),
			).toContain(label);
			expect(readme).toContain(`| ${label} |`);
		}
	});

	it('should link to files and headings that exist', () => {
		const headings = [...readme.matchAll(/^#+ (.+)$/gm)].map(
			([, heading = '']) =>
				`#${heading
					.toLowerCase()
					.replace(/[^\w -]/g, '')
					.replaceAll(' ', '-')}`,
		);
		const targets = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
		for (const target of targets.filter((each) => !each.startsWith('https://'))) {
			if (target.startsWith('#')) expect(headings).toContain(target);
			else
				expect({ target, exists: existsSync(join(root, target)) }).toEqual({
					target,
					exists: true,
				});
		}
	});
});
