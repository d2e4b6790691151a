import type { INodeExecutionData, ISupplyDataFunctions } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { CREDENTIAL_TYPE, parseCredential, redactorFor } from '../shared/n8n/credential';
import { describeFailure } from '../shared/n8n/errors';
import { Notes } from '../shared/n8n/hints';
import { createSettingsParser } from '../shared/n8n/settings';
import { createSharedParts } from '../shared/n8n/sharedParts';
import { createClient } from '../shared/transport/client';
import type { Redactor } from '../shared/values/redact';
import { createRedactor } from '../shared/values/redact';
import type { GivenOptions, ReadParameter } from '../shared/values/field';
import type { JsonObject, JsonValue } from '../shared/values/json';
import { isPlainObject } from '../shared/values/json';
import type { ConversationHistory } from './history';
import { createHistory } from './history';
import type { AgentMemory, Logged } from './memory';
import { createMemory } from './memory';
import { redactedMessage } from './messages';
import { parseMemoryParameters } from './parameters';

/** The error that n8n shows on this node, and not as a fault of the agent that it belongs to. */
function described(
	context: ISupplyDataFunctions,
	cause: unknown,
	item: number,
	redactor: Redactor,
) {
	const { error } = describeFailure(context.getNode(), cause, { item, several: false, redactor });
	error.functionality = 'configuration-node';
	return error;
}

/** A value as JSON, with words for what JSON has none for: a turn is to be read in the Logs in any case. */
function shownText(value: unknown): string | undefined {
	const around: unknown[] = [];
	return JSON.stringify(value, function shown(this: unknown, _name, part: unknown): unknown {
		if (typeof part === 'bigint' || typeof part === 'symbol') return String(part);
		if (typeof part !== 'object' || part === null) return part;
		while (around.length > 0 && around.at(-1) !== this) around.pop();
		if (around.includes(part)) return '[circular]';
		around.push(part);
		return part;
	});
}

/** Values as the Logs panel takes them: plain JSON, messages in LangChain's form, without the key. */
function loggable(values: Record<string, unknown>, redactor: Redactor): JsonObject {
	const json: JsonObject = {};
	for (const [name, value] of Object.entries(values)) {
		try {
			const text = shownText(value);
			if (text === undefined) continue;
			const copy: JsonValue = JSON.parse(text);
			json[name] = redactor.output(copy);
		} catch {
			// What can't be shown is no reason to fail.
		}
	}
	return json;
}

/** The history with messages that don't hold the key. What is stored stays as it is. */
const redactedHistory = (
	history: ConversationHistory,
	redactor: Redactor,
): ConversationHistory => ({
	...history,
	load: async () => (await history.load()).map((message) => redactedMessage(message, redactor)),
});

/** Shows each call of the memory in the Logs panel, as n8n's own memories do. */
function createLog(context: ISupplyDataFunctions, item: number, redactor: Redactor): Logged {
	const type = NodeConnectionTypes.AiMemory;
	return async (action, input, call, output) => {
		const row = (more: Record<string, unknown>): INodeExecutionData[][] => [
			[{ json: loggable({ action, ...more }, redactor) }],
		];
		const { index } = context.addInputData(type, row(input));
		const result = await call().catch((cause: unknown) => {
			const error = described(context, cause, item, redactor);
			context.addOutputData(type, index, error);
			throw error;
		});
		context.addOutputData(type, index, row(output(result)));
		return result;
	};
}

/**
 * The memory for an item of the agent.
 * @throws {NodeApiError | NodeOperationError} when a field or the credential can't be used
 */
export async function supplyMemory(
	context: ISupplyDataFunctions,
	item: number,
): Promise<AgentMemory> {
	let redactor = createRedactor('');
	const prepare = async (): Promise<AgentMemory> => {
		const data = await context.getCredentials(CREDENTIAL_TYPE);
		redactor = redactorFor(data);
		const credential = parseCredential(data);
		const read: ReadParameter = (name, fallback) => context.getNodeParameter(name, item, fallback);
		const given = read('options', {});
		const options: GivenOptions = isPlainObject(given) ? given : {};
		const historyOptions = parseMemoryParameters(read, options);
		const notes = new Notes();
		const parseSettings = createSettingsParser(context.getNode(), credential, (note, names) =>
			notes.add(note, names),
		);
		const settings = parseSettings(options);
		context.addExecutionHints(...notes.hints(redactor.text));
		const cancelled = context.getExecutionCancelSignal() ?? new AbortController().signal;
		const api = createClient(
			createSharedParts(context, credential, { cancelled }),
			settings,
			cancelled,
		);
		const history = redactedHistory(createHistory(api, historyOptions), redactor);
		return createMemory(history, createLog(context, item, redactor));
	};
	return await prepare().catch((cause: unknown) => {
		throw described(context, cause, item, redactor);
	});
}
