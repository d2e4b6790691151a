import type { GivenOptions } from '../values/field';
import { booleanOption, numberOption, textOption } from './option';

/** No upper limit in the form; what a timer can't hold counts as the longest one it can. */
const timeout = numberOption(
	{
		name: 'timeout',
		displayName: 'Timeout (Seconds)',
		description:
			'How long to wait for the complete response. Each retry gets the same time again. 0 means no limit.',
	},
	{ fallback: 0, min: 0 },
);

/** The range is that of PSOpenAI's MaxRetryCount. */
const maxRetries = numberOption(
	{
		name: 'maxRetries',
		displayName: 'Max Retries',
		description:
			"How many times to repeat a request after a rate limit or a server error. Timeouts and lost connections are repeated only if you also turn on Retry Network Errors. If the request may have added something, the node first checks that it didn't go through. If it may have created a conversation, it is not repeated.",
	},
	{ fallback: 0, min: 0, max: 100, whole: true },
);

const retryNetworkErrors = booleanOption({
	name: 'retryNetworkErrors',
	displayName: 'Retry Network Errors',
	description: 'Whether Max Retries also covers timeouts and refused or broken connections',
});

const baseUrl = textOption({
	name: 'baseUrl',
	displayName: 'Base URL',
	placeholder: 'e.g. https://gateway.example.com/v1',
	description: "Replaces the credential's base URL, if the credential allows this address",
});

/** For what has to wait while another response is being made in the conversation; at most a day. */
const lockWait = numberOption(
	{
		name: 'lockWait',
		displayName: 'Wait If Busy (Seconds)',
		description:
			"How long to wait if the conversation is busy with another reply. These waits don't count as retries. 0 means no wait.",
	},
	{ fallback: 120, min: 0, max: 86_400 },
);

/** Options of every request, in alphabetical order. */
export const requestOptionFields = [
	baseUrl.field,
	maxRetries.field,
	retryNetworkErrors.field,
	timeout.field,
];

export const lockWaitOption = lockWait.field;

/** How requests are sent. */
export interface RequestOptions {
	/** Seconds that one attempt may take; 0: no limit. */
	timeout: number;
	/** A whole number, 0 to 100. */
	maxRetries: number;
	retryNetworkErrors: boolean;
	/** As entered; undefined: the credential's. */
	baseUrl: string | undefined;
}

/** @throws {FieldError} for a value out of its range */
export const parseRequestOptions = (options: GivenOptions): RequestOptions => ({
	timeout: timeout.parse(options),
	maxRetries: maxRetries.parse(options),
	retryNetworkErrors: retryNetworkErrors.parse(options),
	baseUrl: baseUrl.parse(options),
});

/**
 * @returns seconds, 0 to 86400
 * @throws {FieldError}
 */
export const parseLockWait = lockWait.parse;
