import { itemText } from '../shared/api/itemText';
import type { Item } from '../shared/api/items';
import type { JsonObject, JsonValue } from '../shared/values/json';
import { isJsonObject, isPlainObject, textAt } from '../shared/values/json';

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

const CALLS = new Set(['function_call', 'custom_tool_call']);
const OUTPUTS = new Set(['function_call_output', 'custom_tool_call_output']);

const typeOf = (item: Item): string => textAt(item, 'type') ?? '';
const callIdOf = (item: Item): string => textAt(item, 'call_id') ?? '';

function argumentsOf(item: Item): JsonObject {
	if (item.type === 'custom_tool_call') return { input: textAt(item, 'input') ?? '' };
	try {
		const parsed: JsonValue = JSON.parse(textAt(item, 'arguments') ?? '{}');
		return isJsonObject(parsed) ? parsed : { input: parsed };
	} catch {
		return { input: textAt(item, 'arguments') ?? '' };
	}
}

interface Exchange {
	call: ToolCall;
	output: string;
}

/** Each call that has its output further on, by its place. A call ID that comes twice counts once. */
function exchangesIn(items: readonly Item[]): Map<number, Exchange> {
	const places = new Map<string, number>();
	const exchanges = new Map<number, Exchange>();
	for (const [place, item] of items.entries()) {
		const id = callIdOf(item);
		if (id === '') continue;
		if (CALLS.has(typeOf(item)) && !places.has(id)) places.set(id, place);
		const callPlace = places.get(id);
		const call = callPlace === undefined ? undefined : items[callPlace];
		if (!OUTPUTS.has(typeOf(item)) || callPlace === undefined || call === undefined) continue;
		if (exchanges.has(callPlace)) continue;
		const name = textAt(call, 'name') ?? '';
		exchanges.set(callPlace, {
			call: { type: 'tool_call', id, name, args: argumentsOf(call) },
			output: itemText(item),
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
			round.push(exchange);
		} else if (OUTPUTS.has(typeOf(item))) {
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

/** The text of a message's content, with images and files named in their place. */
function contentText(content: unknown): string {
	if (typeof content === 'string') return content;
	if (!Array.isArray(content)) return '';
	return content
		.map((part: unknown) => (typeof part === 'string' ? part : partText(part)))
		.filter((text) => text !== '')
		.join('\n');
}

/** Parts that are the model's own affair, or stand beside the content as tool calls. */
const UNSPOKEN = /^(?:tool_use|tool_call|input_json_delta|thinking|redacted_thinking|reasoning)$/;

function partText(part: unknown): string {
	if (!isPlainObject(part)) return '';
	const { type, text, name, filename, file } = part;
	if (typeof type === 'string' && UNSPOKEN.test(type)) return '';
	if (typeof text === 'string') return text;
	if (typeof type !== 'string') return '';
	const kind = type.includes('image') ? 'image' : (/audio|video/.exec(type)?.[0] ?? 'file');
	const inner = isPlainObject(file) ? (file.filename ?? file.name) : undefined;
	const title = [filename, name, inner].find((each) => typeof each === 'string' && each !== '');
	return title === undefined ? `[${kind}]` : `[${kind}: ${String(title)}]`;
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

function kindOf(message: Record<string, unknown>): string {
	for (const method of [message.getType, message._getType]) {
		const kind: unknown = typeof method === 'function' ? method.call(message) : undefined;
		if (typeof kind === 'string') return kind;
	}
	return typeof message.role === 'string' ? message.role : '';
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null;

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
	return JSON.stringify(Object.fromEntries(given));
}

/** The calls of a message: beside its content, or as the parts that Anthropic's models put into it. */
function callsIn({ tool_calls: toolCalls, content }: Record<string, unknown>): Item[] {
	const beside: unknown[] = Array.isArray(toolCalls) ? toolCalls : [];
	const within: unknown[] = Array.isArray(content)
		? content.filter((part) => isRecord(part) && part.type === 'tool_use')
		: [];
	return [...beside, ...within].flatMap((call): Item[] => {
		if (!isRecord(call) || typeof call.id !== 'string' || typeof call.name !== 'string') return [];
		const { id, name } = call;
		const text = argumentsText(call.args ?? call.input, id, name);
		return [{ type: 'function_call', call_id: shortened(id), name, arguments: storable(text) }];
	});
}

/**
 * The items to store for LangChain's messages, in order. A call is stored once and only together
 * with its output, because the API refuses a conversation that holds one without the other.
 */
export function itemsOf(messages: readonly unknown[]): Item[] {
	const calls = new Set<string>();
	const items = messages.flatMap((message): Item[] => {
		if (!isRecord(message)) return [];
		const kind = kindOf(message);
		const text = contentText(message.content);
		if (kind === 'human' || kind === 'user') return asMessage('user', text);
		if (kind === 'system' || kind === 'developer') return asMessage('system', text);
		if (kind === 'tool') {
			const { tool_call_id: callId } = message;
			if (typeof callId !== 'string') return [];
			return [{ type: 'function_call_output', call_id: shortened(callId), output: storable(text) }];
		}
		if (kind !== 'ai' && kind !== 'assistant') return [];
		const made = callsIn(message);
		const fresh = made.filter((call) => !calls.has(callIdOf(call)));
		for (const call of fresh) calls.add(callIdOf(call));
		// A message with several calls may be handed over once for each of them.
		if (made.length > 0 && fresh.length === 0) return [];
		return [...asMessage('assistant', made.length > 0 && CALLING.test(text) ? '' : text), ...fresh];
	});
	return pairedItems(items);
}

/** The items without calls that have no output behind them, and outputs without a call before them. */
function pairedItems(items: readonly Item[]): Item[] {
	const calls = new Map<string, Item>();
	const kept = new Set<Item>();
	for (const item of items) {
		const id = callIdOf(item);
		if (item.type === 'message') kept.add(item);
		else if (item.type === 'function_call' && !calls.has(id)) calls.set(id, item);
		else if (item.type === 'function_call_output') {
			const call = calls.get(id);
			if (call === undefined || kept.has(call)) continue;
			kept.add(call).add(item);
		}
	}
	return items.filter((item) => kept.has(item));
}

const ACCOUNT_START = '[Used tools: ';
const TOOL = /^Tool: [^,]*, Input: /;
const RESULT = /^, Result: /;
const TOOL_END = /^(?:; (?=Tool: )|\] ?)/;

/** Where the JSON value that a text begins with ends; undefined where it begins with none. */
function jsonEnd(text: string): number | undefined {
	const plain = /^(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)/.exec(text)?.[0];
	if (plain !== undefined) return plain.length;
	if (!/^[[{]/.test(text)) return undefined;
	let depth = 0;
	for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
		if (token === '[' || token === '{') depth++;
		else if ((token === ']' || token === '}') && --depth === 0) return index + 1;
	}
	return undefined;
}

/**
 * What the model said, without the account of its tools that n8n puts in front where it can't hand
 * over the calls themselves: `[Used tools: Tool: …, Input: …, Result: …; Tool: …] text`. Inputs and
 * results are JSON there; where they are not, the account's end can't be told, and the text stays.
 */
export function withoutToolAccount(output: string): string {
	if (!output.startsWith(ACCOUNT_START)) return output;
	let rest = output.slice(ACCOUNT_START.length);
	for (;;) {
		for (const opening of [TOOL, RESULT]) {
			const start = opening.exec(rest)?.[0].length;
			const end = start === undefined ? undefined : jsonEnd(rest.slice(start));
			if (start === undefined || end === undefined) return output;
			rest = rest.slice(start + end);
		}
		const end = TOOL_END.exec(rest)?.[0];
		if (end === undefined) return output;
		rest = rest.slice(end.length);
		if (end.startsWith(']')) return rest.trim() === '' ? output : rest;
	}
}

/** The text of what a chain was given or gave: text, parts of a content, or a value as JSON. */
function valueText(value: unknown): string {
	if (value === undefined || value === null) return '';
	const text = contentText(value);
	if (text !== '' || typeof value === 'string') return text;
	return JSON.stringify(value) ?? '';
}

/** The items of a turn in which no tools were used, or whose tools n8n tells in words only. */
export const turnItems = (input: unknown, output: unknown): Item[] => [
	...asMessage('user', valueText(input)),
	...asMessage('assistant', withoutToolAccount(valueText(output))),
];
