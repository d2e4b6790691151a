import fc from 'fast-check';

import { rowsOf } from '../../nodes/shared/values/rows';
import {
	characters,
	checkText,
	checkTexts,
	hasHalfCharacter,
	listed,
	sentences,
	trimPasted,
} from '../../nodes/shared/values/text';
import { anyJson, anyText, anyValue, refusal, refused, RUNS } from '../support/unit';

describe('A text that is sent', () => {
	it.each(['', 'plain', '😀', 'a\nb\t', '\u200b', '\uffff', '�'])(
		'should be taken as it is: %j',
		(text) => {
			expect(refusal(() => checkText(text, 'Text'))).toBeUndefined();
		},
	);

	it.each<[string, string, string]>([
		[
			'the first half of an emoji',
			'Hi \ud83d',
			'contains half a character, such as a cut-off emoji',
		],
		[
			'the second half of an emoji',
			'\ude00!',
			'contains half a character, such as a cut-off emoji',
		],
		['two halves the wrong way round', '\ude00\ud83d', 'contains half a character'],
		['a null character', 'a\0b', "contains a null character, which can't be stored"],
	])('should be refused with %s, and told how to mend it', (_what, text, message) => {
		const error = refused(() => checkText(text, 'Text'));
		expect(error.message).toContain(`Text ${message}`);
		expect(error.advice).toMatch(/\{\{ .+ \}\}/);
	});

	it.each<[string, unknown]>([
		['as a value', { a: [{ b: 'x\0' }] }],
		['as a name', { a: [{ '\ud83d': 1 }] }],
		['in a list', ['a', ['\udc00']]],
		['by itself', '\0'],
	])('should be found anywhere in JSON: %s', (_what, value) => {
		const json = JSON.parse(JSON.stringify(value));
		expect(refused(() => checkTexts(json, 'JSON')).message).toMatch(/^JSON contains /);
	});

	it('should be refused exactly when UTF-8 or the store would change it', () => {
		fc.assert(
			fc.property(fc.oneof(anyJson, anyText), (value) => {
				const text = JSON.stringify(value);
				const isKept = !/\\u0000|\\ud[89a-f]/i.test(text.replaceAll('\\\\', ''));
				expect(refusal(() => checkTexts(value, 'JSON')) === undefined).toBe(isKept);
			}),
			RUNS,
		);
	});
});

describe('The rows of a collection', () => {
	const field = { label: 'Field', group: 'rows', advice: 'Use JSON.' };

	it.each<[string, unknown, unknown[]]>([
		['a list', { rows: [{ a: 1 }, 'b', null] }, [{ a: 1 }, 'b', null]],
		['a single row without its list', { rows: { a: 1 } }, [{ a: 1 }]],
		['no rows', {}, []],
		['an empty group', { rows: [] }, []],
		['a group that is nothing', { rows: null }, []],
		['a group beside one that is nothing', { rows: [1], other: '' }, [1]],
		['no collection', undefined, []],
		['an empty text', '', []],
		['an empty list', [], []],
	])('should be read from %s', (_what, collection, expected) => {
		expect(rowsOf(collection, field)).toEqual(expected);
	});

	const other = 'Field is an object that holds something other than rows';

	it.each<[string, unknown, string]>([
		['another group', { other: [1] }, other],
		['a plain object', { topic: 'x' }, other],
		['more than the group', { rows: [{ a: 1 }], topic: 'x' }, other],
		['a group that is text', { rows: 'a' }, other],
		['a group that is a number', { rows: 0 }, other],
		['a list', [{ a: 1 }], 'Field is a list, not rows'],
		['text', 'rows', 'Field is text, not rows'],
		['a boolean', false, 'Field is a boolean, not rows'],
		['a number', 0, 'Field is a number, not rows'],
	])('should be refused, never dropped: %s', (_what, collection, message) => {
		expect(refused(() => rowsOf(collection, field))).toMatchObject({
			message,
			advice: 'Use JSON.',
		});
	});

	it('should ask for an expression where the field took it for text', () => {
		const { advice } = refused(() => rowsOf('{{ $json.metadata }}', field));
		expect(advice).toContain('Switch the field from Fixed to Expression');
	});

	it('should be a list, or be refused with a text, whatever is given', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				let rows: unknown[] = [];
				const error = refusal(() => {
					rows = rowsOf(value, field);
				});
				expect(Array.isArray(rows)).toBe(true);
				if (error !== undefined) expect(error.message).toMatch(/^Field is /);
			}),
			RUNS,
		);
	});
});

describe('trimPasted', () => {
	it('should leave nothing around a text that pasting brings along, and everything within', () => {
		expect(trimPasted('\ufeff \u200b\u2060a \u200b b\u00a0\u200d\n')).toBe('a \u200b b');
		expect(trimPasted('\u200b')).toBe('');
	});
});

describe('characters', () => {
	it.each([
		['', 0],
		['abc', 3],
		['äöü', 3],
		['😀', 1],
		['👨‍👩‍👧', 5],
		['e\u0301', 2],
		['\ud83d', 1],
	])('should count in "%s" %d', (text, expected) => {
		expect(characters(text)).toBe(expected);
	});
});

describe('hasHalfCharacter', () => {
	it.each([
		['', false],
		['plain 😀', false],
		['\ud83d', true],
		['a\udc00b', true],
		['\udc00\ud83d', true],
		['😀\ud83d', true],
	])('should see in %j: %p', (text, expected) => {
		expect(hasHalfCharacter(text)).toBe(expected);
	});

	it('should see it exactly where a text can not be put into a URL', () => {
		fc.assert(
			fc.property(
				fc.oneof(anyText, fc.string({ unit: fc.constantFrom('\ud83d', '\ude00', 'a') })),
				(text) => {
					let isRefused = false;
					try {
						encodeURIComponent(text);
					} catch {
						isRefused = true;
					}
					expect(hasHalfCharacter(text)).toBe(isRefused);
				},
			),
			RUNS,
		);
	});
});

describe('sentences', () => {
	it('should leave out what is undefined or empty', () => {
		expect(sentences(undefined, 'One.', '', 'Two.', undefined)).toBe('One. Two.');
		expect(sentences('', undefined)).toBe('');
	});
});

describe('listed', () => {
	it('should put names in quotes, separated by commas', () => {
		expect(listed(['a'])).toBe('"a"');
		expect(listed(['a', 'b c'])).toBe('"a", "b c"');
	});
});
