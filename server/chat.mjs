/** @import { Ids } from './ids.mjs' */
/** @import { Model, Reply } from './model/model.mjs' */
/** @import { Answer, JsonObject, RequestRecord } from './types.mjs' */
import { eventStream, json, undefinedMethod } from './answers.mjs';
import { ApiError, missingParameter } from './errors.mjs';
import { inPieces, textOf, tokensIn } from './model/text.mjs';
import { readTools } from './model/tools.mjs';
import { isObject, parseBody } from './validate.mjs';

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
		const reply = model.reply({
			tools: readTools(body['tools'], body['tool_choice']),
			toolResult: result && textOf(result['content']),
			userText: textOf(messages[lastUser]?.['content']),
			earlier: () =>
				messages
					.slice(0, Math.max(0, lastUser))
					.filter((message) => message['role'] === 'user')
					.map((message) => textOf(message['content'])),
			schema: schemaOf(body['response_format']),
		});
		if (reply.failed) {
			const { code, message } = reply.failed;
			throw new ApiError(500, message, { type: 'server_error', code });
		}
		const base = {
			id: ids.next('chatcmpl').replace('_', '-'),
			created: Math.floor(Date.now() / 1000),
			model: body['model'],
			service_tier: 'default',
			system_fingerprint: 'fp_sandbox',
		};
		const usage = usageOf(request.bodyText, reply);
		if (body['stream'] !== true) return json(completion(base, reply, usage, ids));
		const options = body['stream_options'];
		return stream(
			base,
			reply,
			isObject(options) && options['include_usage'] === true ? usage : undefined,
			ids,
		);
	};
}

/**
 * @param {unknown} format the request's `response_format`
 * @returns {JsonObject | undefined}
 */
function schemaOf(format) {
	const described = isObject(format) ? format['json_schema'] : undefined;
	const schema = isObject(described) ? described['schema'] : undefined;
	return isObject(schema) ? schema : undefined;
}

/**
 * @param {JsonObject} base
 * @param {Reply} reply
 * @param {JsonObject} usage
 * @param {Ids} ids
 */
function completion(base, reply, usage, ids) {
	const message = {
		role: 'assistant',
		content: reply.text ?? null,
		refusal: reply.refusal ?? null,
		annotations: [],
	};
	return {
		...base,
		object: 'chat.completion',
		choices: [
			{
				index: 0,
				message:
					reply.calls.length === 0
						? message
						: { ...message, tool_calls: reply.calls.map((call) => toolCall(call, ids)) },
				logprobs: null,
				finish_reason: finishReason(reply),
			},
		],
		usage,
	};
}

/**
 * @param {JsonObject} base
 * @param {Reply} reply
 * @param {JsonObject | undefined} usage sent as a last chunk if asked for
 * @param {Ids} ids
 * @returns {Answer}
 */
function stream(base, reply, usage, ids) {
	const deltas = [
		...inPieces(reply.text ?? '').map((content) => ({ content })),
		...inPieces(reply.refusal ?? '').map((refusal) => ({ refusal })),
		...reply.calls.map((call, index) => ({ tool_calls: [{ index, ...toolCall(call, ids) }] })),
	];
	const steps = [
		{
			delta: { role: 'assistant', content: reply.text === undefined ? null : '' },
			finish_reason: null,
		},
		...deltas.map((delta) => ({ delta, finish_reason: null })),
		{ delta: {}, finish_reason: finishReason(reply) },
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

/** @param {Reply} reply */
function finishReason({ incomplete, calls }) {
	if (incomplete) return incomplete === 'max_output_tokens' ? 'length' : 'content_filter';
	return calls.length > 0 ? 'tool_calls' : 'stop';
}

/**
 * @param {string} prompt
 * @param {Reply} reply
 */
function usageOf(prompt, { text = '', refusal = '', calls }) {
	const prompt_tokens = tokensIn(prompt);
	const completion_tokens = tokensIn(
		[text, refusal, ...calls.map((call) => call.arguments)].join(''),
	);
	return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}
