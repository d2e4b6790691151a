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

export const isHeaderName = (name: string): boolean =>
	HEADER_NAME.test(name) && !DROPPED.has(name.toLowerCase());

export const isHeaderValue = (value: string): boolean => HEADER_VALUE.test(value);
