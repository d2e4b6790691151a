import type { Conversation } from '../shared/api/conversations';
import { metadataOf } from '../shared/api/conversations';
import type { Note } from '../shared/n8n/hints';
import type { JsonObject } from '../shared/values/json';
import { listed } from '../shared/values/text';
import type { Tools } from './operation';

/** The keys of metadata that was sent whose values the API's answer does not show. */
function keysNotStored(answer: Conversation, sent: JsonObject): string[] {
	const stored = metadataOf(answer);
	return Object.keys(sent).filter((key) => stored[key] !== sent[key]);
}

/** An expression in double braces that n8n took for text. It may be meant as text, so it is stored as it is. */
const EXPRESSION = /\{\{[\s\S]*\}\}/;

/** The keys whose values hold an expression that was not evaluated. */
const keysWithExpressions = (given: JsonObject): string[] =>
	Object.entries(given).flatMap(([key, value]) =>
		typeof value === 'string' && EXPRESSION.test(value) ? [key] : [],
	);

const notEvaluated: Note = {
	type: 'warning',
	text: (_count, names) =>
		`An expression was stored in the metadata as plain text (${listed(names)}). To store what it gives, switch Value from Fixed to Expression.`,
};

const notStored: Note = {
	type: 'warning',
	text: (count, names) =>
		`The API accepted the metadata, but its response does not show these keys with the values sent (${listed(names)}) in ${count === 1 ? '1 conversation' : `${count} conversations`}. Check them with Conversation: Get.`,
};

const spaced: Note = {
	type: 'warning',
	text: (_count, names) =>
		`These metadata keys begin or end with white space and were stored like that: ${names.map((name) => JSON.stringify(name)).join(', ')}. The API treats " topic" and "topic" as two different keys.`,
};

/**
 * Adds what the user should know of metadata that was sent.
 * @param answer the conversation as the API gives it after that
 * @param sent all metadata of the request
 * @param given those pairs of it that the user entered
 */
export function noteMetadata(
	note: Tools['note'],
	answer: Conversation,
	sent: JsonObject,
	given: JsonObject = sent,
): void {
	const found: Array<[Note, string[]]> = [
		[notStored, keysNotStored(answer, sent)],
		[notEvaluated, keysWithExpressions(given)],
		[spaced, Object.keys(given).filter((key) => key !== key.trim() && given[key] !== null)],
	];
	for (const [text, keys] of found) if (keys.length > 0) note(text, keys);
}
