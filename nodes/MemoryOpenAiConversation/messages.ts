import { itemText } from '../shared/api/itemText';
import type { Item } from '../shared/api/items';
import type { JsonObject, JsonValue } from '../shared/values/json';
import { FieldError } from '../shared/values/field';
import { isJsonObject, isTooDeep, textAt } from '../shared/values/json';
import type { Redactor } from '../shared/values/redact';
import { contentText, jsonText, KEPT, valueText } from './content';
import { callIdOf, isToolOutput, outputPlaces, pairedItems } from './exchanges';
import { withoutToolAccount } from './toolAccount';

/** A tool call as LangChain has it. */
export interface ToolCall {
	type: 'tool_call';
	id: string;
	name: string;
	args: JsonObject;
}

/** What LangChain calls who speaks. */
type Kind = 'human' | 'ai' | 'tool';

/** LangChain's class for each kind, and the role that its coercion of plain objects understands. */
const KINDS = {
	human: { className: 'HumanMessage', role: 'user' },
	ai: { className: 'AIMessage', role: 'assistant' },
	tool: { className: 'ToolMessage', role: 'tool' },
} as const satisfies Record<Kind, { className: string; role: string }>;

/**
 * A message as n8n's agents read it. LangChain makes one of its own classes of an object with a role
 * and a content; n8n's nodes call the two methods. They can't be enumerated, so that a copy of the
 * message is data only.
 */
export interface ChatMessage {
	readonly role: 'user' | 'assistant' | 'tool';
	readonly content: string;
	readonly tool_calls?: ToolCall[];
	readonly tool_call_id?: string;
	/** `hideFromUI` keeps a message out of the chat that Chat Trigger shows. */
	readonly additional_kwargs: JsonObject;
	readonly response_metadata: JsonObject;
	getType(): Kind;
	/** How LangChain writes its messages, and n8n's chat reads them. */
	toJSON(): JsonObject;
}

interface ToolParts {
	toolCalls?: ToolCall[];
	toolCallId?: string;
}

function createMessage(
	kind: Kind,
	content: string,
	{ toolCalls, toolCallId }: ToolParts = {},
): ChatMessage {
	const { role, className } = KINDS[kind];
	const isTalk = kind !== 'tool' && content !== '';
	const additional_kwargs: JsonObject = isTalk ? {} : { hideFromUI: true };
	const shared = {
		content,
		...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
		additional_kwargs,
		response_metadata: {},
	};
	const message = {
		role,
		...shared,
		...(toolCalls === undefined ? {} : { tool_calls: toolCalls }),
		getType: () => kind,
		toJSON: (): JsonObject => ({
			lc: 1,
			type: 'constructor',
			id: ['langchain_core', 'messages', className],
			kwargs: {
				...shared,
				...(toolCalls === undefined ? {} : { tool_calls: toolCalls.map((call) => ({ ...call })) }),
			},
		}),
	};
	for (const method of ['getType', 'toJSON']) {
		Object.defineProperty(message, method, { enumerable: false });
	}
	return message;
}

/**
 * A message with the method that n8n's older nodes call instead of `getType`. Not for models:
 * LangChain takes what has this method for one of its own classes, which knows more.
 */
export function withOlderMethod(message: ChatMessage): ChatMessage {
	const { getType, toJSON } = message;
	const copy = { ...message, getType, toJSON, _getType: getType };
	for (const method of ['getType', 'toJSON', '_getType']) {
		Object.defineProperty(copy, method, { enumerable: false });
	}
	return copy;
}

/** The message without the key, where it holds the whole key. */
export function redactedMessage(message: ChatMessage, redactor: Redactor): ChatMessage {
	const { content, tool_calls: toolCalls, tool_call_id: toolCallId } = message;
	const shownText = (text: string): string => {
		const shown = redactor.output(text);
		return typeof shown === 'string' ? shown : '';
	};
	const shownCall = ({ type, id, name, args }: ToolCall): ToolCall => {
		const shown = redactor.output(args);
		return {
			type,
			id: shownText(id),
			name: shownText(name),
			args: isJsonObject(shown) ? shown : {},
		};
	};
	return createMessage(message.getType(), shownText(content), {
		...(toolCalls === undefined ? {} : { toolCalls: toolCalls.map(shownCall) }),
		...(toolCallId === undefined ? {} : { toolCallId: shownText(toolCallId) }),
	});
}

