/** @import { Answer, JsonObject, RequestRecord, WrongList } from './types.mjs' */
import { isObject } from './validate.mjs';

/** @type {readonly WrongList[]} */
export const WRONG_LISTS = ['fewer', 'reversed', 'overlapping', 'repeated', 'without-has-more'];

/**
 * A list that looks valid and is not what the API would have answered.
 *
 * @param {WrongList} kind
 * @param {RequestRecord} request
 * @param {{ genuine: Answer, ask: (request: RequestRecord) => Answer }} answers `ask` answers
 *   another request that changes nothing
 * @returns {Answer} the genuine one when it is no list
 */
export function wrongList(kind, request, { genuine, ask }) {
	const list = parseObject(genuine);
	const data = list?.['data'];
	if (!list || !Array.isArray(data)) return genuine;
	switch (kind) {
		case 'fewer':
			return withList(genuine, list, data.slice(0, -1));
		case 'reversed':
			return withList(genuine, list, [...data].reverse());
		case 'without-has-more': {
			const { has_more: _, ...rest } = list;
			return { ...genuine, body: JSON.stringify(rest) };
		}
		case 'repeated':
			return ask({ ...request, query: withoutAfter(request.query).toString() });
		case 'overlapping': {
			const after = new URLSearchParams(request.query).get('after');
			if (!after) return genuine;
			const query = withoutAfter(request.query).toString();
			const before = parseObject(ask({ ...request, path: `${request.path}/${after}`, query }));
			return withList(genuine, list, [before, ...data]);
		}
	}
}

/** @param {string} query */
function withoutAfter(query) {
	const parameters = new URLSearchParams(query);
	parameters.delete('after');
	return parameters;
}

/**
 * @param {Answer} answer
 * @returns {JsonObject | undefined}
 */
function parseObject({ body }) {
	/** @type {unknown} */
	const parsed = JSON.parse(String(body));
	return isObject(parsed) ? parsed : undefined;
}

/**
 * @param {Answer} answer
 * @param {JsonObject} list
 * @param {unknown[]} data
 * @returns {Answer}
 */
function withList(answer, list, data) {
	/** @param {unknown} item */
	const idOf = (item) => (isObject(item) ? item['id'] : null);
	const ends = { first_id: idOf(data[0]), last_id: idOf(data.at(-1)) };
	return { ...answer, body: JSON.stringify({ ...list, data, ...ends }) };
}
