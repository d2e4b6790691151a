/** @import { Answer, JsonObject } from '../types.mjs' */
import { eventStream } from '../answers.mjs';
import { inPieces } from '../model/text.mjs';
import { isObject } from '../validate.mjs';

/**
 * A finished response as the events of a streamed one.
 *
 * @param {JsonObject} response
 * @returns {Answer}
 */
export function streamed(response) {
	const begun = { ...response, status: 'in_progress', output: [], usage: null };
	const output = Array.isArray(response['output']) ? response['output'].filter(isObject) : [];
	const events = [
		{ type: 'response.created', response: begun },
		{ type: 'response.in_progress', response: begun },
		...output.flatMap(itemEvents),
		{ type: `response.${String(response['status'])}`, response },
	];
	return eventStream(
		events.map(
			(event, sequence_number) =>
				`event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`,
		),
	);
}

/**
 * @param {JsonObject} item
 * @param {number} output_index
 */
function itemEvents(item, output_index) {
	const { type } = item;
	const empty =
		type === 'message' ? { content: [] } : type === 'function_call' ? { arguments: '' } : {};
	const started = 'status' in item ? { ...item, status: 'in_progress', ...empty } : item;
	return [
		{ type: 'response.output_item.added', output_index, item: started },
		...(type === 'message' ? contentEvents(item, output_index) : []),
		...(type === 'function_call' ? argumentsEvents(item, output_index) : []),
		{ type: 'response.output_item.done', output_index, item },
	];
}

/**
 * @param {JsonObject} item
 * @param {number} output_index
 */
function contentEvents(item, output_index) {
	const content = Array.isArray(item['content']) ? item['content'].filter(isObject) : [];
	return content.flatMap((part, content_index) => {
		const place = { item_id: item['id'], output_index, content_index };
		const field = part['type'] === 'refusal' ? 'refusal' : 'text';
		const name = `response.${field === 'refusal' ? 'refusal' : 'output_text'}`;
		const whole = String(part[field]);
		const extra = field === 'text' ? { logprobs: [] } : {};
		return [
			{ type: 'response.content_part.added', ...place, part: { ...part, [field]: '' } },
			...inPieces(whole).map((delta) => ({ type: `${name}.delta`, ...place, delta, ...extra })),
			{ type: `${name}.done`, ...place, [field]: whole, ...extra },
			{ type: 'response.content_part.done', ...place, part },
		];
	});
}

/**
 * @param {JsonObject} item
 * @param {number} output_index
 */
function argumentsEvents(item, output_index) {
	const place = { item_id: item['id'], output_index };
	const { name, arguments: args } = item;
	return [
		{ type: 'response.function_call_arguments.delta', ...place, delta: args },
		{ type: 'response.function_call_arguments.done', ...place, name, arguments: args },
	];
}
