import { dirname } from 'node:path';

/** @import { N8n } from '../lib/n8n/instance.mjs' */
/** @import { Api } from './api.mjs' */
/** @import { ExampleRun } from './run.mjs' */

/** @param {unknown} value */
const indented = (value) => JSON.stringify(value, null, 2).replace(/^/gm, '    ');

/**
 * @param {ExampleRun} run
 * @returns {string}
 */
export function report({ address, asked, received, answered }) {
	const seen = received?.map(
		({ method, path, bodyText }) => `The API received: ${method} ${path}\n    ${bodyText}\n`,
	) ?? ['The API was asked for the conversation afterwards and has the metadata.\n'];
	return `
The workflow was asked: POST ${address}
${indented(asked)}

${seen.join('\n')}
The updated conversation, as the workflow answered:
${indented(answered)}

`;
}

/**
 * What is needed to use the embedded API from a workflow or a terminal, and what its model is.
 *
 * @param {Api} api
 */
const embedded = ({ baseUrl, apiKey }) => `Base URL  ${baseUrl}
API key   ${apiKey}
Model     a stand-in, under every name in the list: it repeats what you said, remembers what you told it
          (“My name is Ada.” … “What is my name?”), calls the tools it is given, and follows a JSON schema
`;

/**
 * @param {N8n} n8n
 * @param {Api} api
 * @param {string} workflowId
 * @param {ExampleRun} run
 * @returns {string}
 */
export const welcome = (n8n, api, workflowId, run) => `Editor    ${n8n.url}/workflow/${workflowId}
Login     ${n8n.owner.email}
Password  ${n8n.owner.password}
API       ${api.description}
${api.isEmbedded ? embedded(api) : ''}Examples  ${n8n.url}/home/workflows (all published)
Again     curl -H 'content-type: application/json' -d '${JSON.stringify(run.asked)}' ${run.address}

n8n stays up until Ctrl-C. Everything in it is kept in ${dirname(n8n.folder)} for the next start.
\`npm run sandbox:reset\` deletes all of it, your own workflows too.
`;
