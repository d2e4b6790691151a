import { adviceFor, FieldError, isNothing, kindOf } from './field';
import { isPlainObject } from './json';

const isEmpty = (value: unknown): boolean =>
	isNothing(value) ||
	(Array.isArray(value) && value.length === 0) ||
	(isPlainObject(value) && Object.values(value).every(isNothing));

/** A field that is a fixedCollection with several values. */
export interface RowsField {
	label: string;
	/** The collection's group, such as `pairs`. */
	group: string;
	/** What to do about a value that holds no rows. */
	advice: string;
}

/**
 * The rows of a fixedCollection with several values; none for what is empty.
 * @throws {FieldError} for anything else, which an expression may give in the collection's place
 */
export function rowsOf(collection: unknown, { label, group, advice }: RowsField): unknown[] {
	if (isEmpty(collection)) return [];
	if (!isPlainObject(collection)) {
		throw new FieldError(
			`${label} is ${kindOf(collection)}, not rows`,
			adviceFor(collection, advice),
		);
	}
	const { [group]: rows, ...others } = collection;
	const isUnderstood = Array.isArray(rows) || isPlainObject(rows) || isNothing(rows);
	if (!isUnderstood || !isEmpty(others)) {
		throw new FieldError(`${label} is an object that holds something other than rows`, advice);
	}
	// A list that is built by hand may have gaps, and a single row may come without its list.
	if (Array.isArray(rows)) return Array.from<unknown>(rows);
	return isPlainObject(rows) ? [rows] : [];
}
