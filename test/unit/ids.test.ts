import fc from 'fast-check';

import {
	parseConversationId,
	parseConversationIdField,
} from '../../nodes/shared/fields/conversationId';
import { parseItemId, parseItemIdField } from '../../nodes/OpenAIConversation/parameters/itemId';
import { anyText, anyValue, KEY, reading, refusal, refused, RUNS, SECRET } from '../support/unit';

const ID = 'conv_68f0a1b2c3d4e5f6';

/** What an ID may be made of: nothing that has a meaning in a URL but the padding. */
const SHAPE = /^conv_[A-Za-z0-9_-]{1,256}={0,2}$/;
const ITEM_SHAPE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,255}={0,2}$/;

const anyId = fc
	.tuple(
		fc.string({ unit: fc.constantFrom(...'abcXYZ019_-'), minLength: 1, maxLength: 60 }),
		fc.constantFrom('', '=', '=='),
	)
	.map(([letters, padding]) => `conv_${letters}${padding}`);

const white = fc.string({
	unit: fc.constantFrom(' ', '\t', '\n', '\r', '\u00a0', '\u200b', '\u200d', '\ufeff', '\u2060'),
	maxLength: 3,
});

/** IDs that are no longer IDs: something is put somewhere. */
const spoiled = fc
	.tuple(
		anyId,
		fc.nat(20),
		fc.constantFrom(
			'/',
			'?',
			'#',
			'%2e',
			'..',
			'\\',
			'\u0000',
			'\n',
			' ',
			'\u200b',
			'😀',
			':',
			'@',
			'&',
			'"',
			'é',
		),
	)
	.map(
		([id, at, what]) =>
			id.slice(0, 5 + at) + what + id.slice(5 + at) + (5 + at >= id.length ? 'x' : ''),
	);

