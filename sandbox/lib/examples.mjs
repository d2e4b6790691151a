import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { filesFolder } from './n8n/environment.mjs';
import { root } from './paths.mjs';

/** @import { Credential } from './n8n/cli.mjs' */
/** @import { Workflow } from './n8n/rest.mjs' */

const folder = join(root, 'examples');

/** Where the examples save files: the one place in which n8n may write, as it is called in n8n's container. */
const PLACE = '/home/node/.n8n-files/';

/**
 * @param {string} name of the file in examples/, without its ending
 * @param {string} n8nFolder n8n's own folder, of which the example is to use the place for files
 * @returns {Promise<Workflow>}
 */
export async function readExample(name, n8nFolder) {
	const text = await readFile(join(folder, `${name}.json`), 'utf8');
	return JSON.parse(
		text.replaceAll(PLACE, JSON.stringify(`${filesFolder(n8nFolder)}/`).slice(1, -1)),
	);
}

/** @returns {Promise<string[]>} the names of all examples */
export const exampleNames = async () =>
	(await readdir(folder))
		.filter((file) => file.endsWith('.json'))
		.map((file) => basename(file, '.json'));

/**
 * The credentials that the examples name: this node's, and the one of n8n's own OpenAI nodes.
 *
 * @param {{ baseUrl: string, apiKey: string }} api
 * @returns {Credential[]}
 */
export const exampleCredentials = ({ baseUrl, apiKey }) => [
	{
		id: 'openAIConversation',
		name: 'OpenAI Conversation API',
		type: 'openAIConversationApi',
		data: { apiKey, baseUrl, authentication: 'bearer', allowedHttpRequestDomains: 'all' },
	},
	{
		id: 'openAi',
		name: 'OpenAI',
		type: 'openAiApi',
		data: { apiKey, url: baseUrl, allowedHttpRequestDomains: 'all' },
	},
];
