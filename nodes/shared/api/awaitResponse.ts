import type { ApiClient } from '../transport/client';
import { Cancelled, isNotFound, RequestFailure, resultOf } from '../transport/failures';
import { isQuota } from '../transport/apiError';
import { textAt } from '../values/json';
import { sentences } from '../values/text';
import type { ModelResponse } from './responses';
import { cancelResponse, getResponse, isRunning } from './responses';

/** The first pause between two looks at a response, in ms; each is half as long again, up to the last. */
const FIRST_PAUSE_MS = 500;
const PAUSE_GROWTH = 1.5;
const LONGEST_PAUSE_MS = 3_000;

/** A running response is given up after this many failed looks in a row, each with its own retries. */
const MAX_FAILED_LOOKS = 5;

/** How many looks in a row may find nothing: the first may have come before the response could be seen. */
const MAX_NOT_FOUND = 2;

const LOOK_LATER =
	'The message was sent, and the reply may still come. Before you run the workflow again, wait and look at the end of the conversation: Conversation Item: Get Many with the option Order set to Newest First.';

/** Whether a failed look says nothing about the next one. */
function mayPass({ details }: RequestFailure): boolean {
	const { kind, status } = details;
	if (kind === 'network' || kind === 'timeout' || kind === 'malformedAnswer') return true;
	if (kind !== 'answer' || status === undefined || isQuota(status, details)) return false;
	return status === 408 || status === 409 || status === 429 || status >= 500;
}

const givenUp = (failure: RequestFailure, id: string, what: string): RequestFailure =>
	failure.with({
		message: `${what}: ${failure.details.message}`,
		advice: sentences(failure.details.cause, `The response ID is ${id}.`, LOOK_LATER),
		outcomeUnknown: true,
		idempotent: false,
	});

/**
 * Asks for a response in the background, again and again, until the API has finished it. When the
 * execution is stopped, the response is cancelled; where that fails, it may still be stored.
 * @param findStored looks for the reply in the conversation, when the API no longer has the response
 * @throws {RequestFailure} when the response can't be asked for any more
 * @throws {Cancelled}
 */
export async function awaitResponse(
	api: ApiClient,
	started: ModelResponse,
	findStored: (id: string) => Promise<ModelResponse | undefined>,
): Promise<ModelResponse> {
	const id = textAt(started, 'id') ?? '';
	return await poll(api, id, findStored).catch(async (error: unknown) => {
		if (!(error instanceof Cancelled)) throw error;
		const isCancelled = await cancelResponse(api, id);
		throw isCancelled ? error : new Cancelled(error.leftBehind, true);
	});
}

async function poll(
	api: ApiClient,
	id: string,
	findStored: (id: string) => Promise<ModelResponse | undefined>,
): Promise<ModelResponse> {
	let pauseMs = FIRST_PAUSE_MS;
	let failedLooks = 0;
	let notFound = 0;
	for (;;) {
		await api.pause(pauseMs);
		pauseMs = Math.min(pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS);
		const result = await resultOf(getResponse(api, id));
		if (!(result instanceof RequestFailure)) {
			if (!isRunning(result)) return result;
			failedLooks = 0;
			notFound = 0;
		} else if (isNotFound(result)) {
			const stored = await findStored(id);
			if (stored !== undefined) return stored;
			notFound += 1;
			if (notFound >= MAX_NOT_FOUND) {
				const what = `The API no longer has the response ${id}, and its reply is not in the conversation`;
				throw givenUp(result, id, what);
			}
		} else {
			failedLooks += 1;
			if (!mayPass(result) || failedLooks >= MAX_FAILED_LOOKS) {
				throw givenUp(result, id, 'The message was sent, but its reply could not be asked for');
			}
		}
	}
}