function argumentsOf(item: Item): JsonObject {
	if (item.type === 'custom_tool_call') return { input: textAt(item, 'input') ?? '' };
	const text = textAt(item, 'arguments') ?? '{}';
	try {
		const parsed: JsonValue = JSON.parse(text);
		if (!isTooDeep(parsed)) return isJsonObject(parsed) ? parsed : { input: parsed };
	} catch {
		// A model may have written anything.
	}
	return { input: text };
}

interface Exchange {
	call: ToolCall;
	output: string;
}

/** Each call that has its output further on, by its place. */
function exchangesIn(items: readonly Item[]): Map<number, Exchange> {
	const exchanges = new Map<number, Exchange>();
	for (const [place, outputPlace] of outputPlaces(items)) {
		const [call, output] = [items[place], items[outputPlace]];
		if (call === undefined || output === undefined) continue;
		const name = textAt(call, 'name') ?? '';
		exchanges.set(place, {
			call: { type: 'tool_call', id: callIdOf(call), name, args: argumentsOf(call) },
			output: itemText(output),
		});
	}
	return exchanges;
}

/**
 * What an agent sees of the items, in order: messages and tool calls with their outputs. A call
 * without its output, an output without its call, instructions, and items that only the API
 * understands are passed over.
 */
export function messagesOf(items: readonly Item[]): ChatMessage[] {
	const exchanges = exchangesIn(items);
	const messages: ChatMessage[] = [];
	/** What the model said right before its calls, which is one message with them. */
	let spoken: string | undefined;
	let round: Exchange[] = [];
	const endRound = () => {
		if (round.length > 0) {
			messages.push(
				createMessage('ai', spoken ?? '', { toolCalls: round.map(({ call }) => call) }),
			);
			for (const { call, output } of round) {
				messages.push(createMessage('tool', output, { toolCallId: call.id }));
			}
		} else if (spoken !== undefined) {
			messages.push(createMessage('ai', spoken));
		}
		spoken = undefined;
		round = [];
	};

	for (const [place, item] of items.entries()) {
		const exchange = exchanges.get(place);
		if (exchange !== undefined) {
			// A model can't tell two calls of one message from each other that have the same ID.
			if (round.some(({ call }) => call.id === exchange.call.id)) endRound();
			round.push(exchange);
		} else if (isToolOutput(item)) {
			if (round.length > 0) endRound();
		} else if (item.type === 'message' && (item.role === 'user' || item.role === 'assistant')) {
			const text = itemText(item);
			if (text === '') continue;
			endRound();
			if (item.role === 'user') messages.push(createMessage('human', text));
			else spoken = text;
		}
	}
	endRound();
	return messages;
}

/**
 * A text in the form in which the API stores it: half a character, such as a tool's output is cut
 * off with, and null characters would come back as this replacement.
 */
const storable = (text: string): string =>
	text.replace(/\p{Surrogate}/gu, '\uFFFD').replaceAll('\0', '\uFFFD');

const asMessage = (role: string, content: string): Item[] =>
	content === '' ? [] : [{ type: 'message', role, content: storable(content) }];

/** n8n's own words in the place of a model that said nothing beside its calls. */
const CALLING = /^Calling (?:tools: |\S+ with input: )/;

const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null;

/** What messages are called, by LangChain's types and class names and by the roles of model APIs. */
const INCOMING_KINDS: ReadonlyMap<unknown, Kind | 'system' | 'function'> = new Map([
	['human', 'human'],
	['user', 'human'],
	['ai', 'ai'],
	['assistant', 'ai'],
	['model', 'ai'],
	['tool', 'tool'],
	['system', 'system'],
	['developer', 'system'],
	['function', 'function'],
]);

/** What a message says of its kind: its methods, its class, its role or its type. */
function namesOfKind(message: Record<string, unknown>, fields: Record<string, unknown>): unknown[] {
	const { id, type } = message;
	const methods = [message.getType, message._getType].map((method): unknown =>
		typeof method === 'function' ? method.call(message) : undefined,
	);
	const className: unknown = Array.isArray(id) ? id.at(-1) : undefined;
	const ofClass =
		typeof className === 'string'
			? className.replace(/Message(?:Chunk)?$/, '').toLowerCase()
			: undefined;
	return [...methods, ofClass, fields.role, type];
}

