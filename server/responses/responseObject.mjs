/** @import { Reply } from '../model/model.mjs' */
/** @import { Item, JsonObject } from '../types.mjs' */
/** @import { ResponseRecord } from './records.mjs' */
import { presentItem } from '../include.mjs';
import { textOf, tokensIn } from '../model/text.mjs';
import { isObject } from '../validate.mjs';

/**
 * @typedef {'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled'} ResponseStatus
 */

/**
 * The status with which a reply ends.
 *
 * @param {Reply} reply
 * @returns {ResponseStatus}
 */
export function finalStatus({ failed, incomplete }) {
	if (failed) return 'failed';
	return incomplete ? 'incomplete' : 'completed';
}

/**
 * A response as the API shows it, in the shape of the official SDK's `Response`.
 *
 * @param {ResponseRecord} record
 * @param {ResponseStatus} status
 * @returns {JsonObject}
 */
export function responseObject(record, status) {
	const { body, conversation, reply } = record;
	const hasOutput = status === 'completed' || status === 'incomplete';
	const include = new Set(Array.isArray(body['include']) ? body['include'].map(String) : []);
	return {
		id: record.id,
		object: 'response',
		created_at: record.createdAt,
		status,
		background: record.background,
		completed_at: status === 'completed' ? record.completedAt : null,
		conversation: conversation ? { id: conversation.id } : null,
		error: status === 'failed' ? (reply.failed ?? null) : null,
		incomplete_details:
			status === 'incomplete' && reply.incomplete ? { reason: reply.incomplete } : null,
		instructions: body['instructions'] ?? null,
		max_output_tokens: body['max_output_tokens'] ?? null,
		max_tool_calls: body['max_tool_calls'] ?? null,
		model: body['model'],
		output: hasOutput ? record.output.map((item) => presentItem(item, include)) : [],
		parallel_tool_calls: body['parallel_tool_calls'] ?? true,
		previous_response_id: body['previous_response_id'] ?? null,
		prompt_cache_key: body['prompt_cache_key'] ?? null,
		reasoning: { effort: null, summary: null, ...objectOrEmpty(body['reasoning']) },
		safety_identifier: body['safety_identifier'] ?? null,
		service_tier: 'default',
		store: body['store'] ?? true,
		temperature: body['temperature'] ?? 1,
		text: { format: { type: 'text' }, verbosity: 'medium', ...objectOrEmpty(body['text']) },
		tool_choice: body['tool_choice'] ?? 'auto',
		tools: body['tools'] ?? [],
		top_logprobs: body['top_logprobs'] ?? 0,
		top_p: body['top_p'] ?? 1,
		truncation: body['truncation'] ?? 'disabled',
		usage: hasOutput ? record.usage : null,
		user: body['user'] ?? null,
		metadata: body['metadata'] ?? {},
	};
}

/**
 * @param {Item[]} context
 * @param {unknown} instructions
 * @param {Item[]} output
 */
export function usageOf(context, instructions, output) {
	const input_tokens =
		sum(context) + tokensIn(typeof instructions === 'string' ? instructions : '');
	const output_tokens = sum(output);
	return {
		input_tokens,
		input_tokens_details: { cached_tokens: 0 },
		output_tokens,
		output_tokens_details: { reasoning_tokens: 0 },
		total_tokens: input_tokens + output_tokens,
	};
}

/** @param {Item[]} items */
const sum = (items) =>
	items.reduce((total, item) => {
		const { content, output, arguments: args } = item;
		return total + 1 + tokensIn(textOf(content) + textOf(output) + textOf(args));
	}, 0);

/** @param {unknown} value */
const objectOrEmpty = (value) => (isObject(value) ? value : {});
