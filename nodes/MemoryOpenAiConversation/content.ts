import { FieldError } from '../shared/values/field';
import { isPlainObject } from '../shared/values/json';

/** Where a turn is that could not be saved: the memory's input in the Logs panel. */
export const KEPT =
	'What was said is in this execution: open Logs, then the memory. Add it from there with Conversation Item: Add.';

/**
 * A value as JSON.
 * @throws {FieldError} when JSON can't hold it
 */
export function jsonText(value: unknown): string {
	if (typeof value === 'bigint') return String(value);
	let text: string | undefined;
	try {
		text = JSON.stringify(value);
	} catch {
		text = undefined;
	}
	if (text !== undefined) return text;
	throw new FieldError(
		"The turn was not saved, because a value in it can't be made into text",
		`Hand over text, or a value that JSON can hold, which must not refer to itself. ${KEPT}`,
	);
}

/** A part of a message's content, as text. */
interface Piece {
	text: string;
	/** `part`: text that may go on in the next part; `line`: text by itself; `mark`: what stands for no text. */
	kind: 'part' | 'line' | 'mark';
	/** Whether it is surely a part of a message, and no value that only looks like one. */
	isCertain: boolean;
}

/** Parts that are the model's own affair, or stand beside the content as tool calls. */
const UNSPOKEN =
	/(?:^|_)tool_(?:use|call|call_chunk|result|call_result)$|^(?:input_json_delta|thinking|redacted_thinking|reasoning)$/;

const TEXT = /(?:^|_)text$|^text[-_]/;
const MEDIA = /image|audio|video|screenshot|^(?:input_|output_)?(?:file|document|media)$/;

/** What parts have that stand for an image or a file. */
const PAYLOADS = [
	...['image_url', 'image', 'input_audio', 'audio', 'video', 'document', 'inlineData'],
	...['file', 'file_id', 'fileId', 'file_data', 'file_url', 'filename'],
	...['data', 'base64', 'url', 'source', 'source_type', 'mimeType', 'mime_type', 'media_type'],
];

function mediaText(type: string, { name, filename, file }: Record<string, unknown>): string {
	const kind = /image|screenshot/.test(type) ? 'image' : (/audio|video/.exec(type)?.[0] ?? 'file');
	const inner = isPlainObject(file) ? (file.filename ?? file.name) : undefined;
	const title = [filename, name, inner].find((each) => typeof each === 'string' && each !== '');
	return title === undefined ? `[${kind}]` : `[${kind}: ${String(title)}]`;
}

/** A part as text; undefined for what nobody said. */
function pieceOf(part: unknown): Piece | undefined {
	if (typeof part === 'string') return { text: part, kind: 'line', isCertain: true };
	if (part === undefined) return undefined;
	if (isPlainObject(part)) {
		const { type, text, refusal } = part;
		const named = typeof type === 'string' ? type : undefined;
		if (named !== undefined && UNSPOKEN.test(named)) return undefined;
		const isText = named === undefined ? Object.keys(part).length === 1 : TEXT.test(named);
		if (isText && typeof text === 'string') return { text, kind: 'part', isCertain: true };
		if (named === 'refusal' && typeof refusal === 'string') {
			return { text: refusal, kind: 'part', isCertain: true };
		}
		if (named !== undefined && MEDIA.test(named)) {
			const isCertain = PAYLOADS.some((name) => Object.hasOwn(part, name));
			return { text: mediaText(named, part), kind: 'mark', isCertain };
		}
	}
	return { text: jsonText(part), kind: 'mark', isCertain: false };
}

const isSpace = (character: string | undefined): boolean => /^\s$/.test(character ?? '');

/** What stands between two pieces so that neither a sentence is torn nor two words become one. */
function breakBetween(text: string, last: Piece, piece: Piece): string {
	const [end, start] = [text.at(-1), piece.text.at(0)];
	const isParted =
		last.kind === 'mark' || piece.kind === 'mark'
			? end === '\n' || start === '\n'
			: isSpace(end) || isSpace(start);
	return isParted ? '' : '\n';
}

/**
 * @param flows whether a model made the parts: it cuts its text anywhere
 */
function joined(pieces: ReadonlyArray<Piece | undefined>, flows: boolean): string {
	let text = '';
	let last: Piece | undefined;
	let isNext = false;
	for (const piece of pieces) {
		if (piece === undefined) isNext = false;
		if (piece === undefined || piece.text === '') continue;
		const goesOn = flows && isNext && last?.kind === 'part' && piece.kind === 'part';
		text += (last === undefined || goesOn ? '' : breakBetween(text, last, piece)) + piece.text;
		last = piece;
		isNext = true;
	}
	return text;
}

/**
 * The text of a message's content, with images and files named in their place, and what else is in it
 * as JSON.
 * @param flows whether a model made its parts, so that one may go on where the one before it ends
 * @throws {FieldError} when JSON can't hold a part
 */
export function contentText(content: unknown, flows: boolean): string {
	if (content === undefined || content === null) return '';
	if (typeof content === 'string') return content;
	return Array.isArray(content) ? joined(content.map(pieceOf), flows) : jsonText(content);
}

/**
 * The text of what a chain was given or gave: text, parts of a content, or a value as JSON.
 * @throws {FieldError} when JSON can't hold it
 */
export function valueText(value: unknown, flows: boolean): string {
	if (!Array.isArray(value)) return contentText(value, flows);
	const pieces = value.map(pieceOf);
	const isContent = pieces.every((piece) => piece === undefined || piece.isCertain);
	return (isContent ? joined(pieces, flows) : '') || jsonText(value);
}
