/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import 'reflect-metadata'; // n8n's dependency injection wants it first
import { setTimeout as pause } from 'node:timers/promises';
import { Workflow, createRunExecutionData, ICredentialsHelper } from 'n8n-workflow';
import type {
	IConnections,
	ICredentialDataDecryptedObject,
	ICredentials,
	ICredentialType,
	IDataObject,
	IExecuteFunctions,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	INode,
	INodeExecutionData,
	INodeListSearchResult,
	INodeParameters,
	INodeType,
	INodeTypes,
	IRun,
	ITaskData,
	IWorkflowBase,
	IWorkflowExecuteAdditionalData,
	Logger as NodeLogger,
} from 'n8n-workflow';
import { ExecutionLifecycleHooks, LoadOptionsContext, WorkflowExecute } from 'n8n-core';

import { OpenAIConversationApi } from '../../credentials/OpenAIConversationApi.credentials';
import type { AgentMemory } from '../../nodes/MemoryOpenAiConversation/memory';
import { MemoryOpenAiConversation } from '../../nodes/MemoryOpenAiConversation/MemoryOpenAiConversation.node';
import { OpenAIConversation } from '../../nodes/OpenAIConversation/OpenAIConversation.node';

/** A key of the usual form; what follows `sk-proj-` is the secret. */
export const API_KEY = ['sk', 'proj', 'Zx81Qv72Lm63Kt54Rw45Hs36Gd27Jf18'].join('-');

const TYPE = 'n8n-nodes-openai-conversation.openAIConversation';
const credentialType = new OpenAIConversationApi();

/** n8n's own helper with one thing replaced: credentials come from the test instead of the database. */
class TestCredentialsHelper extends ICredentialsHelper {
	decrypted = 0;

	constructor(private readonly data: ICredentialDataDecryptedObject) {
		super();
	}

	getParentTypes(): string[] {
		return [];
	}

	isCredentialUsableByNode(): boolean {
		return true;
	}

	async authenticate(
		credentials: ICredentialDataDecryptedObject,
		_type: string,
		options: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> {
		return await credentialType.authenticate(credentials, options);
	}

	async preAuthentication(): Promise<undefined> {
		return undefined;
	}

	async runPreAuthentication(): Promise<undefined> {
		return undefined;
	}

	async getCredentials(): Promise<ICredentials> {
		throw new Error('The engine reads credentials through getDecrypted');
	}

	async getDecrypted(): Promise<ICredentialDataDecryptedObject> {
		this.decrypted += 1;
		return structuredClone(this.data);
	}

	async updateCredentials(): Promise<void> {}

	async updateCredentialsOauthTokenData(): Promise<void> {}

	getCredentialsProperties(): ICredentialType['properties'] {
		return credentialType.properties;
	}
}

/** Where lines of n8n's log go; nowhere unless a test wants them. */
let log: string[] | undefined;

/** Takes the lines that would go to the console. All nodes, and n8n itself, write to the same logger. */
function collect(logger: NodeLogger): void {
	for (const level of ['error', 'warn', 'info'] as const) {
		if (jest.isMockFunction(logger[level])) return;
		jest.spyOn(logger, level).mockImplementation((message: string, meta: unknown = {}) => {
			log?.push(`${level}: ${message} ${JSON.stringify(meta)}`);
		});
	}
}

const start: INodeType = {
	description: {
		displayName: 'Start',
		name: 'start',
		group: ['trigger'],
		version: 1,
		description: 'Passes its input on',
		defaults: {},
		inputs: [],
		outputs: ['main'],
		properties: [],
	},
	async execute() {
		collect(this.logger);
		return [this.getInputData()];
	},
};

/** URLs that the engine parses whenever it resolves an expression. */
const URL_NAMES = [
	'restApiUrl',
	'instanceBaseUrl',
	'webhookBaseUrl',
	'webhookTestBaseUrl',
	'webhookWaitingBaseUrl',
	'formBaseUrl',
	'formTestBaseUrl',
	'formWaitingBaseUrl',
	'mcpBaseUrl',
	'mcpTestBaseUrl',
];

export interface RunOptions {
	/** Options are empty unless given: n8n would fill in what a new node starts with. */
	parameters: INodeParameters;
	/** Input items; one empty item unless given. */
	items?: INodeExecutionData[];
	/** Overrides of the credential's fields. */
	credential?: ICredentialDataDecryptedObject;
	/** Settings of the node, such as `onError`. */
	settings?: Partial<INode>;
	/** Stops the execution when it fires, as the Stop button does. */
	stop?: AbortSignal;
	/** Whether the node runs as the tool of an agent that does not hear of what a tool throws. */
	asTool?: boolean;
}

export interface RunResult {
	run: IRun;
	/** What n8n keeps of the node's run. */
	task: ITaskData;
	/** Items per output. */
	outputs: INodeExecutionData[][];
	/** Items of the first output. */
	items: INodeExecutionData[];
	/** Their JSON. */
	json: Array<INodeExecutionData['json']>;
	/** The texts of the execution hints. */
	hints: string[];
	/** What the node threw. */
	error: ITaskData['error'];
	/** How often the credential was decrypted. */
	decrypted: number;
}

/** The node with a context that says of itself what an agent's does. */
class ToolNode extends OpenAIConversation {
	override async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const context: IExecuteFunctions = Object.create(this, {
			isToolExecution: { value: () => true },
		});
		return await OpenAIConversation.prototype.execute.call(context);
	}
}

