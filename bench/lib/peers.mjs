/** @import { Api } from './api.mjs' */

/**
 * @typedef {object} Peer
 * @property {string} label
 * @property {string} type of the n8n node
 * @property {number} typeVersion
 * @property {Record<string, unknown>} parameters that set `{ topic }` on the conversation which an item names under `id`
 * @property {Record<string, { id: string, name: string }>} [credentials]
 */

/** @type {{ ours: { id: string, name: string, type: string }, theirs: { id: string, name: string, type: string } }} */
export const CREDENTIALS = {
	ours: { id: 'benchOurs', name: 'OpenAI Conversation API', type: 'openAIConversationApi' },
	theirs: { id: 'benchTheirs', name: 'OpenAI', type: 'openAiApi' },
};

/** @param {'ours' | 'theirs'} whose */
export function credentialOf(whose) {
	const { id, name, type } = CREDENTIALS[whose];
	return { [type]: { id, name } };
}

const ID = '={{ $json.id }}';
const TOPIC = '$json.id.slice(-6)';
const FIELDS = {
	metadataInput: 'fields',
	metadata: { pairs: [{ key: 'topic', value: `={{ ${TOPIC} }}` }] },
};

/**
 * @param {string} label
 * @param {Record<string, unknown>} options
 * @returns {Peer}
 */
export const ourNode = (label, options) => ({
	label,
	type: 'n8n-nodes-openai-conversation.openAIConversation',
	typeVersion: 1,
	parameters: {
		resource: 'conversation',
		operation: 'set',
		conversationId: ID,
		updateMode: 'replace',
		...FIELDS,
		options,
	},
	credentials: credentialOf('ours'),
});

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
