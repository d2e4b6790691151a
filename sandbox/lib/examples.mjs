import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { root } from './paths.mjs';
import { at, field } from './values.mjs';

/** @import { Credential } from './n8n/cli.mjs' */
/** @import { Workflow } from './n8n/rest.mjs' */

const folder = join(root, 'examples');

/**
 * @param {string} name of the file in examples/, without its ending
 * @returns {Promise<Workflow>}
 */
export const readExample = async (name) =>
	JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'));

const STICKY_NOTE = 'n8n-nodes-base.stickyNote';

const STAND_IN = `**Without \`OPENAI_API_KEY\`, a stand-in answers here instead of a model.** It repeats what you said, remembers what you told it (*My name is Ada.* … *What is my name?*), calls the tools it is given, and follows a JSON schema. If you set the key before \`npm start\`, OpenAI's models answer, and you pay for them.`;

/**
 * @param {Workflow} example
 * @returns {Workflow} whose note says which of its steps are done here already
 */
export const withReadinessNoted = (example) =>
	JSON.parse(
		JSON.stringify(example).replaceAll(
			'**Try it:**',
			'**Try it** (skip what is done already in this sandbox: choosing the credential and publishing)**:**',
		),
	);

/** @param {unknown} node */
const asksModel = (node) =>
	at(node, 'parameters', 'operation') === 'send' || String(field(node, 'type')).includes('.lmChat');

/**
 * @param {Workflow} example
 * @returns {Workflow} with a note that says so where a stand-in answers in a model's place
 */
export function withStandInNoted(example) {
	if (!example.nodes.some(asksModel)) return example;
	const first = example.nodes.find((node) => field(node, 'type') === STICKY_NOTE);
	const [left, top] = [at(first, 'position', '0'), at(first, 'position', '1')].map(Number);
	const note = {
		id: `${example.id}-stand-in`,
		name: 'The model here',
		type: STICKY_NOTE,
		typeVersion: 1,
		position: [left, Number(top) - 110],
		parameters: { content: STAND_IN, width: 700, height: 90, color: 3 },
	};
	return { ...example, nodes: [...example.nodes, note] };
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
