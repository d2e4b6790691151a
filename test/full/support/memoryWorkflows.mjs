import { CREDENTIAL_TYPE, newId } from '../../e2e/support/workflows.mjs';

/** @typedef {{ id: string, name: string }} Named */
/** @typedef {Record<string, unknown>} Json */

export const MEMORY = 'Memory';
const MEMORY_TYPE = 'n8n-nodes-openai-conversation.memoryOpenAiConversation';
const LANGCHAIN = '@n8n/n8n-nodes-langchain';

/**
 * @param {string} name
 * @param {string} type
 * @param {number} typeVersion
 * @param {Json} [parameters]
 * @param {Json} [more] fields of the node beside its parameters
 */
export const node = (name, type, typeVersion, parameters = {}, more = {}) => ({
	id: newId(),
	name,
	type,
	typeVersion,
	position: [0, 0],
	parameters,
	...more,
});

/**
 * @param {Named} credential
 * @param {Json} parameters
 */
export const memoryNode = (credential, parameters) =>
	node(MEMORY, MEMORY_TYPE, 1, parameters, { credentials: { [CREDENTIAL_TYPE]: credential } });

/**
 * @param {Named} credential of type openAiApi
 */
export const modelNode = (credential) =>
	node(
		'Model',
		`${LANGCHAIN}.lmChatOpenAi`,
		1.2,
		{ model: { __rl: true, mode: 'id', value: 'gpt-test' }, options: {} },
		{ credentials: { openAiApi: credential } },
	);

/** The Calculator of n8n. */
export const calculator = node('Calculator', `${LANGCHAIN}.toolCalculator`, 1);

/**
 * The package's own node as a tool that tags the conversation.
 *
 * @param {Named} credential
 * @param {string} conversation
 */
export const tagTool = (credential, conversation) =>
	node(
		'Tag',
		'n8n-nodes-openai-conversation.openAIConversationTool',
		1,
		{
			resource: 'conversation',
			operation: 'set',
			updateMode: 'merge',
			conversationId: conversation,
			metadataInput: 'json',
			metadataJson: "={{ $fromAI('metadata', 'The pairs to store, as a JSON object', 'json') }}",
			options: {},
		},
		{ credentials: { [CREDENTIAL_TYPE]: credential } },
	);

/**
 * @param {string} path
 * @param {Json} [parameters]
 */
export const webhook = (path, parameters = {}) =>
	node(
		'Webhook',
		'n8n-nodes-base.webhook',
		2.1,
		{ httpMethod: 'POST', path, responseMode: 'lastNode', options: {}, ...parameters },
		{ webhookId: newId() },
	);

/**
 * @param {number} version
 * @param {Json} [parameters]
 */
export const agent = (version, parameters = {}) =>
	node('AI Agent', `${LANGCHAIN}.agent`, version, {
		...(version < 2 ? { agent: 'toolsAgent' } : {}),
		promptType: 'define',
		text: '={{ $json.body.request }}',
		options: {},
		...parameters,
	});

/**
 * @param {string} from
 * @param {string} to
 * @param {string} [type]
 */
export const link = (from, to, type = 'main') => ({ from, to, type });

/**
 * @param {string} name
 * @param {Array<ReturnType<typeof node>>} nodes
 * @param {Array<ReturnType<typeof link>>} links
 */
export function workflow(name, nodes, links) {
	/** @type {Record<string, Record<string, Array<Array<Json>>>>} */
	const connections = {};
	for (const { from, to, type } of links) {
		const outputs = (connections[from] ??= {});
		const [targets = []] = (outputs[type] ??= [[]]);
		targets.push({ node: to, type, index: 0 });
	}
	return {
		id: newId(),
		name,
		active: false,
		nodes,
		connections,
		settings: { executionOrder: 'v1', saveDataSuccessExecution: 'all' },
	};
}

/**
 * A webhook, an agent, its model, the memory and tools.
 *
 * @param {object} parts
 * @param {string} parts.path
 * @param {number} parts.version of the agent
 * @param {Named} parts.model
 * @param {ReturnType<typeof node>} parts.memory
 * @param {Array<ReturnType<typeof node>>} [parts.tools]
 * @param {Json} [parts.agentParameters]
 * @param {Json} [parts.webhookParameters]
 */
export const agentWorkflow = ({
	path,
	version,
	model,
	memory,
	tools = [],
	agentParameters,
	webhookParameters,
}) =>
	workflow(
		path,
		[
			webhook(path, webhookParameters),
			agent(version, agentParameters),
			modelNode(model),
			memory,
			...tools,
		],
		[
			link('Webhook', 'AI Agent'),
			link('Model', 'AI Agent', 'ai_languageModel'),
			link(MEMORY, 'AI Agent', 'ai_memory'),
			...tools.map(({ name }) => link(name, 'AI Agent', 'ai_tool')),
		],
	);
