/** @import { Ids } from '../ids.mjs' */
/** @import { Answer, JsonObject, RequestRecord } from '../types.mjs' */
/** @import { Model, Reaction } from './model.mjs' */
import { eventStream, json, undefinedMethod } from '../answers.mjs';
import { missingParameter } from '../errors.mjs';
import { isObject, parseBody } from '../validate.mjs';
import { inPieces, readTools, textOf, tokensIn } from './model.mjs';

/**
 * `POST /chat/completions`, whole or streamed.
 *
 * @param {{ model: Model, ids: Ids }} parts
 */
export function createChat({ model, ids }) {
	/**
	 * @param {RequestRecord} request
	 * @param {string[]} segments
	 * @returns {Answer | undefined}
	 */
	return function answer(request, segments) {
		if (segments.join('/') !== 'chat/completions') return undefined;
		if (request.method !== 'POST') return undefinedMethod(request);
		const body = parseBody(request.bodyText, request.headers['content-type']);
		if (typeof body['model'] !== 'string') throw missingParameter('model');
		if (!Array.isArray(body['messages'])) throw missingParameter('messages');
		const messages = body['messages'].filter(isObject);
		const lastUser = messages.findLastIndex((message) => message['role'] === 'user');
		const result = messages.slice(lastUser + 1).findLast((message) => message['role'] === 'tool');
		const reaction = model.react({
			tools: readTools(body['tools'], body['tool_choice']),
			toolResult: result && textOf(result['content']),
			userText: textOf(messages[lastUser]?.['content']),
		});
		const base = {
			id: ids.next('chatcmpl').replace('_', '-'),
			created: Math.floor(Date.now() / 1000),
			model: body['model'],
			service_tier: 'default',
			system_fingerprint: 'fp_sandbox',
		};
		const usage = usageOf(request.bodyText, reaction);
		if (body['stream'] !== true) return json(completion(base, reaction, usage, ids));
		const options = body['stream_options'];
		return stream(
			base,
			reaction,
			isObject(options) && options['include_usage'] === true ? usage : undefined,
			ids,
		);
	};
}

/**
 * @param {JsonObject} base
 * @param {Reaction} reaction
 * @param {JsonObject} usage
 * @param {Ids} ids
 */
function completion(base, reaction, usage, ids) {
	const message = {
		role: 'assistant',
		content: 'text' in reaction ? reaction.text : null,
		refusal: null,
		annotations: [],
	};
	return {
		...base,
		object: 'chat.completion',
		choices: [
			{
				index: 0,
				message:
					'text' in reaction ? message : { ...message, tool_calls: [toolCall(reaction, ids)] },
				logprobs: null,
				finish_reason: finishReason(reaction),
			},
		],
		usage,
	};
}

/**
 * @param {JsonObject} base
 * @param {Reaction} reaction
 * @param {JsonObject | undefined} usage sent as a last chunk if asked for
 * @param {Ids} ids
 * @returns {Answer}
 */
function stream(base, reaction, usage, ids) {
	const deltas =
		'text' in reaction
			? inPieces(reaction.text).map((content) => ({ content }))
			: [{ tool_calls: [{ index: 0, ...toolCall(reaction, ids) }] }];
	const steps = [
		{ delta: { role: 'assistant', content: 'text' in reaction ? '' : null }, finish_reason: null },
		...deltas.map((delta) => ({ delta, finish_reason: null })),
		{ delta: {}, finish_reason: finishReason(reaction) },
	];
	const events = steps.map((step) => ({
		...base,
		object: 'chat.completion.chunk',
		choices: [{ index: 0, logprobs: null, ...step }],
	}));
	const last = usage ? [{ ...base, object: 'chat.completion.chunk', choices: [], usage }] : [];
	const chunks = [...events, ...last].map((event) => `data: ${JSON.stringify(event)}\n\n`);
	return eventStream([...chunks, 'data: [DONE]\n\n']);
}

/**
 * @param {{ name: string, arguments: string }} call
 * @param {Ids} ids
 */
const toolCall = (call, ids) => ({
	id: ids.call(),
	type: 'function',
	function: { name: call.name, arguments: call.arguments },
});

/** @param {Reaction} reaction */
const finishReason = (reaction) => ('text' in reaction ? 'stop' : 'tool_calls');

/**
 * @param {string} prompt
 * @param {Reaction} reaction
 */
function usageOf(prompt, reaction) {
	const prompt_tokens = tokensIn(prompt);
	const completion_tokens = tokensIn('text' in reaction ? reaction.text : reaction.arguments);
	return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}
