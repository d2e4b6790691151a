import type { JsonValue } from '../values/json';
import { isJsonObject } from '../values/json';

/** What stands where a part of a secret stood. */
export const REDACTED = '[redacted]';

/** Stands there instead when the secret looks like that; no key has this character. */
const OTHER_MARK = '•••';

/** Whether a part of a secret may have stood in a value. */
export const isMasked = (value: JsonValue): boolean => {
	const text = JSON.stringify(value);
	return text.includes(REDACTED) || text.includes(OTHER_MARK);
};

/** The longest run of the key that may be shown. */
const LONGEST_SHOWN_RUN = 4;
const SHORTEST_RUN = LONGEST_SHOWN_RUN + 1;

/**
 * How many characters of the key in a row count as the key wherever they stand in an answer that
 * is handed on as data. Shorter runs turn up by chance in IDs and in encrypted content, and masking
 * them would corrupt those: with 160 characters of key and 64 letters to choose from, a chance run
 * of 5 comes once in 7 MB of such data, a run of 8 once in 10¹². As a word of its own a shorter run
 * is no chance.
 */
const RUN_IN_DATA = 8;

/** So long a text is no word that stands in for a key which a gateway does not ask for. */
const LONGER_THAN_A_WORD = 16;

const PREFIX = /^sk-(?:[A-Za-z]{1,10}-)?/;

/** The part of a key that is secret: what follows `sk-` and one word such as `proj-`. */
export function secretPart(key: string): string {
	return key.trim().replace(PREFIX, '');
}

/** A secret beside the key. */
export interface OtherSecret {
	text: string;
	/** Whether it is hidden in data as well; what is not may be an ordinary word that data has too. */
	inData: boolean;
}

/** Removes a secret from texts and data. */
export interface Redactor {
	/** For messages: no run of more than 4 characters of the key stays. */
	text(value: string): string;
	/** For data from the API: the value itself where the key is not in it, else a copy without the key. */
	data(value: JsonValue): JsonValue;
}

type Stretch = readonly [start: number, end: number];

/** Finds, from left to right, the longest stretches of a text that are made of runs of the secret. */
type Finder = (text: string) => Generator<Stretch, void>;

const pairAt = (text: string, index: number): number =>
	((text.charCodeAt(index) & 0xff) << 8) | (text.charCodeAt(index + 1) & 0xff);

function runsOf(secret: string, length: number): Set<string> {
	const runs = new Set<string>();
	for (let start = 0; start + length <= secret.length; start++)
		runs.add(secret.slice(start, start + length));
	return runs;
}

function finderFor(runs: ReadonlySet<string>): Finder {
	// Answers can be long: most places are ruled out by two characters, without a look-up of the run.
	const pairs = new Uint8Array(0x10000);
	for (const run of runs) {
		for (let index = 0; index + 1 < run.length; index++) pairs[pairAt(run, index)] = 1;
	}
	return function* find(text) {
		const last = text.length - SHORTEST_RUN;
		let start = 0;
		while (start <= last) {
			if (pairs[pairAt(text, start + SHORTEST_RUN - 2)] === 0) {
				start += SHORTEST_RUN - 1;
				continue;
			}
			if (!runs.has(text.slice(start, start + SHORTEST_RUN))) {
				start++;
				continue;
			}
			let end = start + SHORTEST_RUN;
			for (let next = start + 1; next < end && next <= last; next++) {
				if (runs.has(text.slice(next, next + SHORTEST_RUN))) end = next + SHORTEST_RUN;
			}
			yield [start, end];
			start = end;
		}
	};
}

/** Letters of one case, or digits, as words and numbers have them and keys made at random don't. */
const isWordLike = (text: string): boolean => /^(?:[a-z._-]+|[A-Z._-]+|[0-9._-]+)$/.test(text);

const LETTER_OR_DIGIT = /[A-Za-z0-9]/;

const standsAlone = (text: string, start: number, end: number): boolean =>
	!LETTER_OR_DIGIT.test(text.charAt(start - 1)) && !LETTER_OR_DIGIT.test(text.charAt(end));

