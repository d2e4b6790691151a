import { CORRECT_IT } from '../transport/advice';
import type { ApiClient } from '../transport/client';
import { Cancelled, RequestFailure, resultOf } from '../transport/failures';
import { isConversationLocked } from '../transport/apiError';
import type { Verification } from '../transport/request';
import { backoff, lockBackoff } from '../transport/retryDelay';
import type { JsonObject } from '../values/json';
import { isJsonObject, textAt } from '../values/json';
import { sentences } from '../values/text';
import type { Before } from './conversationEnd';
import { createConversation } from './createConversation';
import { awaitResponse } from './awaitResponse';
import type { Item } from './items';
import type { ModelResponse } from './responses';
import { isRunning, postResponse } from './responses';
import { findReply, responseFrom } from './storedReply';
import { readEnd } from './conversationEnd';

/** A message for the model, and how the reply is to be made. */
export interface Message {
	/** Undefined: a new one. */
	conversation: string | undefined;
	model: string;
	/** What is said, at least one item. */
	input: readonly Item[];
	/** Everything else in the body; may name neither `conversation`, `input`, `model` nor `background`. */
	settings: JsonObject;
	/** Whether the API makes the reply in the background, and is asked for it until it is there. */
	background: boolean;
	/** Seconds to wait while another response is being made in the conversation. */
	lockWait: number;
	/** How often a reply is asked for again that the API failed to make. */
	maxRetries: number;
}

export interface Sent {
	conversation: string;
	/** As it came, or made of what the conversation holds. */
	response: ModelResponse;
	/** Whether the reply was found in the conversation, because the answer that brought it was lost. */
	wasFound: boolean;
}

const LOOK_FIRST =
	'Look at the end of the conversation: Conversation Item: Get Many with the option Order set to Newest First. If the message and its reply are there, go on from them; otherwise run the workflow again.';

const LONG_REPLY =
	'For replies that take long, turn on Background in the options, or raise Timeout (Seconds).';

/** A failure after which nobody can tell whether the message was sent. */
function uncertain(failure: RequestFailure): RequestFailure {
	const { kind, message, cause } = failure.details;
	return failure.with({
		message: `It isn't certain whether the message was sent: ${message}`,
		advice: kind === 'timeout' ? sentences(LOOK_FIRST, LONG_REPLY) : sentences(cause, LOOK_FIRST),
		outcomeUnknown: true,
	});
}

const lockedByWhom = (): RequestFailure =>
	new RequestFailure({
		kind: 'answer',
		message: 'The conversation was busy with another reply, perhaps the one to this message',
		outcomeUnknown: true,
		idempotent: false,
	});

/** Codes of a failed response that another try may mend. */
const PASSING_CODES = new Set(['server_error', 'rate_limit_exceeded']);

const NO_REPLY = 'The model was asked, but gave no reply.';

const adviceForCode = (code: string | undefined, retries: number): string => {
	if (code === undefined || !PASSING_CODES.has(code)) {
		return `${NO_REPLY} ${CORRECT_IT}`;
	}
	const repeated = retries === 0 ? '' : ` It was asked ${retries + 1} times.`;
	return `${NO_REPLY}${repeated} Run the workflow again later, or raise Max Retries in the options.`;
};

/** Why a response that has ended is no reply; undefined when it is one. */
function failureOf(response: ModelResponse, retries: number): RequestFailure | undefined {
	const { status, error } = response;
	// A gateway may leave the status out.
	const isFailed = status === 'failed' || ((status ?? null) === null && isJsonObject(error));
	if (!isFailed && status !== 'cancelled') return undefined;
	const reason = isJsonObject(error) ? error : {};
	const code = textAt(reason, 'code');
	const isCancelled = status === 'cancelled';
	return new RequestFailure({
		kind: 'answer',
		message:
			textAt(reason, 'message') ??
			(isCancelled
				? 'The reply was canceled before it was complete'
				: 'The API failed to make the reply and gave no reason'),
		advice: isCancelled
			? 'Someone else canceled it. Run the workflow again if the reply is still wanted.'
			: adviceForCode(code, retries),
		cause: NO_REPLY,
		code,
		attempts: retries + 1,
		outcomeUnknown: false,
		idempotent: false,
		isApiError: true,
	});
}

