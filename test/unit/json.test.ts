import fc from 'fast-check';

import type { JsonValue } from '../../nodes/shared/values/json';
import { isJsonObject, isPlainObject, isTooDeep, textAt } from '../../nodes/shared/values/json';
import { anyJson, anyValue, RUNS } from '../support/unit';

class Something {
	id = 'conv_1';
}

const nested = (depth: number): JsonValue => {
	let value: JsonValue = 1;
	for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
	return value;
};

describe('isPlainObject', () => {
	it.each<[string, unknown]>([
		['{}', {}],
		['an object without a prototype', Object.create(null)],
		['an object with members', { a: 1 }],
		['an object of JSON', JSON.parse('{ "__proto__": 1 }')],
	])('should take %s', (_what, value) => {
		expect(isPlainObject(value)).toBe(true);
	});

	it.each<[string, unknown]>([
		['null', null],
		['nothing', undefined],
		['text', 'a'],
		['a list', []],
		['a date', new Date()],
		['an instance of a class', new Something()],
		['a map', new Map()],
		['an error', new Error('x')],
		['a function', () => 1],
		['a buffer', Buffer.from('a')],
	])('should not take %s', (_what, value) => {
		expect(isPlainObject(value)).toBe(false);
	});

	it('should never throw', () => {
		fc.assert(
			fc.property(anyValue, (value) => typeof isPlainObject(value) === 'boolean'),
			RUNS,
		);
	});
});

describe('isJsonObject', () => {
	it('should take what JSON writes in braces, and nothing else', () => {
		fc.assert(
			fc.property(anyJson, (value) =>
				expect(isJsonObject(value)).toBe(JSON.stringify(value).startsWith('{')),
			),
			RUNS,
		);
		expect(isJsonObject(undefined)).toBe(false);
	});
});

describe('isTooDeep', () => {
	it.each([
		[0, false],
		[1, false],
		[500, false],
		[501, true],
		[100_000, true],
	])('should for %d levels be %s', (depth, expected) => {
		expect(isTooDeep(nested(depth))).toBe(expected);
	});

	it('should look at every member', () => {
		expect(isTooDeep({ a: 1, b: [2, nested(499)], c: 3 })).toBe(true);
		expect(isTooDeep({ a: 1, b: [2, nested(498)], c: 3 })).toBe(false);
	});
});

describe('textAt', () => {
	it.each<[string, JsonValue, string | undefined]>([
		['text', 'x', 'x'],
		['an empty text', '', undefined],
		['a number', 1, undefined],
		['null', null, undefined],
		['an object', {}, undefined],
	])('should read %s', (_what, value, expected) => {
		expect(textAt({ key: value }, 'key')).toBe(expected);
	});

	it('should not read what every object has', () => {
		expect(textAt({}, 'constructor')).toBeUndefined();
		expect(textAt({}, 'missing')).toBeUndefined();
	});
});
