import { FieldError, quote } from './field';

/** RFC 9110's token, of which header names are made. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Names that have another meaning to n8n's request helper (axios), which sends no header of that name. */
const DROPPED = new Set([
	'__proto__',
	'common',
	'constructor',
	'delete',
	'get',
	'head',
	'patch',
	'post',
	'prototype',
	'put',
	'query',
]);

/** What Node.js sends in a header's value: no control characters but the tab, nothing beyond Latin-1. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers that say where a message begins and ends, and how it travels: the connection's own. */
export const FRAMING_HEADERS: readonly string[] = [
	'connection',
	'content-length',
	'expect',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
];

/** A field that sets headers. */
export interface HeaderField {
	label: string;
	/** Headers, in lower case, that something else settles. */
	reserved: ReadonlySet<string>;
	/** How to put it right. */
	advice: Readonly<Record<'wrongName' | 'reserved' | 'wrongValue', string>>;
}

/**
 * Refuses what n8n's helper would send without what does not fit, or not at all, and nobody would know why.
 * @throws {FieldError}
 */
export function checkHeader(
	[name, value]: readonly [string, string],
	{ label, reserved, advice }: HeaderField,
): void {
	if (!HEADER_NAME.test(name) || DROPPED.has(name.toLowerCase())) {
		throw new FieldError(
			`${label} has the name ${quote(name)}, which can't be the name of a header`,
			advice.wrongName,
		);
	}
	if (reserved.has(name.toLowerCase())) {
		throw new FieldError(`${label} can't set ${name}`, advice.reserved);
	}
	if (!HEADER_VALUE.test(value)) {
		throw new FieldError(
			`The value of ${name} in ${label} has characters that a header can't carry`,
			advice.wrongValue,
		);
	}
}
