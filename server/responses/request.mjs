/** @import { Ids } from '../ids.mjs' */
/** @import { Locks } from '../locks.mjs' */
/** @import { Turn } from '../model/model.mjs' */
/** @import { Store } from '../store.mjs' */
/** @import { Item, JsonObject, RequestRecord, Settings, StoredConversation } from '../types.mjs' */
/** @import { ResponseRecord } from './records.mjs' */
import { badRequest, invalidType, missingParameter } from '../errors.mjs';
import { readItems } from '../items.mjs';
import { textOf } from '../model/text.mjs';
import { readTools } from '../model/tools.mjs';
import { readBody } from '../requestBody.mjs';
import { findConversation } from '../store.mjs';
import { isObject } from '../validate.mjs';
import { refuseBrokenContext } from './context.mjs';
import { readSchema } from './format.mjs';
import { checkOptions, isGiven } from './options.mjs';

/** What the official SDK's `ResponseCreateParams` has. */
const PARAMETERS = [
	'access_programs',
	'background',
	'context_management',
	'conversation',
	'image',
	'include',
	'input',
	'instructions',
	'max_output_tokens',
	'max_tool_calls',
	'metadata',
	'model',
	'moderation',
	'parallel_tool_calls',
	'previous_response_id',
	'prompt',
	'prompt_cache_key',
	'prompt_cache_options',
	'prompt_cache_retention',
	'reasoning',
	'safety_identifier',
	'service_tier',
	'store',
	'stream',
	'stream_options',
	'temperature',
	'text',
	'tool_choice',
	'tools',
	'top_logprobs',
	'top_p',
	'truncation',
	'user',
];
/**
 * @typedef {Object} ResponseRequest What a `POST /responses` asks for.
 * @property {JsonObject} body
 * @property {StoredConversation | undefined} conversation
 * @property {ResponseRecord | undefined} previous
 * @property {Item[]} input
 * @property {Item[]} context what the model sees: what was before, and the input
 * @property {Turn} turn
 * @property {number} maxOutputTokens
 */

/**
 * @param {RequestRecord} request
 * @param {{
 *   settings: Settings, store: Store, ids: Ids, locks: Locks,
 *   findResponse: (id: string) => ResponseRecord | undefined,
 * }} parts
 * @returns {ResponseRequest}
 * @throws {import('../errors.mjs').ApiError}
 */
export function readRequest(request, { settings, store, ids, locks, findResponse }) {
	const body = readBody(request, settings, PARAMETERS);
	if (typeof body['model'] !== 'string' || body['model'] === '') throw missingParameter('model');
	checkOptions(body, settings.unknownIncludes);
	const schema = readSchema(body['text']);
	const conversation = readConversation(body['conversation'], store);
	const previous = readPrevious(body['previous_response_id'], findResponse);
	if (conversation && previous) {
		throw badRequest(
			"Mutually exclusive parameters: 'conversation' and 'previous_response_id'. Ensure you are only providing one of them.",
			'previous_response_id',
			'mutually_exclusive_parameters',
		);
	}
	if (conversation) locks.refuseLocked(conversation.id);
	const before = conversation ? conversation.items : itemsUpTo(previous);
	const input = readInput(body['input'], conversation, store, ids);
	const context = [...before, ...input];
	refuseBrokenContext(context);
	return {
		body,
		conversation,
		previous,
		input,
		context,
		turn: turnOf(context, body, schema),
		maxOutputTokens:
			typeof body['max_output_tokens'] === 'number' ? body['max_output_tokens'] : Infinity,
	};
}

/**
 * @param {Item[]} context
 * @param {JsonObject} body
 * @param {JsonObject | undefined} schema
 * @returns {Turn}
 */
function turnOf(context, body, schema) {
	const lastUser = context.findLastIndex((item) => item['role'] === 'user');
	const result = context
		.slice(lastUser + 1)
		.findLast((item) => item.type === 'function_call_output');
	const output = result?.['output'];
	return {
		tools: readTools(body['tools'], body['tool_choice']),
		toolResult: result && textOf(output),
		userText: textOf(context[lastUser]?.['content']),
		earlier: () =>
			context
				.slice(0, Math.max(0, lastUser))
				.filter((item) => item['role'] === 'user')
				.map((item) => textOf(item['content'])),
		schema,
	};
}

/**
 * @param {unknown} reference the request's `conversation`
 * @param {Store} store
 */
function readConversation(reference, store) {
	if (!isGiven(reference)) return undefined;
	const id = isObject(reference) ? reference['id'] : reference;
	if (typeof id !== 'string')
		throw invalidType(reference, 'conversation', 'a string or an object with an id');
	return findConversation(store, id, 'conversation');
}

/**
 * @param {unknown} id
 * @param {(id: string) => ResponseRecord | undefined} findResponse
 */
function readPrevious(id, findResponse) {
	if (!isGiven(id)) return undefined;
	if (typeof id !== 'string') throw invalidType(id, 'previous_response_id', 'a string');
	const previous = findResponse(id);
	if (previous) return previous;
	throw badRequest(
		`Previous response with id '${id}' not found.`,
		'previous_response_id',
		'previous_response_not_found',
	);
}

/**
 * @param {ResponseRecord | undefined} response
 * @returns {Item[]} what was said up to its end
 */
function itemsUpTo(response) {
	/** @type {Item[][]} */
	const parts = [];
	for (let each = response; each; each = each.previous) parts.push([...each.input, ...each.output]);
	return parts.reverse().flat();
}

/**
 * @param {unknown} input
 * @param {StoredConversation | undefined} conversation
 * @param {Store} store
 * @param {Ids} ids
 */
function readInput(input, conversation, store, ids) {
	if (!isGiven(input)) throw missingParameter('input');
	const inputs = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
	if (!Array.isArray(inputs)) throw invalidType(input, 'input', 'a string or an array of items');
	return readItems(inputs, {
		ids,
		param: 'input',
		known: (id) => store.items.get(id),
		taken: (id) => conversation?.items.some((item) => item.id === id) ?? false,
	});
}