describe('A conversation ID', () => {
	it.each<[string, unknown, string]>([
		['an ID', ID, ID],
		['an ID with hyphens and underscores', 'conv_a-b_c', 'conv_a-b_c'],
		['an ID of one letter', 'conv_1', 'conv_1'],
		['an ID of 256 letters', `conv_${'a'.repeat(256)}`, `conv_${'a'.repeat(256)}`],
		['an ID with base64 padding', 'conv_YWJj==', 'conv_YWJj=='],
		['white space and zero-width spaces around it', ` \u200b\ufeff\t${ID}\u00a0\u2060\n`, ID],
		['an object with its own id', { id: ID, object: 'conversation' }, ID],
		['an object without a prototype', Object.assign(Object.create(null), { id: ID }), ID],
		['an object with conversation as an ID', { conversation: ID }, ID],
		['an object with conversation as an object', { conversation: { id: ID } }, ID],
		['an object with conversation_id', { conversation_id: ID }, ID],
		['an ID with white space in an object', { id: ` ${ID}\n` }, ID],
		["a response, whose own ID is the response's", { id: 'resp_1', conversation: { id: ID } }, ID],
		["an item, whose own ID is the item's", { id: 'msg_1', conversation_id: ID }, ID],
		[
			'an object whose own ID comes before its conversation',
			{ id: ID, conversation: 'conv_other' },
			ID,
		],
		[
			'an object whose conversation comes before its conversation_id',
			{ conversation: ID, conversation_id: 'conv_other' },
			ID,
		],
		[
			'an object with something else under conversation',
			{ conversation: 5, conversation_id: ID },
			ID,
		],
		['an object with null under id', { id: null, conversation: null, conversation_id: ID }, ID],
		['a URL', `https://platform.openai.com/logs/${ID}`, ID],
		['a URL with the ID in its query', `https://x.example/a?b=c&conversation=${ID}&d=e#f`, ID],
		['a URL with the ID in its fragment', `https://x.example/#/${ID}`, ID],
		['a URL with the same ID twice', `https://x.example/${ID}/items?after=${ID}`, ID],
		[
			'a URL with a padded ID at its end',
			'https://x.example/conversations/conv_YWJj==',
			'conv_YWJj==',
		],
		[
			'a URL with a padded ID in its middle',
			'https://x.example/conversations/conv_YWI=/items',
			'conv_YWI=',
		],
		[
			'a URL with an encoded padding',
			'https://x.example/conversations/conv_YWJj%3D%3d/items',
			'conv_YWJj==',
		],
		['a URL with a parameter that is named like an ID', `https://x.example/?conv_id=${ID}&x=1`, ID],
		['a URL with an encoded slash before the ID', `https://x.example/?next=%2F${ID}`, ID],
		['a URL with white space around it', ` https://x.example/${ID}\n`, ID],
	])('should be found in %s', (_what, value, expected) => {
		expect(parseConversationId(value)).toBe(expected);
	});

	it.each<[string, unknown, string]>([
		['nothing', undefined, 'is empty'],
		['null', null, 'is empty'],
		['an empty text', '', 'is empty'],
		['white space', ' \n\u200b', 'is empty'],
		['a path', '../models', 'is "../models", which is not the ID of a conversation'],
		['a path behind an ID', 'conv_1/../../models', 'is "conv_1/../../models", which'],
		['an encoded path', 'conv_%2e%2e', 'is "conv_%2e%2e", which'],
		['a query string', 'conv_1?x=1', 'is "conv_1?x=1", which'],
		['a fragment', 'conv_1#x', 'is "conv_1#x", which'],
		['a further segment', 'conv_1/items', 'is "conv_1/items", which'],
		['a back-slash', 'conv_1\\x', 'is "conv_1\\x", which'],
		['a line break inside', 'conv_1\nx', 'is "conv_1\nx", which'],
		['a zero-width space inside', 'conv_1\u200bx', 'which is not the ID of a conversation'],
		['an emoji', 'conv_😀', 'is "conv_😀", which'],
		['letters of other alphabets', 'conv_ä', 'is "conv_ä", which'],
		['digits of other scripts', 'conv_١', 'which is not the ID of a conversation'],
		['another case', 'CONV_1', 'is "CONV_1", which'],
		['the prefix alone', 'conv_', 'is "conv_", which'],
		['no prefix', '68f0a1b2', 'is "68f0a1b2", which'],
		['padding alone', 'conv_==', 'is "conv_==", which'],
		['too much padding', 'conv_a===', 'is "conv_a===", which'],
		['padding inside', 'conv_a=b', 'is "conv_a=b", which'],
		['257 letters', `conv_${'a'.repeat(257)}`, `is "conv_${'a'.repeat(55)}…", which`],
		['two IDs', 'conv_1,conv_2', 'is "conv_1,conv_2", which'],
		['an object inside of text', '[object Object]', 'mixes an object with text'],
		['the ID of a response', 'resp_1', 'is the ID of a response'],
		['the ID of an item', 'msg_1', 'is the ID of a conversation item'],
		['the ID of a thread', 'thread_1', 'is the ID of a thread of the Assistants API'],
		['the ID of an assistant', 'asst_1', 'is the ID of an assistant'],
		['the ID of a run', 'run_1', 'is the ID of a run'],
		['the ID of a file', 'file-1', 'is the ID of a file'],
		['the ID of a project', 'proj_1', 'is the ID of a project'],
		['the ID of an organization', 'org-1', 'is the ID of an organization'],
		['a number', 5, 'is a number, not the ID of a conversation'],
		['a boolean', true, 'is a boolean, not'],
		['a list', [ID], 'is a list, not'],
		['a date', new Date(), 'is an object, not'],
		['a boxed text', Object(ID), 'is an object, not'],
		['an object that names none', { id: 'resp_1' }, 'is an object without a conversation ID'],
		['an empty object', {}, 'is an object without a conversation ID'],
		[
			'an object with a spoiled ID',
			{ id: 'conv_1/items' },
			'is an object without a conversation ID',
		],
		['an object with a list', { conversation: [ID] }, 'is an object without a conversation ID'],
		[
			'an object with a conversation two levels down',
			{ conversation: { conversation: { id: ID } } },
			'is an object without a conversation ID',
		],
		[
			'a URL without an ID',
			'https://x.example/logs/',
			'is a link that contains no conversation ID',
		],
		[
			'a URL with only a parameter that is named like one',
			'https://x.example/?conv_id=5',
			'is a link that contains no conversation ID',
		],
		[
			'a URL with two IDs',
			'https://x.example/conv_1/conv_2',
			'is a link that contains several conversation IDs',
		],
		[
			'a URL with an ID of 257 letters',
			`https://x.example/conv_${'a'.repeat(257)}`,
			'which is not the ID of a conversation',
		],
	])('should not be found in %s', (_what, value, message) => {
		const error = refused(() => parseConversationId(value));
		expect(error.message).toContain('Conversation ID ');
		expect(error.message).toContain(message);
		expect(error.advice).toMatch(/^\S.*\.$/);
	});

	it('should not repeat a key that was put there by mistake', () => {
		const { message, advice } = refused(() => parseConversationId(KEY));
		expect(message).toBe('Conversation ID contains an API key');
		expect(message + advice).not.toContain(SECRET.slice(0, 5));
	});

	it.each([
		'{{ $json.id }}',
		' {{ $("Webhook").item.json.body.id }} ',
		'$json.id',
		'conv_{{ $json.id }}',
	])('should be asked for by expression when the field took %s for text', (value) => {
		expect(refused(() => parseConversationId(value)).advice).toMatch(
			/Switch the field from Fixed to Expression/,
		);
	});

	it.each([
		['quotes', `"${ID}"`],
		['single quotes', ` '${ID}' `],
	])('should be found in %s, as JSON shows it', (_what, value) => {
		expect(parseConversationId(value)).toBe(ID);
	});

	it.each([
		['conv_…', '"…" stands for the rest of an ID.'],
		['conv_...', '"…" stands for the rest of an ID.'],
		['conv_1, conv_2', 'Enter a single ID. To work on several conversations,'],
		['conv_', 'Enter the whole ID and nothing else.'],
		['Conv_1', 'IDs start with "conv_" in lower case; this one starts with "Conv_".'],
		['msg_1', 'Use the ID of the conversation that the item is in.'],
		['thread_1', 'A thread is not a conversation. Make one with Conversation: Create,'],
	])('should be asked for in words that fit where the field holds %s', (value, words) => {
		expect(refused(() => parseConversationId(value)).advice).toContain(words);
	});

	it.each([
		{ id: 'msg_1', type: 'message', role: 'user' },
		{ id: 'fc_1', type: 'function_call', call_id: 'call_1' },
	])('should not be taken from an item as Add gives it, and say so: $type', (item) => {
		const { message, advice } = refused(() => parseConversationId(item));
		expect(message).toBe(
			"Conversation ID is a conversation item that doesn't say which conversation it is in",
		);
		expect(advice).toContain('Take the ID from an earlier node');
	});

	it('should be read from its parameter', () => {
		expect(parseConversationIdField(reading({ conversationId: ID }))).toBe(ID);
		expect(refused(() => parseConversationIdField(reading({}))).message).toBe(
			'Conversation ID is empty',
		);
	});

	it('should be found in every form that the contract names', () => {
		fc.assert(
			fc.property(anyId, white, white, (id, before, behind) => {
				const text = before + id + behind;
				expect(parseConversationId(text)).toBe(id);
				expect(parseConversationId({ id: text })).toBe(id);
				expect(parseConversationId({ conversation: text })).toBe(id);
				expect(parseConversationId({ conversation: { id: text } })).toBe(id);
				expect(parseConversationId({ conversation_id: text })).toBe(id);
				expect(
					parseConversationId(`${before}https://x.example/v1/conversations/${id}/items?limit=5`),
				).toBe(id);
				expect(parseConversationId(`https://x.example/${encodeURIComponent(id)}`)).toBe(id);
			}),
			RUNS,
		);
	});

	it('should have the shape of an ID, or be refused with a text, whatever is given', () => {
		const value = fc.oneof(
			anyValue,
			anyText,
			spoiled,
			fc.webUrl({ withQueryParameters: true, withFragments: true }),
		);
		const given = fc.oneof(
			value,
			fc.record({ id: value, conversation: value, conversation_id: value }, { requiredKeys: [] }),
			fc.tuple(fc.webUrl(), anyText, spoiled).map((parts) => parts.join('')),
		);
		fc.assert(
			fc.property(given, (anything) => {
				const error = refusal(() => expect(parseConversationId(anything)).toMatch(SHAPE));
				if (error !== undefined)
					expect(error.message).toMatch(/^Conversation ID (?:is|contains|mixes) /);
			}),
			RUNS,
		);
	});

	it('should be refused once something is put into it', () => {
		fc.assert(
			fc.property(spoiled, (text) =>
				expect(refusal(() => parseConversationId(text))).toBeDefined(),
			),
			RUNS,
		);
	});
});

