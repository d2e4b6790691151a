/** @import { Item, JsonObject } from './types.mjs' */
import { isObject } from './validate.mjs';

/**
 * An item as the API returns it: what must be asked for by `include` is left out, or null where
 * the official types want the field to be there.
 *
 * @param {Item} item
 * @param {ReadonlySet<string>} include
 * @returns {Item}
 */
export function presentItem(item, include) {
	switch (item.type) {
		case 'message':
			return presentMessage(item, include);
		case 'reasoning':
			return include.has('reasoning.encrypted_content') ? item : without(item, 'encrypted_content');
		case 'file_search_call':
			return include.has('file_search_call.results') ? item : { ...item, results: null };
		case 'code_interpreter_call':
			return include.has('code_interpreter_call.outputs') ? item : { ...item, outputs: null };
		case 'computer_call_output': {
			const output = item['output'];
			if (include.has('computer_call_output.output.image_url') || !isObject(output)) return item;
			return { ...item, output: without(output, 'image_url') };
		}
		case 'web_search_call': {
			const shown = include.has('web_search_call.results') ? item : without(item, 'results');
			const action = shown['action'];
			if (include.has('web_search_call.action.sources') || !isObject(action)) return shown;
			return { ...shown, action: without(action, 'sources') };
		}
		default:
			return item;
	}
}

/**
 * @param {Item} item
 * @param {ReadonlySet<string>} include
 * @returns {Item}
 */
function presentMessage(item, include) {
	const content = item['content'];
	if (!Array.isArray(content)) return item;
	const presented = content.map((/** @type {unknown} */ part) => {
		if (!isObject(part)) return part;
		if (part['type'] === 'input_image' && !include.has('message.input_image.image_url')) {
			return { ...part, image_url: null };
		}
		if (part['type'] === 'output_text' && !include.has('message.output_text.logprobs')) {
			return { ...part, logprobs: [] };
		}
		return part;
	});
	return { ...item, content: presented };
}

/**
 * @template {JsonObject} T
 * @param {T} object
 * @param {string} field
 * @returns {T}
 */
function without(object, field) {
	const copy = { ...object };
	delete copy[field];
	return copy;
}