/** Makes the reply in a conversation that exists by now. */
async function reply(
	api: ApiClient,
	conversation: string,
	message: Message,
): Promise<Omit<Sent, 'conversation'>> {
	const { input, model, settings, background, lockWait, maxRetries } = message;
	const isNew = message.conversation === undefined;
	let before: Before = isNew ? { count: 0 } : await readEnd(api, conversation);
	let wasFound = false;
	/** Whether an attempt may have been carried out, so that what locks the conversation may be that. */
	let hasUnknownOutcome = false;

	/** Where the end can't be read, what came behind the older one is looked through as well. */
	const renewEnd = async () => {
		const current = await resultOf(readEnd(api, conversation));
		if (!(current instanceof RequestFailure)) before = current;
	};

	/** The reply as the conversation holds it. */
	const look = async (id?: string): Promise<Verification> => {
		const found = await findReply(api, conversation, input, before);
		if (found.kind !== 'done') return found;
		wasFound = true;
		return { kind: 'done', answer: responseFrom(found.output, { conversation, model, id }) };
	};

	/**
	 * The same where the API may be at work in the background although its answer is lost: the end of
	 * that work is waited for, and that there is nothing by then proves nothing.
	 */
	const lookInBackground = async (): Promise<Verification> => {
		const until = Date.now() + lockWait * 1_000;
		for (let looks = 0; ; looks++) {
			const found = await look();
			if (found.kind !== 'notDone') return found;
			const pauseMs = Math.min(lockBackoff(looks), until - Date.now());
			if (pauseMs <= 0) return { kind: 'unclear' };
			await api.pause(pauseMs);
		}
	};

	const verify = async (): Promise<Verification> => {
		hasUnknownOutcome = true;
		return await (background ? lookInBackground() : look());
	};

	/** Looks for the reply to an earlier attempt before what came meanwhile is taken for others'. */
	const afterLock = async (): Promise<ModelResponse | undefined> => {
		if (!hasUnknownOutcome) {
			await renewEnd();
			return undefined;
		}
		const found = await look();
		if (found.kind === 'unclear') throw lockedByWhom();
		return found.kind === 'done' ? found.answer : undefined;
	};

	const post = async (): Promise<ModelResponse> => {
		const result = await resultOf(
			postResponse(
				api,
				{
					model,
					input: [...input],
					conversation,
					...(background ? { background } : {}),
					...settings,
				},
				{ verify, lockWait, afterLock },
			),
		);
		if (!(result instanceof RequestFailure)) return result;
		const { status, outcomeUnknown } = result.details;
		const mayBeOurs = hasUnknownOutcome && isConversationLocked(status, result.details);
		throw outcomeUnknown || mayBeOurs ? uncertain(result) : result;
	};

	const findStored = async (id: string): Promise<ModelResponse | undefined> => {
		const found = await resultOf(look(id));
		return !(found instanceof RequestFailure) && found.kind === 'done' ? found.answer : undefined;
	};

	for (let retries = 0; ; retries++) {
		const posted = await post();
		const response = isRunning(posted) ? await awaitResponse(api, posted, findStored) : posted;
		const failure = failureOf(response, retries);
		if (failure === undefined) return { response, wasFound };

		if (retries >= maxRetries || !PASSING_CODES.has(failure.details.code ?? '')) throw failure;
		const stored = await resultOf(look());
		if (stored instanceof RequestFailure) throw failure;
		if (stored.kind !== 'notDone') throw uncertain(failure);
		await api.pause(backoff(retries, Math.random()));
		await renewEnd();
	}
}

/** A failure that names the conversation, and says so when it was made for this message. */
function inConversation(
	failure: RequestFailure,
	conversation: string,
	isNew: boolean,
): RequestFailure {
	const { message, advice, outcomeUnknown } = failure.details;
	const named = failure.with({ leftBehind: { conversation } });
	if (!isNew || outcomeUnknown) return named;
	return named.with({
		message: `The conversation ${conversation} was created, but has no reply: ${message}`,
		advice: sentences(
			'To go on in it, enter its ID under Conversation ID when you run the workflow again; otherwise delete it.',
			advice,
		),
	});
}

/**
 * Sends a message and gives the reply: POST /responses in the conversation, POST /conversations first
 * where there is none. Nothing is said twice: where the outcome is unknown, the end of the
 * conversation shows whether it was.
 * @throws {RequestFailure} that names the conversation
 * @throws {Cancelled} that names the conversation when it is new
 */
export async function sendMessage(api: ApiClient, message: Message): Promise<Sent> {
	const isNew = message.conversation === undefined;
	const conversation =
		message.conversation ??
		(await createConversation(api, { metadata: undefined, items: [], additionalBody: {} })).id;
	const made = await reply(api, conversation, message).catch((error: unknown) => {
		if (error instanceof Cancelled && isNew) {
			throw new Cancelled({ conversation }, error.outcomeUnknown);
		}
		throw error instanceof RequestFailure ? inConversation(error, conversation, isNew) : error;
	});
	return { conversation, ...made };
}
