import fc from 'fast-check';

import { parseItems, parseOptionalItems } from '../../nodes/OpenAIConversation/parameters/items';
import { anyText, anyValue, reading, refusal, refused, RUNS } from '../support/unit';

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
		[
			'numbers and booleans as text',
			[{ text: 5 }, { text: false }],
			[message('user', '5'), message('user', 'false')],
		],
		['white space as it is', [{ text: ' a\n' }], [message('user', ' a\n')]],
		['a row that is text', ['Hello'], [message('user', 'Hello')]],
	])('should be read: %s', (_what, rows, expected) => {
		expect(parseItems(fields(...rows))).toEqual(expected);
		expect(parseOptionalItems(fields(...rows))).toEqual(expected);
	});

	it('should be read from a single row that comes without its list', () => {
		expect(parseItems(reading({ messages: { values: { role: 'user', text: 'a' } } }))).toEqual([
			message('user', 'a'),
		]);
	});

	it.each<[string, unknown[], string]>([
		[
			'an empty text beside another',
			[{ role: 'user', text: '' }, { text: 'a' }],
			'The text of message 1 in Messages is empty',
		],
		[
			'an empty text of the assistant',
			[{ role: 'assistant', text: '' }],
			'The text of message 1 in Messages is empty',
		],
		['no text', [{ role: 'user' }], 'The text of message 1 in Messages is empty'],
		[
			'a null text in the second row',
			[{ text: 'a' }, { text: null }],
			'The text of message 2 in Messages is empty',
		],
		['a list as text', [{ text: ['a'] }], 'The text of message 1 in Messages is a list'],
		['an object as text', [{ text: {} }], 'The text of message 1 in Messages is an object'],
		['another role', [{ role: 'tool', text: 'a' }], 'The role of message 1 in Messages is "tool"'],
		[
			'a role in another case',
			[{ role: 'User', text: 'a' }],
			'The role of message 1 in Messages is "User"',
		],
		[
			'a role that is null',
			[{ role: null, text: 'a' }],
			'The role of message 1 in Messages is "null"',
		],
		[
			'a role that every object has',
			[{ role: 'constructor', text: 'a' }],
			'The role of message 1 in Messages is "constructor"',
		],
		[
			'half a character',
			[{ text: 'Hi \ud83d' }],
			'The text of message 1 in Messages contains half a character, such as a cut-off emoji',
		],
		[
			'a null character',
			[{ text: 'a' }, { text: 'a\0b' }],
			"The text of message 2 in Messages contains a null character, which can't be stored",
		],
	])('should be refused for %s', (_what, rows, text) => {
		const error = refused(() => parseItems(fields(...rows)));
		expect(error.message).toBe(text);
		expect(error.advice).toMatch(
			/^(?:Use one of user, assistant, system, developer|(?:Enter|Turn|Shorten|Remove) .+)\.$/,
		);
	});
});

describe('Items from JSON', () => {
	const call = { type: 'function_call_output', call_id: 'call_1', output: '{}' };

	it.each<[string, unknown, unknown[]]>([
		['one item', JSON.stringify(call), [call]],
		['a list', JSON.stringify([call, message('user', 'a')]), [call, message('user', 'a')]],
		['an object by expression', call, [call]],
		['a list by expression', [call], [call]],
		[
			'an item of a type yet unknown',
			'{ "type": "new_thing", "x": [1, null] }',
			[{ type: 'new_thing', x: [1, null] }],
		],
	])('should be passed on as they are: %s', (_what, value, expected) => {
		expect(parseItems(json(value))).toEqual(expected);
		expect(parseOptionalItems(json(value))).toEqual(expected);
	});

	it.each<[string, unknown, string]>([
		['text among them', '["a"]', 'Conversation item 1 in Items (JSON) is text, not an object'],
		[
			'null as the second',
			'[{}, null]',
			'Conversation item 2 in Items (JSON) is nothing, not an object',
		],
		['a list in a list', '[[]]', 'Conversation item 1 in Items (JSON) is a list, not an object'],
		['a number', '5', 'Conversation item 1 in Items (JSON) is a number, not an object'],
		['bad JSON', '{', "Items (JSON) isn't valid JSON"],
		['white space', ' ', 'Items (JSON) is empty'],
		['an object inside of text', '[object Object]', 'Items (JSON) mixes an object with text'],
		[
			'half a character in a text',
			'[{}, { "content": [{ "text": "\\ud83d" }] }]',
			'Conversation item 2 in Items (JSON) contains half a character',
		],
		[
			'half a character in a name, by expression',
			{ '\udc00': 1 },
			'Conversation item 1 in Items (JSON) contains half a character',
		],
		[
			'a null character in a text',
			'{ "output": "a\\u0000" }',
			'Conversation item 1 in Items (JSON) contains a null character',
		],
	])('should be refused for %s', (_what, value, text) => {
		const { message, advice } = refused(() => parseItems(json(value)));
		expect(message).toContain(text);
		expect(advice).toMatch(
			/^Enter (?:items|JSON) such as \[\{.+\}\]|^Let the expression stand alone|^Put straight double quotes|^Shorten|^Remove/,
		);
		expect(refused(() => parseOptionalItems(json(value))).message).toContain(text);
	});
});

