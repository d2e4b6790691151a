import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { root } from './paths.mjs';

/** @import { Credential } from './n8n/cli.mjs' */
/** @import { Workflow } from './n8n/rest.mjs' */

const folder = join(root, 'examples');

/**
 * @param {string} name of the file in examples/, without its ending
 * @returns {Promise<Workflow>}
 */
export const readExample = async (name) =>
	JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'));

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
