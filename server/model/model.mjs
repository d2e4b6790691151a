/** @import { ToolCall } from '../types.mjs' */
import { isObject } from '../validate.mjs';
import { exampleFor } from './schema.mjs';

/**
 * @typedef {{ name: string, parameters: unknown }} Tool
 * @typedef {Object} Turn what a request gives the model to react to
 * @property {Tool[]} tools those it may call
 * @property {string | undefined} toolResult the last tool's answer since the user spoke
 * @property {string} userText
 * @typedef {{ text: string } | { name: string, arguments: string }} Reaction a text or one tool call
 */

/**
 * A model that plays an agent: it calls one tool, and when that has answered it says so.
 */
export function createModel() {
	/** @type {ToolCall[]} */
	const toolCalls = [];
	return {
		/** The calls it will make, in order; when there is none it makes one up from the tool's schema and what the user said. */
		toolCalls,
		get nextToolCall() {
			return toolCalls[0];
		},
		/** Queues a call. */
		set nextToolCall(call) {
			if (call) toolCalls.push(call);
		},
		/**
		 * @param {Turn} turn
		 * @returns {Reaction}
		 */
		react({ tools, toolResult, userText }) {
			if (toolResult !== undefined) return { text: `The tool answered: ${toolResult}` };
			const [first] = tools;
			if (!first) return { text: `You said: ${userText}` };
			const planned = toolCalls.shift();
			const tool = tools.find(({ name }) => name === planned?.name) ?? first;
			const values = planned?.arguments ?? exampleFor(tool.parameters, userText);
			return {
				name: planned?.name ?? tool.name,
				arguments: typeof values === 'string' ? values : JSON.stringify(values),
			};
		},
	};
}

/** @typedef {ReturnType<typeof createModel>} Model */

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

/**
 * @param {unknown} content a string, or content parts with `text`
 * @returns {string}
 */
export function textOf(content) {
	if (typeof content === 'string') return content;
	if (!Array.isArray(content)) return '';
	return content
		.map((/** @type {unknown} */ part) =>
			isObject(part) && typeof part['text'] === 'string' ? part['text'] : '',
		)
		.join('');
}

/** About four characters make a token. @param {string} text */
export const tokensIn = (text) => Math.ceil(text.length / 4);

/**
 * @param {string} text
 * @returns {string[]} its words, each with the space that follows
 */
export const inPieces = (text) => text.match(/\S+\s*|\s+/g) ?? [];
