import type { INodeProperties } from 'n8n-workflow';

import { isPlainObject } from '../values/json';
import type { ReadParameter } from '../values/field';
import { FieldError, isNothing, kindOf, quote, trimPasted } from '../values/field';

export const conversationIdField: INodeProperties = {
	displayName: 'Conversation ID',
	name: 'conversationId',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'e.g. conv_68f0a1b2c3d4',
	description:
		'The conversation to work on. An expression may also give a conversation, or an object that names one, such as a response.',
};

const LABEL = conversationIdField.displayName;

/** OpenAI's IDs are `conv_` and hexadecimal digits; gateways use more letters and base64 padding. */
const ID = /^conv_[A-Za-z0-9_-]{1,256}={0,2}$/;
/** Padding counts only where a part of the URL ends, since `conv_id=` is the name of a parameter. */
const IDS_IN_URL = /conv_[A-Za-z0-9_-]+(?:(?:=|%3[Dd]){1,2}(?=[/?#&]|$))?(?![A-Za-z0-9_=-])/g;
const OTHER_ID = /^(resp|msg|asst|thread|run|file|proj|org|sk)[_-]/;

const KINDS: Readonly<Record<string, string>> = {
	asst: 'an assistant',
	file: 'a file',
	msg: 'an item',
	org: 'an organization',
	proj: 'a project',
	resp: 'a response',
	run: 'a run',
	sk: 'an API key',
	thread: 'a thread of the Assistants API',
};

const HOW_TO =
	'Enter an ID that starts with "conv_", or use an expression such as {{ $json.id }} that gives one.';

/** What an object offers as its conversation, most telling first. */
function candidates(value: Record<string, unknown>): unknown[] {
	const { id, conversation, conversation_id: conversationId } = value;
	return [id, isPlainObject(conversation) ? conversation.id : conversation, conversationId];
}

function fromUrl(text: string): string {
	const matches = text.match(IDS_IN_URL) ?? [];
	const found = [...new Set(matches.map((match) => match.replace(/%3D/gi, '=')))];
	const [only] = found;
	if (only === undefined || found.length > 1) {
		throw new FieldError(
			`${LABEL} is a URL with ${found.length === 0 ? 'no conversation ID' : 'several conversation IDs'} in it`,
			HOW_TO,
		);
	}
	return checked(only);
}

function checked(text: string): string {
	if (ID.test(text)) return text;
	const kind = OTHER_ID.exec(text)?.[1];
	if (kind !== undefined) {
		// Not quoted: it may be a key.
		throw new FieldError(`${LABEL} holds the ID of ${KINDS[kind] ?? 'something else'}`, HOW_TO);
	}
	if (text === '[object Object]') {
		throw new FieldError(
			`${LABEL} is an object inside of text`,
			'Let the expression stand alone in the field, or name the ID in it, such as {{ $json.id }}.',
		);
	}
	throw new FieldError(`${LABEL} is ${quote(text)}, which is not the ID of a conversation`, HOW_TO);
}

/**
 * Finds the conversation that a value names: an ID, a URL that contains one, or an object with
 * `id`, `conversation` (an ID or `{ id }`) or `conversation_id`.
 * @throws {FieldError} when it names none
 */
export function parseConversationId(value: unknown): string {
	if (isPlainObject(value)) {
		const texts = candidates(value)
			.filter((candidate) => typeof candidate === 'string')
			.map(trimPasted);
		const found = texts.find((text) => ID.test(text));
		if (found !== undefined) return found;
		throw new FieldError(
			`${LABEL} is an object that names no conversation`,
			'The object needs a conversation ID under "id", "conversation" or "conversation_id".',
		);
	}
	const text = typeof value === 'string' ? trimPasted(value) : value;
	if (isNothing(text)) {
		throw new FieldError(
			`${LABEL} is empty`,
			`${HOW_TO} An expression that finds nothing leaves the field empty.`,
		);
	}
	if (typeof text !== 'string') {
		throw new FieldError(`${LABEL} is ${kindOf(value)}, not the ID of a conversation`, HOW_TO);
	}
	return text.includes('://') ? fromUrl(text) : checked(text);
}

export const parseConversationIdField = (read: ReadParameter): string =>
	parseConversationId(read(conversationIdField.name, ''));
