import type { INodeProperties } from 'n8n-workflow';

import { isPlainObject } from '../values/json';
import type { ReadParameter } from '../values/field';
import { adviceFor, FieldError, isNothing, kindOf, quote } from '../values/field';
import { trimPasted } from '../values/text';

export const conversationIdField: INodeProperties = {
	displayName: 'Conversation ID',
	name: 'conversationId',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'e.g. conv_68f0a1b2c3d4',
	hint: 'You can also enter {{ $json }} from a conversation, a reply or a simplified conversation item',
	description:
		"The conversation's ID, which starts with conv_. A link that contains it is accepted, too.",
};

const LABEL = conversationIdField.displayName;

/** OpenAI's IDs are `conv_` and hexadecimal digits; gateways use more letters and base64 padding. */
const ID = /^conv_[A-Za-z0-9_-]{1,256}={0,2}$/;
/** Padding counts only at the end of a part of the URL, since `conv_id=` is the name of a parameter. */
const IDS_IN_URL = /conv_[A-Za-z0-9_-]+(?:(?:=|%3[Dd]){1,2}(?=[/?#&]|$))?(?![A-Za-z0-9_=-])/g;
const OTHER_ID = /^(resp|msg|asst|thread|run|file|proj|org|sk)[_-]/;

const KINDS: Readonly<Record<string, string>> = {
	asst: 'an assistant',
	file: 'a file',
	msg: 'a conversation item',
	org: 'an organization',
	proj: 'a project',
	resp: 'a response',
	run: 'a run',
	thread: 'a thread of the Assistants API',
};

const HOW_TO =
	'Enter an ID that starts with "conv_", or use an expression that gives one, such as {{ $json.id }} after Create or {{ $json.conversation }} after Send Message, or after Get Many with Simplify on.';

/** Where an object may name its conversation, most telling first. */
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
			`${LABEL} is a link that contains ${found.length === 0 ? 'no conversation ID' : 'several conversation IDs'}`,
			HOW_TO,
		);
	}
	return checked(only);
}

/** Advice for what holds the right beginning, but is no ID. */
function adviceForAlmost(text: string): string | undefined {
	const start = /^conv_/i.exec(text)?.[0];
	if (start !== undefined && start !== 'conv_') {
		return `IDs start with "conv_" in lower case; this one starts with "${start}". Copy it again from where you have it.`;
	}
	if (!text.includes('conv_')) return undefined;
	if (/…|\.\.\./.test(text)) {
		return `"…" stands for the rest of an ID. ${HOW_TO}`;
	}
	if ((text.match(/conv_/g) ?? []).length > 1) {
		return 'Enter a single ID. To work on several conversations, pass one input item for each.';
	}
	return 'Enter the whole ID and nothing else. Its characters are letters, digits, hyphens and underscores.';
}

/** Advice for the ID of something else. */
const ADVICE_FOR: Readonly<Record<string, string>> = {
	msg: 'Use the ID of the conversation that the item is in. It starts with "conv_". Simplified items have it in the field "conversation": {{ $json.conversation }}.',
	thread:
		'A thread is not a conversation. Make one with Conversation: Create, with the messages of the thread as its initial messages.',
};

function checked(text: string): string {
	if (ID.test(text)) return text;
	const kind = OTHER_ID.exec(text)?.[1];
	if (kind !== undefined) {
		// Not quoted: it may be a key.
		throw new FieldError(
			kind === 'sk'
				? `${LABEL} contains an API key`
				: `${LABEL} is the ID of ${KINDS[kind] ?? 'something else'}`,
			ADVICE_FOR[kind] ?? HOW_TO,
		);
	}
	if (text.includes('[object Object]')) {
		throw new FieldError(
			`${LABEL} mixes an object with text`,
			'Let the expression stand alone in the field, or use the ID in it, such as {{ $json.id }}.',
		);
	}
	throw new FieldError(
		`${LABEL} is ${quote(text)}, which is not the ID of a conversation`,
		adviceFor(text, adviceForAlmost(text) ?? HOW_TO),
	);
}

/** An ID in the quotes that it has in JSON. */
const QUOTED = /^(["'`])(.*)\1$/s;

const withoutQuotes = (text: string): string => QUOTED.exec(text)?.[2] ?? text;

/**
 * The ID of the conversation that a value names: an ID, a URL that contains one, or an object with
 * `id`, `conversation` (an ID or `{ id }`) or `conversation_id`.
 * @throws {FieldError} when it names none, or a URL names several
 */
export function parseConversationId(value: unknown): string {
	if (isPlainObject(value)) {
		const texts = candidates(value)
			.filter((candidate) => typeof candidate === 'string')
			.map(trimPasted);
		const found = texts.find((text) => ID.test(text));
		if (found !== undefined) return found;
		const [first] = texts;
		if (first !== undefined && typeof value.type === 'string') {
			throw new FieldError(
				`${LABEL} is a conversation item that doesn't say which conversation it is in`,
				"Take the ID from an earlier node, such as {{ $('Create').item.json.id }}. Conversation Item: Add, and Get and Get Many with Simplify off, give items without it.",
			);
		}
		throw new FieldError(
			`${LABEL} is an object without a conversation ID`,
			'The object needs a conversation ID under "id", "conversation" or "conversation_id".',
		);
	}
	const text = typeof value === 'string' ? trimPasted(withoutQuotes(trimPasted(value))) : value;
	if (isNothing(text)) {
		throw new FieldError(
			`${LABEL} is empty`,
			`${HOW_TO} An expression that finds nothing also leaves the field empty: check the spelling of its field names, including upper and lower case.`,
		);
	}
	if (typeof text !== 'string') {
		throw new FieldError(`${LABEL} is ${kindOf(value)}, not the ID of a conversation`, HOW_TO);
	}
	return text.includes('://') ? fromUrl(text) : checked(text);
}

export const parseConversationIdField = (read: ReadParameter): string =>
	parseConversationId(read(conversationIdField.name, ''));
