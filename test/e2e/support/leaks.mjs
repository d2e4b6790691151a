const PREFIX = /^sk-[a-z]+-/;
const LONGEST = 4;

/**
 * @param {string} text
 * @param {string} key
 * @returns {string | undefined} the first run of more than four characters of the key's secret part in the text
 */
export function leakOf(text, key) {
	const secret = key.replace(PREFIX, '');
	for (let start = 0; start + LONGEST < secret.length; start++) {
		const run = secret.slice(start, start + LONGEST + 1);
		if (text.includes(run)) return run;
	}
	return undefined;
}
