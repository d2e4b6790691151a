import fc from 'fast-check';

import { createIds } from '../../server/ids.mjs';
import { buildItem } from '../../server/items.mjs';
import { carryOver } from '../../nodes/shared/api/carryOver';
import type { Item } from '../../nodes/shared/api/items';
import { ROLES } from '../../nodes/shared/api/schema';
import { inOrderOf, isStoredAs, mayComeFrom, placesOf } from '../../nodes/shared/api/storedForm';
import type { JsonObject, JsonValue } from '../../nodes/shared/values/json';
import { isJsonObject } from '../../nodes/shared/values/json';
import { everyItem } from '../types/items';
import { anyJson, RUNS } from '../support/unit';

const user = (content: JsonValue): Item => ({ type: 'message', role: 'user', content });
const assistant = (content: JsonValue): Item => ({ type: 'message', role: 'assistant', content });
const image = (url: string | null): JsonObject => ({ type: 'input_image', image_url: url });

/** What the API makes of a part of a message. */
function storedPart(part: JsonValue): JsonValue {
	if (!isJsonObject(part)) return part;
	if (part.type === 'output_text') return { annotations: [], logprobs: [], ...part };
	if (part.type === 'input_image')
		return { detail: 'auto', file_id: null, image_url: null, ...part };
	return part;
}

/** A message in the form in which the API stores it. */
function stored(sent: Item, id = 'msg_1'): Item {
	const { content, role } = sent;
	const type = role === 'assistant' ? 'output_text' : 'input_text';
	const parts =
		typeof content === 'string' ? [{ type, text: content }] : Array.isArray(content) ? content : [];
	return {
		id,
		type: 'message',
		status: 'completed',
		...sent,
		content: parts.map(storedPart),
		created_by: null,
	};
}

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }));

const anyInputPart: fc.Arbitrary<JsonObject> = fc.oneof(
	fc.record({ type: fc.constant('input_text'), text: anyText }),
	fc.record({
		type: fc.constant('input_image'),
		image_url: fc.constantFrom('https://x.example/a.png', 'https://x.example/b.png'),
	}),
	fc.record({
		type: fc.constant('input_image'),
		file_id: fc.constantFrom('file_1', 'file_2'),
		detail: fc.constantFrom('auto', 'low', 'high'),
	}),
	fc.record({ type: fc.constant('input_file'), file_id: fc.constant('file_3'), name: anyText }),
	fc.record({ type: fc.constant('input_future'), more: anyJson }),
);
const anyOutputPart: fc.Arbitrary<JsonObject> = fc.oneof(
	fc.record({ type: fc.constant('output_text'), text: anyText }),
	fc.record({
		type: fc.constant('output_text'),
		text: anyText,
		annotations: fc.array(fc.record({ type: fc.constant('url_citation'), url: anyText }), {
			maxLength: 2,
		}),
	}),
	fc.record({ type: fc.constant('refusal'), refusal: anyText }),
);

/** A message as a workflow may send it. */
const anyMessage: fc.Arbitrary<Item> = fc.constantFrom(...ROLES).chain((role) =>
	fc.record(
		{
			type: fc.constant('message'),
			role: fc.constant(role),
			content: fc.oneof(
				anyText,
				fc.array<JsonValue>(role === 'assistant' ? anyOutputPart : anyInputPart, { maxLength: 4 }),
			),
			id: fc.constant('msg_sent'),
			status: fc.constantFrom('completed', 'incomplete'),
			phase: fc.option(anyText),
		},
		{ requiredKeys: ['role', 'content'] },
	),
);

