import fc from 'fast-check';

import { itemText, simplifiedItem } from '../../nodes/shared/api/itemText';
import type { JsonObject } from '../../nodes/shared/values/json';
import { anyJson, RUNS } from '../support/unit';

const user = (content: JsonObject['content']): JsonObject => ({
	type: 'message',
	role: 'user',
	content: content ?? null,
});

/** Text of a message, or of another item, whatever it is. */
describe('itemText', () => {
	it.each<[string, JsonObject, string]>([
		['plain text', user('Hello'), 'Hello'],
		[
			'text parts, one below the other',
			user([
				{ type: 'input_text', text: 'a' },
				{ type: 'text', text: 'b' },
			]),
			'a\nb',
		],
		['a part that is plain text', user(['a', { type: 'output_text', text: 'b' }]), 'a\nb'],
		['a refusal', user([{ type: 'refusal', refusal: 'No.' }]), 'No.'],
		['what audio says', user([{ type: 'output_audio', transcript: 'Hi' }]), 'Hi'],
		[
			'an image by address',
			user([{ type: 'input_image', image_url: 'https://x.example/a.png' }]),
			'[image: https://x.example/a.png]',
		],
		[
			'an image by file',
			user([{ type: 'input_image', file_id: 'file_1', image_url: null }]),
			'[image: file_1]',
		],
		[
			'an image in the message itself',
			user([{ type: 'input_image', image_url: 'data:image/png;base64,AAAA' }]),
			'[image]',
		],
		[
			'a file by name',
			user([{ type: 'input_file', filename: 'a.pdf', file_data: 'data:…' }]),
			'[file: a.pdf]',
		],
		[
			'a file by address',
			user([{ type: 'input_file', file_url: 'https://x.example/a.pdf' }]),
			'[file: https://x.example/a.pdf]',
		],
		['audio', user([{ type: 'input_audio', data: 'AAAA' }]), '[audio]'],
		['a part of a new kind', user([{ type: 'smell' }]), '[smell]'],
		['empty text', user([{ type: 'input_text', text: '' }]), ''],
		['nothing', user(null), ''],
		[
			'null among the parts',
			user([null, 5, true, { type: 7 }, { type: 'input_text', text: 'a' }]),
			'a',
		],
		['content that is an object', user({ type: 'text', text: 'a' }), 'a'],
		['content of a strange kind', user({ a: 1 }), '{"a":1}'],
		['content that is a number', user(5), '5'],

		[
			'a call by name and arguments',
			{ type: 'function_call', name: 'f', arguments: '{}' },
			'f({})',
		],
		[
			'a call with an object for arguments',
			{ type: 'function_call', name: 'f', arguments: { a: 1 } },
			'f({"a":1})',
		],
		['a call without arguments', { type: 'function_call', name: 'f' }, 'f'],
		[
			'a page that was opened',
			{ type: 'web_search_call', action: { type: 'open_page', url: 'https://x.example' } },
			'https://x.example',
		],
		[
			'several searches',
			{ type: 'web_search_call', action: { type: 'search', queries: ['a', 'b'] } },
			'a\nb',
		],
		['no search', { type: 'web_search_call', action: { type: 'search' } }, 'search'],
		['an action that is a word', { type: 'x', action: 'wait' }, 'wait'],
		[
			'several actions',
			{
				type: 'computer_call',
				actions: [
					{ type: 'click', x: 1 },
					{ type: 'type', text: 'hi' },
				],
			},
			'click\nhi',
		],
		[
			'an image that was drawn without words',
			{ type: 'image_generation_call', result: 'AAAA' },
			'[image]',
		],
		['an approval', { type: 'mcp_approval_response', approve: true, reason: null }, 'approved'],
		[
			'a refusal to go on',
			{ type: 'mcp_approval_response', approve: false, reason: 'too much' },
			'refused: too much',
		],
		[
			'a command that printed nothing',
			{ type: 'shell_call_output', output: [{ stdout: '', stderr: '' }] },
			'',
		],
		[
			'reasoning that shows its content',
			{ type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'so' }] },
			'so',
		],
		[
			'reasoning that shows nothing',
			{ type: 'reasoning', summary: [], encrypted_content: 'AAAA' },
			'',
		],
		['no type', { text: 'a' }, 'a'],
		['nothing at all', {}, ''],
	])('should give %s', (_what, item, expected) => {
		expect(itemText(item)).toBe(expected);
	});

	it('should give a text for whatever a server sends', () => {
		const item = fc.dictionary(
			fc.constantFrom(
				'type',
				'role',
				'content',
				'name',
				'arguments',
				'queries',
				'action',
				'actions',
				'output',
				'tools',
				'summary',
				'approve',
			),
			fc.oneof(
				anyJson,
				fc.constantFrom(
					'message',
					'function_call',
					'mcp_approval_response',
					'image_generation_call',
				),
			),
		);
		fc.assert(
			fc.property(item, (given) => {
				const before = structuredClone(given);
				expect(typeof itemText(given)).toBe('string');
				expect(typeof simplifiedItem(given, 'conv_1').text).toBe('string');
				expect(given).toEqual(before);
			}),
			RUNS,
		);
	});
});

describe('simplifiedItem', () => {
	it('should have nothing but ID, conversation, type, role, status and text, and leave out what the item does not have', () => {
		const item = {
			id: 'm',
			type: 'message',
			role: 'user',
			status: null,
			phase: 'x',
			content: 'a',
			created_by: 'y',
		};
		expect(JSON.stringify(simplifiedItem(item, 'conv_1'))).toBe(
			'{"id":"m","conversation":"conv_1","type":"message","role":"user","text":"a"}',
		);
		expect(simplifiedItem({}, 'conv_1')).toEqual({ conversation: 'conv_1', text: '' });
	});
});
