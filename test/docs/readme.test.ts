/* eslint-disable @n8n/community-nodes/no-restricted-imports, @n8n/community-nodes/no-restricted-globals */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { resources } from '../../nodes/OpenAIConversation/resources';
import packageJson from '../../package.json';

const text = (name: string) => readFileSync(join(__dirname, '../..', name), 'utf8');
const readme = text('README.md');
const lines = readme.split('\n');

/** Without code blocks, comments, pictures, tags and where links lead. */
const prose = readme
	.replace(/^```.*?^```$/gms, '')
	.replace(/<!--.*?-->/gs, '')
	.replace(/!\[[^\]]*\]\([^)]*\)/g, '')
	.replace(/<[^>]+>/g, ' ')
	.replace(/\]\([^)]*\)/g, ']');

/** What a screen shows, at 1440 by 900 pixels. */
const LINES_PER_SCREEN = 30;

describe('The README', () => {
	it('should be read in a few minutes: 900 to 1,100 words', () => {
		const words = prose.match(/\S*[\p{L}\p{N}]\S*/gu) ?? [];
		expect(words.length).toBeGreaterThanOrEqual(900);
		expect(words.length).toBeLessThanOrEqual(1_100);
	});

	it('should show on the first two screens how to try the nodes', () => {
		for (const command of ['npm start', 'npm test']) {
			const line = lines.findIndex((each) => each.startsWith(command));
			expect(line).toBeGreaterThan(0);
			expect(line).toBeLessThan(2 * LINES_PER_SCREEN);
		}
	});

	it('should name commands that the package has', () => {
		const commands = [...readme.matchAll(/\bnpm (?:run ([\w:]+)|(start|test))\b/g)].map(
			([, script, short]) => script ?? short ?? '',
		);
		expect(commands.length).toBeGreaterThan(3);
		expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(commands));
	});

	it('should list every operation under its resource', () => {
		const rows = lines.flatMap((line) => {
			const [, resource, operation] = /^\| ([\w ]*?) ?\| ([\w ]+) \| [^|]+ \|$/.exec(line) ?? [];
			return resource === undefined || operation === undefined ? [] : [[resource, operation]];
		});
		let resource = '';
		const listed = rows.map(([name = '', operation = '']) => {
			resource = name === '' ? resource : name;
			return `${resource}: ${operation}`;
		});
		const all = resources.flatMap(({ name, operations }) =>
			operations.map((operation) => `${name}: ${operation.name}`),
		);
		expect(listed).toEqual(expect.arrayContaining(all));
		expect(listed.slice(1).toSorted()).toEqual(all.toSorted());
	});

	it('should warn of what is lost', () => {
		expect(prose).toMatch(/Set with Replace.*keys you don't list are lost/s);
		expect(prose).toMatch(/Conversation: Delete.*leaves the messages/s);
	});

	it('should give the times that the benchmark measured', () => {
		const [, ...times] = /^\| (500 updates.*)$/m.exec(readme)?.[1]?.split('|') ?? [];
		const measured = times.flatMap((time) => time.match(/[\d.]+ s\b/g) ?? []);
		const results = text('bench/results.md');
		const ofRow = (name: string) =>
			new RegExp(`^\\| ${name}[^|]* \\| ([\\d.]+ s) \\(`, 'm').exec(results)?.[1];
		expect(measured).toEqual(
			[
				'n8n’s OpenAI node',
				'HTTP Request node',
				'this node, default options',
				'this node, 32 in flight',
			].map(ofRow),
		);
	});
});
