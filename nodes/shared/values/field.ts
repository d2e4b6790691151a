/**
 * Reads one parameter of one item, expressions resolved. The fallback stands for a parameter that
 * the operation does not show.
 */
export type ReadParameter = (name: string, fallback: NonNullable<unknown>) => unknown;

/** The options collection of one item as n8n gives it, expressions resolved, not yet checked. */
export type GivenOptions = Readonly<Record<string, unknown>>;

/** A parameter that can't be used as it stands; found before any request. */
export class FieldError extends Error {
	override readonly name = 'FieldError';

	/**
	 * @param message what is wrong, naming the field by its label and, where there is one, the key
	 * @param advice how to put it right
	 */
	constructor(
		message: string,
		readonly advice: string,
	) {
		super(message);
	}
}

/** Whether an expression, or a field left alone, gave nothing. */
export const isNothing = (value: unknown): boolean =>
	value === undefined || value === null || value === '';

/** An expression in double braces, or one that lacks them. */
const EXPRESSION = /\{\{[\s\S]*\}\}|^=|^\$(?:json|input|node|now|today|\()/;

/** Whether a value is an expression that n8n took for text, because its field is set to Fixed. */
const isUnevaluated = (value: unknown): boolean =>
	typeof value === 'string' && EXPRESSION.test(value.trim());

const EVALUATE =
	'n8n read this expression as plain text. Switch the field from Fixed to Expression';

/** How to put a value right: by switching to Expression where that was forgotten, else as `advice` says. */
export const adviceFor = (value: unknown, advice: string): string =>
	isUnevaluated(value)
		? `${EVALUATE}${String(value).includes('{{') ? '.' : ' and write it in double curly braces, such as {{ $json.id }}.'}`
		: advice;

/** A value as an error message shows it: in quotes, at most 60 characters. */
export function quote(value: unknown): string {
	const text = textOf(value);
	return `"${text.length > 60 ? `${text.slice(0, 60).replace(/[\uD800-\uDBFF]$/, '')}…` : text}"`;
}

function textOf(value: unknown): string {
	if (typeof value === 'string') return value;
	// JSON would show NaN and Infinity as null.
	if (typeof value === 'number') return String(value);
	try {
		return JSON.stringify(value) ?? String(value);
	} catch {
		// JSON has no words for it: a bigint, or an object that contains itself.
		return typeof value === 'bigint' ? String(value) : kindOf(value);
	}
}

/** What kind of value something is, with an article. */
export function kindOf(value: unknown): string {
	if (value === undefined || value === null) return 'nothing';
	if (Array.isArray(value)) return 'a list';
	if (typeof value === 'object') return 'an object';
	return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}
