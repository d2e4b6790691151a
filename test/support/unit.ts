/* eslint-disable @n8n/community-nodes/no-restricted-globals */
import fc from 'fast-check';
import type { INode } from 'n8n-workflow';

import type { ReadParameter } from '../../nodes/shared/values/field';
import { FieldError } from '../../nodes/shared/values/field';
import type { JsonValue } from '../../nodes/shared/values/json';

/** How often a property is tried. */
export const RUNS = { numRuns: Number(process.env.PROPERTY_RUNS ?? 500) };

/** What follows `sk-proj-` in `KEY`. */
export const SECRET = ['Zx81Qv72', 'Lm63Kt54', 'Rw45Hs36', 'Gd27Jf18'].join('');
export const KEY = ['sk', 'proj', SECRET].join('-');

/** A node of a workflow, for what only needs its name. */
export const NODE: INode = {
	id: '1',
	name: 'My Node',
	type: 'x.node',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

/** Reads parameters from a plain object. */
export const reading =
	(parameters: Record<string, unknown>): ReadParameter =>
	(name, fallback) =>
		parameters[name] === undefined ? fallback : parameters[name];

/** The field error that `action` throws; undefined when it throws nothing. Any other error passes. */
export function refusal(action: () => unknown): FieldError | undefined {
	let error: unknown;
	try {
		action();
	} catch (caught) {
		error = caught;
	}
	if (error === undefined || error instanceof FieldError) return error;
	throw error;
}

/** The field error that `action` throws. */
export function refused(action: () => unknown): FieldError {
	const error = refusal(action);
	if (error === undefined) throw new Error('It should have been refused');
	return error;
}

/** Anything a user, an expression or an API may give, strange names and texts among it. */
export const anyValue = fc.anything({
	withBigInt: true,
	withBoxedValues: true,
	withDate: true,
	withMap: true,
	withNullPrototype: true,
	withObjectString: true,
	withSet: true,
	withSparseArray: true,
	withTypedArray: true,
	key: fc.oneof(
		fc.string(),
		fc.constantFrom('__proto__', 'constructor', 'toString', 'id', 'value', 'key'),
	),
});

export const anyText = fc.oneof(
	fc.string(),
	fc.string({ unit: 'binary' }),
	fc.string({ unit: 'grapheme' }),
	fc.constantFrom(
		'',
		' ',
		'\u0000',
		'\ud83d',
		'\udc00',
		'\r\nx-evil: 1',
		'../models',
		'%2e%2e',
		'__proto__',
		'[object Object]',
	),
);

const named = fc.oneof(
	fc.string(),
	fc.constantFrom('__proto__', 'constructor', 'toString', 'error', 'message'),
);

/** Any JSON value, as `JSON.parse` gives it. */
export const anyJson: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
	value: fc.oneof(
		{ depthSize: 'small' },
		fc.oneof(
			fc.string(),
			fc.integer(),
			fc.double({ noNaN: true, noDefaultInfinity: true }),
			fc.boolean(),
			fc.constant(null),
		),
		fc.array(tie('value'), { maxLength: 4 }),
		fc.dictionary(named, tie('value'), { maxKeys: 4 }),
	),
})).value;

/** The pieces of a text that have the given length. */
export function runsOf(text: string, length: number): string[] {
	return Array.from({ length: Math.max(0, text.length - length + 1) }, (_, start) =>
		text.slice(start, start + length),
	);
}
