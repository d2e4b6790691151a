import fc from 'fast-check';

import { rowsOf } from '../../nodes/shared/values/rows';
import { checkText, checkTexts } from '../../nodes/shared/values/text';
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
	it.each<[string, unknown, unknown[]]>([
		['a list', { rows: [{ a: 1 }, 'b', null] }, [{ a: 1 }, 'b', null]],
		['a single row without its list', { rows: { a: 1 } }, [{ a: 1 }]],
		['no rows', {}, []],
		['another group', { other: [1] }, []],
		['text', { rows: 'a' }, []],
		['no collection', undefined, []],
		['a collection that is text', 'rows', []],
	])('should be read from %s', (_what, collection, expected) => {
		expect(rowsOf(collection, 'rows')).toEqual(expected);
	});

	it('should be a list, whatever is given', () => {
		fc.assert(
			fc.property(anyValue, (value) => expect(Array.isArray(rowsOf(value, 'rows'))).toBe(true)),
			RUNS,
		);
	});
});
