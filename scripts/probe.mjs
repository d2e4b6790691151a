/**
 * `npm run probe`: asks the real API what docs/assumptions.md can only assume, with conversations of
 * its own that it deletes again, also when it is interrupted. Needs OPENAI_API_KEY; OPENAI_API_BASE
 * and OPENAI_MODEL are optional. Costs less than a cent: three short responses of a small model.
 */
import { writeFile } from 'node:fs/promises';
import { createApi } from './probe/api.mjs';
import { questions } from './probe/questions.mjs';

/** @import { Result, Question } from './probe/questions.mjs' */

const {
	OPENAI_API_KEY: apiKey = '',
	OPENAI_API_BASE,
	OPENAI_MODEL: model = 'gpt-5-mini',
} = process.env;
const baseUrl = OPENAI_API_BASE ?? 'https://api.openai.com/v1';
const file = process.argv[2] ?? 'probe-results.md';

/** @param {Result['holds']} holds */
const verdict = (holds) =>
	holds === undefined ? 'not settled' : holds ? 'holds' : 'does not hold';

/**
 * What is printed and attached to an issue: no part of the key, whatever an answer quotes.
 *
 * @param {string} text
 */
function withoutKey(text) {
	const secret = apiKey.replace(/^sk-(?:(?:proj|svcacct|admin)-)?/, '');
	let clean = text;
	for (let length = secret.length; length > 4; length--) {
		for (let start = 0; start + length <= secret.length; start++) {
			clean = clean.replaceAll(secret.slice(start, start + length), '[redacted]');
		}
	}
	return clean;
}

/**
 * @param {Array<Question & Result>} rows
 * @param {string[]} left
 */
function report(rows, left) {
	const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
	return withoutKey(
		[
			`# What the API at ${new URL(baseUrl).host} does`,
			'',
			`${new Date().toISOString()}, model ${model}`,
			'',
			'| Assumption | Assumed | Found | Verdict | The node |',
			'| --- | --- | --- | --- | --- |',
			...rows.map(
				({ name, assumed, found, holds, node }) =>
					`| ${[name, assumed, found, verdict(holds), node].map(cell).join(' | ')} |`,
			),
			'',
			left.length === 0
				? 'Everything that was made has been deleted.'
				: `These conversations could not be deleted: ${left.join(', ')}.`,
			'',
		].join('\n'),
	);
}

if (apiKey === '') {
	process.stderr.write(
		'OPENAI_API_KEY is not set. Set it to a key that may use the Conversations and Responses API, then run `npm run probe` again.\n',
	);
	process.exit(1);
}

const api = createApi({ baseUrl, apiKey });
let interrupted = false;
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
	// Each time: a terminal and npm may both pass the signal on.
	process.on(signal, () => {
		if (interrupted) return;
		interrupted = true;
		process.stderr.write('\nEnding: deleting what was made …\n');
	});
}

/** @type {Array<Question & Result>} */
const rows = [];
for (const question of questions) {
	if (interrupted) break;
	process.stdout.write(`${question.name} … `);
	/** @type {Result} */
	const result = await question.ask(api, { model }).catch((error) => ({
		found: `could not be asked: ${error instanceof Error ? error.message : String(error)}`,
		holds: undefined,
		node: 'unchanged',
	}));
	rows.push({ ...question, ...result });
	process.stdout.write(withoutKey(`${result.found} (${verdict(result.holds)})\n`));
}
const left = await api.deleteAll();
const text = report(rows, left);
await writeFile(file, text);
process.stdout.write(
	`\n${text}\nWritten to ${file}; attach it to an issue if something does not hold.\n`,
);
process.exitCode = interrupted || left.length > 0 ? 1 : 0;
