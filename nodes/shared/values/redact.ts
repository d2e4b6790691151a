import type { JsonValue } from './json';
import { isJsonObject } from './json';

/** What stands where a part of a secret stood. */
export const REDACTED = '[redacted]';

/** Stands there instead when the secret has a part of that word in it; no key has this character. */
const OTHER_MARK = '•••';

/** The longest run of the key's secret part that a text may show. */
const LONGEST_SHOWN_RUN = 4;
const SHORTEST_RUN = LONGEST_SHOWN_RUN + 1;

/** A key of at least this many characters is replaced in outputs; a shorter one may be an ordinary word. */
const SHORTEST_KEY_IN_OUTPUTS = 20;

/** How OpenAI's keys begin, which tells nothing of the secret. */
const PUBLIC_BEGINNING = /^sk-(?:(?:proj|svcacct|admin)-)?/;

/** Letters as a word has them: of one case, or with a capital in front. */
const WORD = /^(?:[a-z]{1,10}|[A-Z]{1,10}|[A-Z][a-z]{1,9})$/;

/** The part of a key that is secret. */
export const secretPart = (key: string): string => key.trim().replace(PUBLIC_BEGINNING, '');

/**
 * Whether a key only takes the place of one, such as `ollama` or `sk-no-key-required`: some short
 * words, fewer than 20 characters. Their words stay readable, because texts are full of them.
 */
const isPlaceholder = (secret: string): boolean =>
	secret.length < SHORTEST_KEY_IN_OUTPUTS && secret.split(/[-_.]/).every((word) => WORD.test(word));

/** Takes secrets out of what people read. */
export interface Redactor {
	/** For errors, hints and logs: no run of more than 4 characters of the key's secret part stays. */
	text(value: string): string;
	/** For outputs of the node: the value itself, or a copy without the key where it holds the whole key. */
	output(value: JsonValue): JsonValue;
}

type Stretch = readonly [start: number, end: number];

function runsOf(secret: string): Set<string> {
	const runs = new Set<string>();
	for (let start = 0; start + SHORTEST_RUN <= secret.length; start++) {
		runs.add(secret.slice(start, start + SHORTEST_RUN));
	}
	return runs;
}

/** The longest stretches of a text that are made of the runs, from left to right. */
function stretchesOf(runs: ReadonlySet<string>, text: string): Stretch[] {
	const stretches: Stretch[] = [];
	let end = 0;
	for (let start = 0; start + SHORTEST_RUN <= text.length; start++) {
		if (!runs.has(text.slice(start, start + SHORTEST_RUN))) continue;
		const last = stretches.at(-1);
		const from = last !== undefined && start < end ? last[0] : start;
		if (from !== start) stretches.pop();
		end = start + SHORTEST_RUN;
		stretches.push([from, end]);
	}
	return stretches;
}

/** Finds a text where it stands as a word of its own. */
const wholeWord = (text: string): RegExp =>
	new RegExp(`(?<![A-Za-z0-9])${text.replace(/[^A-Za-z0-9]/g, '\\$&')}(?![A-Za-z0-9])`, 'g');

/** The same for a word of letters, where it is no part of an address, a path or a compound either. */
const freeWord = (word: string): RegExp =>
	new RegExp(`(?<![A-Za-z0-9./_@-])${word}(?![A-Za-z0-9/_@-]|\\.[A-Za-z0-9])`, 'g');

function replace(text: string, stretches: readonly Stretch[], mark: string): string {
	let result = '';
	let shown = 0;
	for (const [start, end] of stretches) {
		result += text.slice(shown, start) + mark;
		shown = end;
	}
	return result + text.slice(shown);
}

/** A copy of a JSON value with each text in it changed, names included; the value itself where nothing changes. */
function withTexts(value: JsonValue, change: (text: string) => string): JsonValue {
	if (typeof value === 'string') return change(value);
	if (Array.isArray(value)) {
		const copy = value.map((part) => withTexts(part, change));
		return copy.some((part, index) => part !== value[index]) ? copy : value;
	}
	if (!isJsonObject(value)) return value;
	let isSame = true;
	const copy = Object.entries(value).map(([name, part]): [string, JsonValue] => {
		const changed: [string, JsonValue] = [change(name), withTexts(part, change)];
		isSame &&= changed[0] === name && changed[1] === part;
		return changed;
	});
	return isSame ? value : Object.fromEntries(copy);
}

/**
 * @param key the API key
 * @param headerValues of the credential's custom headers; whole values of more than 4 characters are
 * kept out of texts
 */
export function createRedactor(key: string, headerValues: readonly string[] = []): Redactor {
	const whole = key.trim();
	const secret = secretPart(whole);
	const runs = runsOf(secret);
	const values = headerValues
		.filter((value) => value.length > LONGEST_SHOWN_RUN)
		// Longest first, so that no part of one is replaced while the rest of it stays.
		.sort((a, b) => b.length - a.length);
	const looksLikeMark =
		/[[\]]/.test(secret) ||
		stretchesOf(runs, REDACTED).length > 0 ||
		values.some((value) => REDACTED.includes(value));
	const mark = looksLikeMark ? OTHER_MARK : REDACTED;

	const withoutValue = (text: string, value: string): string =>
		WORD.test(value)
			? text.replace(freeWord(value), () => mark)
			: text.replaceAll(value, () => mark);

	const withoutKey = (text: string): string => {
		if (secret.length > LONGEST_SHOWN_RUN && !isPlaceholder(secret)) {
			return replace(text, stretchesOf(runs, text), mark);
		}
		// A short one may stand in a longer word by chance: "sk-1234" in "task-12345".
		return secret === '' || WORD.test(whole) ? text : text.replace(wholeWord(whole), () => mark);
	};

	return {
		text: (text) => withoutKey(values.reduce(withoutValue, text)),
		output: (value) =>
			whole.length < SHORTEST_KEY_IN_OUTPUTS
				? value
				: withTexts(value, (text) => text.replaceAll(whole, () => mark)),
	};
}
