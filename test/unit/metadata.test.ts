import fc from 'fast-check';

import {
	checkPairCount,
	MAX_KEY_LENGTH,
	MAX_PAIRS,
	MAX_VALUE_LENGTH,
	noChanges,
	parseMetadata,
	parseMetadataChanges,
	parseOptionalMetadata,
} from '../../nodes/OpenAIConversation/parameters/metadata';
import { characters } from '../../nodes/shared/values/text';
import { anyText, anyValue, reading, refusal, refused, RUNS } from '../support/unit';

const fields = (...rows: unknown[]) =>
	reading({ metadataInput: 'fields', metadata: { pairs: rows } });
const row = (key: unknown, value: unknown = 'v') => ({ key, value });
const json = (metadataJson: unknown) => reading({ metadataInput: 'json', metadataJson });

const numbered = (count: number) => Array.from({ length: count }, (_, n) => row(`k${n}`));
const objectOf = (count: number) =>
	Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v']));

const loop: Record<string, unknown> = {};
loop.self = loop;

const LONG_KEY = 'k'.repeat(MAX_KEY_LENGTH);
const LONG_VALUE = 'v'.repeat(MAX_VALUE_LENGTH);

describe('Metadata', () => {
	it('should have the limits of the API', () => {
		expect([MAX_PAIRS, MAX_KEY_LENGTH, MAX_VALUE_LENGTH]).toEqual([16, 64, 512]);
	});

	describe('from fields', () => {
		it.each<[string, unknown, string]>([
			['a plain object', { topic: 'x' }, 'an object that holds something other than rows'],
			['a list of pairs', [row('topic', 'x')], 'a list, not rows'],
			['text', 'topic', 'text, not rows'],
		])('should never be left out in silence: %s', (_what, metadata, what) => {
			for (const parse of [parseMetadata, parseOptionalMetadata, parseMetadataChanges]) {
				const { message, advice } = refused(() => parse(reading({ metadata })));
				expect(message).toBe(`Metadata is ${what}`);
				expect(advice).toContain(
					'set Specify Metadata to Using JSON and move it to Metadata (JSON)',
				);
			}
		});

		it.each<[string, unknown[], Record<string, string>]>([
			['pairs, in order', [row('b', '1'), row('a', '2')], { b: '1', a: '2' }],
			['an empty value', [row('a', '')], { a: '' }],
			[
				'numbers and booleans, as text',
				[row('n', 1.5), row('z', 0), row('t', true), row('f', false)],
				{ n: '1.5', z: '0', t: 'true', f: 'false' },
			],
			['a bigint, as text', [row('n', 2n ** 70n)], { n: String(2n ** 70n) }],
			['white space in keys and values, as it is', [row(' a ', ' 1 ')], { ' a ': ' 1 ' }],
			['a key that is a number', [row(5, '1')], { 5: '1' }],
			['a key that is a boolean', [row(true, '1')], { true: '1' }],
			['16 pairs', numbered(16), objectOf(16)],
			['a key of 64 characters', [row(LONG_KEY)], { [LONG_KEY]: 'v' }],
			['a key of 64 emoji', [row('😀'.repeat(64))], { ['😀'.repeat(64)]: 'v' }],
			['a value of 512 characters', [row('a', LONG_VALUE)], { a: LONG_VALUE }],
			['a value of 512 emoji', [row('a', '😀'.repeat(512))], { a: '😀'.repeat(512) }],
		])('should take %s', (_what, rows, expected) => {
			expect(parseMetadata(fields(...rows))).toEqual(expected);
			expect(parseOptionalMetadata(fields(...rows))).toEqual(expected);
			expect(parseMetadataChanges(fields(...rows))).toEqual(expected);
		});

		it('should take a single row that comes without its list', () => {
			expect(parseMetadata(reading({ metadata: { pairs: row('a', '1') } }))).toEqual({ a: '1' });
		});

		it.each<[string, unknown[], string]>([
			['an empty key', [row('')], 'A key in Metadata is empty'],
			['a key of white space', [row(' \t')], 'A key in Metadata is empty'],
			['two rows that are empty', [row('', ''), row('', '')], 'A key in Metadata is empty'],
			['a row of which only the key is empty', [row('', 'v')], 'A key in Metadata is empty'],
			['a key that is missing', [{ value: 'v' }], 'A key in Metadata is nothing'],
			['a key that is null', [row(null)], 'A key in Metadata is nothing'],
			['a key that is an object', [row({})], 'A key in Metadata is an object'],
			['a key that is a list', [row([])], 'A key in Metadata is a list'],
			['a value that is missing', [{ key: 'a' }], 'The key "a" in Metadata has no value'],
			['a value that is null', [row('a', null)], 'The key "a" in Metadata has no value'],
			[
				'a value that is an object',
				[row('a', {})],
				'The value of the key "a" in Metadata is an object',
			],
			[
				'a value that is a list',
				[row('a', ['1'])],
				'The value of the key "a" in Metadata is a list',
			],
			[
				'a value that is a function',
				[row('a', () => 1)],
				'The value of the key "a" in Metadata is a function',
			],
			[
				'a value that is a date',
				[row('a', new Date())],
				'The value of the key "a" in Metadata is an object',
			],
			[
				'a number too large to be exact',
				[row('a', 2 ** 53)],
				'The value of the key "a" in Metadata is a number too large to be exact (9007199254740992)',
			],
			[
				'a negative one',
				[row('a', -(2 ** 60))],
				'is a number too large to be exact (-1152921504606847000)',
			],
			['NaN', [row('a', NaN)], 'The value of the key "a" in Metadata is NaN'],
			['Infinity', [row('a', -Infinity)], 'The value of the key "a" in Metadata is -Infinity'],
			['a row that is text', ['a'], 'The key "a" in Metadata has no value'],
			['a row that is null', [null], 'A key in Metadata is nothing'],
			['17 pairs', numbered(17), 'Metadata has 17 pairs; the API allows 16'],
			[
				'a key of 65 characters',
				[row(`${LONG_KEY}k`)],
				`The key "${'k'.repeat(60)}…" in Metadata has 65 characters; the API allows 64`,
			],
			[
				'a key of 65 emoji',
				[row('😀'.repeat(65))],
				'in Metadata has 65 characters; the API allows 64',
			],
			[
				'a value of 513 characters',
				[row('a', `${LONG_VALUE}v`)],
				'The value of the key "a" in Metadata has 513 characters; the API allows 512',
			],
			[
				'a value of 513 emoji',
				[row('a', '😀'.repeat(513))],
				'has 513 characters; the API allows 512',
			],
			['a key twice', [row('a', '1'), row('a', '2')], 'The key "a" appears twice in Metadata'],
			[
				'a key twice, once as a number',
				[row('5', '1'), row(5, '2')],
				'The key "5" appears twice in Metadata',
			],
		])('should refuse %s', (_what, rows, message) => {
			for (const read of [parseMetadata, parseOptionalMetadata]) {
				const error = refused(() => read(fields(...rows)));
				expect(error.message).toContain(message);
				expect(error.advice).toMatch(/^\S.*\.$/);
			}
		});

		it('should say how many pairs are too many', () => {
			expect(refused(() => parseMetadata(fields(...numbered(19)))).advice).toBe(
				'Remove 3 of them.',
			);
			expect(refused(() => checkPairCount(17, 'This')).message).toBe(
				'This has 17 pairs; the API allows 16',
			);
			expect(refusal(() => checkPairCount(16, 'This'))).toBeUndefined();
		});

		it.each<[string, unknown]>([
			['null', null],
			['undefined', undefined],
		])('should say what helps in each mode against a value that is %s', (_what, value) => {
			const advice = (parse: (read: ReturnType<typeof fields>) => unknown) =>
				refused(() => parse(fields({ key: 'a', value }))).advice;
			expect(advice(parseMetadata)).toBe(
				'Give the key a value: where an expression finds nothing, check the spelling of its field names, including upper and lower case. Or leave the key out: Replace removes every key that is not listed.',
			);
			expect(advice(parseOptionalMetadata)).not.toContain('Update Mode');
			expect(advice(parseMetadataChanges)).not.toContain('Update Mode');
			expect(advice(parseMetadataChanges)).toContain('Keys to Remove');
		});

		it.each<[string, string, string, string]>([
			['half a character in a key', 'a\ud83d', 'v', 'A key in Metadata contains half a character'],
			['a null character in a key', 'a\0', 'v', 'A key in Metadata contains a null character'],
			[
				'half a character in a value',
				'a',
				'\udc00v',
				'The value of the key "a" in Metadata contains half a character',
			],
			[
				'a null character in a value',
				'a',
				'v\0',
				'The value of the key "a" in Metadata contains a null character',
			],
		])('should refuse %s, in fields and in JSON', (_what, key, value, message) => {
			const given = [
				fields(row(key, value)),
				json({ [key]: value }),
				json(JSON.stringify({ [key]: value })),
			];
			for (const read of given) {
				for (const parse of [parseMetadata, parseOptionalMetadata, parseMetadataChanges]) {
					expect(refused(() => parse(read)).message).toContain(message);
				}
			}
		});
	});

	describe('from JSON', () => {
		it.each<[string, unknown, Record<string, string>]>([
			['text', '{ "a": "1", "b": "" }', { a: '1', b: '' }],
			[
				'text with numbers and booleans',
				'{ "n": 1.50, "t": true, "f": false }',
				{ n: '1.5', t: 'true', f: 'false' },
			],
			['an object', { a: '1', n: 2 }, { a: '1', n: '2' }],
			['an object without a prototype', Object.assign(Object.create(null), { a: '1' }), { a: '1' }],
			[
				'an object with a date, as JSON has it',
				{ at: new Date(0) },
				{ at: '1970-01-01T00:00:00.000Z' },
			],
			['{} as text', '{}', {}],
			['{} as text with white space', ' { } ', {}],
			['an empty object', {}, {}],
			[
				'the same key on two levels of an escaped text',
				'{ "a": "{\\"a\\": 1}" }',
				{ a: '{"a": 1}' },
			],
			['16 pairs', JSON.stringify(objectOf(16)), objectOf(16)],
		])('should take %s', (_what, value, expected) => {
			expect(parseMetadata(json(value))).toEqual(expected);
			expect(parseOptionalMetadata(json(value))).toEqual(expected);
			expect(parseMetadataChanges(json(value))).toEqual(expected);
		});

		it.each<[string, unknown, string]>([
			['bad JSON', '{ a: 1 }', "Metadata (JSON) isn't valid JSON"],
			['white space', ' \n', 'Metadata (JSON) is empty'],
			['an object inside of text', '[object Object]', 'Metadata (JSON) mixes an object with text'],
			[
				'a number with too many digits',
				'{ "a": 80351110224678912 }',
				'The value of the key "a" in Metadata is a number too large to be exact',
			],
			['a list', '["a"]', 'Metadata (JSON) is a list, not an object'],
			['a list by expression', ['a'], 'Metadata (JSON) is a list, not an object'],
			['JSON null', 'null', 'Metadata (JSON) is nothing, not an object'],
			['a JSON text', '"a"', 'Metadata (JSON) is text, not an object'],
			['a JSON number', '5', 'Metadata (JSON) is a number, not an object'],
			['a number by expression', 5, "Metadata (JSON) isn't valid JSON"],
			['a date by expression', new Date(), "Metadata (JSON) isn't valid JSON"],
			['an object with itself in it', loop, 'The key "self" in Metadata has no value'],
			['null as a value', '{ "a": null }', 'The key "a" in Metadata has no value'],
			[
				'undefined as a value, which JSON would leave out',
				{ a: undefined },
				'The key "a" in Metadata has no value',
			],
			[
				'a function as a value, which JSON would leave out',
				{ a: () => 1 },
				'The value of the key "a" in Metadata is a function',
			],
			[
				'NaN as a value, which JSON would make null',
				{ a: NaN },
				'The value of the key "a" in Metadata is NaN',
			],
			['an object as a value', '{ "a": {} }', 'The value of the key "a" in Metadata is an object'],
			['a list as a value', '{ "a": [] }', 'The value of the key "a" in Metadata is a list'],
			['an empty key', '{ "": "v" }', 'A key in Metadata is empty'],
			['a key twice', '{ "a": "1", "a": "2" }', 'Metadata (JSON) has the key "a" twice'],
			[
				'a value that is nested too deeply',
				`{ "a": ${'['.repeat(1e5)}${']'.repeat(1e5)} }`,
				'Metadata (JSON) is nested too deeply',
			],
		])('should refuse %s', (_what, value, message) => {
			for (const read of [parseMetadata, parseOptionalMetadata]) {
				const error = refused(() => read(json(value)));
				expect(error.message).toContain(message);
				expect(error.advice).toMatch(/^\S.*\.$/);
			}
		});

		it.each<[string, unknown]>([
			['as text', '{ "metadata": { "a": "1" } }'],
			['by expression', { metadata: { a: '1' } }],
			['in a conversation', { id: 'conv_1', metadata: {} }],
		])('should say to leave out an outer name "metadata": %s', (_what, value) => {
			const { message, advice } = refused(() => parseMetadata(json(value)));
			expect(message).toContain('The value of the key "metadata" in Metadata is an object');
			expect(advice).toMatch(/^Leave out the outer name "metadata"/);
		});

		it('should ask for an expression when the field took one for text', () => {
			expect(refused(() => parseMetadata(json('{{ $json.metadata }}'))).advice).toContain(
				'Switch the field from Fixed to Expression',
			);
		});
	});

	it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'length'])(
		'should keep the key %s as a member of its own',
		(key) => {
			for (const read of [
				fields(row(key, '1')),
				json(`{ "${key}": "1" }`),
				json(JSON.parse(`{ "${key}": "1" }`)),
			]) {
				const metadata = parseMetadata(read);
				expect(Object.entries(metadata)).toEqual([[key, '1']]);
				expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
				expect(JSON.stringify(metadata)).toBe(`{"${key}":"1"}`);
			}
			expect(Object.keys(Object.prototype)).toEqual([]);
		},
	);

	describe('that is not given', () => {
		const nothing: Array<[string, Record<string, unknown>]> = [
			['no parameters', {}],
			['no row', { metadata: {} }],
			['an empty list of rows', { metadata: { pairs: [] } }],
			['the empty row that a new form begins with', { metadata: { pairs: [row('', '')] } }],
			['no JSON', { metadataInput: 'json' }],
			['an empty JSON text', { metadataInput: 'json', metadataJson: '' }],
			['null as JSON', { metadataInput: 'json', metadataJson: null }],
			['undefined as JSON', { metadataInput: 'json', metadataJson: undefined }],
		];

		it.each(nothing)('should be refused where it must be given: %s', (_what, parameters) => {
			const { message, advice } = refused(() => parseMetadata(reading(parameters)));
			expect(message).toMatch(/^Metadata is empty$|^Metadata \(JSON\) is empty$/);
			expect(advice).toContain('To clear all metadata, ');
		});

		it.each(nothing)('should be undefined where it may be left out: %s', (_what, parameters) => {
			expect(parseOptionalMetadata(reading(parameters))).toBeUndefined();
		});

		it.each(nothing)(
			'should be no change where it changes what is there: %s',
			(_what, parameters) => {
				expect(parseMetadataChanges(reading(parameters))).toEqual({});
			},
		);
	});

	describe('as changes', () => {
		it('should say what a merge without a change lacks', () => {
			expect(noChanges(reading({}))).toMatchObject({
				message: 'Metadata and Keys to Remove are both empty',
				advice: expect.stringMatching(/To clear all metadata, set Update Mode to Replace and/),
			});
			expect(noChanges(json('{}')).message).toBe(
				'Metadata (JSON) and Keys to Remove are both empty',
			);
		});

		it('should remove the keys that are null as JSON', () => {
			expect(parseMetadataChanges(json('{ "a": null, "b": "1" }'))).toEqual({
				a: null,
				b: '1',
			});
			expect(parseMetadataChanges(json({ a: null }))).toEqual({ a: null });
		});

		it.each<[string, unknown, string]>([
			['undefined', undefined, 'has no value'],
			['NaN', NaN, 'is NaN'],
			['a function', () => 1, 'is a function'],
			['an invalid date', new Date(NaN), 'has no value'],
		])(
			'should not remove a key whose value is %s, which is no JSON null',
			(_what, value, message) => {
				expect(refused(() => parseMetadataChanges(json({ a: value }))).message).toMatch(
					new RegExp(`key "a" in Metadata ${message}`),
				);
			},
		);

		it('should refuse null in a field', () => {
			expect(refused(() => parseMetadataChanges(fields(row('a', null)))).message).toContain(
				'has no value',
			);
		});

		it('should not count the removed among the 16', () => {
			const removed = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`gone${n}`, null]));
			expect(Object.keys(parseMetadataChanges(json({ ...objectOf(16), ...removed })))).toHaveLength(
				26,
			);
			expect(
				refused(() => parseMetadataChanges(json({ ...objectOf(17), ...removed }))).message,
			).toContain('has 17 pairs');
		});
	});

	describe('whatever is given', () => {
		const key = fc.oneof(
			anyText,
			fc.constantFrom('__proto__', 'constructor', 'a', LONG_KEY, `${LONG_KEY}k`, '😀'.repeat(64)),
		);
		const value = fc.oneof(
			anyText,
			anyValue,
			fc.constantFrom(LONG_VALUE, `${LONG_VALUE}v`, '😀'.repeat(512), NaN, null),
		);
		const asFields = fc
			.oneof(fc.array(fc.oneof(fc.record({ key, value }), anyValue), { maxLength: 20 }), anyValue)
			.map((pairs) => reading({ metadata: { pairs } }));
		const asJson = fc
			.oneof(fc.dictionary(key, value, { maxKeys: 20 }), anyValue, fc.json(), anyText)
			.map((metadataJson) => reading({ metadataInput: 'json', metadataJson }));

		it('should obey every limit, or be refused with a text', () => {
			fc.assert(
				fc.property(
					fc.oneof(asFields, asJson),
					fc.constantFrom(parseMetadata, parseOptionalMetadata),
					(read, readIt) => {
						const error = refusal(() => {
							const entries = Object.entries(readIt(read) ?? {});
							expect(entries.length).toBeLessThanOrEqual(16);
							for (const [name, text] of entries) {
								expect(name.trim()).not.toBe('');
								expect(characters(name)).toBeLessThanOrEqual(64);
								expect(typeof text).toBe('string');
								expect(characters(text)).toBeLessThanOrEqual(512);
							}
						});
						if (error !== undefined) expect(error.message).toMatch(/Metadata/);
					},
				),
				RUNS,
			);
		});

		it('should be taken as it is where it obeys the limits', () => {
			const good = fc.dictionary(
				fc
					.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 64 })
					.filter((text) => text.trim() !== ''),
				fc.string({ unit: 'binary', maxLength: 512 }).filter((text) => !text.includes('\0')),
				{ maxKeys: 16, minKeys: 1 },
			);
			fc.assert(
				fc.property(good, (metadata) => {
					const rows = Object.entries(metadata).map(([name, text]) => row(name, text));
					expect(Object.entries(parseMetadata(fields(...rows)))).toEqual(Object.entries(metadata));
					expect(Object.entries(parseMetadata(json(metadata)))).toEqual(Object.entries(metadata));
					expect(Object.entries(parseMetadata(json(JSON.stringify(metadata))))).toEqual(
						Object.entries(metadata),
					);
				}),
				RUNS,
			);
		});
	});
});
