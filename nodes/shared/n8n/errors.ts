import type { INode, JsonObject as NodeJsonObject } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import { FieldError } from '../values/field';
import { RequestFailure } from '../transport/failures';
import type { JsonObject } from '../values/json';
import type { Redactor } from '../transport/redact';

/** What went wrong with an item, in the forms in which n8n takes it. */
export interface ItemFailure {
	/** For `item.error`, and to be thrown. */
	error: NodeApiError | NodeOperationError;
	/** For `item.json`. */
	json: JsonObject;
}

const withoutGaps = (object: Record<string, string | number | true | undefined>): JsonObject =>
	Object.fromEntries(
		Object.entries(object).filter(
			(entry): entry is [string, string | number | true] => entry[1] !== undefined,
		),
	);

const MAY_HAVE_HAPPENED = 'The server may have carried it out all the same.';

function fromRequest(
	node: INode,
	{ details }: RequestFailure,
	item: number,
	where: string,
): ItemFailure {
	const { message, status, code, param, type, requestId, attempts, holding } = details;
	const uncertain = details.mayHaveHappened && details.repeatable === false;
	const facts = [
		status === undefined ? undefined : `status ${status}`,
		code === undefined ? undefined : `code ${code}`,
		param === undefined ? undefined : `param ${param}`,
		type === undefined ? undefined : `type ${type}`,
		requestId === undefined ? undefined : `request ID ${requestId}`,
		attempts === 1 ? '1 attempt' : `${attempts} attempts`,
	].filter((fact) => fact !== undefined);
	const description = [
		uncertain ? MAY_HAVE_HAPPENED : undefined,
		details.advice,
		`Details: ${facts.join(', ')}.`,
	]
		.filter((part) => part !== undefined)
		.join(' ');
	const json = withoutGaps({
		error: message,
		advice: details.advice,
		status,
		code,
		param,
		type,
		request_id: requestId,
		attempts,
		may_have_happened: uncertain || undefined,
		conversation: holding?.conversation,
		item_count: holding?.items,
	});
	const response: NodeJsonObject = withoutGaps({
		message,
		status,
		code,
		param,
		type,
		request_id: requestId,
		attempts,
	});
	const error = new NodeApiError(node, response, { message, description, itemIndex: item });
	// n8n puts a text of its own in place of messages in which it finds the name of a system error.
	error.message = message + where;
	error.description = description;
	error.httpCode = status === undefined ? null : String(status);
	Object.assign(error.context, json);
	return { error, json };
}

function fromMessage(
	node: INode,
	message: string,
	advice: string | undefined,
	item: number,
	where: string,
): ItemFailure {
	const error = new NodeOperationError(node, message, { itemIndex: item });
	error.message = message + where;
	error.description = advice ?? null;
	return { error, json: withoutGaps({ error: message, advice }) };
}

/**
 * @param cause what an operation, or reading its parameters, threw
 * @param item place of the item in the input, from 0
 * @param several whether there is more than one item, so that the message must say which one it was
 */
export function describeFailure(
	node: INode,
	cause: unknown,
	{ item, several, redactor }: { item: number; several: boolean; redactor: Redactor },
): ItemFailure {
	const where = several ? ` [item ${item}]` : '';
	if (cause instanceof RequestFailure) {
		const { message, advice } = cause.details;
		const clean = cause.with({
			message: redactor.text(message),
			advice: advice === undefined ? undefined : redactor.text(advice),
		});
		return fromRequest(node, clean, item, where);
	}
	if (cause instanceof FieldError) {
		return fromMessage(
			node,
			redactor.text(cause.message),
			redactor.text(cause.advice),
			item,
			where,
		);
	}
	// An expression that n8n could not resolve, or a fault of our own.
	const message = cause instanceof Error ? cause.message : String(cause);
	const description =
		cause instanceof Error && 'description' in cause && typeof cause.description === 'string'
			? redactor.text(cause.description)
			: undefined;
	return fromMessage(node, redactor.text(message), description, item, where);
}