describe('A stored item', () => {
	it('should be the sent one for any message that comes back in the form of the API', () => {
		fc.assert(
			fc.property(anyMessage, (sent) => {
				expect(isStoredAs(stored(sent), sent)).toBe(true);
				expect(mayComeFrom(stored(sent), sent)).toBe(true);
			}),
			RUNS,
		);
	});

	it.each(Object.entries(everyItem))('should be the sent one for any type: %s', (_type, item) => {
		const json: Item = JSON.parse(JSON.stringify(item));
		const [sent] = carryOver([json, ...(json.type === 'reasoning' ? [assistant('ok')] : [])]).sent;
		if (sent === undefined) return;
		const made: Item = JSON.parse(JSON.stringify(buildItem(sent, createIds(undefined))));
		expect(isStoredAs(made, sent)).toBe(true);
		expect(mayComeFrom(made, sent)).toBe(true);
	});

	it('should never be the sent one when its text is another', () => {
		fc.assert(
			fc.property(anyText, anyText, fc.constantFrom(...ROLES), (text, other, role) => {
				fc.pre(text !== other);
				const [sent, foreign] = [text, other].map((content) => ({ role, content }));
				expect(isStoredAs(stored(foreign ?? {}), sent ?? {})).toBe(false);
			}),
			RUNS,
		);
	});

	it('should never be the sent one when a part more, less or another came back', () => {
		fc.assert(
			fc.property(anyMessage, anyText, fc.nat(4), (sent, text, place) => {
				const { content } = stored(sent);
				const parts = Array.isArray(content) ? content : [];
				const more = { type: 'input_text', text };
				for (const others of [
					parts.toSpliced(place, 0, more),
					parts.toSpliced(place, 1, { type: 'another', text }),
					parts.slice(0, -1),
				]) {
					if (others.length === parts.length && place >= parts.length) continue;
					if (others.length === 0 && parts.length === 0) continue;
					expect(isStoredAs({ ...stored(sent), content: others }, sent)).toBe(false);
				}
			}),
			RUNS,
		);
	});

	it.each<[string, Item, Item]>([
		['a list of other white space', user('a - b'), user('a\n\n- b')],
		['white space at its end', user('a'), user('a ')],
		['another case', user('Pay'), user('pay')],
		['another Unicode form', user('\u00e9'), user('e\u0301')],
		['another role', user('a'), assistant('a')],
		['a related role', { ...user('a'), role: 'system' }, { ...user('a'), role: 'developer' }],
		['another image', user([image('https://x/1')]), user([image('https://x/2')])],
		['an image that is not shown', user([image(null)]), user([image('https://x/2')])],
		[
			'an image in another detail',
			user([{ ...image('https://x/1'), detail: 'high' }]),
			user([image('https://x/1')]),
		],
		[
			'one part more',
			user([
				{ type: 'input_text', text: 'a' },
				{ type: 'input_text', text: '' },
			]),
			user('a'),
		],
		[
			'a text in two parts',
			user([
				{ type: 'input_text', text: 'a' },
				{ type: 'input_text', text: 'b' },
			]),
			user('ab'),
		],
		[
			'annotations',
			assistant([{ type: 'output_text', text: 'a', annotations: [{ type: 'url_citation' }] }]),
			assistant('a'),
		],
		[
			'logprobs',
			assistant([{ type: 'output_text', text: 'a', logprobs: [{ token: 'a' }] }]),
			assistant('a'),
		],
		['another ID than was sent', { ...user('a'), id: 'msg_2' }, { ...user('a'), id: 'msg_1' }],
		[
			'another status than was sent',
			{ ...user('a'), status: 'completed' },
			{ ...user('a'), status: 'incomplete' },
		],
		['a field that was not sent', { ...user('a'), phase: 'final' }, user('a')],
		[
			'another call',
			{ type: 'function_call_output', call_id: 'call_2', output: 'ok' },
			{ type: 'function_call_output', call_id: 'call_1', output: 'ok' },
		],
		['another type', { type: 'custom_tool_call', id: 'x' }, { type: 'function_call' }],
	])('should not be the sent one with %s', (_what, found, sent) => {
		expect(isStoredAs(found.type === 'message' ? stored(found) : found, sent)).toBe(false);
	});

	it.each<[string, Item, Item]>([
		['the ID, status and maker that the server gave', stored(user('a'), 'msg_77'), user('a')],
		['no type in what was sent', stored(user('a')), { role: 'user', content: 'a' }],
		[
			'annotations and logprobs that are empty',
			stored(assistant('a')),
			assistant([{ type: 'output_text', text: 'a', annotations: [] }]),
		],
		[
			'the detail that an image has without one',
			stored(user([image('https://x/1')])),
			user([{ ...image('https://x/1'), detail: 'auto' }]),
		],
		['null for what was left out', { ...stored(user('a')), phase: null }, user('a')],
		[
			'its fields in another order',
			{ content: [{ text: 'a', type: 'input_text' }], role: 'user', type: 'message' },
			user('a'),
		],
		['the ID that was sent', stored({ ...user('a'), id: 'msg_1' }), { ...user('a'), id: 'msg_1' }],
	])('should be the sent one with %s', (_what, found, sent) => {
		expect(isStoredAs(found, sent)).toBe(true);
	});
});

