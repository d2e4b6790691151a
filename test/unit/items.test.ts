import fc from 'fast-check';

import { refuseItems } from '../../nodes/OpenAIConversation/parameters/additionalBody';
import { readItems, readOptionalItems } from '../../nodes/OpenAIConversation/parameters/items';
import { parseJsonField } from '../../nodes/OpenAIConversation/parameters/jsonField';
import { readOptions } from '../../nodes/OpenAIConversation/parameters/options';
import { anyJson, anyText, anyValue, reading, refusal, refused, RUNS } from './support';

const fields = (...values: unknown[]) => reading({ itemsInput: 'fields', messages: { values } });
const json = (itemsJson: unknown) => reading({ itemsInput: 'json', itemsJson });
const message = (role: string, content: string) => ({ type: 'message', role, content });

describe('Messages from fields', () => {
	it.each<[string, unknown[], unknown[]]>([
		['a message', [{ role: 'user', text: 'Hello' }], [message('user', 'Hello')]],
		[
			'all roles, in order',
			['user', 'assistant', 'system', 'developer'].map((role) => ({ role, text: role })),
			['user', 'assistant', 'system', 'developer'].map((role) => message(role, role)),
		],
		['no role, which means the user', [{ text: 'Hello' }], [message('user', 'Hello')]],
		['numbers and booleans as text', [{ text: 5 }, { text: false }], [message('user', '5'), message('user', 'false')]],
		['white space as it is', [{ text: ' a\n' }], [message('user', ' a\n')]],
		['a row that is text', ['Hello'], [message('user', 'Hello')]],
	])('should be read: %s', (_what, rows, expected) => {
		expect(readItems(fields(...rows))).toEqual(expected);
		expect(readOptionalItems(fields(...rows))).toEqual(expected);
	});

	it('should be read from a single row that comes without its list', () => {
		expect(readItems(reading({ messages: { values: { role: 'user', text: 'a' } } }))).toEqual([message('user', 'a')]);
	});

	it.each<[string, unknown[], string]>([
		['an empty text', [{ role: 'user', text: '' }], 'The text of message 1 in Messages is empty'],
		['no text', [{ role: 'user' }], 'The text of message 1 in Messages is empty'],
		['a null text in the second row', [{ text: 'a' }, { text: null }], 'The text of message 2 in Messages is empty'],
		['a list as text', [{ text: ['a'] }], 'The text of message 1 in Messages is a list'],
		['an object as text', [{ text: {} }], 'The text of message 1 in Messages is an object'],
		['another role', [{ role: 'tool', text: 'a' }], 'The role of message 1 in Messages is "tool"'],
		['a role in another case', [{ role: 'User', text: 'a' }], 'The role of message 1 in Messages is "User"'],
		['a role that is null', [{ role: null, text: 'a' }], 'The role of message 1 in Messages is "null"'],
		['a role that every object has', [{ role: 'constructor', text: 'a' }], 'The role of message 1 in Messages is "constructor"'],
	])('should be refused for %s', (_what, rows, text) => {
		const error = refused(() => readItems(fields(...rows)));
		expect(error.message).toBe(text);
		expect(error.advice).toMatch(/\.$/);
	});
});

describe('Items from JSON', () => {
	const call = { type: 'function_call_output', call_id: 'call_1', output: '{}' };

	it.each<[string, unknown, unknown[]]>([
		['one item', JSON.stringify(call), [call]],
		['a list', JSON.stringify([call, message('user', 'a')]), [call, message('user', 'a')]],
		['an object by expression', call, [call]],
		['a list by expression', [call], [call]],
		['an item of a type yet unknown', '{ "type": "new_thing", "x": [1, null] }', [{ type: 'new_thing', x: [1, null] }]],
	])('should be passed on as they are: %s', (_what, value, expected) => {
		expect(readItems(json(value))).toEqual(expected);
		expect(readOptionalItems(json(value))).toEqual(expected);
	});

	it.each<[string, unknown, string]>([
		['text among them', '["a"]', 'Item 1 in Items (JSON) is text, not an object'],
		['null as the second', '[{}, null]', 'Item 2 in Items (JSON) is nothing, not an object'],
		['a list in a list', '[[]]', 'Item 1 in Items (JSON) is a list, not an object'],
		['a number', '5', 'Item 1 in Items (JSON) is a number, not an object'],
		['bad JSON', '{', 'Items (JSON) is not valid JSON'],
		['white space', ' ', 'Items (JSON) is empty'],
		['an object inside of text', '[object Object]', 'Items (JSON) is an object inside of text'],
	])('should be refused for %s', (_what, value, text) => {
		expect(refused(() => readItems(json(value))).message).toContain(text);
		expect(refused(() => readOptionalItems(json(value))).message).toContain(text);
	});
});

