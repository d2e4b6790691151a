import { isObject } from '../validate.mjs';

/**
 * @param {unknown} content a string, or content parts with `text`
 * @returns {string}
 */
export function textOf(content) {
	if (typeof content === 'string') return content;
	if (!Array.isArray(content)) return '';
	return content
		.map((/** @type {unknown} */ part) =>
			isObject(part) && typeof part['text'] === 'string' ? part['text'] : '',
		)
		.join('');
}

const CHARACTERS_PER_TOKEN = 4;

/** @param {string} text */
export const tokensIn = (text) => Math.ceil(text.length / CHARACTERS_PER_TOKEN);

/**
 * @param {string} text
 * @param {number} tokens
 */
export const firstTokens = (text, tokens) => text.slice(0, tokens * CHARACTERS_PER_TOKEN);

/**
 * @param {string} text
 * @returns {string[]} its words, each with the space that follows
 */
export const inPieces = (text) => text.match(/\S+\s*|\s+/g) ?? [];