describe('Messages that are no rows', () => {
	it.each<[string, unknown, string]>([
		['a list', [message('user', 'a')], 'a list, not rows'],
		['one message', message('user', 'a'), 'an object that holds something other than rows'],
		['text', 'Hello', 'text, not rows'],
	])('should never be left out in silence: %s', (_what, messages, what) => {
		for (const parse of [parseItems, parseOptionalItems]) {
			const error = refused(() => parse(reading({ messages })));
			expect(error.message).toBe(`Messages is ${what}`);
			expect(error.advice).toContain(
				'set Specify Messages to Using JSON and move it to Items (JSON)',
			);
		}
	});
});

describe('Items that are not given', () => {
	it.each<[string, Record<string, unknown>, string]>([
		['nothing', {}, 'Messages is empty'],
		['no row', { messages: {} }, 'Messages is empty'],
		['an empty list', { messages: { values: [] } }, 'Messages is empty'],
		['no JSON', { itemsInput: 'json' }, 'Items (JSON) is empty'],
		['null as JSON', { itemsInput: 'json', itemsJson: null }, 'Items (JSON) is empty'],
		['an empty JSON list', { itemsInput: 'json', itemsJson: '[]' }, 'Items (JSON) is empty'],
	])(
		'should be none where they may be left out, and refused elsewhere: %s',
		(_what, parameters, text) => {
			expect(parseOptionalItems(reading(parameters))).toEqual([]);
			const { message, advice } = refused(() => parseItems(reading(parameters)));
			expect(message).toBe(text);
			expect(advice).toMatch(
				/^Enter the text of at least one message\. |^Enter items such as \[\{.+\}\]\.$/,
			);
		},
	);
});

describe('The empty message that a new form begins with', () => {
	const untouched = { role: 'user', text: '' };

	it('should count as none', () => {
		expect(refused(() => parseItems(fields(untouched))).message).toBe('Messages is empty');
	});

	it('should not be left out silently where messages are optional', () => {
		expect(refused(() => parseOptionalItems(fields(untouched))).message).toBe(
			'The text of message 1 in Messages is empty',
		);
	});
});

describe('Items, whatever is given', () => {
	it('should be objects that JSON can hold, or be refused with a text', () => {
		const rows = fc.array(
			fc.oneof(anyValue, fc.record({ role: anyValue, text: fc.oneof(anyText, anyValue) })),
			{ maxLength: 5 },
		);
		const read = fc.oneof(
			rows.map((values) => reading({ messages: { values } })),
			fc
				.oneof(anyValue, anyText, fc.json())
				.map((itemsJson) => reading({ itemsInput: 'json', itemsJson })),
		);
		fc.assert(
			fc.property(read, (given) => {
				const error = refusal(() => {
					for (const item of parseOptionalItems(given))
						expect(JSON.parse(JSON.stringify(item))).toEqual(item);
				});
				if (error !== undefined) expect(error.message).toMatch(/Messages|Items \(JSON\)/);
			}),
			RUNS,
		);
	});
});
