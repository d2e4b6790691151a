/** @import { Api } from './api.mjs' */

/**
 * @typedef {object} Peer
 * @property {string} label
 * @property {string} type of the n8n node
 * @property {number} typeVersion
 * @property {Record<string, unknown>} parameters
 * @property {Record<string, { id: string, name: string }>} [credentials]
 */

/** @type {{ ours: { id: string, name: string, type: string }, theirs: { id: string, name: string, type: string } }} */
export const CREDENTIALS = {
	ours: { id: 'benchOurs', name: 'OpenAI Conversation API', type: 'openAIConversationApi' },
	theirs: { id: 'benchTheirs', name: 'OpenAI', type: 'openAiApi' },
};

/** @param {'ours' | 'theirs'} whose */
function credentialOf(whose) {
	const { id, name, type } = CREDENTIALS[whose];
	return { [type]: { id, name } };
}

const ID = '={{ $json.id }}';

/** What the peers set on the conversation, so that each item has a value of its own. */
const TOPIC = '$json.id.slice(-6)';
const FIELDS = {
	metadataInput: 'fields',
	metadata: { pairs: [{ key: 'topic', value: `={{ ${TOPIC} }}` }] },
};

/**
 * Our node at work on the conversation that an item names under `id`.
 *
 * @param {string} resource
 * @param {string} operation
 * @param {Record<string, unknown>} parameters
 * @param {Record<string, unknown>} [options]
 * @param {string} [label]
 * @returns {Peer}
 */
export const ourOperation = (resource, operation, parameters, options = {}, label = '') => ({
	label,
	type: 'n8n-nodes-openai-conversation.openAIConversation',
	typeVersion: 1,
	parameters: { resource, operation, conversationId: ID, ...parameters, options },
	credentials: credentialOf('ours'),
});

/**
 * @param {string} label
 * @param {Record<string, unknown>} options
 */
export const ourNode = (label, options) =>
	ourOperation('conversation', 'set', { updateMode: 'replace', ...FIELDS }, options, label);

/** @returns {Peer} */
export const openAiNode = () => ({
	label: 'n8n’s OpenAI node 2.1',
	type: '@n8n/n8n-nodes-langchain.openAi',
	typeVersion: 2.1,
	parameters: {
		resource: 'conversation',
		operation: 'update',
		conversationId: ID,
		metadata: `={{ JSON.stringify({ topic: ${TOPIC} }) }}`,
	},
	credentials: credentialOf('theirs'),
});

/**
 * @param {Api} api
 * @returns {Peer}
 */
export const httpRequestNode = ({ url }) => ({
	label: 'HTTP Request node 4.2, all at once',
	type: 'n8n-nodes-base.httpRequest',
	typeVersion: 4.2,
	parameters: {
		method: 'POST',
		url: `=${url}/conversations/{{ $json.id }}`,
		authentication: 'predefinedCredentialType',
		nodeCredentialType: CREDENTIALS.theirs.type,
		sendBody: true,
		specifyBody: 'json',
		jsonBody: `={{ JSON.stringify({ metadata: { topic: ${TOPIC} } }) }}`,
		options: {},
	},
	credentials: credentialOf('theirs'),
});

/**
 * @param {Api} api
 * @param {number} concurrency
 * @returns {Peer}
 */
export const bareLoop = ({ url, apiKey }, concurrency) => ({
	label: `bare fetch loop, ${concurrency} in flight`,
	type: 'CUSTOM.bareLoop',
	typeVersion: 1,
	parameters: {
		url,
		apiKey,
		concurrency,
		conversationId: ID,
		updateMode: 'replace',
		...FIELDS,
		options: { maxConcurrency: concurrency },
	},
});
