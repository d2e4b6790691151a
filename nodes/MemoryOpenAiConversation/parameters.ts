import type { INodeProperties } from 'n8n-workflow';

import { parseConversationIdField } from '../shared/fields/conversationId';
import { parseLockWait } from '../shared/fields/requestOptions';
import type { GivenOptions, ReadParameter } from '../shared/values/field';
import { parseNumber } from '../shared/values/number';
import type { HistoryOptions } from './history';

export const windowField: INodeProperties = {
	displayName: 'Context Window Length',
	name: 'contextWindowLength',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: 5,
	hint: 'In turns: a user message and everything up to the next one',
	description: 'How many past turns of the conversation the model sees',
};

/**
 * The memory's parameters for one item of the agent.
 * @throws {FieldError}
 */
export const parseMemoryParameters = (
	read: ReadParameter,
	options: GivenOptions,
): HistoryOptions => ({
	conversation: parseConversationIdField(read),
	turns: parseNumber(read(windowField.name, 5), {
		label: windowField.displayName,
		fallback: 5,
		min: 1,
		max: Number.MAX_SAFE_INTEGER,
		whole: true,
	}),
	lockWait: parseLockWait(options),
});
