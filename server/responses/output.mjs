/** @import { Ids } from '../ids.mjs' */
/** @import { Reply } from '../model/model.mjs' */
/** @import { Item } from '../types.mjs' */
import { buildItem } from '../items.mjs';
import { firstTokens, tokensIn } from '../model/text.mjs';

/**
 * A reply cut to the number of tokens that it may have.
 *
 * @param {Reply} reply
 * @param {number} maxTokens
 * @returns {Reply}
 */
export function withinTokens(reply, maxTokens) {
	const { text } = reply;
	if (text === undefined || tokensIn(text) <= maxTokens) return reply;
	return { ...reply, text: firstTokens(text, maxTokens), incomplete: 'max_output_tokens' };
}

/**
 * The output items that a reply becomes.
 *
 * @param {Reply} reply
 * @param {Ids} ids
 * @returns {Item[]}
 */
export function outputItems({ text, refusal, calls, items, reasoning, incomplete, failed }, ids) {
	if (failed) return [];
	const content = [
		...(text === undefined ? [] : [{ type: 'output_text', annotations: [], logprobs: [], text }]),
		...(refusal === undefined ? [] : [{ type: 'refusal', refusal }]),
	];
	/** @type {Item[]} */
	const output = [];
	if (reasoning) {
		output.push({
			id: ids.item('reasoning'),
			type: 'reasoning',
			summary: [],
			encrypted_content: 'gAAAAABsandbox',
		});
	}
	if (content.length > 0) {
		output.push({
			id: ids.item('message'),
			type: 'message',
			status: incomplete ? 'incomplete' : 'completed',
			content,
			role: 'assistant',
		});
	}
	for (const call of calls) {
		output.push({
			id: ids.item('function_call'),
			type: 'function_call',
			status: 'completed',
			call_id: ids.call(),
			...call,
		});
	}
	return [...output, ...items.map((item) => buildItem(item, ids))];
}
