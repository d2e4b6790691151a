import fc from 'fast-check';

import { listModels } from '../../nodes/shared/api/models';
import {
	incompleteReason,
	replyText,
	simplifiedResponse,
	toolCalls,
} from '../../nodes/shared/api/reply';
import { parseFormat } from '../../nodes/OpenAIConversation/parameters/structuredOutput';
import { parseGeneration } from '../../nodes/OpenAIConversation/parameters/generation';
import { parseModel } from '../../nodes/OpenAIConversation/parameters/model';
import { parseMessage } from '../../nodes/OpenAIConversation/parameters/message';
import { isJsonObject } from '../../nodes/shared/values/json';
import { anyJson, anyValue, reading, refusal, refused, RUNS } from '../support/unit';

const message = (...content: Array<Record<string, string>>) => ({
	id: 'msg_1',
	type: 'message',
	role: 'assistant',
	content,
});

describe('The text of a reply', () => {
	it('should be all that the messages say, joined as the official SDK does', () => {
		const output = [
			{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm' }] },
			message({ type: 'output_text', text: 'One, ' }, { type: 'output_text', text: 'two' }),
			{ type: 'function_call', arguments: '{}', call_id: 'call_1', name: 'f' },
			message({ type: 'output_text', text: '.' }),
		];
		expect(replyText({ output })).toBe('One, two.');
	});

	it('should have the words of a refusal', () => {
		expect(replyText({ output: [message({ type: 'refusal', refusal: 'No.' })] })).toBe('No.');
	});
});

describe('Tool calls in a reply', () => {
	const call = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'f' };

	it.each([
		['{"a":[1]}', { a: [1] }],
		['', ''],
		['{"a":', '{"a":'],
	])('should have the arguments %j parsed where they are JSON', (given, parsed) => {
		expect(toolCalls({ output: [{ ...call, arguments: given }] })).toEqual([
			{ name: 'f', arguments: parsed, call_id: 'call_1', id: 'fc_1' },
		]);
	});

	it("should leave a custom tool's input as the text that it is", () => {
		const custom = { type: 'custom_tool_call', id: 'ctc_1', call_id: 'call_1', name: 'f' };
		expect(toolCalls({ output: [{ ...custom, input: '{"a":1}' }] })).toMatchObject([
			{ arguments: '{"a":1}' },
		]);
	});

	it('should be those alone that somebody has to answer', () => {
		const shell = {
			type: 'shell_call',
			id: 'sh_1',
			call_id: 'call_2',
			action: { commands: ['ls'] },
		};
		const output = [
			shell,
			{ type: 'shell_call_output', call_id: 'call_2', output: [] },
			{ type: 'web_search_call', id: 'ws_1', action: {} },
			{ ...shell, id: 'sh_2', call_id: 'call_3' },
		];
		expect(toolCalls({ output })).toEqual([
			{ name: 'shell_call', arguments: { commands: ['ls'] }, call_id: 'call_3', id: 'sh_2' },
		]);
	});
});

describe('A response', () => {
	it('should be incomplete for a reason, or for one that is not known', () => {
		expect(incompleteReason({ status: 'completed', incomplete_details: null })).toBeUndefined();
		expect(incompleteReason({ status: 'incomplete', incomplete_details: null })).toBeNull();
	});

	it('should be simplified whatever it holds', () => {
		fc.assert(
			fc.property(anyJson, anyJson, (output, rest) => {
				const response = { ...(isJsonObject(rest) ? rest : {}), output };
				expect(simplifiedResponse(response, 'conv_1')).toMatchObject({
					conversation: 'conv_1',
					text: expect.any(String),
				});
			}),
			RUNS,
		);
	});
});

describe('What is entered for a message', () => {
	it('should be taken or refused with what to do, whatever it is', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				const parsers = [
					() => parseModel(reading({ model: value })),
					() => parseMessage(reading({ text: value })),
					() => parseMessage(reading({ itemsInput: 'json', itemsJson: value })),
					() => parseFormat({ outputFormat: 'json', jsonSchema: value }),
					() => parseFormat({ outputFormat: value }),
					() =>
						parseGeneration({ instructions: value, temperature: value, maxOutputTokens: value }),
				];
				for (const parse of parsers) expect(refusal(parse)?.advice ?? 'taken').not.toBe('');
			}),
			RUNS,
		);
	});

	it('should name a few faults of a schema, and count the rest', () => {
		const properties = Object.fromEntries(
			Array.from({ length: 9 }, (_, n) => [`p${n}`, { type: 'object' }]),
		);
		const schema = {
			type: 'object',
			additionalProperties: false,
			required: Object.keys(properties),
			properties,
		};
		const { message: words } = refused(() =>
			parseFormat({ outputFormat: 'json', jsonSchema: schema }),
		);
		expect(words).toContain('properties.p4 lacks "additionalProperties": false; and 4 more');
	});

	it('should leave the schema as it is', () => {
		const schema = {
			$defs: {
				leaf: { type: 'object', properties: {}, required: [], additionalProperties: false },
			},
			type: 'object',
			properties: {
				a: { anyOf: [{ $ref: '#/$defs/leaf' }, { type: 'null' }] },
				b: { type: 'array', items: { $ref: '#' } },
			},
			required: ['b', 'a'],
			additionalProperties: false,
		};
		expect(parseFormat({ outputFormat: 'json', jsonSchema: JSON.stringify(schema) })).toEqual({
			type: 'json_schema',
			name: 'reply',
			strict: true,
			schema,
		});
	});
});

describe('The list of models', () => {
	const listed = async (ids: string[]) =>
		await listModels({
			call: async () => ({ data: ids.map((id) => ({ id })) }),
			pause: async () => {},
			cleanUp: async () => undefined,
		});

	it("should keep names of one's own", async () => {
		const own = ['my-deployment', 'claude-sonnet', 'llama-4', 'o3-deep-research'];
		expect(await listed(own)).toEqual(own.toSorted());
	});
});
