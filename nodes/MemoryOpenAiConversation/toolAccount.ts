const ACCOUNT_START = '[Used tools: ';
const TOOL = /^Tool: [^,]*, Input: /;
const RESULT = /^, Result: /;
const TOOL_END = /^(?:; (?=Tool: )|\] ?)/;

/** The place behind the string whose opening quotation mark is at `start`; undefined where it has no end. */
function stringEnd(text: string, start: number): number | undefined {
	for (let place = start + 1; place < text.length; place++) {
		const character = text.charAt(place);
		if (character === '"') return place + 1;
		if (character === '\\') place++;
	}
	return undefined;
}

/**
 * Where the JSON value that a text begins with ends; undefined where it begins with none. No regular
 * expression for strings, which runs out of stack on one of several megabytes.
 */
function jsonEnd(text: string): number | undefined {
	if (text.startsWith('"')) return stringEnd(text, 0);
	const plain = /^(?:-?\d[\d.eE+-]*|true|false|null)/.exec(text)?.[0];
	if (plain !== undefined) return plain.length;
	if (!/^[[{]/.test(text)) return undefined;
	let depth = 0;
	let place = 0;
	while (place < text.length) {
		const character = text.charAt(place);
		if (character === '"') {
			const end = stringEnd(text, place);
			if (end === undefined) return undefined;
			place = end;
			continue;
		}
		place++;
		if (character === '[' || character === '{') depth++;
		else if ((character === ']' || character === '}') && --depth === 0) return place;
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
