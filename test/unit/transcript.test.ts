import fc from 'fast-check';

import { asMarkdown, asMessages, asText, turnsOf } from '../../nodes/shared/api/transcript';
import type { JsonObject } from '../../nodes/shared/values/json';
import { anyJson, RUNS } from '../support/unit';

const call = (more: JsonObject): JsonObject => ({
	type: 'function_call',
	name: 'f',
	arguments: '',
	...more,
});

describe('turnsOf', () => {
	it('should leave out messages without text and what works behind the scenes', () => {
		const items = [
			{ type: 'message', role: 'user', content: [] },
			{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] },
			{ type: 'compaction', encrypted_content: 'x' },
			{},
		];
		expect(turnsOf(items)).toEqual([]);
	});

	it("should take a message without a role for the user's", () => {
		expect(turnsOf([{ type: 'message', content: 'a' }])).toEqual([
			{ kind: 'message', role: 'user', name: '', text: 'a' },
		]);
	});

	it.each<[JsonObject, string]>([
		[call({}), '[Tool call: f]'],
		[call({ arguments: '{ "a":\n\t1 }' }), '[Tool call: f ({ "a": 1 })]'],
		[call({ name: 'f)(', arguments: 'x' }), '[Tool call: f)( (x)]'],
		[{ type: 'function_call' }, '[Tool call: function]'],
		[
			{ type: 'local_shell_call', action: { command: ['rm', '-r'] } },
			'[Tool call: local shell (rm -r)]',
		],
		[{ type: 'mcp_approval_request', arguments: '{}' }, '[Tool call: approval of a tool ({})]'],
		[{ type: 'function_call_output', output: '' }, '[Tool result: function]'],
		[
			{ type: 'function_call_output', output: [{ type: 'input_file', filename: 'a.pdf' }] },
			'[Tool result: [file: a.pdf]]',
		],
	])('should give one short line for a tool: %j', (item, line) => {
		expect(asText('conv_1', turnsOf([item]))).toBe(`Conversation conv_1\n\n${line}\n`);
	});

	it("should stay quick with megabytes of a tool's output", () => {
		const startedAt = performance.now();
		const [turn] = turnsOf([call({ arguments: '😀 '.repeat(5_000_000) })]);
		expect(Array.from(turn?.text ?? '')).toHaveLength(201);
		expect(performance.now() - startedAt).toBeLessThan(15_000);
	});
});

describe('A transcript', () => {
	const anyItem = fc.dictionary(
		fc.constantFrom('type', 'role', 'content', 'name', 'arguments', 'output'),
		fc.oneof(
			anyJson,
			fc.constantFrom(
				'message',
				'function_call',
				'function_call_output',
				'reasoning',
				'user',
				'tool',
			),
		),
	);

	it('should be made of whatever a server sends, in order', () => {
		fc.assert(
			fc.property(fc.array(anyItem, { maxLength: 8 }), (items) => {
				const turns = turnsOf(items);
				expect(asMarkdown('conv_1', turns)).toMatch(/^# Conversation conv_1\n/);
				expect(asText('conv_1', turns)).toMatch(/^Conversation conv_1\n/);
				const messages = asMessages(turns);
				expect(messages).toHaveLength(turns.length);
				for (const { role, content } of messages) {
					expect(['user', 'assistant', 'system', 'developer']).toContain(role);
					expect(typeof content).toBe('string');
				}
			}),
			RUNS,
		);
	});
});
