import { isObject } from '../validate.mjs';

/** @typedef {{ name: string, parameters: unknown }} Tool */

/**
 * The function tools of a request, in the shape of either API.
 *
 * @param {unknown} tools
 * @param {unknown} choice the request's `tool_choice`
 * @returns {Tool[]}
 */
export function readTools(tools, choice) {
	if (!Array.isArray(tools) || choice === 'none') return [];
	const functions = tools.flatMap((/** @type {unknown} */ tool) => {
		if (!isObject(tool)) return [];
		const details = isObject(tool['function']) ? tool['function'] : tool;
		return typeof details['name'] === 'string'
			? [{ name: details['name'], parameters: details['parameters'] }]
			: [];
	});
	const [wanted] = isObject(choice) ? readTools([choice], 'auto') : [];
	return wanted ? functions.filter(({ name }) => name === wanted.name) : functions;
}
