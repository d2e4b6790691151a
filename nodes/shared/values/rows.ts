import { isPlainObject } from './json';

/**
 * The rows of a fixedCollection with several values.
 * @param name the collection's group, such as `pairs`
 */
export function rowsOf(collection: unknown, name: string): unknown[] {
	const rows = isPlainObject(collection) ? collection[name] : undefined;
	// A list that is built by hand may have gaps, and a single row may come without its list.
	if (Array.isArray(rows)) return Array.from<unknown>(rows);
	return isPlainObject(rows) ? [rows] : [];
}
