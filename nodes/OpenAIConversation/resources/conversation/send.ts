import type { INodeProperties } from 'n8n-workflow';

import {
	incompleteReason,
	isRefusal,
	parsedJson,
	replyText,
	simplifiedResponse,
} from '../../../shared/api/reply';
import type { Item } from '../../../shared/api/items';
import type { Message } from '../../../shared/api/sendMessage';
import { sendMessage } from '../../../shared/api/sendMessage';
import { conversationIdField, parseConversationId } from '../../../shared/fields/conversationId';
import { booleanOption } from '../../../shared/fields/option';
import {
	lockWaitOption,
	parseLockWait,
	parseRequestOptions,
} from '../../../shared/fields/requestOptions';
import type { Note } from '../../../shared/n8n/hints';
import { plural } from '../../../shared/n8n/hints';
import type { GivenOptions, ReadParameter } from '../../../shared/values/field';
import { FieldError, isNothing } from '../../../shared/values/field';
import { trimPasted } from '../../../shared/values/text';
import type { JsonObject } from '../../../shared/values/json';
import { isJsonObject } from '../../../shared/values/json';
import type { Operation } from '../../operation';
import { generationOptions, parseGeneration } from '../../parameters/generation';
import { messageFields, parseMessage } from '../../parameters/message';
import { modelField, parseModel } from '../../parameters/model';
import { bodyOptions, parseAdditionalBody } from '../../parameters/options';
import { parseSimplify, simplifyField } from '../../parameters/simplify';
import { parseFormat, structuredOutputOptions } from '../../parameters/structuredOutput';

const optionalConversationField: INodeProperties = {
	...conversationIdField,
	required: false,
	hint: 'Leave empty to start a new conversation',
	description: `${conversationIdField.description ?? ''} If the field is empty or its expression finds nothing, a new conversation is started, in which the model knows nothing of earlier messages.`,
};

const background = booleanOption({
	name: 'background',
	displayName: 'Background',
	description:
		'Whether to let the API write the reply in the background while the node checks every few seconds. Use it for replies that take minutes. Timeout and Max Retries then apply to each check.',
});

/** What Additional Body can't set, and what to use in its place. */
const SENT_BY_NODE = {
	background: 'Turn on Background in the options.',
	conversation: 'Enter it under Conversation ID.',
	input: 'Enter it under Message or Items (JSON).',
	model: 'Choose it under Model.',
	previous_response_id: 'The conversation itself is what came before. Remove it.',
	stream: 'The node waits for the whole reply. Remove it.',
};

interface Input extends Message {
	simplify: boolean;
	/** Whether the reply is to be JSON. */
	isJson: boolean;
}

const messages = (count: number): string => (count === 1 ? '1 message' : `${count} messages`);

const found: Note = {
	type: 'warning',
	text: (count, names) =>
		`The connection or the server failed before the ${count === 1 ? 'reply' : 'replies'} to ${messages(count)} arrived, but ${count === 1 ? 'the reply was found in the conversation' : 'the replies were found in the conversations'} (${names.join(', ')}). Nothing was sent twice. Response ID and token usage are missing.`,
};

const started: Note = {
	type: 'info',
	text: (count) =>
		`${plural(count, 'new conversation was', 'new conversations were')} started, because Conversation ID was empty.`,
};

const cutOff: Note = {
	type: 'warning',
	text: (count, names) =>
		`The reply to ${messages(count)} is incomplete (${names.join(', ')}). For max_output_tokens, raise Max Output Tokens in the options; content_filter means that the API held back the rest.`,
};

const refused: Note = {
	type: 'warning',
	text: (count) => `The model refused to answer ${messages(count)}. Its reason is in "text".`,
};

const notKept: Note = {
	type: 'warning',
	text: (count, names) =>
		`The server at Base URL replied to ${messages(count)} outside of the conversation (${names.join(', ')}), so message and reply are not kept there. It may not support conversations in responses.`,
};

const notJson: Note = {
	type: 'warning',
	text: (count) =>
		`The reply to ${messages(count)} is not valid JSON, for example because it was cut off or is a refusal. It has no "data"; what came is under "text".`,
};

const blank: Note = {
	type: 'warning',
	text: (count) =>
		`${count === 1 ? '1 message was' : `${count} messages were`} sent that consisted of white space only. Check the expression in Message.`,
};

const isBlank = (items: readonly Item[]): boolean =>
	items.every(({ content }) => typeof content === 'string' && content.trim() === '');

/** A part of the body with what is laid over it, one level deep, so that neither hides the other. */
function overlaid(body: JsonObject, additional: JsonObject): JsonObject {
	const result: JsonObject = { ...body, ...additional };
	for (const name of ['reasoning', 'text']) {
		const [own, added] = [body[name], additional[name]];
		if (isJsonObject(own) && isJsonObject(added)) result[name] = { ...own, ...added };
	}
	return result;
}

function parseSettings(options: GivenOptions, format: JsonObject | undefined): JsonObject {
	const additional = parseAdditionalBody(options, SENT_BY_NODE);
	if (format === undefined) return overlaid(parseGeneration(options), additional);
	const { text } = additional;
	if (text !== undefined && (!isJsonObject(text) || Object.hasOwn(text, 'format'))) {
		throw new FieldError(
			'Additional Body (JSON) sets "text.format", which this operation sends itself',
			'Enter the schema under JSON Schema, or set Output Format to Text.',
		);
	}
	return overlaid({ ...parseGeneration(options), text: { format } }, additional);
}

function parseConversation(read: ReadParameter): string | undefined {
	const value = read(optionalConversationField.name, '');
	const isEmpty = isNothing(typeof value === 'string' ? trimPasted(value) : value);
	return isEmpty ? undefined : parseConversationId(value);
}

/**
 * Sends a message and gives the model's reply: POST /responses in the conversation, or in a new one
 * that POST /conversations creates.
 */
export const send: Operation<Input> = {
	value: 'send',
	name: 'Send Message',
	action: 'Send message and get the reply',
	description: 'Send a message to a model and get its reply. Both are kept in the conversation.',
	properties: [optionalConversationField, modelField, ...messageFields, simplifyField],
	options: [
		...bodyOptions,
		background.field,
		...generationOptions,
		lockWaitOption,
		...structuredOutputOptions,
	],

	parse(read, options) {
		const format = parseFormat(options);
		return {
			conversation: parseConversation(read),
			model: parseModel(read),
			input: parseMessage(read),
			settings: parseSettings(options, format),
			background: background.parse(options),
			lockWait: parseLockWait(options),
			maxRetries: parseRequestOptions(options).maxRetries,
			simplify: parseSimplify(read),
			isJson: format !== undefined,
		};
	},

	conversation: ({ conversation }) => conversation,

	async run({ simplify, isJson, ...message }, { api, note }) {
		const { conversation, response, wasFound } = await sendMessage(api, message);
		const reason = incompleteReason(response);
		const data = isJson && !isRefusal(response) ? parsedJson(replyText(response)) : undefined;
		if (isBlank(message.input)) note(blank);
		if (wasFound) note(found, [conversation]);
		if (response.conversation === null) note(notKept, [conversation]);
		if (reason !== undefined) note(cutOff, [reason ?? 'for a reason that is not known']);
		if (isRefusal(response)) note(refused);
		const simple = simplifiedResponse(response, conversation);
		if (isJson && data === undefined && simple.tool_calls === undefined) note(notJson);
		if (message.conversation === undefined) note(started);
		if (!simplify) return [{ json: response }];
		return [{ json: data === undefined ? simple : { ...simple, data } }];
	},
};
