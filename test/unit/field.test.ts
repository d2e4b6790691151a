import fc from 'fast-check';

import { parseBoolean } from '../../nodes/shared/values/boolean';
import { parseLimit } from '../../nodes/OpenAIConversation/parameters/limit';
import { parseNumber } from '../../nodes/shared/values/number';
import { adviceFor, isNothing, kindOf, quote } from '../../nodes/shared/values/field';
import { parseSimplify } from '../../nodes/OpenAIConversation/parameters/simplify';
import { anyValue, reading, refusal, refused, RUNS } from '../support/unit';

const circular: Record<string, unknown> = {};
circular.self = circular;

describe('quote', () => {
	it.each<[unknown, string]>([
		['text', '"text"'],
		['', '""'],
		['a'.repeat(60), `"${'a'.repeat(60)}"`],
		['a'.repeat(61), `"${'a'.repeat(60)}…"`],
		[`${'a'.repeat(59)}😀`, `"${'a'.repeat(59)}…"`],
		[`😀${'a'.repeat(59)}`, `"😀${'a'.repeat(58)}…"`],
		[5, '"5"'],
		[NaN, '"NaN"'],
		[-Infinity, '"-Infinity"'],
		[10n, '"10"'],
		[undefined, '"undefined"'],
		[null, '"null"'],
		[{ a: 1 }, '"{"a":1}"'],
		[circular, '"an object"'],
		[Symbol('s'), '"Symbol(s)"'],
	])('should show %p', (value, expected) => {
		expect(quote(value)).toBe(expected);
	});

	it('should never throw, nor be long', () => {
		fc.assert(
			fc.property(anyValue, (value) => expect(quote(value).length).toBeLessThanOrEqual(63)),
			RUNS,
		);
	});
});

describe('kindOf', () => {
	it.each<[unknown, string]>([
		[undefined, 'nothing'],
		[null, 'nothing'],
		[[], 'a list'],
		[{}, 'an object'],
		['', 'text'],
		[1, 'a number'],
		[true, 'a boolean'],
		[1n, 'a bigint'],
		[() => 1, 'a function'],
	])('should name %p', (value, expected) => {
		expect(kindOf(value)).toBe(expected);
	});
});

describe('isNothing', () => {
	it.each<[unknown, boolean]>([
		[undefined, true],
		[null, true],
		['', true],
		[' ', false],
		[0, false],
		[false, false],
		[NaN, false],
		[[], false],
	])('should for %p be %p', (value, expected) => {
		expect(isNothing(value)).toBe(expected);
	});
});

describe('The advice for a value', () => {
	const evaluate =
		'n8n read this expression as plain text. Switch the field from Fixed to Expression';

	it.each<[unknown, string]>([
		['{{ $json.id }}', `${evaluate}.`],
		['x {{\n$json.id\n}}', `${evaluate}.`],
		['=abc', `${evaluate} and write it in double curly braces, such as {{ $json.id }}.`],
		[' $json.id', `${evaluate} and write it in double curly braces, such as {{ $json.id }}.`],
		['$("Set").item', `${evaluate} and write it in double curly braces, such as {{ $json.id }}.`],
		['$5', 'Enter an ID.'],
		['a = b', 'Enter an ID.'],
		['{{', 'Enter an ID.'],
		[7, 'Enter an ID.'],
	])('should, where %j is an expression, be how to have it evaluated', (value, advice) => {
		expect(adviceFor(value, 'Enter an ID.')).toBe(advice);
	});
});

