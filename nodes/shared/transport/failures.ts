import { isConversationLocked, isUnknownAddress } from './apiError';

/** Why a request gave no result. */
export type FailureKind =
	/** The server answered, and the answer is a refusal. */
	| 'answer'
	/** The server answered with success, but not with what the API promises. */
	| 'malformedAnswer'
	/** The server pointed somewhere else; that is never followed. */
	| 'redirect'
	/** No complete answer within the Timeout option. */
	| 'timeout'
	/** The connection could not be made, or broke. */
	| 'network'
	/** The request can't be sent, or the answers can't be what the operation needs. */
	| 'unusable';

/** A conversation that a write of several requests has left behind. */
export interface LeftBehind {
	conversation: string;
	/** How many items it holds; with `toAdd`, how many of these it holds; undefined: not known. */
	items?: number | undefined;
	/** How many items were to be added to it when it was there before; without this and `removed` it was created. */
	toAdd?: number | undefined;
	/** How many items were removed from it. */
	removed?: number | undefined;
	/** Whether it may be deleted itself. */
	mayBeGone?: boolean | undefined;
}

/** What is known of a failure. Texts are as the server gave them; they are redacted where they are shown. */
export interface FailureDetails {
	kind: FailureKind;
	/** What happened, in one sentence; for an answer with a message, that message. */
	message: string;
	/** What the user can do about it. */
	advice?: string | undefined;
	/**
	 * Why it came to this, for a write that may have been carried out: says nothing of trying again.
	 * Undefined: the message says it.
	 */
	cause?: string | undefined;
	/** HTTP status, where there was an answer. */
	status?: number | undefined;
	code?: string | undefined;
	param?: string | undefined;
	type?: string | undefined;
	requestId?: string | undefined;
	/** How many times the request was sent, 1 or more; undefined: the failure is not that of a single request. */
	attempts?: number | undefined;
	/** Whether this or an earlier attempt may have changed something although no success was seen. */
	outcomeUnknown: boolean;
	/** Whether sending the request once more does no harm even if it was carried out. */
	idempotent: boolean;
	/** Whether the answer has the form of the API's errors, so that a 404 speaks of the conversation and not of the address. */
	isApiError?: boolean;
	leftBehind?: LeftBehind | undefined;
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

/** What the server gave can't be what the operation needs, and nothing has come of it. */
export const unusable = (message: string, advice: string): RequestFailure =>
	new RequestFailure({
		kind: 'unusable',
		message,
		advice,
		outcomeUnknown: false,
		idempotent: true,
	});

/** Statuses that mean: what was sent is not acceptable, so none of it was carried out. */
const INVALID = new Set([400, 413, 422]);

/**
 * Whether the API refused what was sent for what it is. Only then is it safe to send parts of it
 * again: after anything else they may have arrived, or would meet the same refusal.
 */
export const isRefusedAsInvalid = ({ details }: RequestFailure): boolean =>
	details.kind === 'answer' &&
	!details.outcomeUnknown &&
	details.status !== undefined &&
	INVALID.has(details.status) &&
	!isConversationLocked(details.status, details) &&
	details.param !== 'conversation';

/** Whether the API itself says that it does not have what the path names. */
export const isNotFound = ({ details }: RequestFailure): boolean =>
	details.status === 404 && details.isApiError === true && !isUnknownAddress(details);

/** The result of a call, or its failure as a value, for code that goes on from one. Other errors pass. */
export async function resultOf<T>(call: Promise<T>): Promise<T | RequestFailure> {
	return await call.catch((error: unknown): RequestFailure => {
		if (error instanceof RequestFailure) return error;
		throw error;
	});
}

/** The execution was stopped while a request was on its way or waiting. */
export class Cancelled extends Error {
	override readonly name = 'Cancelled';

	/**
	 * @param leftBehind what the item had written by then
	 * @param outcomeUnknown whether a write was on its way that may be carried out, and must not be twice
	 */
	constructor(
		readonly leftBehind?: LeftBehind,
		readonly outcomeUnknown = false,
	) {
		super('The execution was stopped');
	}
}

/** The run has ended because of an earlier item's failure, before this item had changed anything. */
export class RunEnded extends Error {
	override readonly name = 'RunEnded';

	constructor() {
		super('Not carried out, because an earlier item has ended the run');
	}
}
