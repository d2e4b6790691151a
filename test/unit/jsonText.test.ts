import fc from 'fast-check';

import { parseJsonText } from '../../nodes/shared/values/jsonText';
import { anyJson, anyText, anyValue, refusal, refused, RUNS } from '../support/unit';

const parse = (value: unknown) => parseJsonText(value, 'Field', '{ "x": 1 }');

const BY_EXAMPLE = 'Enter JSON such as { "x": 1 }, or use an expression that gives it.';

const loop: Record<string, unknown> = {};
loop.self = loop;

describe('A JSON field', () => {
	it('should give back what JSON text says, whatever it is', () => {
		fc.assert(
			fc.property(anyJson, fc.constantFrom(undefined, 2, '\t'), (value, space) => {
				const text = JSON.stringify(value, undefined, space);
				expect(JSON.stringify(parse(text))).toBe(JSON.stringify(value));
			}),
			RUNS,
		);
	});

	it.each<[unknown]>([[{ a: [{ b: 1 }] }], [[1, { a: null }]], [{}], [[]]])(
		'should give back a copy of the object or list %j, never the thing itself',
		(given) => {
			const copy = parse(given);
			expect(copy).toEqual(given);
			expect(copy).not.toBe(given);
		},
	);

	it.each<[string, unknown, string]>([
		['no text at all', '', 'Field is empty'],
		['white space', ' \n', 'Field is empty'],
		['a number by expression', 5, "Field isn't valid JSON"],
		['a boolean by expression', false, "Field isn't valid JSON"],
		['nothing by expression', undefined, "Field isn't valid JSON"],
		['a function by expression', () => 1, "Field isn't valid JSON"],
		['a date by expression', new Date(), "Field isn't valid JSON"],
		['a map by expression', new Map(), "Field isn't valid JSON"],
		['an object with a bigint', { a: 1n }, "Field isn't valid JSON"],
		['an object with itself in it', loop, "Field isn't valid JSON"],
		['an object that turns into nothing', { toJSON: () => undefined }, "Field isn't valid JSON"],
	])('should refuse %s, with an example', (_what, value, message) => {
		expect(refused(() => parse(value))).toMatchObject({ message, advice: BY_EXAMPLE });
	});

	it.each<[string, unknown, string]>([
		['NaN', { a: 1, b: NaN }, 'The value of the key "b" in Field is NaN'],
		['Infinity', { a: { b: Infinity } }, 'The value of the key "b" in Field is Infinity'],
		['NaN in an item', [{ a: -Infinity }], 'The value of the key "a" in Field is -Infinity'],
		['NaN in a list', { a: [1, [NaN]] }, 'The value of the key "a" in Field is NaN'],
		['NaN in a list alone', [NaN], 'Field has NaN in it'],
	])('should refuse %s by expression, which would become null', (_what, value, message) => {
		expect(refused(() => parse(value))).toMatchObject({
			message,
			advice: 'Check the expression that computes it.',
		});
	});

	it.each<[string, string]>([
		['keys without quotes', '{ a: 1 }'],
		['single quotes', "{ 'a': 1 }"],
		['a comma after the last pair', '{ "a": "1", }'],
		['text that is cut off', '{ "a": "1"'],
		['a bare word', 'nope'],
	])("should refuse %s in words, not in the parser's", (_what, value) => {
		expect(refused(() => parse(value))).toMatchObject({
			message: "Field isn't valid JSON",
			advice:
				'Put straight double quotes (", not “ ”) around keys and texts, a comma between two pairs, and no comma after the last pair, as in { "x": 1 }.',
		});
	});

	it.each(['{\n"a": "1",\n}', '{\n"a": "1",\n}\n\n\n', '\n\n{ "a": "1", }\n'])(
		'should name the line in a text of several lines, where the parser tells: %j',
		(value) => {
			expect(refused(() => parse(value)).message).toBe("Field isn't valid JSON near line 3");
		},
	);

	it.each(['{{ $json.metadata }}', '{ "a": {{ $json.n }} }', '$json.metadata'])(
		'should ask for an expression when the field took %s for text',
		(value) => {
			const { message, advice } = refused(() => parse(value));
			expect(message).toBe("Field isn't valid JSON");
			expect(advice).toContain('Switch the field from Fixed to Expression');
		},
	);

	it.each(['[object Object]', ' [object Object]\n', '{ "a": [object Object] }'])(
		'should recognize an object that was mixed with text: %j',
		(value) => {
			expect(refused(() => parse(value))).toMatchObject({
				message: 'Field mixes an object with text',
				advice:
					'Let the expression stand alone in the field, or turn its result into text with {{ JSON.stringify(…) }}.',
			});
		},
	);

	it('should be refused when it is nested too deeply, also by expression', () => {
		let deep: unknown = [];
		for (let level = 0; level < 600; level++) deep = { deep };
		for (const value of [
			deep,
			'['.repeat(1e6) + ']'.repeat(1e6),
			`{ "a": ${'['.repeat(1e5)}${']'.repeat(1e5)} }`,
		]) {
			expect(refused(() => parse(value))).toMatchObject({
				message: 'Field is nested too deeply',
				advice: 'Give it fewer levels of lists and objects.',
			});
		}
	});

	it('should never crash', () => {
		fc.assert(
			fc.property(
				fc.oneof(anyValue, anyText, fc.json()),
				(value) => void refusal(() => parse(value)),
			),
			RUNS,
		);
	});
});

