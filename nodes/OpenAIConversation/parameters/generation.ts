import type { INodeProperties } from 'n8n-workflow';

import type { Option } from '../../shared/fields/option';
import { numberOption } from '../../shared/fields/option';
import type { GivenOptions } from '../../shared/values/field';
import { adviceFor, FieldError, isNothing, kindOf, quote } from '../../shared/values/field';
import type { JsonObject } from '../../shared/values/json';
import { checkText } from '../../shared/values/text';

const instructions: INodeProperties = {
	displayName: 'Instructions',
	name: 'instructions',
	type: 'string',
	typeOptions: { rows: 4 },
	default: '',
	placeholder: 'e.g. Answer in one sentence',
	description:
		"How the model should reply. Applies to this reply only and isn't kept in the conversation.",
};

/** The API takes no less than 16. */
const maxOutputTokens = numberOption(
	{
		name: 'maxOutputTokens',
		displayName: 'Max Output Tokens',
		description:
			"How many tokens the reply may have, including those for reasoning. A longer reply is cut off. Without this option, the model's own limit applies.",
	},
	{ fallback: 4_096, min: 16, whole: true },
);

const temperature = numberOption(
	{
		name: 'temperature',
		displayName: 'Temperature',
		description: "How much the reply may vary, from 0 to 2. Reasoning models don't accept it.",
	},
	{ fallback: 1, min: 0, max: 2 },
);

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

const EFFORT_NAMES: Readonly<Record<(typeof EFFORTS)[number], string>> = {
	none: 'None',
	minimal: 'Minimal',
	low: 'Low',
	medium: 'Medium',
	high: 'High',
	xhigh: 'Extra High',
	max: 'Maximum',
};

const reasoningEffort: INodeProperties = {
	displayName: 'Reasoning Effort',
	name: 'reasoningEffort',
	type: 'options',
	options: EFFORTS.map((value) => ({ name: EFFORT_NAMES[value], value })),
	default: 'medium',
	description:
		'How long a reasoning model thinks before it replies. Not every model accepts every value.',
};

export const generationOptions = [
	instructions,
	maxOutputTokens.field,
	reasoningEffort,
	temperature.field,
];

function parseInstructions(options: GivenOptions): string | undefined {
	const value = options[instructions.name];
	if (isNothing(value)) return undefined;
	if (typeof value !== 'string') {
		throw new FieldError(
			`${instructions.displayName} is ${kindOf(value)}, not text`,
			'Enter text.',
		);
	}
	checkText(value, instructions.displayName);
	return value;
}

function parseEffort(options: GivenOptions): string | undefined {
	const value = options[reasoningEffort.name];
	if (isNothing(value)) return undefined;
	const effort = EFFORTS.find((known) => known === value);
	if (effort !== undefined) return effort;
	throw new FieldError(
		`${reasoningEffort.displayName} is ${quote(value)}`,
		adviceFor(value, `Use one of ${EFFORTS.join(', ')}.`),
	);
}

/** A number that is sent only when it is given. */
const given = ({ field, parse }: Option<number>, options: GivenOptions): number | undefined =>
	isNothing(options[field.name]) ? undefined : parse(options);

/**
 * The parts of the body that the options give.
 * @throws {FieldError}
 */
export function parseGeneration(options: GivenOptions): JsonObject {
	const text = parseInstructions(options);
	const tokens = given(maxOutputTokens, options);
	const warmth = given(temperature, options);
	const effort = parseEffort(options);
	return {
		...(text === undefined ? {} : { instructions: text }),
		...(tokens === undefined ? {} : { max_output_tokens: tokens }),
		...(warmth === undefined ? {} : { temperature: warmth }),
		...(effort === undefined ? {} : { reasoning: { effort } }),
	};
}
