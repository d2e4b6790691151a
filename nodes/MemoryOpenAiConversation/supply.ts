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
import { isJsonObject, isPlainObject } from '../shared/values/json';
import { createHistory } from './history';
import type { AgentMemory, Logged } from './memory';
import { createMemory } from './memory';
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

/** A value as the Logs panel takes it: plain JSON, messages in LangChain's form, without the key. */
function loggable(value: Record<string, unknown>, redactor: Redactor): JsonObject {
	try {
		const json: JsonValue = JSON.parse(JSON.stringify(value));
		const shown = redactor.output(json);
		return isJsonObject(shown) ? shown : {};
	} catch {
		// What JSON has no words for is no reason to fail.
		return {};
	}
}

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
		return createMemory(createHistory(api, historyOptions), createLog(context, item, redactor));
	};
	return await prepare().catch((cause: unknown) => {
		throw described(context, cause, item, redactor);
	});
}
