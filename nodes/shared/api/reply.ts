import type { JsonObject, JsonValue } from '../values/json';
import { isJsonObject, isTooDeep, textAt } from '../values/json';
import type { Item } from './items';
import type { ModelResponse } from './responses';

/** The items with which the model answered. */
const outputOf = ({ output }: ModelResponse): Item[] =>
	Array.isArray(output) ? output.filter(isJsonObject) : [];

const messageParts = (response: ModelResponse): JsonObject[] =>
	outputOf(response).flatMap(({ type, content }) =>
		type === 'message' && Array.isArray(content) ? content.filter(isJsonObject) : [],
	);

/** What the model said, all parts in one text, with the words of a refusal where it refused. */
export const replyText = (response: ModelResponse): string =>
	messageParts(response)
		.map((part) => {
			if (part.type === 'output_text') return textAt(part, 'text') ?? '';
			return part.type === 'refusal' ? (textAt(part, 'refusal') ?? '') : '';
		})
		.join('');

export const isRefusal = (response: ModelResponse): boolean =>
	messageParts(response).some(({ type }) => type === 'refusal');

/** Why a response is incomplete; undefined when it is not, null when that is not known. */
export function incompleteReason(response: ModelResponse): string | null | undefined {
	if (response.status !== 'incomplete') return undefined;
	const details = response.incomplete_details;
	return (isJsonObject(details) ? textAt(details, 'reason') : undefined) ?? null;
}

/** The value of a JSON text; undefined where it is none, or one that can't be worked with. */
export function parsedJson(text: string): JsonValue | undefined {
	try {
		const value: JsonValue = JSON.parse(text);
		return isTooDeep(value) ? undefined : value;
	} catch {
		return undefined;
	}
}

/** What a call asks for: its arguments, parsed where they are JSON, or what stands in their place. */
function argumentsOf(call: Item): JsonValue {
	const given = call.arguments ?? call.input ?? call.action ?? call.actions ?? call.operation;
	if (typeof given !== 'string' || call.arguments === undefined) return given ?? null;
	return parsedJson(given) ?? given;
}

/** Tools that somebody has to run before the model can go on: `{ name, arguments, call_id, id }` each. */
export function toolCalls(response: ModelResponse): JsonObject[] {
	const output = outputOf(response);
	const isAnswered = (call: Item) =>
		output.some(({ type, call_id: id }) => type !== call.type && id === call.call_id);
	return output
		.filter((item) => textAt(item, 'call_id') !== undefined && !isAnswered(item))
		.filter(({ type }) => typeof type === 'string' && type.endsWith('_call'))
		.map((call) => ({
			name: textAt(call, 'name') ?? textAt(call, 'type') ?? '',
			arguments: argumentsOf(call),
			call_id: call.call_id ?? null,
			id: call.id ?? null,
		}));
}

/** What most workflows need of a response. */
export function simplifiedResponse(response: ModelResponse, conversation: string): JsonObject {
	const reason = incompleteReason(response);
	const calls = toolCalls(response);
	return {
		conversation,
		response: response.id ?? null,
		// A gateway may leave the status out of a response that is there.
		status: response.status ?? 'completed',
		model: response.model ?? null,
		text: replyText(response),
		usage: response.usage ?? null,
		...(reason === undefined ? {} : { incomplete_reason: reason }),
		...(calls.length === 0 ? {} : { tool_calls: calls }),
	};
}
