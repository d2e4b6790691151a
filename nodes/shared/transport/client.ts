import type { JsonObject } from '../values/json';
import type { Attempt } from './attempt';
import { sendOnce } from './attempt';
import type { Clock } from './clock';
import { Cancelled, RequestFailure, RunEnded } from './failures';
import type { Failed, Outcome, RetryReason, Situation } from './outcome';
import { judge } from './outcome';
import type { Observation, RateLimiter } from './rateLimiter';
import type { ApiRequest, RequestSettings, Send, Verification, WireRequest } from './request';
import { toWire } from './request';
import { lockBackoff, longerBackoff } from './retryDelay';

/** What happened in a run, for the summary that the user sees. */
export interface RunStatistics {
	requests: number;
	retries: Map<RetryReason, number>;
}

/** What all requests of a run share. */
export interface SharedParts {
	send: Send;
	limiter: RateLimiter;
	statistics: RunStatistics;
	/** Fires when the execution is stopped. */
	cancelled: AbortSignal;
	clock: Clock;
	/** From 0 up to 1. */
	random: () => number;
}

/** Calls the API for one item. */
export interface ApiClient {
	/**
	 * Sends the request, with retries, and returns the JSON object that a 2xx answer holds.
	 * @throws {RequestFailure} when there is no such answer
	 * @throws {Cancelled} when the execution is stopped
	 * @throws {RunEnded} when an earlier item has ended the run and this one has not changed anything yet
	 */
	call(request: ApiRequest): Promise<JsonObject>;
	/** Waits, less when the execution is stopped or the run ends. For what asks again until something is there. */
	pause(ms: number): Promise<void>;
	/**
	 * Sends a request once, also after the execution was stopped, and for 5 s at most: for what has to
	 * be put in order at the server. Gives the answer, or undefined when it did not succeed.
	 */
	cleanUp(request: ApiRequest): Promise<JsonObject | undefined>;
}

/** How far the attempts of one request have come. */
interface Progress {
	retriesMade: number;
	lockWaits: number;
	/** Unix time in ms until which a locked conversation is waited for. */
	lockedUntil?: number;
	/** Whether an attempt may have been carried out. */
	outcomeUnknown: boolean;
}

type Counts = Pick<Situation, 'retriesMade' | 'attempts'>;

/** What the rate limiter is told of a start that no answer came of. */
const NO_ANSWER = { status: undefined, headers: {}, isRateLimit: false, namedWait: undefined };

/** Longest time for `cleanUp`, in seconds. */
const CLEAN_UP_SECONDS = 5;

/**
 * @param ended fires when nothing new may start for this item: the execution is stopped, or an
 * earlier item has ended the run
 */
