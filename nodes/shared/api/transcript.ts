import type { JsonObject } from '../values/json';
import { textAt } from '../values/json';
import { isOutput } from './itemLinks';
import { itemText } from './itemText';
import type { Item } from './items';
import type { ItemType } from './schema';
import { SENDABLE_ROLES } from './schema';

/** A turn of a conversation as a person sees it. */
export interface Turn {
	kind: 'message' | 'toolCall' | 'toolResult';
	/** For a message: user, assistant, system, developer or what the API calls it. */
	role: string;
	/** For a tool: its name. */
	name: string;
	text: string;
}

/** The most of a tool's arguments or result that a transcript shows, in characters. */
const TOOL_TEXT_LIMIT = 200;

/** Items that work behind the scenes: nobody would call them part of the conversation. */
const HIDDEN = [
	'additional_tools',
	'compaction',
	'configuration_update',
	'mcp_list_tools',
	'reasoning',
	'tool_search_call',
	'tool_search_output',
] as const satisfies readonly ItemType[];

const hidden = new Set<string>(HIDDEN);

const oneLine = (text: string): string => {
	const line = text.replace(/\s+/g, ' ').trim();
	// Two units at most make a character, and a text may be megabytes long.
	const characters = Array.from(line.slice(0, 2 * TOOL_TEXT_LIMIT + 1));
	return characters.length > TOOL_TEXT_LIMIT
		? `${characters.slice(0, TOOL_TEXT_LIMIT).join('')}…`
		: line;
};

function toolName(item: Item, type: string): string {
	const name = textAt(item, 'name');
	if (type === 'mcp_approval_request') return `approval of ${name ?? 'a tool'}`;
	return (
		name ?? type.replace(/_(?:call|call_output|output|request|response)$/, '').replaceAll('_', ' ')
	);
}

function toolText(item: Item): string {
	const text = itemText(item);
	const name = textAt(item, 'name');
	// The name stands in front of the line already.
	return name !== undefined && text.startsWith(`${name}(`) ? text.slice(name.length + 1, -1) : text;
}

/**
 * What a person would call the conversation, in order: messages with text, and tool calls and their
 * results as one short line each.
 */
export function turnsOf(items: readonly Item[]): Turn[] {
	return items.flatMap((item): Turn[] => {
		const type = textAt(item, 'type') ?? '';
		if (type === 'message') {
			const text = itemText(item);
			return text === ''
				? []
				: [{ kind: 'message', role: textAt(item, 'role') ?? 'user', name: '', text }];
		}
		if (type === '' || hidden.has(type)) return [];
		return [
			{
				kind: isOutput(item) ? 'toolResult' : 'toolCall',
				role: isOutput(item) ? 'user' : 'assistant',
				name: toolName(item, type),
				text: oneLine(toolText(item)),
			},
		];
	});
}

const titled = (role: string): string => role.charAt(0).toUpperCase() + role.slice(1);

const toolLine = ({ kind, name, text }: Turn): string =>
	kind === 'toolCall'
		? `Tool call: ${name}${text === '' ? '' : ` (${text})`}`
		: `Tool result: ${text === '' ? name : text}`;

/** Lines that Markdown, or a reader of the transcript, would take for a heading, a turn or a tool's line. */
const LOOKS_LIKE_A_TURN =
	/^ {0,3}(?:#{1,6}(?:\s|$)|\*\*[^*]+\*\*\s*$|>\s*Tool (?:call|result):|(?:=+|-+)\s*$)/;

const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/**
 * What a message says, so that nothing in it passes for another turn: such a line is escaped, outside
 * of code, and code that was left open is closed.
 */
function messageText(text: string): string {
	let fence: string | undefined;
	const lines = text.split('\n').map((line) => {
		const [, mark] = FENCE.exec(line) ?? [];
		if (mark !== undefined) {
			if (fence === undefined) fence = mark;
			else if (mark.startsWith(fence)) fence = undefined;
			return line;
		}
		return fence === undefined && LOOKS_LIKE_A_TURN.test(line) ? line.replace(/\S/, '\\$&') : line;
	});
	return [...lines, ...(fence === undefined ? [] : [fence])].join('\n');
}

export function asMarkdown(conversation: string, turns: readonly Turn[]): string {
	const blocks = turns.map((turn) =>
		turn.kind === 'message'
			? `**${titled(turn.role)}**\n\n${messageText(turn.text)}`
			: `> ${toolLine(turn)}`,
	);
	return `${[`# Conversation ${conversation}`, ...blocks].join('\n\n')}\n`;
}

export function asText(conversation: string, turns: readonly Turn[]): string {
	const blocks = turns.map((turn) =>
		turn.kind === 'message' ? `${titled(turn.role)}:\n${turn.text}` : `[${toolLine(turn)}]`,
	);
	return `${[`Conversation ${conversation}`, ...blocks].join('\n\n')}\n`;
}

/**
 * `[{ role, content }]` to hand to a model. What tools did, and messages of a role that no model
 * takes, stand in the assistant's place.
 */
export function asMessages(turns: readonly Turn[]): JsonObject[] {
	return turns.map((turn) =>
		turn.kind === 'message'
			? { role: SENDABLE_ROLES.has(turn.role) ? turn.role : 'assistant', content: turn.text }
			: { role: 'assistant', content: `[${toolLine(turn)}]` },
	);
}
