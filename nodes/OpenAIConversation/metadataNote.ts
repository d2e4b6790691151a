import type { Conversation } from '../shared/api/conversations';
import { metadataOf } from '../shared/api/conversations';
import type { Note } from '../shared/n8n/hints';
import type { JsonObject } from '../shared/values/json';
import { listed } from '../shared/values/text';

/** The keys of metadata that was sent whose values the API's answer does not show. */
export function keysNotStored(answer: Conversation, sent: JsonObject): string[] {
	const stored = metadataOf(answer);
	return Object.keys(sent).filter((key) => stored[key] !== sent[key]);
}

/** An expression in double braces that n8n took for text. It may be meant as text, so it is stored as it is. */
const EXPRESSION = /\{\{[\s\S]*\}\}/;

/** The keys whose values hold an expression that was not evaluated. */
export const keysWithExpressions = (given: JsonObject): string[] =>
	Object.entries(given).flatMap(([key, value]) =>
		typeof value === 'string' && EXPRESSION.test(value) ? [key] : [],
	);

export const notEvaluated: Note = {
	type: 'warning',
	text: (_count, names) =>
		`An expression was stored in the metadata as plain text (${listed(names)}). To store what it gives, switch Value from Fixed to Expression.`,
};

export const notStored: Note = {
	type: 'warning',
	text: (count, names) =>
		`The API accepted the metadata, but its response does not show these keys with the values sent (${listed(names)}) in ${count === 1 ? '1 conversation' : `${count} conversations`}. Check them with Conversation: Get.`,
};
