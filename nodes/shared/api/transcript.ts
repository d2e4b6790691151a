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
	const line = text.replace(/[\s\x85]+/g, ' ').trim();
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

const titled = (role: string): string => {
	const name = oneLine(role);
	return name.charAt(0).toUpperCase() + name.slice(1);
};

const toolLine = ({ kind, name, text }: Turn): string => {
	const shown = oneLine(name);
	return kind === 'toolCall'
		? `Tool call: ${shown}${text === '' ? '' : ` (${text})`}`
		: `Tool result: ${text === '' ? shown : text}`;
};

/** A heading, or what makes one of the line above it. */
const HEADING = /^\s{0,3}(?:#{1,6}(?:\s|$)|(?:=+|-+)\s*$)/;

/** What shows nothing by itself. */
const UNSEEN = String.raw`[\s\p{C}\p{M}\p{Z}\u2800~]*`;

/** A line that starts with emphasis, as the name of a speaker is written. */
const EMPHASIS = new RegExp(String.raw`^${UNSEEN}[*_]+[^\s*_]`, 'u');

/** The same where other words follow on the line, as in `**Note:** it rains`. */
const EMPHASIS_AND_WORDS = new RegExp(
	String.raw`^${UNSEEN}([*_]+)[^*_]+\1(?:[^*_[\]!]|!(?!\[))*\[?[\p{L}\p{N}]`,
	'u',
);

/** A line that starts with a link or an image, or with the end of one: it may show nothing. */
const LINK = new RegExp(String.raw`^${UNSEEN}(?:!?\[|\])`, 'u');

/** Emphasis in a link or right behind it. */
const EMPHASIS_AT_LINK = /[[\])][^\p{L}\p{N}*_[\]()]*[*_]/u;

/** Characters that are given by their name or number, such as `&nbsp;`, and letters that show nothing. */
const UNSEEN_LETTERS = /&#?\w{1,32};|[\u115F\u1160\u3164\uFFA0]/g;

/** @param mayEndLink whether a link may have begun in a line before */
function opensAsSpeaker(line: string, mayEndLink: boolean): boolean {
	const seen = line.replace(UNSEEN_LETTERS, '');
	const startsWithLink = LINK.test(seen);
	return (
		((startsWithLink || mayEndLink) && EMPHASIS_AT_LINK.test(seen)) ||
		(!startsWithLink && EMPHASIS.test(seen) && !EMPHASIS_AND_WORDS.test(seen))
	);
}

const isQuote = (line: string): boolean => /^\s*>/.test(line);
const isEmptyQuote = (line: string): boolean => isQuote(line) && !/[^\s>]/.test(line);

/** A quote that may read like what a tool did. */
const opensAsTool = (line: string): boolean =>
	isQuote(line) && /tool|&#?\w/i.test(line.replace(/[*_~`\\]/g, ''));

/** The start of a code block, also in a list: what stands in front, the fence, and what it is named. */
const FENCE = /^(\s*(?:(?:[-+*]|\d{1,9}[.)])\s+)*)(`{3,}(?=[^`]*$)|~{3,})(.*)$/s;

const TAG = /<(?=[a-z/!?])/gi;

/** An escaped character, code within a line, a backtick without a counterpart, the start of a tag. */
const INLINE = /\\.|(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|(`+)|<(?=[a-z/!?])/gis;

/** What the lines before, of the same paragraph, leave open. */
interface Open {
	/** Whether code may have begun, so that nobody can tell what is code. */
	code: boolean;
	/** Whether a link may have begun. */
	link: boolean;
}

const NOTHING_OPEN: Open = { code: false, link: false };

/** A line in which nothing counts as HTML, except that code within the line stays as it is. */
function withoutTags(line: string, code: boolean): { shown: string; code: boolean } {
	let isUnclear = code;
	const shown = line.replace(INLINE, (part: string, _ticks?: string, alone?: string) => {
		isUnclear ||= alone !== undefined;
		if (part === '<') return '\\<';
		return isUnclear ? part.replace(TAG, '\\<') : part;
	});
	return { shown, code: isUnclear };
}

/** A line outside of code that can't be taken for the start of a turn. */
function plainLine(line: string, mayEndLink: boolean): string {
	if (HEADING.test(line) || opensAsTool(line)) return line.replace(/\S/, '\\$&');
	return opensAsSpeaker(line, mayEndLink)
		? line.replace(/\\.|[*_]/gs, (part) => (part.length > 1 ? part : `\\${part}`))
		: line;
}

/**
 * What a message says, so that nothing in it passes for another turn: whatever could begin one is
 * escaped, outside of code. Code blocks start at the margin, where they end no earlier and no later
 * than here, and one that was left open is closed.
 */
function messageText(text: string): string {
	const lines: string[] = [];
	let fence: string | undefined;
	let margin = /^/;
	let open = NOTHING_OPEN;
	for (const line of text.split(/\r\n?|\n/)) {
		if (fence !== undefined) {
			const mark = line.trim();
			const isEnd = mark.startsWith(fence) && new Set(mark).size === 1;
			lines.push(isEnd ? mark : line.replace(margin, ''));
			if (isEnd) fence = undefined;
			continue;
		}
		const [, before = '', mark, name = ''] = FENCE.exec(line) ?? [];
		if (mark !== undefined) {
			if (before.trim() !== '') lines.push(plainLine(before.trimEnd(), open.link));
			// With a bar, some take it for the head of a table.
			lines.push(mark + name.replaceAll('|', '&#124;'));
			fence = mark;
			margin = new RegExp(`^\\s{0,${before.length}}`);
			open = NOTHING_OPEN;
			continue;
		}
		// Some take the next line for a part of an empty quote.
		if (isEmptyQuote(lines.at(-1) ?? '') && !isQuote(line)) lines.push('');
		const { shown, code } = withoutTags(line, open.code);
		lines.push(plainLine(shown, open.link));
		const isBlank = !/[^ \t]/.test(line);
		open = isBlank ? NOTHING_OPEN : { code, link: open.link || line.includes('[') };
	}
	return [...lines, ...(fence === undefined ? [] : [fence])].join('\n');
}

export function asMarkdown(conversation: string, turns: readonly Turn[]): string {
	const blocks = turns.map((turn) =>
		turn.kind === 'message'
			? `**${titled(turn.role)}**\n\n${messageText(turn.text)}`
			: `> ${withoutTags(toolLine(turn), false).shown}`,
	);
	return `${[`# Conversation ${conversation}`, ...blocks].join('\n\n')}\n`;
}

/** A line of a text, whatever ends it. */
const LINE = /[^\n\v\f\r\x85\u2028\u2029]+/g;

/** A line that could be the first of a turn: one word with a colon, or what a tool did. */
const TURN_IN_TEXT = /^[\s\p{C}]*(?:[^\s:]+[\s\p{C}]*[:：][\s\p{C}]*$|\[\s*Tool\s)/iu;

export function asText(conversation: string, turns: readonly Turn[]): string {
	const blocks = turns.map((turn) =>
		turn.kind === 'message'
			? `${titled(turn.role)}:\n${turn.text.replace(LINE, (line) => (TURN_IN_TEXT.test(line) ? `> ${line}` : line))}`
			: `[${toolLine(turn)}]`,
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
