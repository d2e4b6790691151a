/** @import { Item } from '../types.mjs' */
import { badRequest } from '../errors.mjs';
import { refuseLoneReasoning } from '../items.mjs';

/** Calls whose output must be there before the model goes on, and how the API names them. */
const OUTPUT_TYPES = new Map([
	['function_call', { output: 'function_call_output', words: 'function call' }],
	['custom_tool_call', { output: 'custom_tool_call_output', words: 'custom tool call' }],
	['computer_call', { output: 'computer_call_output', words: 'computer call' }],
	['shell_call', { output: 'shell_call_output', words: 'shell call' }],
	['apply_patch_call', { output: 'apply_patch_call_output', words: 'apply patch call' }],
]);

/**
 * Refuses what the model cannot go on from: a call without its output, an output without its call,
 * a reasoning item without the item it led to.
 *
 * @param {Item[]} items the conversation's, and the input's behind them
 * @throws {import('../errors.mjs').ApiError} 400, naming the item
 */
export function refuseBrokenContext(items) {
	refuseLoneReasoning(items, 'input');
	for (const [type, { output, words }] of OUTPUT_TYPES) {
		const called = callIds(items, type);
		const answered = callIds(items, output);
		for (const id of called) {
			if (!answered.has(id)) throw badRequest(`No tool output found for ${words} ${id}.`, 'input');
		}
		for (const id of answered) {
			if (!called.has(id)) {
				throw badRequest(`No tool call found for ${words} output with call_id ${id}.`, 'input');
			}
		}
	}
}

/**
 * @param {Item[]} items
 * @param {string} type
 */
const callIds = (items, type) =>
	new Set(items.filter((item) => item.type === type).map((item) => String(item['call_id'])));
