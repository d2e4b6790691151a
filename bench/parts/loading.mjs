import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { node24, root } from '../../sandbox/index.mjs';
import { atMost } from '../lib/goals.mjs';
import { milliseconds, spread } from '../lib/report.mjs';
import { median, summaryOf } from '../lib/statistics.mjs';

/** @import { Part } from '../lib/part.mjs' */
/** @import { Summary } from '../lib/statistics.mjs' */

const TIMES = 15;

/** Prints the ms that n8n-workflow takes to load, and what our node takes on top. */
const PROGRAM = `
const { performance } = require('node:perf_hooks');
const start = performance.now();
require('n8n-workflow');
const middle = performance.now();
require('./dist/nodes/OpenAIConversation/OpenAIConversation.node.js');
console.log(JSON.stringify([middle - start, performance.now() - middle]));
`;

/** @type {Part<{ workflowMs: number, nodeMs: Summary }>} */
export const loading = {
	title: 'Loading the node',

	async measure(_stage, _scale, say) {
		/** @type {number[]} */
		const workflowMs = [];
		/** @type {number[]} */
		const nodeMs = [];
		for (let times = 0; times < TIMES; times++) {
			say(`${times + 1} of ${TIMES}`);
			const { stdout } = await promisify(execFile)(node24, ['-e', PROGRAM], { cwd: root });
			/** @type {[number, number]} */
			const [workflow, node] = JSON.parse(stdout);
			workflowMs.push(workflow);
			nodeMs.push(node);
		}
		return { workflowMs: median(workflowMs), nodeMs: summaryOf(nodeMs) };
	},

	goals: ({ nodeMs }) => [
		atMost(
			'loading the node, on top of n8n-workflow',
			nodeMs.median,
			15,
			(value) => `${value.toFixed(1)} ms`,
		),
	],

	section: ({ nodeMs, workflowMs }) => `## Loading

\`require\` of the built node takes ${spread(nodeMs, milliseconds)} after \`n8n-workflow\`, which itself takes ${milliseconds(workflowMs)}.`,
};