const first: INode = {
	id: '1',
	name: 'Start',
	type: 'test.start',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

interface Run {
	/** Nodes behind the one that hands them the items. */
	nodes: INode[];
	connections: IConnections;
	typeOf: (type: string) => INodeType;
}

/** Runs nodes in n8n's execution engine, behind a node that hands them the items. */
async function execute(
	baseUrl: string,
	{ nodes: others, connections, typeOf }: Run,
	options: Pick<RunOptions, 'items' | 'credential' | 'stop'>,
): Promise<{ run: IRun; decrypted: number }> {
	const pick = (type: string): INodeType => (type === first.type ? start : typeOf(type));
	const nodeTypes: INodeTypes = {
		getByName: pick,
		getByNameAndVersion: pick,
		getKnownTypes: () => ({}),
	};
	const nodes = [first, ...others];
	const workflow = new Workflow({
		id: 'workflow',
		nodes,
		connections,
		active: false,
		nodeTypes,
		settings: { executionOrder: 'v1' },
	});
	const base: IWorkflowBase = {
		id: 'workflow',
		name: 'Workflow',
		nodes,
		connections,
		active: false,
		activeVersionId: null,
		isArchived: false,
		createdAt: new Date(0),
		updatedAt: new Date(0),
	};
	const credentialsHelper = new TestCredentialsHelper({
		apiKey: API_KEY,
		baseUrl,
		authentication: 'bearer',
		...options.credential,
	});
	const additionalData: Partial<IWorkflowExecuteAdditionalData> = {
		credentialsHelper,
		hooks: new ExecutionLifecycleHooks('cli', 'execution', base),
		executionId: 'execution',
		currentNodeExecutionIndex: 0,
		variables: {},
		logAiEvent() {},
		setExecutionStatus() {},
		...Object.fromEntries(URL_NAMES.map((name) => [name, 'http://localhost:5678/'])),
	};
	const data = createRunExecutionData({
		executionData: {
			nodeExecutionStack: [
				{ node: first, data: { main: [options.items ?? [{ json: {} }]] }, source: null },
			],
		},
	});
	const execution = new WorkflowExecute(
		complete(additionalData),
		'cli',
		data,
	).processRunExecutionData(workflow);
	options.stop?.addEventListener('abort', () => execution.cancel(), { once: true });
	return { run: await execution, decrypted: credentialsHelper.decrypted };
}

/** Runs the node in n8n's execution engine. */
export async function runNode(baseUrl: string, options: RunOptions): Promise<RunResult> {
	const type = options.asTool === true ? new ToolNode() : new OpenAIConversation();
	const node: INode = {
		id: '2',
		name: 'OpenAI Conversation',
		type: TYPE,
		typeVersion: 1,
		position: [1, 0],
		parameters: { options: {}, ...options.parameters },
		credentials: { [credentialType.name]: { id: '1', name: 'Key' } },
		...options.settings,
	};
	const connections: IConnections = {
		Start: { main: [[{ node: node.name, type: 'main', index: 0 }]] },
	};
	const { run, decrypted } = await execute(
		baseUrl,
		{ nodes: [node], connections, typeOf: () => type },
		options,
	);
	const task = run.data.resultData.runData[node.name]?.[0];
	if (task === undefined)
		throw new Error('The node did not run', { cause: run.data.resultData.error });
	const outputs = (task.data?.main ?? []).map((output) => output ?? []);
	const items = outputs[0] ?? [];
	return {
		run,
		task,
		outputs,
		items,
		json: items.map(({ json }) => json),
		hints: (task.hints ?? []).map(({ message }) => message),
		error: task.error,
		decrypted,
	};
}

/**
 * Runs a node that has the memory at its input, as an agent has it.
 * @param use what it does with the memory
 */
export async function runMemory(
	baseUrl: string,
	options: Pick<RunOptions, 'parameters' | 'items' | 'credential' | 'stop'>,
	use: (memory: AgentMemory) => Promise<unknown>,
): Promise<{ run: IRun; logs: ITaskData[]; error: IRun['data']['resultData']['error'] }> {
	const memoryType = new MemoryOpenAiConversation();
	const agentType: INodeType = {
		description: { ...start.description, name: 'agent', inputs: ['main', 'ai_memory'] },
		async execute() {
			const memory: unknown = await this.getInputConnectionData('ai_memory', 0);
			const [given] = [memory].flat();
			await use(given as AgentMemory);
			return [this.getInputData()];
		},
	};
	const node = (name: string, type: string, more: Partial<INode> = {}): INode => ({
		id: name,
		name,
		type,
		typeVersion: 1,
		position: [1, 0],
		parameters: {},
		...more,
	});
	const { run } = await execute(
		baseUrl,
		{
			nodes: [
				node('Agent', 'test.agent'),
				node('Memory', 'test.memory', {
					parameters: { options: {}, ...options.parameters },
					credentials: { [credentialType.name]: { id: '1', name: 'Key' } },
				}),
			],
			connections: {
				Start: { main: [[{ node: 'Agent', type: 'main', index: 0 }]] },
				Memory: { ai_memory: [[{ node: 'Agent', type: 'ai_memory', index: 0 }]] },
			},
			typeOf: (type) => (type === 'test.agent' ? agentType : memoryType),
		},
		options,
	);
	const { runData, error } = run.data.resultData;
	return { run, logs: runData['Memory'] ?? [], error };
}

/** What the form gets when it asks the node for a list of models. */
export async function searchModels(
	baseUrl: string,
	{
		filter,
		credential = {},
	}: { filter?: string; credential?: ICredentialDataDecryptedObject } = {},
): Promise<INodeListSearchResult> {
	const nodeType = new OpenAIConversation();
	const node: INode = {
		id: '1',
		name: 'OpenAI Conversation',
		type: TYPE,
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
		credentials: { [credentialType.name]: { id: '1', name: 'Key' } },
	};
	const nodeTypes: INodeTypes = {
		getByName: () => nodeType,
		getByNameAndVersion: () => nodeType,
		getKnownTypes: () => ({}),
	};
	const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
	const credentialsHelper = new TestCredentialsHelper({
		apiKey: API_KEY,
		baseUrl,
		authentication: 'bearer',
		...credential,
	});
	const given = complete({ credentialsHelper, currentNodeParameters: {} });
	// A workflow that is not saved has no name, which the interface does not know of.
	const context: ILoadOptionsFunctions = Object.create(
		new LoadOptionsContext(workflow, node, given, ''),
	);
	return await nodeType.methods.listSearch.searchModels.call(context, filter);
}

/** The engine reads no more of its surroundings than the harness gives; anything else would fail loudly. */
function complete(given: Partial<IWorkflowExecuteAdditionalData>): IWorkflowExecuteAdditionalData {
	return given as IWorkflowExecuteAdditionalData;
}

/** Lines of n8n's log while `action` ran: `level: message {…}`. */
export async function logged(action: () => Promise<unknown>): Promise<string[]> {
	const lines: string[] = [];
	log = lines;
	try {
		await action();
	} finally {
		log = undefined;
	}
	return lines;
}

export { pause };
export { until } from './until.mjs';

/** Whether an item is one that failed. */
export const isFailed = ({ json }: INodeExecutionData): boolean => typeof json.error === 'string';

/** What a failed item says of itself beside its message; empty for any other. */
export function detailsOf(item: INodeExecutionData | undefined): IDataObject {
	const details = item?.json.details;
	return typeof details === 'object' && !Array.isArray(details) && !(details instanceof Date)
		? { ...details }
		: {};
}

/** The value of the Metadata field. */
export const pairs = (entries: Record<string, string | number>) => ({
	pairs: Object.entries(entries).map(([key, value]) => ({ key, value })),
});