/** A message with its fields, whether it is one of LangChain's or was written as JSON. */
function incoming(message: unknown) {
	if (typeof message === 'string') return { kind: 'human', fields: { content: message } } as const;
	if (isRecord(message)) {
		const { kwargs, data, content } = message;
		const inner = message.lc === 1 ? kwargs : content === undefined ? data : undefined;
		const fields = isRecord(inner) ? inner : message;
		for (const name of namesOfKind(message, fields)) {
			const kind = INCOMING_KINDS.get(name);
			if (kind !== undefined) return { kind, fields };
		}
	}
	throw new FieldError(
		'The messages were not saved, because one of them does not say who speaks in it',
		`Hand over messages with a role and a content, such as those of Chat Memory Manager. ${KEPT}`,
	);
}

/** The longest ID of a call that the API takes; n8n makes longer ones up from a tool's name and the time. */
const LONGEST_CALL_ID = 64;

const shortened = (callId: string): string => callId.slice(-LONGEST_CALL_ID);

function argumentsText(args: unknown, callId: string, tool: string): string {
	if (typeof args === 'string') return args;
	if (!isRecord(args)) return '{}';
	// n8n adds the call's ID to what the model gave, and the tool's name where it has several.
	const given = Object.entries(args).filter(
		([name, value]) => !(name === 'id' && value === callId) && !(name === 'tool' && value === tool),
	);
	return jsonText(Object.fromEntries(given));
}

/** The calls of a message: beside its content, or as the parts that Anthropic's models put into it. */
function callsIn({ tool_calls: toolCalls, content }: Record<string, unknown>): Item[] {
	const beside: unknown[] = Array.isArray(toolCalls) ? toolCalls : [];
	const ids = new Set(beside.map((call) => (isRecord(call) ? call.id : undefined)));
	const within: unknown[] = Array.isArray(content)
		? content.filter((part) => isRecord(part) && part.type === 'tool_use' && !ids.has(part.id))
		: [];
	return [...beside, ...within].flatMap((call): Item[] => {
		if (!isRecord(call)) return [];
		const { id } = call;
		const made = isRecord(call.function) ? call.function : call;
		const { name } = made;
		if (typeof id !== 'string' || typeof name !== 'string') return [];
		const text = argumentsText(made.args ?? made.input ?? made.arguments, id, name);
		return [{ type: 'function_call', call_id: shortened(id), name, arguments: storable(text) }];
	});
}

/** Calls that were made at once, their IDs, and how many of them have had no output yet. */
interface Round {
	calls: Set<string>;
	ids: Set<string>;
	open: number;
}

const sameness = ({ call_id: id, name, arguments: text }: Item): string =>
	JSON.stringify([id, name, text]);

/**
 * The items to store for LangChain's messages, in order. A call is stored once and only together
 * with its output, because the API refuses a conversation that holds one without the other.
 * @throws {FieldError} for a message of an unknown form, and for what JSON can't hold
 */
export function itemsOf(messages: readonly unknown[]): Item[] {
	let round: Round = { calls: new Set(), ids: new Set(), open: 0 };
	const items = messages.flatMap((message): Item[] => {
		if (message === undefined || message === null) return [];
		const { kind, fields } = incoming(message);
		const text = contentText(fields.content, kind === 'ai');
		if (kind === 'human') return asMessage('user', text);
		if (kind === 'system') return asMessage('system', text);
		if (kind === 'tool') {
			const { tool_call_id: callId } = fields;
			if (typeof callId !== 'string') return [];
			if (round.ids.has(shortened(callId))) round.open--;
			return [{ type: 'function_call_output', call_id: shortened(callId), output: storable(text) }];
		}
		// An output that names no call can't be stored.
		if (kind === 'function') return [];
		const made = callsIn(fields);
		// A message with several calls may be handed over once for each of them.
		const known = round.open > 0 ? round.calls : new Set();
		const fresh = made.filter((call) => !known.has(sameness(call)));
		if (made.length > 0 && fresh.length === 0) return [];
		if (fresh.length > 0) {
			const isSameRound = fresh.length < made.length;
			round = {
				calls: new Set([...(isSameRound ? round.calls : []), ...fresh.map(sameness)]),
				ids: new Set([...(isSameRound ? round.ids : []), ...fresh.map(callIdOf)]),
				open: (isSameRound ? round.open : 0) + fresh.length,
			};
		}
		return [...asMessage('assistant', made.length > 0 && CALLING.test(text) ? '' : text), ...fresh];
	});
	return pairedItems(items);
}

/**
 * The items of a turn in which no tools were used, or whose tools n8n tells in words only.
 * @throws {FieldError} for what JSON can't hold
 */
export const turnItems = (input: unknown, output: unknown): Item[] => [
	...asMessage('user', valueText(input, false)),
	...asMessage('assistant', withoutToolAccount(valueText(output, true))),
];
