import type { Clock } from './clock';
import type { Send, WireAnswer, WireRequest } from './request';

/** What came of sending a request once. */
export type Attempt =
	| { kind: 'answer'; answer: WireAnswer }
	/** The last byte of the answer had not come after this many seconds. */
	| { kind: 'timeout'; seconds: number }
	/** What n8n's helper threw: the connection could not be made or broke, or the request can't be sent. */
	| { kind: 'error'; error: unknown };

/** A reason that is given costs nothing; the one that `abort` makes up by itself carries a stack trace. */
const ENDED = new Error('The attempt has ended');

/**
 * Sends a request once, and gives up when the last byte of the answer has not come in time.
 * @param timeout seconds from now; 0: no limit. What a timer can't hold (24.8 days) counts as that.
 * @param cancelled ends the attempt at once
 */
export async function sendOnce(
	{ send, clock }: { send: Send; clock: Pick<Clock, 'wait'> },
	request: WireRequest,
	timeout: number,
	cancelled: AbortSignal,
): Promise<Attempt> {
	const ending = new AbortController();
	const answered = new AbortController();
	const stop = () => ending.abort(ENDED);
	let late = false;
	if (timeout > 0) {
		cancelled.addEventListener('abort', stop);
		void clock.wait(timeout * 1_000, answered.signal).then(() => {
			late = !answered.signal.aborted;
			if (late) stop();
		});
	}
	try {
		return { kind: 'answer', answer: await send(request, timeout > 0 ? ending.signal : cancelled) };
	} catch (error) {
		return late ? { kind: 'timeout', seconds: timeout } : { kind: 'error', error };
	} finally {
		answered.abort(ENDED);
		cancelled.removeEventListener('abort', stop);
	}
}