describe('A name that stands twice in a JSON field', () => {
	it.each([
		['at the ends', '{ "a": "1", "b": "2", "a": "3" }', 'a'],
		['once escaped', '{ "a": "1", "\\u0061": "2" }', 'a'],
		['with a quotation mark', '{ "a\\"b": "1", "a\\u0022b": "2" }', 'a"b'],
		['that ends with a back-slash', '{ "a\\\\": "1", "a\\\\": "2" }', 'a\\'],
		['that is empty', '{ "": 1, "": 2 }', ''],
		['around an object with it', '{ "a": "1", "b": { "a": 1 }, "a": "2" }', 'a'],
		['behind an object', '{ "b": { "a": { "a": 1 } }, "a": 1, "a": 2 }', 'a'],
		['behind a list', '{ "b": [[1], "a"], "a": 1, "a": 2 }', 'a'],
		['behind a text with brackets', '{ "b": "}{][:", "a": 1, "a": 2 }', 'a'],
		['behind a text that ends with a back-slash', '{ "b": "\\\\", "a": 1, "a": 2 }', 'a'],
		['behind a text that ends with a quotation mark', '{ "b": "\\\\\\"", "a": 1, "a": 2 }', 'a'],
		['with a meaning in JavaScript', '{ "__proto__": "1", "__proto__": "2" }', '__proto__'],
		['with white space before the colon', '{ "a" :1, "a"\n\t: 2 }', 'a'],
		['in an object of a list', '[{ "b": 1 }, { "content": "a", "content": "b" }]', 'content'],
		['in an object within', '{ "b": { "a": 1, "a": 1 } }', 'a'],
		['around a list', '[[{ "a": [{ "a": 1 }], "a": 1 }]]', 'a'],
	])('should be refused: one %s', (_what, text, name) => {
		expect(refused(() => parse(text))).toMatchObject({
			message: `Field has the key "${name}" twice`,
			advice: 'Keep one of the two, since only one value can be stored.',
		});
	});

	it.each([
		['in objects of a list', '[{ "a": 1 }, { "a": 2 }]'],
		['in an object within', '{ "a": { "a": 1 } }'],
		['in two objects within', '{ "b": { "a": 1 }, "c": { "a": 1 } }'],
		['in an object and in one of a list within', '{ "a": [{ "a": 1 }, { "a": [1] }], "b": 1 }'],
		['in a text', '{ "a": "{}", "b": "\\"a\\": 1" }'],
		['as a value', '{ "a": "a", "b": "a" }'],
		['as the value of a list', '{ "a": ["a", "a"], "b": [":"] }'],
		['behind a value that ends with a back-slash', '{ "a": "\\\\", "b": "\\\\\\"" }'],
		['behind a value with brackets and colons', '{ "a": "}{][:", "b": ":" }'],
		['with white space before the colon', '{ "a" :\n"1", "b"\t: "2" }'],
		['as a text by itself', '"{ \\"a\\": 1, \\"a\\": 2 }"'],
	])('should not be seen where it is %s', (_what, text) => {
		expect(parse(text)).toEqual(JSON.parse(text));
	});

	it('should be the first that an object repeats', () => {
		const name = fc.oneof(
			fc.constantFrom('a', 'b', 'c', '"', '\\', '\\"', '{', ':', 'é'),
			fc.string(),
		);
		fc.assert(
			fc.property(
				fc.array(fc.tuple(name, anyJson), { minLength: 1, maxLength: 8 }),
				fc.boolean(),
				(members, isWithin) => {
					const object = `{${members.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',')}}`;
					const text = isWithin ? `[1, { "a": ${object}, "b": 2 }]` : object;
					const names = members.map(([key]) => key);
					const twice = names.find((key, index) => names.indexOf(key) < index);
					const error = refusal(() => parse(text));
					if (twice === undefined) expect(error).toBeUndefined();
					else expect(error?.message).toMatch(/^Field has the key ".*" twice$/s);
				},
			),
			RUNS,
		);
	});
});