describe('A number', () => {
	const rules = { label: 'Max Retries', fallback: 7, min: 0, max: 100, whole: true };

	it.each<[unknown, number]>([
		[0, 0],
		[100, 100],
		['5', 5],
		[' 5 ', 5],
		['1e2', 100],
		[-0, -0],
		[undefined, 7],
		[null, 7],
		['', 7],
	])('should be read from %p', (value, expected) => {
		expect(parseNumber(value, rules)).toBe(expected);
	});

	it.each<[unknown, string]>([
		[-1, '"-1"'],
		[101, '"101"'],
		[0.5, '"0.5"'],
		['0.5', '"0.5"'],
		[NaN, '"NaN"'],
		[Infinity, '"Infinity"'],
		[-Infinity, '"-Infinity"'],
		['NaN', '"NaN"'],
		['Infinity', '"Infinity"'],
		['many', '"many"'],
		[' ', '" "'],
		['5 s', '"5 s"'],
		['5,0', '"5,0"'],
		[true, '"true"'],
		[5n, '"5"'],
		[[5], '"[5]"'],
		[{}, '"{}"'],
		[circular, '"an object"'],
	])('should be refused for %p', (value, shown) => {
		const { message, advice } = refused(() => parseNumber(value, rules));
		expect(message).toBe(`Max Retries is ${shown}, not a whole number from 0 to 100`);
		expect(advice).toBe('Enter a whole number from 0 to 100.');
	});

	it('should have no upper limit where there is none', () => {
		const open = {
			label: 'Timeout',
			fallback: 0,
			min: 0,
			max: Number.MAX_SAFE_INTEGER,
			whole: false,
		};
		expect(parseNumber(1e15, open)).toBe(1e15);
		expect(parseNumber(0.001, open)).toBe(0.001);
		expect(refused(() => parseNumber(-0.001, open)).message).toBe(
			'Timeout is "-0.001", not a number of 0 or more',
		);
		expect(refused(() => parseNumber(1e300, open)).message).toBe(
			'Timeout is "1e+300", not a number of 0 or more',
		);
	});

	it('should be in its range, or be refused with a text, whatever is given', () => {
		fc.assert(
			fc.property(
				fc.oneof(anyValue, fc.double(), fc.double().map(String), fc.integer()),
				fc.boolean(),
				(value, whole) => {
					refusal(() => {
						const number = parseNumber(value, { ...rules, whole });
						expect(number).toBeGreaterThanOrEqual(0);
						expect(number).toBeLessThanOrEqual(100);
						if (whole) expect(Number.isInteger(number)).toBe(true);
					});
				},
			),
			RUNS,
		);
	});
});

describe('A yes or no', () => {
	it.each<[unknown, boolean]>([
		[true, true],
		[false, false],
		['true', true],
		[' False ', false],
		['TRUE', true],
		[undefined, true],
		[null, true],
		['', true],
	])('should be read from %p', (value, expected) => {
		expect(parseBoolean(value, 'Simplify', true)).toBe(expected);
		if (isNothing(value)) expect(parseBoolean(value, 'Simplify', false)).toBe(false);
	});

	it.each<[unknown]>([['yes'], [1], [0], [[]], [[true]], [{}], ['truefalse'], [Object(true)]])(
		'should be refused for %p',
		(value) => {
			const { message, advice } = refused(() => parseBoolean(value, 'Simplify', true));
			expect(message).toMatch(/^Simplify is ".*", neither true nor false$/);
			expect(advice).toBe('Enter true or false.');
		},
	);

	it('should never crash', () => {
		fc.assert(
			fc.property(anyValue, (value) => void refusal(() => parseBoolean(value, 'Simplify', true))),
			RUNS,
		);
	});
});

describe('Simplify', () => {
	it.each<[Record<string, unknown>, boolean]>([
		[{}, true],
		[{ simplify: true }, true],
		[{ simplify: false }, false],
		[{ simplify: 'false' }, false],
		[{ simplify: '' }, true],
	])('should be read from %j as %s', (parameters, expected) => {
		expect(parseSimplify(reading(parameters))).toBe(expected);
	});

	it('should be refused by its label', () => {
		expect(refused(() => parseSimplify(reading({ simplify: 'no' }))).message).toBe(
			'Simplify is "no", neither true nor false',
		);
	});
});

describe('Limit', () => {
	it.each<[Record<string, unknown>, number]>([
		[{}, 50],
		[{ limit: 1 }, 1],
		[{ limit: '25' }, 25],
		[{ limit: 100_000 }, 100_000],
		[{ limit: '' }, 50],
		[{ returnAll: true, limit: 5 }, Infinity],
		[{ returnAll: 'true' }, Infinity],
		[{ returnAll: false, limit: 5 }, 5],
		[{ returnAll: 'false', limit: 5 }, 5],
		[{ returnAll: '', limit: 5 }, 5],
	])('should be read from %j as %d', (parameters, expected) => {
		expect(parseLimit(reading(parameters))).toBe(expected);
	});

	it.each([0, -1, 1.5, NaN, 'all', true])('should be refused for %p', (limit) => {
		expect(refused(() => parseLimit(reading({ limit }))).message).toMatch(
			/^Limit is ".*", not a whole number of 1 or more$/,
		);
	});

	it('should be refused with Return All by its label', () => {
		expect(refused(() => parseLimit(reading({ returnAll: 'all' }))).message).toBe(
			'Return All is "all", neither true nor false',
		);
	});
});
