import { withoutToolAccount } from '../../nodes/MemoryOpenAiConversation/toolAccount';
import { parseMetadata } from '../../nodes/OpenAIConversation/parameters/metadata';
import { asMarkdown, asText, turnsOf } from '../../nodes/shared/api/transcript';
import { parseJsonText } from '../../nodes/shared/values/jsonText';
import { createRedactor } from '../../nodes/shared/values/redact';
import { KEY, reading, refused } from '../support/unit';

const parse = (value: unknown) => parseJsonText(value, 'Field', '{ "x": 1 }');

const secondsFor = (work: () => void): number => {
	const startedAt = performance.now();
	work();
	return (performance.now() - startedAt) / 1_000;
};

describe('JSON text', () => {
	it('should be taken with a file of 30 MB in it, such as a picture', () => {
		const picture = JSON.stringify({
			type: 'input_image',
			image_url: `data:image/png;base64,${'A'.repeat(30_000_000)}`,
		});
		expect(JSON.stringify(parse(picture))).toHaveLength(picture.length);
	});

	it('should be taken with a million objects in it', () => {
		const list = `[${Array.from({ length: 1_000_000 }, (_, n) => `{"n":${n}}`).join(',')}]`;
		expect(parse(list)).toHaveLength(1_000_000);
	});

	it('should, as metadata of many megabytes, be refused for its length and not run out of stack', () => {
		const metadata = JSON.stringify({ a: '\\"x'.repeat(10_000_000) });
		const read = reading({ metadataInput: 'json', metadataJson: metadata });
		expect(refused(() => parseMetadata(read)).message).toContain(
			'has 30000000 characters; the API allows 512',
		);
	});
});

describe('The redactor', () => {
	const { text, output } = createRedactor(KEY);
	const fox = 'The quick brown fox jumps over the lazy dog. ';

	it('should be quick with a long text', () => {
		const given = fox.repeat(50_000);
		expect(secondsFor(() => expect(text(given)).toBe(given))).toBeLessThan(2);
	});

	it('should be quick with an output of 20 MB', () => {
		const given = { text: fox.repeat(450_000) };
		expect(secondsFor(() => expect(output(given)).toBe(given))).toBeLessThan(2);
	});
});

describe('A transcript', () => {
	it("should be there soon with megabytes of a tool's output", () => {
		const call = { type: 'function_call', name: 'f', arguments: '😀 '.repeat(5_000_000) };
		const seconds = secondsFor(() => {
			const [turn] = turnsOf([call]);
			expect(Array.from(turn?.text ?? '')).toHaveLength(201);
		});
		expect(seconds).toBeLessThan(15);
	});

	it('should be there soon, whatever is said', () => {
		const parts = '](|[|]|![|*a|**|<b|`|- | |\\|&|&#1;|> '.split('|');
		const seconds = secondsFor(() => {
			for (const part of parts) {
				for (const content of [part.repeat(100_000), `[${part.repeat(100_000)}`]) {
					const turns = turnsOf([{ type: 'message', role: 'user', content }]);
					asMarkdown('conv_1', turns);
					asText('conv_1', turns);
				}
			}
		});
		expect(seconds).toBeLessThan(10);
	});
});

describe("An agent's account of its tools", () => {
	it('should be left out with results of many megabytes', () => {
		const long = 'a'.repeat(10_000_000);
		for (const result of [long, { a: `${long}"` }]) {
			const account = `[Used tools: Tool: A, Input: {}, Result: ${JSON.stringify(result)}] Done`;
			expect(withoutToolAccount(account)).toBe('Done');
		}
	});
});
