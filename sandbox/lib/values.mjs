/**
 * @param {unknown} value
 * @param {string} key
 * @returns {unknown} the object's own value under the key; nothing where there is none
 */
export const field = (value, key) =>
	typeof value === 'object' && value !== null && Object.hasOwn(value, key)
		? Reflect.get(value, key)
		: undefined;

/**
 * @param {unknown} value
 * @param {string[]} path
 * @returns {unknown}
 */
export const at = (value, ...path) => path.reduce(field, value);
