/** @import { Ids } from '../ids.mjs' */
/** @import { Store } from '../store.mjs' */
/** @import { Answer, Item, JsonObject, RequestRecord, StoredConversation } from '../types.mjs' */
/** @import { Model, Reaction } from './model.mjs' */
import { eventStream, json, undefinedMethod } from '../answers.mjs';
import { conversationNotFound, invalidType, missingParameter } from '../errors.mjs';
import { readItems } from '../items.mjs';
import { isObject, parseBody } from '../validate.mjs';
import { inPieces, readTools, textOf, tokensIn } from './model.mjs';

/**
 * `POST /responses`, whole or streamed; with `conversation` the input and the output join it.
 *
 * @param {{ model: Model, ids: Ids, store: Store }} parts
 */
export function createResponses({ model, ids, store }) {
	/**
	 * @param {unknown} input
	 * @param {StoredConversation | undefined} conversation
	 */
	function readInput(input, conversation) {
		if (input === undefined) throw missingParameter('input');
		const inputs = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
		if (!Array.isArray(inputs)) throw invalidType(input, 'input', 'a string or an array of items');
		return readItems(inputs, {
			ids,
			param: 'input',
			known: (id) => store.items.get(id),
			taken: (id) => conversation?.items.some((item) => item.id === id) ?? false,
		});
	}

	/**
	 * @param {unknown} reference the request's `conversation`
	 * @returns {StoredConversation | undefined}
	 */
	function findConversation(reference) {
		if (reference === undefined || reference === null) return undefined;
		const id = isObject(reference) ? reference['id'] : reference;
		if (typeof id !== 'string')
			throw invalidType(reference, 'conversation', 'a string or an object with an id');
		const conversation = store.getConversation(id);
		if (!conversation) throw conversationNotFound(id);
		return conversation;
	}

	/**
	 * @param {RequestRecord} request
	 * @param {string[]} segments
	 * @returns {Answer | undefined}
	 */
	return function answer(request, segments) {
		if (segments.join('/') !== 'responses') return undefined;
		if (request.method !== 'POST') return undefinedMethod(request);
		const body = parseBody(request.bodyText, request.headers['content-type']);
		if (typeof body['model'] !== 'string') throw missingParameter('model');
		const conversation = findConversation(body['conversation']);
		const input = readInput(body['input'], conversation);
		const lastUser = input.findLastIndex((item) => item['role'] === 'user');
		const result = input
			.slice(lastUser + 1)
			.findLast((item) => item.type === 'function_call_output');
		const reaction = model.react({
			tools: readTools(body['tools'], body['tool_choice']),
			toolResult:
				result &&
				(typeof result['output'] === 'string' ? result['output'] : textOf(result['output'])),
			userText: textOf(input[lastUser]?.['content']),
		});
		const output = outputItem(reaction, ids);
		if (conversation) {
			store.addItems(conversation, [...input, output]);
			request.applied = true;
		}
		const response = responseObject(request, body, output, conversation, ids);
		return body['stream'] === true ? stream(response, output) : json(response);
	};
}

/**
 * @param {Reaction} reaction
 * @param {Ids} ids
 * @returns {Item}
 */
function outputItem(reaction, ids) {
	if (!('text' in reaction)) {
		return {
			id: ids.item('function_call'),
			type: 'function_call',
			status: 'completed',
			call_id: ids.call(),
			...reaction,
		};
	}
	const content = [{ type: 'output_text', annotations: [], logprobs: [], text: reaction.text }];
	return {
		id: ids.item('message'),
		type: 'message',
		status: 'completed',
		role: 'assistant',
		content,
	};
}

/**
 * @param {RequestRecord} request
 * @param {JsonObject} body
 * @param {Item} output
 * @param {StoredConversation | undefined} conversation
 * @param {Ids} ids
 * @returns {JsonObject}
 */
function responseObject(request, body, output, conversation, ids) {
	const input_tokens = tokensIn(request.bodyText);
	const output_tokens = tokensIn(textOf(output['content']) || String(output['arguments'] ?? ''));
	return {
		id: ids.next('resp'),
		object: 'response',
		created_at: Math.floor(Date.now() / 1000),
		status: 'completed',
		background: false,
		conversation: conversation ? { id: conversation.id } : null,
		error: null,
		incomplete_details: null,
		instructions: body['instructions'] ?? null,
		max_output_tokens: body['max_output_tokens'] ?? null,
		model: body['model'],
		output: [output],
		parallel_tool_calls: true,
		previous_response_id: body['previous_response_id'] ?? null,
		reasoning: { effort: null, summary: null },
		service_tier: 'default',
		store: body['store'] ?? true,
		temperature: body['temperature'] ?? 1,
		text: body['text'] ?? { format: { type: 'text' } },
		tool_choice: body['tool_choice'] ?? 'auto',
		tools: body['tools'] ?? [],
		top_p: body['top_p'] ?? 1,
		truncation: 'disabled',
		usage: {
			input_tokens,
			input_tokens_details: { cached_tokens: 0 },
			output_tokens,
			output_tokens_details: { reasoning_tokens: 0 },
			total_tokens: input_tokens + output_tokens,
		},
		user: null,
		metadata: body['metadata'] ?? {},
	};
}

/**
 * @param {JsonObject} response
 * @param {Item} item its one output
 * @returns {Answer}
 */
function stream(response, item) {
	const begun = { ...response, status: 'in_progress', output: [], usage: null };
	const isMessage = item.type === 'message';
	const started = {
		...item,
		status: 'in_progress',
		...(isMessage ? { content: [] } : { arguments: '' }),
	};
	const events = [
		{ type: 'response.created', response: begun },
		{ type: 'response.in_progress', response: begun },
		{ type: 'response.output_item.added', output_index: 0, item: started },
		...(isMessage ? textEvents(item) : argumentsEvents(item)),
		{ type: 'response.output_item.done', output_index: 0, item },
		{ type: 'response.completed', response },
	];
	return eventStream(
		events.map(
			(event, sequence_number) =>
				`event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`,
		),
	);
}

/** @param {Item} item */
function textEvents(item) {
	const text = textOf(item['content']);
	const place = { item_id: item.id, output_index: 0, content_index: 0 };
	const part = { type: 'output_text', annotations: [], logprobs: [], text: '' };
	return [
		{ type: 'response.content_part.added', ...place, part },
		...inPieces(text).map((delta) => ({
			type: 'response.output_text.delta',
			...place,
			delta,
			logprobs: [],
		})),
		{ type: 'response.output_text.done', ...place, text, logprobs: [] },
		{ type: 'response.content_part.done', ...place, part: { ...part, text } },
	];
}

/** @param {Item} item */
function argumentsEvents(item) {
	const place = { item_id: item.id, output_index: 0 };
	return [
		{ type: 'response.function_call_arguments.delta', ...place, delta: item['arguments'] },
		{
			type: 'response.function_call_arguments.done',
			...place,
			name: item['name'],
			arguments: item['arguments'],
		},
	];
}
