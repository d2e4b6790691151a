import type { ChatMessage } from './messages';
import { itemsOf, turnItems, withOlderMethod } from './messages';
import type { Item } from '../shared/api/items';
import type { ConversationHistory } from './history';

/** One call of the memory, as the Logs panel shows it. */
export type Action =
	| 'loadMemoryVariables'
	| 'saveContext'
	| 'getMessages'
	| 'addMessages'
	| 'clear';

/** Runs a call of the memory and shows what went in and came out. */
export type Logged = <T>(
	action: Action,
	input: Record<string, unknown>,
	call: () => Promise<T>,
	output: (result: T) => Record<string, unknown>,
) => Promise<T>;

/** What n8n's agents and chains call: LangChain's `BaseChatMemory`, as far as they use it. */
export interface AgentMemory {
	memoryKey: string;
	memoryKeys: string[];
	inputKey: string;
	outputKey: string;
	returnMessages: boolean;
	chatHistory: ChatHistory;
	loadMemoryVariables(values?: unknown): Promise<{ chat_history: ChatMessage[] }>;
	saveContext(input: Record<string, unknown>, output: Record<string, unknown>): Promise<void>;
	clear(): Promise<void>;
}

/** LangChain's `BaseChatMessageHistory`. */
export interface ChatHistory {
	getMessages(): Promise<ChatMessage[]>;
	addMessage(message: unknown): Promise<void>;
	addMessages(messages: readonly unknown[]): Promise<void>;
	addUserMessage(message: unknown): Promise<void>;
	addAIMessage(message: unknown): Promise<void>;
	addAIChatMessage(message: unknown): Promise<void>;
	clear(): Promise<void>;
}

/** Names under which chains, agents and chats have what the user says, and what is said in return. */
const INPUT_KEYS = ['input', 'chatInput', 'question', 'query', 'text'];
const OUTPUT_KEYS = ['output', 'text', 'response', 'result', 'answer'];

/** What stands beside it and was not said. */
const BESIDE = new Set([
	...['sessionId', 'action', 'files', 'metadata', 'system_message', 'formatting_instructions'],
	...['sources', 'sourceDocuments', 'source_documents', 'intermediateSteps', 'intermediate_steps'],
	...['chat_history', 'chatHistory', 'history', 'threadId', 'runId', 'usage', 'tokenUsage'],
]);

const isSaid = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** What was said among a chain's values: under a usual name, or the only value, or all there are. */
function saidIn(values: unknown, keys: readonly string[]): unknown {
	if (typeof values !== 'object' || values === null || Array.isArray(values)) return values;
	const given = Object.entries(values).filter(([, value]) => isSaid(value));
	for (const key of keys) {
		const found = given.find(([name]) => name === key);
		if (found !== undefined) return found[1];
	}
	const others = given.filter(([name]) => !BESIDE.has(name));
	if (others.length === 0) return undefined;
	return others.length === 1 ? others[0]?.[1] : Object.fromEntries(others);
}

/** Dresses a conversation's history as the memory that n8n's agents call. */
export function createMemory(history: ConversationHistory, logged: Logged): AgentMemory {
	const getMessages = async () =>
		await logged(
			'getMessages',
			{},
			async () => (await history.load()).map(withOlderMethod),
			(response) => ({ response }),
		);
	const appended = async (items: Item[]) => {
		await history.append(items);
		return items;
	};
	const add = async (messages: readonly unknown[]) => {
		await logged(
			'addMessages',
			{ messages },
			async () => await appended(itemsOf(messages)),
			(stored) => ({ stored }),
		);
	};
	const clear = async () => {
		await logged(
			'clear',
			{},
			async () => await history.clear(),
			() => ({}),
		);
	};
	const addText = async (type: string, message: unknown) =>
		await add([typeof message === 'string' ? { getType: () => type, content: message } : message]);
	const chatHistory: ChatHistory = {
		getMessages,
		addMessages: add,
		addMessage: async (message) => await add([message]),
		addUserMessage: async (message) => await addText('human', message),
		addAIMessage: async (message) => await addText('ai', message),
		addAIChatMessage: async (message) => await addText('ai', message),
		clear,
	};
	return {
		memoryKey: 'chat_history',
		memoryKeys: ['chat_history'],
		inputKey: 'input',
		outputKey: 'output',
		returnMessages: true,
		chatHistory,
		clear,
		async loadMemoryVariables(values) {
			const chatMessages = await logged(
				'loadMemoryVariables',
				{ values },
				async () => await history.load(),
				(chatHistory) => ({ chatHistory }),
			);
			return { chat_history: chatMessages };
		},
		async saveContext(input, output) {
			await logged(
				'saveContext',
				{ input, output },
				async () =>
					await appended(turnItems(saidIn(input, INPUT_KEYS), saidIn(output, OUTPUT_KEYS))),
				(stored) => ({ stored }),
			);
		},
	};
}