export function createClient(
	shared: SharedParts,
	settings: RequestSettings,
	ended: AbortSignal,
): ApiClient {
	const { limiter, statistics, cancelled, clock, random } = shared;
	/** Whether a write of this item has succeeded, so that ending now would leave it half done. */
	let hasWritten = false;

	/** Whether a request of this item has been sent. What is begun is finished before anything new starts. */
	let hasStarted = false;

	/** Writes of this item that are on their way, each of which may change something. */
	let writing = 0;

	/** An item that has changed something is finished, even if the run has ended meanwhile. */
	const stopSignal = () => (hasWritten || writing > 0 ? cancelled : ended);
	const checkMayGoOn = () => {
		if (cancelled.aborted) throw new Cancelled();
		if (stopSignal().aborted) throw new RunEnded();
	};

	/** Sends once; when the execution is stopped meanwhile, a late answer is still given to `afterStop`. */
	const sendAndFollowUp = async (
		wire: WireRequest,
		afterStop: (late: Attempt) => Promise<void>,
	): Promise<Attempt> => {
		const over = new AbortController();
		let onStop = () => {};
		const stopped = new Promise<void>((resolve) => {
			onStop = resolve;
		});
		cancelled.addEventListener('abort', onStop);
		const sending = sendOnce(shared, wire, settings.timeout, over.signal);
		await Promise.race([sending, stopped]);
		cancelled.removeEventListener('abort', onStop);
		if (!cancelled.aborted) return await sending;
		void clock.wait(CLEAN_UP_SECONDS * 1_000, over.signal).then(() => over.abort());
		void sending.then(afterStop).finally(() => over.abort());
		throw new Cancelled(undefined, true);
	};

	/** Resolves when a request may start, or when there is no need any more. */
	const startTurn = async (): Promise<number> => {
		for (;;) {
			const signal = stopSignal();
			const startedAt = await limiter.start(signal, hasStarted);
			if (!signal.aborted || stopSignal().aborted) {
				hasStarted = true;
				return startedAt;
			}
			// The run has ended meanwhile, but this item is to be finished, and in its turn.
			limiter.observe({ ...NO_ANSWER, startedAt });
		}
	};

	const situationOf = (request: ApiRequest, { url }: WireRequest, counts: Counts): Situation => ({
		request,
		url,
		settings,
		...counts,
		now: Date.now(),
		random: random(),
	});

	const attempt = async (
		request: ApiRequest,
		wire: WireRequest,
		counts: Counts,
	): Promise<Outcome> => {
		const { afterStop } = request;
		const isWrite = request.method !== 'GET';
		const judged = (result: Attempt) => judge(result, situationOf(request, wire, counts));
		const startedAt = await startTurn();
		let observation: Partial<Observation> = {};
		let isSentWrite = false;
		try {
			checkMayGoOn();
			statistics.requests += 1;
			isSentWrite = isWrite;
			if (isSentWrite) writing += 1;
			const result =
				afterStop === undefined
					? await sendOnce(shared, wire, settings.timeout, cancelled)
					: await sendAndFollowUp(wire, async (late) => {
							const outcome = judged(late);
							if (outcome.kind === 'success') await afterStop(outcome.answer);
						});
			const outcome = judged(result);
			if (cancelled.aborted) {
				const isUndone =
					result.kind === 'answer' && outcome.kind === 'failed' && !outcome.outcomeUnknown;
				throw new Cancelled(undefined, isWrite && !request.idempotent && !isUndone);
			}
			if (outcome.kind === 'success' && isWrite) {
				hasWritten ||= request.hasWritten?.(outcome.answer) ?? true;
			}
			if (result.kind === 'answer') {
				const { status, headers } = result.answer;
				observation = { status, headers, ...(outcome.kind === 'failed' ? outcome.pause : {}) };
			}
			return outcome;
		} finally {
			if (isSentWrite) writing -= 1;
			limiter.observe({ ...NO_ANSWER, ...observation, startedAt });
		}
	};

	const pause = async (ms: number) => {
		await limiter.pause(ms, stopSignal());
		if (cancelled.aborted) throw new Cancelled();
	};

	const pauseBeforeRetry = async ({ reason, waitMs }: { reason: RetryReason; waitMs: number }) => {
		statistics.retries.set(reason, (statistics.retries.get(reason) ?? 0) + 1);
		await pause(waitMs);
	};

	/**
	 * Finds out what came of a write whose outcome is unknown: looks at the server, again after longer
	 * and longer pauses while retries are left and there is no trace of it.
	 * @returns the answer, if it was carried out; undefined, if it is certain that it was not and it may be repeated
	 * @throws {RequestFailure} the failure itself, where nobody can tell or no retry is left
	 */
	const findOutcome = async (
		verify: () => Promise<Verification>,
		{ retry, isFinal }: Failed,
		failure: RequestFailure,
		retriesLeft: number,
	): Promise<JsonObject | undefined> => {
		for (let looks = 0; ; looks++) {
			if (retry !== undefined) {
				await pauseBeforeRetry({ ...retry, waitMs: longerBackoff(retry.waitMs, looks) });
				if (stopSignal().aborted) throw failure;
			}
			const found = await verify().catch((error: unknown) => {
				// Nobody could look, so what is known is what the request itself met.
				if (error instanceof RequestFailure || error instanceof RunEnded) throw failure;
				throw error;
			});
			if (found.kind === 'done') return found.answer;
			if (found.kind === 'unclear') throw failure;
			if (isFinal && retry === undefined) throw failure.with({ outcomeUnknown: false });
			if (isFinal) return undefined;
			// What is not there yet may still come, unless the server has ended the request.
			if (retry === undefined || looks + 1 >= retriesLeft) throw failure;
		}
	};

	/** Waits for whoever holds the conversation. Gives the answer where that was an earlier attempt. */
	const waitForLock = async (
		{ lockWait = 0, afterLock }: ApiRequest,
		progress: Progress,
		failure: RequestFailure,
	): Promise<JsonObject | undefined> => {
		progress.lockedUntil ??= Date.now() + lockWait * 1_000;
		const left = progress.lockedUntil - Date.now();
		const waitMs = Math.min(lockBackoff(progress.lockWaits++), left);
		if (waitMs <= 0) throw failure;
		await pauseBeforeRetry({ reason: 'conversation busy', waitMs });
		return stopSignal().aborted ? undefined : await afterLock?.();
	};

	/**
	 * What comes between two attempts.
	 * @returns the answer, where the request turns out to be carried out
	 * @throws {RequestFailure} when it is not to be sent again
	 */
	const prepareRetry = async (
		request: ApiRequest,
		outcome: Failed,
		progress: Progress,
		failure: RequestFailure,
	): Promise<JsonObject | undefined> => {
		const { verify, verifyAlways = false, idempotent, lockWait } = request;
		const { retry, isLocked, outcomeUnknown } = outcome;
		if (isLocked && lockWait !== undefined) return await waitForLock(request, progress, failure);
		if (
			outcomeUnknown &&
			!idempotent &&
			verify !== undefined &&
			(retry !== undefined || verifyAlways)
		) {
			const retriesLeft = settings.maxRetries - progress.retriesMade++;
			const answer = await findOutcome(verify, outcome, failure, retriesLeft);
			if (answer === undefined) progress.outcomeUnknown = false;
			return answer;
		}
		if (retry === undefined || stopSignal().aborted) throw failure;
		progress.retriesMade += 1;
		await pauseBeforeRetry(retry);
		return undefined;
	};

	const callUntilEnd = async (request: ApiRequest, progress: Progress): Promise<JsonObject> => {
		const wire = toWire(request, settings);
		checkMayGoOn();
		for (let attempts = 1; ; attempts++) {
			const { retriesMade } = progress;
			const outcome = await attempt(request, wire, { retriesMade, attempts });
			if (outcome.kind === 'success') return outcome.answer;
			progress.outcomeUnknown ||= outcome.outcomeUnknown;
			const failure = outcome.failure.with({ outcomeUnknown: progress.outcomeUnknown });
			const answer = await prepareRetry(request, outcome, progress, failure);
			hasWritten ||= answer !== undefined;
			if (answer !== undefined) return answer;
			if (stopSignal().aborted) throw failure;
		}
	};

	return {
		async pause(ms) {
			await pause(ms);
			checkMayGoOn();
		},

		async cleanUp(request) {
			statistics.requests += 1;
			const { signal } = new AbortController();
			const wire = toWire(request, settings);
			const result = await sendOnce(shared, wire, CLEAN_UP_SECONDS, signal);
			const outcome = judge(result, situationOf(request, wire, { retriesMade: 0, attempts: 1 }));
			return outcome.kind === 'success' ? outcome.answer : undefined;
		},

		async call(request) {
			const progress: Progress = { retriesMade: 0, lockWaits: 0, outcomeUnknown: false };
			return await callUntilEnd(request, progress).catch((error: unknown): never => {
				throw error instanceof Cancelled && progress.outcomeUnknown && !request.idempotent
					? new Cancelled(error.leftBehind, true)
					: error;
			});
		},
	};
}
