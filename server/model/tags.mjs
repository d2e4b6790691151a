const PAIR =
	/\b(?!conv_)([a-z]\w*)(?: (?:of|in|on) conv_\w+)?(?:\s*[=:]\s*|\s+(?:to|is)\s+)["']?(\w[\w-]*)/gi;
const NAMED = /\bas (?:an? |the )?([\w-]+(?: [\w-]+)*)/i;
const PRIORITIES = new Set(['urgent', 'high', 'important', 'normal', 'low']);

/**
 * The metadata that a sentence asks for: `topic=billing, plan: pro`, `set the topic to billing`,
 * `Tag it as an urgent refund`.
 *
 * @param {string} text
 * @returns {Record<string, string>} empty: it asks for none
 */
export function tagsIn(text) {
	const pairs = [...text.matchAll(PAIR)].map(([, key = '', value]) => [key.toLowerCase(), value]);
	if (pairs.length > 0) return Object.fromEntries(pairs);
	const words = NAMED.exec(text)?.[1]?.toLowerCase().split(' ') ?? [];
	const priority = words.find((word) => PRIORITIES.has(word));
	const topic = words.filter((word) => word !== priority).join(' ');
	return { ...(topic === '' ? {} : { topic }), ...(priority === undefined ? {} : { priority }) };
}
