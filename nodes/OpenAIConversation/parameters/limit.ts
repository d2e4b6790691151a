import type { INodeProperties } from 'n8n-workflow';

import { parseBoolean } from '../../shared/values/boolean';
import { parseNumber } from '../../shared/values/number';
import type { ReadParameter } from '../../shared/values/field';

const returnAllField: INodeProperties = {
	displayName: 'Return All',
	name: 'returnAll',
	type: 'boolean',
	default: false,
	description: 'Whether to return all results or only up to a given limit',
};

const limitField: INodeProperties = {
	displayName: 'Limit',
	name: 'limit',
	type: 'number',
	typeOptions: { minValue: 1 },
	displayOptions: { show: { returnAll: [false] } },
	default: 50,
	description: 'Max number of results to return',
};

/** n8n's standard pair, for results that come oldest first. */
export const limitFields = [
	returnAllField,
	{
		...limitField,
		hint: 'Counts from the oldest item. For the latest, set the option Order to Newest First.',
	},
];

/** The same, with Return All on. */
export const allByDefaultFields = [
	{ ...returnAllField, default: true },
	{
		...limitField,
		hint: 'Counts conversation items from the oldest, tool calls too. For the latest, turn on Return All.',
	},
];

/**
 * How many results are wanted: 1 or more, or Infinity for all of them.
 * @param allByDefault what Return All means where it isn't set
 * @throws {FieldError} when Limit is no whole number of 1 or more, or Return All neither true nor false
 */
export function parseLimit(read: ReadParameter, allByDefault = false): number {
	const returnAll = read(returnAllField.name, allByDefault);
	if (parseBoolean(returnAll, returnAllField.displayName, allByDefault)) return Infinity;
	return parseNumber(read(limitField.name, 50), {
		label: limitField.displayName,
		fallback: 50,
		min: 1,
		max: Number.MAX_SAFE_INTEGER,
		whole: true,
	});
}
