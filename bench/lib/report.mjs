/** @import { Goal } from './goals.mjs' */
/** @import { Summary } from './statistics.mjs' */

/**
 * @typedef {object} Machine
 * @property {string} cpu
 * @property {number} cores
 * @property {number} memoryGB
 * @property {string} system
 * @property {string} node
 * @property {string} n8n
 */

/**
 * @typedef {object} Measured What is kept of one part.
 * @property {Machine} machine
 * @property {number} rounds
 * @property {unknown} result
 */

/** @param {number} ms */
export const seconds = (ms) => `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;

/** @param {number} ms */
export const milliseconds = (ms) => `${ms.toFixed(2)} ms`;

/** @param {number} count */
export const thousands = (count) => count.toLocaleString('en-US');

/** @param {Summary} summary @param {(value: number) => string} say */
export const spread = ({ median, least, most }, say) =>
	least === most ? say(median) : `${say(median)} (${say(least)} to ${say(most)})`;

/**
 * @param {string[]} head
 * @param {Array<Array<string | number>>} rows
 */
export const table = (head, rows) =>
	[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** @param {Measured} measured */
const conditionsOf = ({ machine: { cpu, cores, memoryGB, system, n8n, node }, rounds }) =>
	`${cpu}, ${cores} cores, ${memoryGB} GB, ${system}; n8n ${n8n}, Node ${node}; ${rounds === 1 ? '1 round' : `${rounds} rounds`}`;

/** @param {Record<string, Measured>} parts */
function conditions(parts) {
	/** @type {Map<string, string[]>} names of parts by where they were measured */
	const groups = new Map();
	for (const [name, measured] of Object.entries(parts)) {
		const where = conditionsOf(measured);
		groups.set(where, [...(groups.get(where) ?? []), name]);
	}
	if (groups.size === 1) return `\`npm run bench\` on ${[...groups.keys()].join('')}.`;
	const rows = [...groups].map(([where, names]) => [names.join(', '), where]);
	return `\`npm run bench\`, part by part:\n\n${table(['parts', 'measured on'], rows)}`;
}

/**
 * @param {{ parts: Record<string, Measured>, goals: Goal[], sections: string[], missing: string[] }} report missing: the names of the parts that were never measured
 * @returns {string} Markdown
 */
export function markdown({ parts, goals, sections, missing }) {
	const met = goals.filter((goal) => goal.met).length;
	return `# Measured: this node and what else one could use

${conditions(parts)}

Absolute times move with the machine, ratios within a run are what counts.

A real n8n runs each job behind a webhook, against the embedded API server in a process of its own, which answers after a set time. Times are those that n8n reports for the node alone: the median of all rounds and, in brackets, the least and the most. Where several nodes do the same job, rounds are interleaved, and the order changes from one to the next; the ratios among the goals are medians of the rounds' own ratios, so that a machine that is slower for a while does not count. After each run the server's own count is compared with what should have happened.

## Goals

${met} of ${goals.length} goals are met.${missing.length === 0 ? '' : ` Not measured yet: ${missing.join(', ')}.`}

${table(
	['goal', 'wanted', 'measured', ''],
	goals.map(({ goal, wanted, measured, met: isMet }) => [
		goal,
		wanted,
		measured,
		isMet ? 'met' : '**missed**',
	]),
)}

${sections.join('\n\n')}
`;
}
