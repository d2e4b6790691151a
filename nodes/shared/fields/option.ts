import type { INodeProperties } from 'n8n-workflow';

import { parseBoolean } from '../values/boolean';
import type { GivenOptions } from '../values/field';
import { FieldError, isNothing, kindOf } from '../values/field';
import { checkText, trimPasted } from '../values/text';
import { parseNumber } from '../values/number';

/** One field of the options collection, with its parser. */
export interface Option<T> {
	field: INodeProperties;
	/**
	 * A value that is left out, or whose expression gives nothing, means the default.
	 * @throws {FieldError}
	 */
	parse(options: GivenOptions): T;
}

/** What the form shows of a field. */
type Shown = Pick<INodeProperties, 'name' | 'displayName' | 'description' | 'placeholder'>;

interface NumberRules {
	/** The value where nothing is entered. */
	fallback: number;
	min: number;
	/** Left out: no upper limit. */
	max?: number;
	/** Whether it must be a whole number. */
	whole?: boolean;
}

export function numberOption(
	shown: Shown,
	{ fallback, min, max = Number.MAX_SAFE_INTEGER, whole = false }: NumberRules,
): Option<number> {
	const limits =
		max < Number.MAX_SAFE_INTEGER ? { minValue: min, maxValue: max } : { minValue: min };
	const rules = { label: shown.displayName, fallback, min, max, whole };
	return {
		field: { ...shown, type: 'number', typeOptions: limits, default: fallback },
		parse: (options) => parseNumber(options[shown.name], rules),
	};
}

/** Off by default. */
export const booleanOption = (shown: Shown): Option<boolean> => ({
	field: { ...shown, type: 'boolean', default: false },
	parse: (options) => parseBoolean(options[shown.name], shown.displayName, false),
});

/** Text without the white space around it; undefined where there is none. */
export const textOption = (shown: Shown): Option<string | undefined> => ({
	field: { ...shown, type: 'string', default: '' },
	parse(options) {
		const value = options[shown.name];
		if (isNothing(value)) return undefined;
		if (typeof value !== 'string') {
			throw new FieldError(`${shown.displayName} is ${kindOf(value)}, not text`, 'Enter text.');
		}
		checkText(value, shown.displayName);
		return trimPasted(value) || undefined;
	},
});
