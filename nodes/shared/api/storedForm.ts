import type { JsonObject, JsonValue } from '../values/json';
import { isJsonObject, textAt } from '../values/json';
import type { Item } from './items';
import { ITEM_TYPES, SENDABLE_ROLES } from './schema';

const itemTypes = new Set<string>(ITEM_TYPES);

const TEXT_PARTS = new Set(['input_text', 'output_text', 'text']);

/** Fields that the server makes where they were not sent. */
const MADE_BY_SERVER = ['id', 'status', 'created_by', 'created_at', 'object'];

/** Fields of a part that the server fills in with this when they were not sent. */
const FILLED_IN: Readonly<Record<string, string>> = {
	annotations: '[]',
	logprobs: '[]',
	detail: '"auto"',
};

const typeOf = (item: Item): string =>
	textAt(item, 'type') ?? (typeof item.role === 'string' ? 'message' : '');

/** A text as the part of a message that the API makes of it. */
const textPart = (text: string, role: JsonValue | undefined): JsonObject => ({
	type: role === 'assistant' ? 'output_text' : 'input_text',
	text,
});

const contentParts = ({ content, role }: Item): JsonValue[] => {
	if (typeof content === 'string') return [textPart(content, role)];
	return Array.isArray(content) ? content : [];
};

/** JSON with sorted names, without null fields: equal texts mean equal values. */
function canonical(value: JsonValue): string {
	if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
	if (!isJsonObject(value)) return JSON.stringify(value);
	const entries = Object.entries(value)
		.filter(([, part]) => part !== null)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`);
	return `{${entries.join(',')}}`;
}

function withoutFilledIn(part: JsonValue): JsonValue {
	if (!isJsonObject(part)) return part;
	return Object.fromEntries(
		Object.entries(part).filter(([name, value]) => FILLED_IN[name] !== JSON.stringify(value)),
	);
}

/** @param sent the item that was sent, whose fields count even where the server makes them otherwise */
function comparable(item: Item, sent: Item): string {
	const type = typeOf(item);
	const fields = Object.entries({ ...item, type }).filter(
		([name]) => !MADE_BY_SERVER.includes(name) || Object.hasOwn(sent, name),
	);
	return canonical({
		...Object.fromEntries(fields),
		...(type === 'message' ? { content: contentParts(item).map(withoutFilledIn) } : {}),
	});
}

/** Whether a stored item is exactly the one that was sent, in the form in which the API stores it. */
export const isStoredAs = (stored: Item, sent: Item): boolean =>
	comparable(stored, sent) === comparable(sent, sent);

/** Where, in a list of stored items, those that were sent stand one behind the other exactly as sent. */
export const placesOf = (sent: readonly Item[], stored: readonly Item[]): number[] =>
	stored.flatMap((_, start) => {
		const isHere = sent.every((item, place) => {
			const found = stored[start + place];
			return found !== undefined && isStoredAs(found, item);
		});
		return isHere ? [start] : [];
	});

/** The text of a message that has nothing but text; undefined for everything else. */
function plainText(item: Item): string | undefined {
	if (
		typeOf(item) !== 'message' ||
		typeof item.role !== 'string' ||
		!SENDABLE_ROLES.has(item.role)
	) {
		return undefined;
	}
	const texts = contentParts(item).map((part) =>
		isJsonObject(part) && TEXT_PARTS.has(textAt(part, 'type') ?? '') ? part.text : undefined,
	);
	return texts.every((text) => typeof text === 'string') ? texts.join(' ') : undefined;
}

const sameRole = (a: Item, b: Item): boolean => {
	const [role, other] = [a, b].map((item) => (item.role === 'developer' ? 'system' : item.role));
	return role === other;
};

const words = (text: string): string => text.normalize().replace(/\s+/g, ' ').trim();

/**
 * Whether a stored item may be one that was sent, or have come of it. Errs towards yes: a no may
 * lead to sending it again. Only a message of nothing but text is known to come back as it was sent.
 */
export function mayComeFrom(stored: Item, sent: Item): boolean {
	const type = typeOf(sent);
	if (!itemTypes.has(type)) return true;
	if (typeOf(stored) !== type) return false;
	if (type === 'message') {
		const [text, other] = [plainText(stored), plainText(sent)];
		if (!sameRole(stored, sent)) return false;
		return text === undefined || other === undefined || words(text) === words(other);
	}
	const [call, other] = [textAt(stored, 'call_id'), textAt(sent, 'call_id')];
	return call === undefined || other === undefined || call === other;
}

/**
 * The stored items in the order in which they were sent.
 * @param stored as many as were sent
 * @returns undefined when it can't be told which is which
 */
export function inOrderOf(
	sent: readonly Item[],
	stored: readonly Item[],
): readonly Item[] | undefined {
	const rest = [...stored];
	const exact = sent.map((item) => {
		const place = rest.findIndex((candidate) => isStoredAs(candidate, item));
		return place < 0 ? undefined : rest.splice(place, 1)[0];
	});
	// What came back in another form can only be told by where it stands.
	const ordered = sent.map((item, place) => {
		const found = exact[place] ?? rest.shift();
		return found === undefined || !mayComeFrom(found, item) ? undefined : found;
	});
	const found = ordered.filter((item) => item !== undefined);
	if (found.length < sent.length) return undefined;
	return found.every((item, place) => item === stored[place]) ? stored : found;
}
