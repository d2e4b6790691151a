/** @import { N8n } from '../n8n/instance.mjs' */
/** @import { Api } from './api.mjs' */
/** @import { ExampleRun } from './run.mjs' */

/** @param {unknown} value */
const indented = (value) => JSON.stringify(value, null, 2).replace(/^/gm, '    ');

/**
 * @param {ExampleRun} run
 * @returns {string}
 */
export function report({ address, asked, received, answered }) {
	const parts = [`The workflow was asked: POST ${address}`, indented(asked), ''];
	if (received) {
		for (const { method, path, body } of received) {
			parts.push(`The API received: ${method} ${path}`);
			if (body) parts.push(`    ${body}`);
			parts.push('');
		}
	} else {
		parts.push('The API was asked for the conversation afterwards and has the metadata.', '');
	}
	parts.push('The updated conversation, as the workflow answered:', indented(answered), '');
	return `\n${parts.join('\n')}\n`;
}

/**
 * @param {object} parts
 * @param {N8n} parts.n8n
 * @param {Api} parts.api
 * @param {string} parts.workflowId
 * @param {ExampleRun} parts.run
 * @returns {string}
 */
export function welcome({ n8n, api, workflowId, run }) {
	return `Editor    ${n8n.url}/workflow/${workflowId}
Login     ${n8n.owner.email}
Password  ${n8n.owner.password}
API       ${api.description}
Examples  ${n8n.url}/home/workflows
Again     curl -H 'content-type: application/json' -d '${JSON.stringify(run.asked)}' ${run.address}

n8n stays up until Ctrl-C. Its state is in ${n8n.folder}; \`npm run sandbox:reset\` removes it.
`;
}
