import type { INodeProperties } from 'n8n-workflow';

import { parseBoolean } from '../values/boolean';
import type { GivenOptions } from '../values/field';
import { FieldError, hasHalfCharacter, isNothing, kindOf, trimPasted } from '../values/field';
import { halfCharacter } from '../values/text';
import { parseNumber } from '../values/number';

type Range = readonly [min: number, max: number];

/** A field for a number in a range; the form shows no upper limit of `Number.MAX_SAFE_INTEGER`. */
export const numberOption = (
	name: string,
	displayName: string,
	fallback: number,
	[min, max]: Range,
	description: string,
): INodeProperties => ({
	displayName,
	name,
	type: 'number',
	typeOptions: {
		minValue: min,
		...(max < Number.MAX_SAFE_INTEGER ? { maxValue: max } : {}),
	},
	default: fallback,
	description,
});

/** @throws {FieldError} when the option is no number in the range */
export const parseNumberOption = (
	options: GivenOptions,
	field: INodeProperties,
	[min, max]: Range,
	whole: boolean,
): number =>
	parseNumber(options[field.name], {
		label: field.displayName,
		fallback: Number(field.default),
		min,
		max,
		whole,
	});

/** @throws {FieldError} when the option is no text, or has half of a character in it */
export function parseTextOption(
	options: GivenOptions,
	{ name, displayName }: INodeProperties,
): string | undefined {
	const value = options[name];
	if (isNothing(value)) return undefined;
	if (typeof value !== 'string') {
		throw new FieldError(`${displayName} is ${kindOf(value)}, not text`, 'Enter text.');
	}
	if (hasHalfCharacter(value)) throw halfCharacter(displayName);
	return trimPasted(value) || undefined;
}

/** No upper limit in the form; what a timer can't hold counts as the longest one it can. */
const TIMEOUT_RANGE: Range = [0, Number.MAX_SAFE_INTEGER];
/** PSOpenAI's MaxRetryCount. */
const RETRIES_RANGE: Range = [0, 100];
/** A day: longer than any response is being made. */
const LOCK_WAIT_RANGE: Range = [0, 86_400];

const timeout = numberOption(
	'timeout',
	'Timeout (Seconds)',
	0,
	TIMEOUT_RANGE,
	'Seconds that one attempt may take, from its start to the last byte of the answer. 0 means no limit.',
);

const maxRetries = numberOption(
	'maxRetries',
	'Max Retries',
	0,
	RETRIES_RANGE,
	"How often a request is repeated after a rate limit (429) or a server error (5xx). One that may already have created a conversation or added messages is repeated only after checking that it didn't go through.",
);

const retryNetworkErrors: INodeProperties = {
	displayName: 'Retry Network Errors',
	name: 'retryNetworkErrors',
	type: 'boolean',
	default: false,
	description: 'Whether Max Retries also covers a timeout and a refused or broken connection',
};

const baseUrl: INodeProperties = {
	displayName: 'Base URL',
	name: 'baseUrl',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://gateway.example.com/v1',
	description: "Replaces the credential's base URL, where the credential allows that address",
};

/** For what has to wait while another response is being made in the conversation. */
export const lockWaitOption = numberOption(
	'lockWait',
	'Lock Wait (Seconds)',
	120,
	LOCK_WAIT_RANGE,
	'How long to wait for a conversation in which another response is being made. It is not counted against Max Retries. 0 means no wait.',
);

/** Options of every request, in alphabetical order. */
export const requestOptionFields: INodeProperties[] = [
	baseUrl,
	maxRetries,
	retryNetworkErrors,
	timeout,
];

/** How requests are sent, checked. */
export interface RequestOptions {
	/** Seconds that one attempt may take; 0: no limit. */
	timeout: number;
	/** A whole number, 0 to 100. */
	maxRetries: number;
	retryNetworkErrors: boolean;
	/** As entered; undefined: the credential's. */
	baseUrl: string | undefined;
}

/**
 * A value that is left out, or whose expression gives nothing, means its default.
 * @throws {FieldError} for a value out of its range
 */
export const parseRequestOptions = (options: GivenOptions): RequestOptions => ({
	timeout: parseNumberOption(options, timeout, TIMEOUT_RANGE, false),
	maxRetries: parseNumberOption(options, maxRetries, RETRIES_RANGE, true),
	retryNetworkErrors: parseBoolean(
		options[retryNetworkErrors.name],
		retryNetworkErrors.displayName,
		false,
	),
	baseUrl: parseTextOption(options, baseUrl),
});

/**
 * @returns seconds
 * @throws {FieldError}
 */
export const parseLockWait = (options: GivenOptions): number =>
	parseNumberOption(options, lockWaitOption, LOCK_WAIT_RANGE, false);
