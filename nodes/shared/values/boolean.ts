import { adviceFor, FieldError, isNothing, quote } from './field';

/**
 * Yes or no; the texts "true" and "false" count, as an expression may give them.
 * @param label the field's label, for the error
 * @param fallback the value where nothing was entered
 * @throws {FieldError} for anything else
 */
export function parseBoolean(value: unknown, label: string, fallback: boolean): boolean {
	if (isNothing(value)) return fallback;
	const given = typeof value === 'string' ? value.trim().toLowerCase() : value;
	if (given === true || given === 'true') return true;
	if (given === false || given === 'false') return false;
	throw new FieldError(
		`${label} is ${quote(value)}, neither true nor false`,
		adviceFor(value, 'Enter true or false.'),
	);
}
