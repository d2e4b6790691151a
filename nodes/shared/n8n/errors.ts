import type { INode, JsonObject as NodeJsonObject } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import type { FailureDetails } from '../transport/failures';
import { RequestFailure } from '../transport/failures';
import type { Redactor } from '../values/redact';
import { FieldError } from '../values/field';
import type { JsonObject } from '../values/json';
import { sentences } from '../values/text';

/** Longest message, and longest code, type, param or request ID that is shown, in characters. */
const MESSAGE_LIMIT = 1_000;
const WORD_LIMIT = 200;

/** What went wrong with an item, in the forms in which n8n takes it. */
export interface ItemFailure {
	/** To be thrown. */
	error: NodeApiError | NodeOperationError;
	/** What went wrong, for a row: one sentence. */
	message: string;
	/** For `details` in a row. */
	details: JsonObject;
	/** All of that in one text, where a row has no room for details. */
	text: string;
}

export interface FailureContext {
	/** Place of the item in the input, from 0. */
	item: number;
	/** Whether there is more than one item, so that the message must say which one it was. */
	several: boolean;
	redactor: Redactor;
}

/** Half a character at the end, such as a cut leaves. */
const HALF = /[\uD800-\uDBFF]$/;

const clip = (text: string, limit: number): string =>
	text.length > limit ? `${text.slice(0, limit).replace(HALF, '')}…` : text;

/** Clipped again after the redaction, which sees more than is shown: a cut would hide a run of the key from it. */
const readable = (text: string, limit: number, redactor: Redactor): string =>
	clip(redactor.text(clip(text, 2 * limit)), limit);

const withoutGaps = (object: Record<string, string | number | true | undefined>): JsonObject =>
	Object.fromEntries(
		Object.entries(object).filter(
			(entry): entry is [string, string | number | true] => entry[1] !== undefined,
		),
	);

const MAY_HAVE_HAPPENED = 'It may have gone through anyway.';

/** The same with every text redacted and of a length that can be shown. */
function readableDetails(details: FailureDetails, redactor: Redactor): FailureDetails {
	const word = (text: string | undefined) =>
		text === undefined ? undefined : readable(text, WORD_LIMIT, redactor);
	const { message, advice, code, param, type, requestId } = details;
	return {
		...details,
		message: readable(message, MESSAGE_LIMIT, redactor),
		advice: advice === undefined ? undefined : redactor.text(advice),
		code: word(code),
		param: word(param),
		type: word(type),
		requestId: word(requestId),
	};
}

function fromRequest(
	node: INode,
	details: FailureDetails,
	item: number,
	where: string,
): ItemFailure {
	const { message, advice, status, code, param, type, requestId, attempts, leftBehind } = details;
	const mayHaveHappened = details.outcomeUnknown && !details.idempotent;
	const facts = [
		status === undefined ? undefined : `status ${status}`,
		code === undefined ? undefined : `code ${code}`,
		param === undefined ? undefined : `param ${param}`,
		type === undefined ? undefined : `type ${type}`,
		requestId === undefined ? undefined : `request ID ${requestId}`,
		attempts === undefined ? undefined : attempts === 1 ? '1 attempt' : `${attempts} attempts`,
	].filter((fact) => fact !== undefined);
	const description = sentences(
		mayHaveHappened ? MAY_HAVE_HAPPENED : undefined,
		advice,
		facts.length === 0 ? undefined : `Details: ${facts.join(', ')}.`,
	);
	const shown = { status, code, param, type, request_id: requestId, attempts };
	const rowDetails = withoutGaps({
		advice,
		...shown,
		may_have_happened: mayHaveHappened || undefined,
		conversation: leftBehind?.conversation,
		item_count: leftBehind?.items,
	});
	const response: NodeJsonObject = withoutGaps({ message, ...shown });
	const error = new NodeApiError(node, response, { message, description, itemIndex: item });
	// n8n puts a text of its own in place of messages in which it finds the name of a system error.
	error.message = message + where;
	error.description = description;
	error.httpCode = status === undefined ? null : String(status);
	Object.assign(error.context, rowDetails);
	return { error, message, details: rowDetails, text: sentences(`${message}.`, description) };
}

function fromMessage(
	node: INode,
	message: string,
	advice: string,
	item: number,
	where: string,
): ItemFailure {
	const error = new NodeOperationError(node, message, { itemIndex: item });
	error.message = message + where;
	error.description = advice;
	return { error, message, details: { advice }, text: `${message}. ${advice}` };
}

/** For a cause that brings no advice: an expression that n8n could not resolve, or a fault of our own. */
const GENERAL_ADVICE = "Check this node's expressions: the data they refer to may be missing.";

/** @param cause what an operation, or parsing its parameters, threw */
export function describeFailure(
	node: INode,
	cause: unknown,
	{ item, several, redactor }: FailureContext,
): ItemFailure {
	const where = several ? ` [item ${item}]` : '';
	if (cause instanceof RequestFailure) {
		return fromRequest(node, readableDetails(cause.details, redactor), item, where);
	}
	const message = cause instanceof Error ? cause.message : String(cause);
	const given =
		cause instanceof FieldError
			? cause.advice
			: cause instanceof Error && 'description' in cause
				? cause.description
				: undefined;
	const advice = typeof given === 'string' && given !== '' ? given : GENERAL_ADVICE;
	return fromMessage(
		node,
		readable(message, MESSAGE_LIMIT, redactor),
		redactor.text(advice),
		item,
		where,
	);
}