describe('Items that are not given', () => {
	it.each<[string, Record<string, unknown>, string]>([
		['nothing', {}, 'Messages has no message'],
		['no row', { messages: {} }, 'Messages has no message'],
		['an empty list', { messages: { values: [] } }, 'Messages has no message'],
		['no JSON', { itemsInput: 'json' }, 'Items (JSON) holds no item'],
		['null as JSON', { itemsInput: 'json', itemsJson: null }, 'Items (JSON) holds no item'],
		['an empty JSON list', { itemsInput: 'json', itemsJson: '[]' }, 'Items (JSON) holds no item'],
	])('should be none where they may be left out, and refused elsewhere: %s', (_what, parameters, text) => {
		expect(readOptionalItems(reading(parameters))).toEqual([]);
		expect(refused(() => readItems(reading(parameters))).message).toBe(text);
	});
});

describe('Items, whatever is given', () => {
	it('should be objects that JSON can hold, or be refused with a text', () => {
		const rows = fc.array(fc.oneof(anyValue, fc.record({ role: anyValue, text: fc.oneof(anyText, anyValue) })), { maxLength: 5 });
		const read = fc.oneof(
			rows.map((values) => reading({ messages: { values } })),
			fc.oneof(anyValue, anyText, fc.json()).map((itemsJson) => reading({ itemsInput: 'json', itemsJson })),
		);
		fc.assert(
			fc.property(read, (given) => {
				const error = refusal(() => {
					for (const item of readOptionalItems(given)) expect(JSON.parse(JSON.stringify(item))).toEqual(item);
				});
				if (error !== undefined) expect(error.message).toMatch(/Messages|Items \(JSON\)/);
			}),
			RUNS,
		);
	});
});

describe('A JSON field', () => {
	it('should give back what JSON text says, whatever it is', () => {
		fc.assert(
			fc.property(anyJson, fc.constantFrom(undefined, 2, '\t'), (value, space) => {
				const text = JSON.stringify(value, undefined, space);
				expect(JSON.stringify(parseJsonField(text, 'Field', '{}'))).toBe(JSON.stringify(value));
			}),
			RUNS,
		);
	});

	it('should give back a copy of an object or a list, never the thing itself', () => {
		const given = { a: [{ b: 1 }] };
		const copy = parseJsonField(given, 'Field', '{}');
		expect(copy).toEqual(given);
		expect(copy).not.toBe(given);
	});

	it('should be refused with its label and an example', () => {
		const { message, advice } = refused(() => parseJsonField('nope', 'Some Field', '{ "x": 1 }'));
		expect(message).toMatch(/^Some Field is not valid JSON: .+/);
		expect(advice).toBe('Enter JSON such as { "x": 1 }, or use an expression that gives it.');
	});

	it('should take a file of 30 MB, such as a picture', () => {
		const picture = JSON.stringify({ type: 'input_image', image_url: `data:image/png;base64,${'A'.repeat(30_000_000)}` });
		expect(JSON.stringify(parseJsonField(picture, 'Field', '{}'))).toHaveLength(picture.length);
	});

	it('should be refused when it is nested too deeply, also by expression', () => {
		let deep: unknown = [];
		for (let level = 0; level < 600; level++) deep = { deep };
		expect(refused(() => parseJsonField(deep, 'Field', '{}')).message).toBe('Field is nested too deeply');
		expect(refused(() => parseJsonField('['.repeat(1e6) + ']'.repeat(1e6), 'Field', '{}')).message).toBe('Field is nested too deeply');
	});
});

describe('Additional Body', () => {
	const options = (additionalBody: unknown) => readOptions(reading({ options: { additionalBody } }));

	it('should not replace the items', () => {
		expect(refused(() => refuseItems(options('{ "items": [] }'))).message).toBe(
			'Additional Body (JSON) sets "items", which would replace the messages',
		);
		expect(refusal(() => refuseItems(options('{ "item": [] }')))).toBeUndefined();
		expect(refusal(() => refuseItems(options('')))).toBeUndefined();
	});
});
