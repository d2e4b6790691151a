import type { JsonObject } from '../values/json';
import { isJsonObject } from '../values/json';

/** Why a request gave no result. */
export type FailureKind =
	/** The server answered, and the answer is a refusal. */
	| 'answer'
	/** The server answered with success, but not with the JSON object that the API promises. */
	| 'malformedAnswer'
	/** The server pointed somewhere else; that is never followed. */
	| 'redirect'
	/** No complete answer within the Timeout option. */
	| 'timeout'
	/** The connection could not be made, or broke. */
	| 'network'
	/** The answer or the request can't be what the operation needs, whatever the transport. */
	| 'unusable';

export interface FailureDetails {
	kind: FailureKind;
	/** What happened, in one sentence; for an answer with a message, that message. */
	message: string;
	/** What the user can do about it. */
	advice?: string | undefined;
	/** HTTP status, where there was an answer. */
	status?: number | undefined;
	code?: string | undefined;
	param?: string | undefined;
	type?: string | undefined;
	requestId?: string | undefined;
	/**
	 * Whether the API itself has come to the end of the request: it answers in its own form, and what
	 * it did not do by now it will not do.
	 */
	settled?: boolean;
	/** The conversation that a write in several requests left behind, and how many of its items that holds. */
	holding?: { conversation: string; items: number };
	/** How many times the request was sent, 1 or more. */
	attempts: number;
	/** Whether this or an earlier attempt may have changed something although no success was seen. */
	mayHaveHappened: boolean;
	/** Whether sending the request once more would do no harm if it did happen. */
	repeatable?: boolean;
}

/** A request, with all its attempts, that gave no result. */
export class RequestFailure extends Error {
	override readonly name = 'RequestFailure';

	constructor(readonly details: Readonly<FailureDetails>) {
		super(details.message);
	}

	/** The same failure with more said about it. */
	with(more: Partial<FailureDetails>): RequestFailure {
		return new RequestFailure({ ...this.details, ...more });
	}
}

/** Statuses that mean: what was sent is not acceptable, so none of it was carried out. */
const INVALID = new Set([400, 413, 422]);

/**
 * Whether the API refused what was sent for what it is. Only then is it safe to send parts of it
 * again: after anything else they may have arrived, or would meet the same refusal.
 */
export function isRefusedAsInvalid({ details }: RequestFailure): boolean {
	return (
		details.kind === 'answer' &&
		!details.mayHaveHappened &&
		details.status !== undefined &&
		INVALID.has(details.status) &&
		details.code !== 'conversation_locked' &&
		details.param !== 'conversation'
	);
}

/** The result of a call, or its failure as a value, for code that goes on from one. Other errors pass. */
export async function attempted<T>(call: Promise<T>): Promise<T | RequestFailure> {
	return await call.catch((error: unknown): RequestFailure => {
		if (error instanceof RequestFailure) return error;
		throw error;
	});
}

/** The execution was stopped while a request was on its way or waiting. */
export class Cancelled extends Error {
	override readonly name = 'Cancelled';

	constructor() {
		super('The execution was stopped');
	}
}

/** The run has ended because of another item's failure before this item had changed anything. */
export class NotContinued extends Error {
	override readonly name = 'NotContinued';

	constructor() {
		super('Not continued, because another item could not be processed');
	}
}

/** What an error answer says of itself: `{ error: { message, type, param, code } }`. */
export interface ApiErrorBody {
	message?: string | undefined;
	type?: string | undefined;
	param?: string | undefined;
	code?: string | undefined;
}

/**
 * Reads an error object, also in the forms gateways use: `{ error: "text" }`, `{ message }`,
 * `{ detail }`. Undefined where the body is none of these.
 */
export function readApiError(body: JsonObject | undefined): ApiErrorBody | undefined {
	if (body === undefined) return undefined;
	const { error } = body;
	if (typeof error === 'string' && error.trim() !== '') return { message: error };
	const source = isJsonObject(error) ? error : body;
	const textOf = (key: string) => {
		const value = source[key];
		const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
		return text.trim() === '' ? undefined : text;
	};
	const message = textOf('message') ?? textOf('detail');
	const found = { message, type: textOf('type'), param: textOf('param'), code: textOf('code') };
	const says = source === body ? [message] : Object.values(found);
	return says.every((text) => text === undefined) ? undefined : found;
}