/** Finds a text where it stands as a word of its own. */
function* findWord(text: string, word: string): Generator<Stretch, void> {
	for (
		let start = text.indexOf(word);
		start >= 0;
		start = text.indexOf(word, start + word.length)
	) {
		const end = start + word.length;
		if (standsAlone(text, start, end)) yield [start, end];
	}
}

function replace(text: string, stretches: readonly Stretch[], mark: string): string {
	let result = '';
	let shown = 0;
	for (const [start, end] of stretches) {
		result += text.slice(shown, start) + mark;
		shown = end;
	}
	return shown === 0 ? text : result + text.slice(shown);
}

/**
 * @param key the API key; its prefix up to `sk-…-` may be shown
 * @param otherSecrets texts that are hidden where they appear whole, such as a gateway's header values
 */
export function createRedactor(key: string, otherSecrets: readonly OtherSecret[] = []): Redactor {
	const whole = key.trim();
	const secret = secretPart(whole);
	const find = finderFor(runsOf(secret, SHORTEST_RUN));
	const longRuns = new Set([...runsOf(secret, RUN_IN_DATA)].filter((run) => !isWordLike(run)));
	const looksLikeMark =
		/[[\]]/.test(secret) ||
		find(REDACTED).next().done !== true ||
		otherSecrets.some(({ text }) => REDACTED.includes(text));
	const mark = looksLikeMark ? OTHER_MARK : REDACTED;

	// Longest first, lest a part of one be replaced and its rest stay.
	const others = otherSecrets
		.filter(({ text }) => text.length > LONGEST_SHOWN_RUN)
		.sort((a, b) => b.text.length - a.text.length);
	const inData = others.filter(({ inData }) => inData).map(({ text }) => text);
	const isKey = whole !== secret || !isWordLike(secret);
	if (isKey && whole.length > LONGEST_SHOWN_RUN) inData.push(whole);
	if (secret.length >= LONGER_THAN_A_WORD) inData.push(secret);
	// A short one may stand in a longer word by chance: "sk-1234" in "task-12345".
	const wholeInData = inData.filter((text) => text.length >= LONGER_THAN_A_WORD);
	const wordsInData = inData.filter((text) => text.length < LONGER_THAN_A_WORD);

	const withoutWhole = (text: string, wholes: readonly string[]): string =>
		wholes.reduce((rest, each) => rest.replaceAll(each, () => mark), text);

	const inText = (text: string): string => {
		const rest = withoutWhole(
			text,
			others.map((other) => other.text),
		);
		if (secret.length > LONGEST_SHOWN_RUN) return replace(rest, [...find(rest)], mark);
		return secret === '' ? rest : replace(rest, [...findWord(rest, whole)], mark);
	};

	const isLong = (text: string, [start, end]: Stretch): boolean => {
		for (let at = start; at + RUN_IN_DATA <= end; at++) {
			if (longRuns.has(text.slice(at, at + RUN_IN_DATA))) return true;
		}
		return false;
	};

	const inDataText = (text: string): string => {
		const rest = wordsInData.reduce(
			(left, word) => replace(left, [...findWord(left, word)], mark),
			withoutWhole(text, wholeInData),
		);
		const found = [...find(rest)];
		const counting = found.some((stretch) => isLong(rest, stretch))
			? found
			: found.filter(
					([start, end]) => standsAlone(rest, start, end) && !isWordLike(rest.slice(start, end)),
				);
		return replace(rest, counting, mark);
	};

	const redactData = (value: JsonValue): JsonValue => {
		if (typeof value === 'string') return inDataText(value);
		if (Array.isArray(value)) {
			const copy = value.map(redactData);
			return copy.some((part, index) => part !== value[index]) ? copy : value;
		}
		if (!isJsonObject(value)) return value;
		const entries = Object.entries(value);
		const copy = entries.map(([name, part]): [string, JsonValue] => [
			inDataText(name),
			redactData(part),
		]);
		const same = copy.every(([name, part], index) => {
			const entry = entries[index];
			return entry !== undefined && entry[0] === name && entry[1] === part;
		});
		return same ? value : Object.fromEntries(copy);
	};

	return { text: inText, data: redactData };
}
