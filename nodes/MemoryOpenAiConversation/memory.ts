import type { ChatMessage } from './messages';
import { itemsOf, turnItems, withOlderMethod } from './messages';
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

/** The value of a chain's input or output: under the usual key, or the only one there is. */
function valueOf(values: Record<string, unknown>, key: string): unknown {
	if (Object.hasOwn(values, key)) return values[key];
	const all = Object.values(values);
	return all.length === 1 ? all[0] : undefined;
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
	const add = async (messages: readonly unknown[]) => {
		const items = itemsOf(messages);
		await logged(
			'addMessages',
			{ messages },
			async () => await history.append(items),
			() => ({ stored: items }),
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
			const items = turnItems(valueOf(input, 'input'), valueOf(output, 'output'));
			await logged(
				'saveContext',
				{ input, output },
				async () => await history.append(items),
				() => ({ stored: items }),
			);
		},
	};
}
