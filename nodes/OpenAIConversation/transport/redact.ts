import type { JsonValue } from './json';
import { isJsonObject } from './json';

/** What stands where a part of a secret stood. */
export const REDACTED = '[redacted]';

/** The longest run of the key that may be shown. */
const LONGEST_SHOWN_RUN = 4;

/**
 * How many characters of the key in a row count as the key in an answer that is handed on as data.
 * Shorter runs turn up by chance in IDs and in encrypted content, and masking them would corrupt
 * those: with 160 characters of key and 64 letters to choose from, a chance run of 5 comes once in
 * 7 MB of such data, a run of 8 once in 10¹².
 */
const RUN_IN_DATA = 8;

/** The part of a key that is secret: what follows `sk-` and one word such as `proj-`. */
export function secretPart(key: string): string {
	return key.trim().replace(/^sk-(?:[A-Za-z]+-)?/, '');
}

/** Removes a secret from texts and data. */
export interface Redactor {
	/** For messages: no run of more than 4 characters of the key stays. */
	text(value: string): string;
	/** For data from the API: the value itself where the key is not in it, else a copy without the key. */
	data(value: JsonValue): JsonValue;
}

/** Replaces every run of at least `length` characters that `text` shares with the secret. */
function replaceRuns(text: string, { runs, length }: Runs): string {
	let result = '';
	let shown = 0;
	for (let start = 0; start + length <= text.length; start++) {
		if (!runs.has(text.slice(start, start + length))) continue;
		let end = start + length;
		while (end < text.length && runs.has(text.slice(end - length + 1, end + 1))) end++;
		result += text.slice(shown, start) + REDACTED;
		shown = end;
		start = end - 1;
	}
	return shown === 0 ? text : result + text.slice(shown);
}

/**
 * @param key the API key; its prefix up to `sk-…-` may be shown
 * @param otherSecrets texts that are hidden where they appear whole, such as a gateway's header values
 */
export function createRedactor(key: string, otherSecrets: readonly string[] = []): Redactor {
	const secret = secretPart(key);
	const inMessages = runsOf(secret, Math.min(LONGEST_SHOWN_RUN + 1, secret.length));
	const inData = runsOf(secret, Math.min(RUN_IN_DATA, secret.length));
	const others = otherSecrets.filter((other) => other.length > LONGEST_SHOWN_RUN);

	const redact = (text: string, runs: Runs): string => {
		const withoutOthers = others.reduce((rest, other) => rest.replaceAll(other, REDACTED), text);
		return runs.length === 0 ? withoutOthers : replaceRuns(withoutOthers, runs);
	};
	const redactData = (value: JsonValue): JsonValue => {
		if (typeof value === 'string') return redact(value, inData);
		if (Array.isArray(value)) {
			const copy = value.map(redactData);
			return copy.some((part, index) => part !== value[index]) ? copy : value;
		}
		if (!isJsonObject(value)) return value;
		const entries = Object.entries(value);
		const copy = entries.map(([name, part]): [string, JsonValue] => [
			redact(name, inData),
			redactData(part),
		]);
		const same = copy.every(([name, part], index) => {
			const entry = entries[index];
			return entry !== undefined && entry[0] === name && entry[1] === part;
		});
		return same ? value : Object.fromEntries(copy);
	};
	return { text: (value) => redact(value, inMessages), data: redactData };
}

interface Runs {
	runs: ReadonlySet<string>;
	/** Characters in a run; 0 when there is nothing to hide. */
	length: number;
}

function runsOf(secret: string, length: number): Runs {
	const runs = new Set<string>();
	for (let start = 0; length > 0 && start + length <= secret.length; start++) {
		runs.add(secret.slice(start, start + length));
	}
	return { runs, length };
}
