/** What a sentence gives as a value: all up to its end, or up to the next fact in it. */
const VALUE =
	/([^.!?,;\n]+?)(?=(?<!\s)\s+and (?:my [a-z][a-z' -]{0,30}? (?:is|are)|I am called|I'm called|call me|I live in) |[.!?,;\n]|$)/
		.source;
/** `my <topic> is <value>` and the like. */
const FACT = new RegExp(`\\bmy ([a-z][a-z' -]{0,30}?) (?:is|are) ${VALUE}`, 'gi');
const NAME = new RegExp(`\\b(?:I am called|I'm called|call me) ${VALUE}`, 'gi');
const HOME = new RegExp(`\\bI live in ${VALUE}`, 'gi');
const INTRODUCTION =
	/^(?:(?:hi|hello|hey)\b[\s,.!-]*)?(?:my (?:name|favou?rite [a-z ]+) is|I am called|I'm called|call me|I live in) [^.!?\n]+[.!]?$/i;
const QUESTION = /\?|\b(?:remember|remind me|tell me)\b/i;
const WHAT_I_SAID =
	/\bwhat (?:did|have|was|were) (?:I|my)\b.*\b(?:say|said|tell|told|ask|asked|messages?)\b|\bwhat do you (?:know|remember)\b/i;
const UNKNOWN = /^\W*what(?:'s| is) my ([a-z' -]+)\?\W*$/i;

/**
 * Whether a text does nothing but tell something about the user, so that no tool is of use.
 *
 * @param {string} text
 */
export const isIntroduction = (text) => INTRODUCTION.test(text.trim());

/**
 * What the user's own words answer to a question.
 *
 * @param {string} question
 * @param {readonly string[]} earlier what the user said before, oldest first
 * @returns {string | undefined} undefined when it is no question, or they say nothing about it
 */
export function answerFromMemory(question, earlier) {
	if (!QUESTION.test(question)) return undefined;
	const facts = factsIn(earlier);
	const asked = [...facts.keys()]
		.sort((one, other) => other.length - one.length)
		.find((topic) => question.toLowerCase().includes(`my ${topic}`));
	if (asked !== undefined) return `Your ${asked} is ${facts.get(asked)}.`;
	if (/\bwho am I\b/i.test(question) && facts.has('name')) return `You are ${facts.get('name')}.`;
	if (/\bwhere do I live\b/i.test(question) && facts.has('home'))
		return `You live in ${facts.get('home')}.`;
	if (WHAT_I_SAID.test(question) && earlier.length > 0)
		return `You said: ${earlier
			.slice(-5)
			.map((text) => `"${text}"`)
			.join(', then ')}.`;
	return undefined;
}

/**
 * @param {string} question
 * @returns {string | undefined} an admission, when it asks for something about the user
 */
export function admissionOfIgnorance(question) {
	const topic = UNKNOWN.exec(question)?.[1];
	return topic === undefined ? undefined : `You have not told me your ${topic}.`;
}

/**
 * @param {readonly string[]} texts
 * @returns {Map<string, string>} by topic in lower case; the last word on a topic counts
 */
function factsIn(texts) {
	/** @type {Map<string, string>} */
	const facts = new Map();
	for (const text of texts) {
		for (const [, topic = '', value = ''] of text.matchAll(FACT))
			facts.set(topic.toLowerCase(), value.trim());
		for (const [, name = ''] of text.matchAll(NAME)) facts.set('name', name.trim());
		for (const [, home = ''] of text.matchAll(HOME)) facts.set('home', home.trim());
	}
	return facts;
}
