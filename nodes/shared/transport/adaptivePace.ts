/** Where a run goes on after its first refusal: requests per second, or per named wait where that is longer. */
const RESTART_REQUESTS = 30;
/** Every accepted request raises the rate by this share. */
const INCREASE = 0.0005;
/** After this many seconds without a refusal the rate also rises with time, faster and faster. */
const STEADY_SECONDS = 20;
const RISE_PER_SECOND = 0.005;
/** A refusal lowers the rate to this share of what the API accepted since the one before … */
const DECREASE = 0.95;
/** … but never to less than this share of the rate. */
const LARGEST_DECREASE = 0.4;
/** The slowest pace is one request in this many ms, or in the named wait where that is longer. */
const SLOWEST_GAP_MS = 5_000;
/** Requests per second from which pacing has no effect on a run. */
const UNLIMITED = 2_000;

/**
 * A rate for the requests of a run, found by additive increase and multiplicative decrease (AIMD).
 * After the first refusal it is low and doubles every second, until the second one. From then on it
 * rises slowly. At each refusal the API has nothing left to give, so what it accepted since the
 * refusal before tells how far to lower the rate, unless the run itself was slower than the rate.
 */
export function createAdaptivePace() {
	let perSecond = Infinity;
	let acceptedCount = 0;
	let refusedAt = -Infinity;
	/** Whether a request had to wait for the pace since then, so that the pace was what limited the run. */
	let hasHeld = false;
	/** While the rate doubles: from when on, and every how many ms. */
	let doubling: { from: number; everyMs: number } | undefined;

	const rateAt = (time: number): number => {
		const doublings = doubling ? Math.max(0, time - doubling.from) / doubling.everyMs : 0;
		const calm = doubling ? 0 : Math.max(0, (time - refusedAt) / 1_000 - STEADY_SECONDS);
		const rate = perSecond * 2 ** doublings * (1 + RISE_PER_SECOND * calm) ** calm;
		return rate < UNLIMITED ? rate : Infinity;
	};

	return {
		/** Ms from one start to the next; 0 while there is no need for a pace. */
		gapAt: (time: number): number => 1_000 / rateAt(time),

		/** To be told when a request has to wait for the pace. */
		held(): void {
			hasHeld = true;
		},

		/** To be told of every request that was not refused. */
		accepted(startedAt: number): void {
			if (startedAt <= refusedAt) return;
			acceptedCount += 1;
			if (doubling === undefined) perSecond *= 1 + INCREASE;
		},

		/**
		 * To be told of every request that was refused.
		 * @param time when the refusal came
		 * @param holdMs for how long the run pauses after it
		 */
		refused(startedAt: number, time: number, holdMs: number): void {
			// Requests that were on their way when another was refused tell nothing new.
			if (startedAt <= refusedAt) return;
			const rate = rateAt(time);
			if (rate === Infinity || !hasHeld) {
				const everyMs = Math.max(1_000, holdMs);
				perSecond = (RESTART_REQUESTS * 1_000) / everyMs;
				doubling = { from: time + holdMs, everyMs };
			} else {
				const acceptedRate = (acceptedCount * 1_000) / (time - refusedAt);
				perSecond = Math.max(
					Math.min(rate, acceptedRate * DECREASE),
					rate * LARGEST_DECREASE,
					1_000 / Math.max(SLOWEST_GAP_MS, holdMs),
				);
				doubling = undefined;
			}
			acceptedCount = 0;
			hasHeld = false;
			refusedAt = time;
		},
	};
}