describe('A stored item that may have come of a sent one', () => {
	it.each<[string, Item, Item]>([
		['another form of white space', user(' a\nb '), user('a b')],
		['another Unicode form', user('\u00e9'), user('e\u0301')],
		['a related role', { ...user('a'), role: 'system' }, { ...user('a'), role: 'developer' }],
		['an image for an image', user([image(null)]), user([image('https://x/1')])],
		['an image for a text', user([image(null)]), user('a')],
		['a text for a text and an image', user('a'), user([image('https://x/1')])],
		[
			'anything for a type that is not known to come back',
			user('a'),
			{ type: 'compaction_trigger' },
		],
		['anything for a reference', user('a'), { type: 'item_reference', id: 'msg_1' }],
		['anything for a type that is yet unknown', user('a'), { type: 'hologram' }],
		['anything for what has no type', user('a'), {}],
		[
			'the output of the same call',
			{ type: 'function_call_output', call_id: 'call_1', output: 'other' },
			{ type: 'function_call_output', call_id: 'call_1', output: 'ok' },
		],
		['a call without an ID', { type: 'function_call' }, { type: 'function_call', call_id: 'c' }],
		['any reasoning', { type: 'reasoning', id: 'rs_1' }, { type: 'reasoning', summary: [] }],
	])('should be %s', (_what, found, sent) => {
		expect(mayComeFrom(found, sent)).toBe(true);
	});

	it.each<[string, Item, Item]>([
		['another text', user('b'), user('a')],
		['the same text in another role', assistant('a'), user('a')],
		['another type', { type: 'function_call', call_id: 'c' }, user('a')],
		['a type that is yet unknown', { type: 'hologram' }, user('a')],
		[
			'the output of another call',
			{ type: 'function_call_output', call_id: 'call_2' },
			{ type: 'function_call_output', call_id: 'call_1' },
		],
	])('should not be %s', (_what, found, sent) => {
		expect(mayComeFrom(found, sent)).toBe(false);
	});

	it('should be every one that is exactly what was sent', () => {
		fc.assert(
			fc.property(anyMessage, anyMessage, (sent, other) => {
				if (isStoredAs(stored(other), sent)) expect(mayComeFrom(stored(other), sent)).toBe(true);
			}),
			RUNS,
		);
	});

	it('should be told of whatever a server gives', () => {
		const item = fc.dictionary(
			fc.constantFrom('type', 'role', 'content', 'id', 'call_id', '__proto__', 'constructor'),
			fc.oneof(anyJson, fc.constantFrom('message', 'user', 'function_call')),
		);
		fc.assert(
			fc.property(item, item, (found, sent) => {
				expect(typeof mayComeFrom(found, sent)).toBe('boolean');
				expect(isStoredAs(sent, sent)).toBe(true);
				expect(typeof isStoredAs(found, sent)).toBe('boolean');
			}),
			RUNS,
		);
	});
});

describe('The places at which sent items stand in a list', () => {
	const listed = (letters: string) => Array.from(letters, (text) => stored(user(text)));

	it.each<[string, string, number[]]>([
		['ab', 'ab', [0]],
		['ab', 'xabx', [1]],
		['ab', 'abab', [0, 2]],
		['aa', 'aaa', [0, 1]],
		['ab', 'ba', []],
		['ab', 'axb', []],
		['ab', 'a', []],
		['ab', '', []],
	])('should be for %s in "%s": %j', (sent, list, places) => {
		expect(placesOf(Array.from(sent, user), listed(list))).toEqual(places);
	});
});

describe('The stored items in the order in which they were sent', () => {
	const [a, b, c] = [user('a'), user('b'), user('c')];
	const [storedA, storedB, storedC] = [stored(a), stored(b), stored(c)];

	it('should be the very same list where it is in order', () => {
		const list = [storedA, storedB, storedC];
		expect(inOrderOf([a, b, c], list)).toBe(list);
	});

	it('should be put right where it is in another order', () => {
		expect(inOrderOf([a, b, c], [storedC, storedA, storedB])).toEqual([storedA, storedB, storedC]);
	});

	it('should be put right for images that are shown', () => {
		const [one, two] = [user([image('https://x/1')]), user([image('https://x/2')])];
		expect(inOrderOf([one, two], [stored(two), stored(one)])).toEqual([stored(one), stored(two)]);
	});

	it('should be taken as they stand for images that are not shown', () => {
		const list = [stored(user([image(null)]), 'msg_1'), stored(user([image(null)]), 'msg_2')];
		expect(inOrderOf([user([image('https://x/1')]), user([image('https://x/2')])], list)).toBe(
			list,
		);
	});

	it('should put what came back in another form into the places that are left', () => {
		const hidden = stored(user([image(null)]));
		expect(inOrderOf([user([image('https://x/1')]), a], [storedA, hidden])).toEqual([
			hidden,
			storedA,
		]);
	});

	it('should keep each of several that are alike', () => {
		const list = [stored(a, 'msg_1'), stored(a, 'msg_2')];
		expect(inOrderOf([a, a], list)).toBe(list);
	});

	it.each<[string, Item[]]>([
		['a foreign item', [storedA, stored(user('x'))]],
		['a foreign item in front', [stored(user('x')), storedB]],
		['one twice', [storedA, storedA]],
		['fewer', [storedA]],
		['none', []],
	])('should not be told with %s', (_what, list) => {
		expect(inOrderOf([a, b], list)).toBeUndefined();
	});

	it('should be none where none were sent', () => {
		expect(inOrderOf([], [])).toEqual([]);
	});

	it('should be found for any order of any messages', () => {
		const sentAndOrder = fc
			.uniqueArray(anyText, { minLength: 1, maxLength: 20 })
			.chain((texts) =>
				fc.tuple(
					fc.constant(texts.map(user)),
					fc.shuffledSubarray([...texts.keys()], { minLength: texts.length }),
				),
			);
		fc.assert(
			fc.property(sentAndOrder, ([sent, order]) => {
				const inOrder = sent.map((item, place) => stored(item, `msg_${place}`));
				const mixed = order.map((place) => inOrder[place]).filter((item) => item !== undefined);
				expect(inOrderOf(sent, mixed)).toEqual(inOrder);
			}),
			RUNS,
		);
	});
});
