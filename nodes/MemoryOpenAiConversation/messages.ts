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
 * A message as n8n's agents read it: LangChain coerces an object with a role and a content, and
 * n8n's own nodes call `getType` and `toJSON`. It is of no class of LangChain's, because a community
 * package has no dependency.
 */
export class ChatMessage {
	readonly role: 'user' | 'assistant' | 'tool';
	readonly additional_kwargs: Record<string, unknown> = {};
	readonly response_metadata: Record<string, unknown> = {};
	readonly tool_calls?: ToolCall[];
	readonly tool_call_id?: string;
	readonly #kind: Kind;

	constructor(
		kind: Kind,
		readonly content: string,
		{ toolCalls, toolCallId }: { toolCalls?: ToolCall[]; toolCallId?: string } = {},
	) {
		this.#kind = kind;
		this.role = KINDS[kind].role;
		if (toolCalls !== undefined) this.tool_calls = toolCalls;
		if (toolCallId !== undefined) this.tool_call_id = toolCallId;
	}

	getType(): Kind {
		return this.#kind;
	}

	/** The name of `getType` in older versions of LangChain. */
	_getType(): Kind {
		return this.#kind;
	}

	/** How LangChain writes its messages, and n8n's chat reads them. */
	toJSON(): JsonObject {
		const { content, tool_calls: calls, tool_call_id: callId } = this;
		return {
			lc: 1,
			type: 'constructor',
			id: ['langchain_core', 'messages', KINDS[this.#kind].className],
			kwargs: {
				content,
				...(calls === undefined ? {} : { tool_calls: calls.map((call) => ({ ...call })) }),
				...(callId === undefined ? {} : { tool_call_id: callId }),
				additional_kwargs: {},
				response_metadata: {},
			},
		};
	}
}

const CALLS = new Set(['function_call', 'custom_tool_call']);
const OUTPUTS = new Set(['function_call_output', 'custom_tool_call_output']);

const typeOf = (item: Item): string => textAt(item, 'type') ?? '';
const callIdOf = (item: Item): string => textAt(item, 'call_id') ?? '';

export const isUserMessage = (item: Item): boolean =>
	item.type === 'message' && item.role === 'user';

function argumentsOf(item: Item): JsonObject {
	if (item.type === 'custom_tool_call') return { input: textAt(item, 'input') ?? '' };
	try {
		const parsed: JsonValue = JSON.parse(textAt(item, 'arguments') ?? '{}');
		return isJsonObject(parsed) ? parsed : { input: parsed };
	} catch {
		return { input: textAt(item, 'arguments') ?? '' };
	}
}

/**
 * What an agent sees of the items, in order: messages and tool calls with their outputs. A call
 * without its output, an output without its call, instructions, and items that only the API
 * understands are passed over.
 */
export function messagesOf(items: readonly Item[]): ChatMessage[] {
	const outputs = new Map<string, Item>();
	for (const item of items) if (OUTPUTS.has(typeOf(item))) outputs.set(callIdOf(item), item);

	const messages: ChatMessage[] = [];
	/** What the model said right before its calls, which is one message with them. */
	let spoken: string | undefined;
	let calls: Item[] = [];
	const endRound = () => {
		if (calls.length > 0) {
			const toolCalls = calls.map(
				(call): ToolCall => ({
					type: 'tool_call',
					id: callIdOf(call),
					name: textAt(call, 'name') ?? '',
					args: argumentsOf(call),
				}),
			);
			messages.push(new ChatMessage('ai', spoken ?? '', { toolCalls }));
			for (const call of calls) {
				const output = outputs.get(callIdOf(call));
				const text = output === undefined ? '' : itemText(output);
				messages.push(new ChatMessage('tool', text, { toolCallId: callIdOf(call) }));
			}
		} else if (spoken !== undefined) {
			messages.push(new ChatMessage('ai', spoken));
		}
		spoken = undefined;
		calls = [];
	};

	const known = new Set<string>();
	for (const item of items) {
		const type = typeOf(item);
		if (CALLS.has(type)) {
			// Answered further on, and once: two calls of one ID would share their output.
			if (!outputs.has(callIdOf(item)) || known.has(callIdOf(item))) continue;
			if (items.indexOf(outputs.get(callIdOf(item)) ?? item) < items.indexOf(item)) continue;
			known.add(callIdOf(item));
			calls.push(item);
		} else if (type === 'message') {
			const text = itemText(item);
			if ((item.role !== 'user' && item.role !== 'assistant') || text === '') continue;
			endRound();
			if (item.role === 'user') messages.push(new ChatMessage('human', text));
			else spoken = text;
		} else if (OUTPUTS.has(type) && calls.length > 0) {
			endRound();
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
	if (typeof text === 'string') return text;
	if (typeof type !== 'string' || UNSPOKEN.test(type)) return '';
	const kind = type.includes('image') ? 'image' : (/audio|video/.exec(type)?.[0] ?? 'file');
	const inner = isPlainObject(file) ? (file.filename ?? file.name) : undefined;
	const title = [filename, name, inner].find((each) => typeof each === 'string' && each !== '');
	return title === undefined ? `[${kind}]` : `[${kind}: ${String(title)}]`;
}

const asMessage = (role: string, content: string): Item[] =>
	content === '' ? [] : [{ type: 'message', role, content }];

/** n8n's own words in the place of a model that said nothing beside its call. */
const CALLING = /^Calling \S+ with input: /;

function kindOf(message: Record<string, unknown>): string {
	for (const method of [message.getType, message._getType]) {
		const kind: unknown = typeof method === 'function' ? method.call(message) : undefined;
		if (typeof kind === 'string') return kind;
	}
	return typeof message.role === 'string' ? message.role : '';
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null;

function argumentsText(args: unknown, callId: string): string {
	if (typeof args === 'string') return args;
	if (!isRecord(args)) return '{}';
	// n8n adds the call's ID to what the model gave.
	const given = Object.entries(args).filter(([name, value]) => name !== 'id' || value !== callId);
	return JSON.stringify(Object.fromEntries(given));
}

function callsIn(message: Record<string, unknown>): Item[] {
	const calls: unknown[] = Array.isArray(message.tool_calls) ? message.tool_calls : [];
	return calls.flatMap((call): Item[] => {
		if (!isRecord(call) || typeof call.id !== 'string' || typeof call.name !== 'string') return [];
		const { id, name, args } = call;
		return [{ type: 'function_call', call_id: id, name, arguments: argumentsText(args, id) }];
	});
}

/**
 * The items to store for LangChain's messages, in order. A call is stored once and only together
 * with its output, because the API refuses a conversation that holds one without the other.
 */
export function itemsOf(messages: readonly unknown[]): Item[] {
	const items = messages.flatMap((message): Item[] => {
		if (!isRecord(message)) return [];
		const kind = kindOf(message);
		const text = contentText(message.content);
		if (kind === 'human' || kind === 'user') return asMessage('user', text);
		if (kind === 'system' || kind === 'developer') return asMessage('system', text);
		if (kind === 'tool') {
			const { tool_call_id: callId } = message;
			if (typeof callId !== 'string') return [];
			return [{ type: 'function_call_output', call_id: callId, output: text }];
		}
		if (kind !== 'ai' && kind !== 'assistant') return [];
		const calls = callsIn(message);
		return [
			...asMessage('assistant', calls.length > 0 && CALLING.test(text) ? '' : text),
			...calls,
		];
	});
	return pairedItems(items);
}

/** Items without calls that have no output behind them, outputs without a call, and calls given twice. */
function pairedItems(items: readonly Item[]): Item[] {
	const seen = new Set<string>();
	const once = items.filter((item) => {
		if (item.type === 'message') return true;
		const key = `${typeOf(item)} ${callIdOf(item)}`;
		const isNew = !seen.has(key);
		seen.add(key);
		return isNew;
	});
	const has = (type: string, callId: string) =>
		once.some((item) => item.type === type && callIdOf(item) === callId);
	return once.filter(
		(item) =>
			item.type === 'message' ||
			(has('function_call', callIdOf(item)) && has('function_call_output', callIdOf(item))),
	);
}

const USED_TOOLS = '[Used tools: Tool: ';

/**
 * What the model said, without the account of its tools that n8n puts in front where it can't hand
 * over the calls themselves: `[Used tools: Tool: …, Input: …, Result: …] text`. Where the account's
 * end can't be told, the text stays as it is.
 */
export function withoutToolAccount(output: string): string {
	if (!output.startsWith(USED_TOOLS)) return output;
	let depth = 0;
	for (let at = 0; at < output.length; at++) {
		const character = output.charAt(at);
		if (character === '[') depth++;
		else if (character === ']' && --depth === 0) {
			const rest = output.slice(at + 1);
			return rest.startsWith(' ') && rest.trim() !== '' ? rest.slice(1) : output;
		}
	}
	return output;
}

/** The items of a turn in which no tools were used, or whose tools n8n tells in words only. */
export const turnItems = (input: unknown, output: unknown): Item[] => [
	...asMessage('user', contentText(input)),
	...asMessage('assistant', withoutToolAccount(contentText(output))),
];