describe('An item ID', () => {
	it.each<[string, unknown, string]>([
		['the ID of a message', 'msg_68f0', 'msg_68f0'],
		['an ID of a kind yet unknown', 'xyz-1_2', 'xyz-1_2'],
		['one letter', 'a', 'a'],
		[
			'a UUID that begins with a digit, as gateways give',
			'3f2504e0-4f89-41d3-9a0c-0305e82c3301',
			'3f2504e0-4f89-41d3-9a0c-0305e82c3301',
		],
		['digits alone', '12', '12'],
		['256 letters', 'a'.repeat(256), 'a'.repeat(256)],
		['base64 padding', 'rs_YWJj==', 'rs_YWJj=='],
		['white space around it', ' \u200bmsg_1\n', 'msg_1'],
		['an item', { id: ' msg_1 ', type: 'message' }, 'msg_1'],
	])('should be found in %s', (_what, value, expected) => {
		expect(parseItemId(value, 'Item ID')).toBe(expected);
	});

	it.each<[string, unknown, string]>([
		['nothing', undefined, 'Item ID is empty'],
		['an empty text', '', 'Item ID is empty'],
		['white space', ' \n', 'Item ID is empty'],
		['an object without an ID', { type: 'message' }, 'Item ID is empty'],
		[
			'an object with an ID that is no text',
			{ id: 5 },
			'Item ID is a number, not the ID of an item',
		],
		['a list', ['msg_1'], 'Item ID is a list, not the ID of an item'],
		['the ID of a conversation', 'conv_1', 'Item ID is the ID of a conversation'],
		['a key', KEY, 'Item ID contains an API key'],
		['a path', '../x', 'Item ID is "../x", which is not the ID of an item'],
		['a dot', '.', 'Item ID is ".", which'],
		['two dots', '..', 'Item ID is "..", which'],
		['a further segment', 'msg_1/x', 'Item ID is "msg_1/x", which'],
		['a query string', 'msg_1?x', 'Item ID is "msg_1?x", which'],
		['an underscore at its start', '_a', 'Item ID is "_a", which'],
		['257 letters', 'a'.repeat(257), `Item ID is "${'a'.repeat(60)}…", which`],
		['an emoji', 'msg_😀', 'Item ID is "msg_😀", which'],
	])('should not be found in %s', (_what, value, message) => {
		const error = refused(() => parseItemId(value, 'Item ID'));
		expect(error.message).toContain(message);
		expect(error.advice).toContain('msg_');
	});

	it('should be asked for by expression when the field took one for text', () => {
		expect(refused(() => parseItemId('{{ $json.id }}', 'Item ID')).advice).toMatch(
			/Switch the field from Fixed to Expression/,
		);
	});

	it('should be read from its parameter', () => {
		expect(parseItemIdField(reading({ itemId: 'msg_1' }))).toBe('msg_1');
		expect(refused(() => parseItemIdField(reading({}))).message).toBe('Item ID is empty');
	});

	it('should bear the name of the field it was given', () => {
		expect(refused(() => parseItemId('', 'Last Item to Copy')).message).toBe(
			'Last Item to Copy is empty',
		);
	});

	it('should have the shape of an ID, or be refused with a text, whatever is given', () => {
		const value = fc.oneof(anyValue, anyText, spoiled);
		fc.assert(
			fc.property(fc.oneof(value, fc.record({ id: value })), (anything) => {
				const error = refusal(() => {
					const id = parseItemId(anything, 'Item ID');
					expect(id).toMatch(ITEM_SHAPE);
					expect(id.startsWith('conv_') || id.startsWith('sk-')).toBe(false);
				});
				if (error !== undefined) expect(error.message).toMatch(/^Item ID (?:is|contains) /);
			}),
			RUNS,
		);
	});
});
