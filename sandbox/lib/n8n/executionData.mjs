/**
 * n8n stores an execution's data in the `flatted` form: a list in which every string inside an object or array is the
 * position of the value meant.
 *
 * @param {string} text
 * @returns {unknown} the data as it was before
 */
export function unflatten(text) {
	/** @type {unknown[]} */
	const values = JSON.parse(text);
	/** @type {Map<number, unknown>} */
	const done = new Map();

	/** @param {unknown} value */
	const resolve = (value) => (typeof value === 'string' ? at(Number(value)) : value);

	/**
	 * @param {number} position
	 * @returns {unknown}
	 */
	function at(position) {
		if (done.has(position)) return done.get(position);
		const value = values[position];
		if (Array.isArray(value)) {
			/** @type {unknown[]} */
			const list = [];
			done.set(position, list);
			for (const each of value) list.push(resolve(each));
			return list;
		}
		if (typeof value === 'object' && value !== null) {
			/** @type {Record<string, unknown>} */
			const object = {};
			done.set(position, object);
			for (const [key, each] of Object.entries(value)) object[key] = resolve(each);
			return object;
		}
		return value;
	}
	return at(0);
}
