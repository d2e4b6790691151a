import { adviceFor, FieldError, isNothing, quote } from './field';

export interface NumberRules {
	/** The field's label, for the error. */
	label: string;
	/** The value where nothing was entered. */
	fallback: number;
	min: number;
	max: number;
	whole: boolean;
}

/**
 * A number in its range; text that is a number counts, as an expression may give it.
 * @throws {FieldError} for anything else, NaN and Infinity included
 */
export function parseNumber(
	value: unknown,
	{ label, fallback, min, max, whole }: NumberRules,
): number {
	if (isNothing(value)) return fallback;
	const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	const valid =
		typeof number === 'number' &&
		Number.isFinite(number) &&
		number >= min &&
		number <= max &&
		(!whole || Number.isInteger(number));
	if (valid) return number;
	const kind = whole ? 'a whole number' : 'a number';
	const range = max < Number.MAX_SAFE_INTEGER ? `from ${min} to ${max}` : `of ${min} or more`;
	throw new FieldError(
		`${label} is ${quote(value)}, not ${kind} ${range}`,
		adviceFor(value, `Enter ${kind} ${range}.`),
	);
}
