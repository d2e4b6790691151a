/** Where a run goes on after its first refusal: requests per second, or per named wait where that is longer. */
const RESTART_REQUESTS = 30;
/** Every accepted request raises the rate by this share, and by less after pauses of more than 200 ms. */
const INCREASE = 0.0005;
const FULL_INCREASE_HOLD_MS = 200;
/** The rate rises this many times as fast while it is not settled: after many accepted requests in a row … */
const FASTER = 10;
const MANY_ACCEPTED = 200;
/** … or where what was accepted from one refusal to the next differs by more than this share. */
const AGREEMENT = 0.15;
/** After this many seconds without a refusal the rate also rises with time, faster and faster. */
const STEADY_SECONDS = 20;
const RISE_PER_SECOND = 0.005;
/** A refusal lowers the rate to this share of what the API has accepted of late … */
const DECREASE = 0.97;
/** … but never to less than this share of the rate. */
const LARGEST_DECREASE = 0.4;
/** Of late: the most that was accepted from one refusal to the next, of so many. */
const REMEMBERED = 8;
/** Refusals in a row with only a few requests accepted between them: the limit was lowered, so only the last counts. */
const FEW_IN_A_ROW = 3;
const FEW_ACCEPTED = 20;
/** The slowest pace is one request in this many ms, or in the named wait where that is longer. */
const SLOWEST_GAP_MS = 5_000;
/** Requests per second from which pacing has no effect on a run. */
const UNLIMITED = 2_000;
/** A refusal stands alone if so many requests that started right after it were accepted, and this many times as many as refused. */
const ALONE_ACCEPTED = 3;
const ALONE_RATIO = 10;
/** The last of three with fewer accepted requests than this in all before them does not: a limit refuses so often. */
const RARE_COUNT = 3;
const RARE_ACCEPTED = 150;

interface Pace {
	perSecond: number;
	/** While the rate doubles: from when on, and every how many ms. */
	doubling: { from: number; everyMs: number } | undefined;
}

/**
 * A rate for the requests of a run, found by additive increase and multiplicative decrease (AIMD).
 * After the first refusal it is low and doubles every second, until the second one. From then on it
 * rises slowly. At each refusal the API has nothing left to give, so what it accepted between two
 * of them tells how far to lower the rate.
 *
 * Where no pace limits the run, a refusal may have come by chance: if it is the first for a while and
 * hardly any of the requests that started after the refused one is refused as well, it has no effect.
 */
export function createAdaptivePace() {
	let perSecond: Pace['perSecond'] = Infinity;
	let acceptedCount = 0;
	/** The newest refusal that counted. */
	let refusedAt = -Infinity;
	let heldMs = 0;
	/** Whether a request had to wait for the pace since then, so that the pace was what limited the run. */
	let hasHeld = false;
	let doubling: Pace['doubling'];
	/** How many requests a second were accepted from one refusal to the next, the newest last. */
	let acceptedRates: number[] = [];
	/** The most that was accepted at a stretch without a pace: as much as the API's bucket holds, or more. */
	let burst = 0;
	let fewInARow = 0;
	/** How many requests were accepted before each of the last refusals. */
	let acceptedCounts: number[] = [];
	/** What became of the requests that started after a refused one, before its refusal was known. */
	let witnesses:
		| { after: number; accepted: number; refused: number; unslowed: Pace; slowed: Pace }
		| undefined;

	const rateAt = (time: number): number => {
		const doublings = doubling ? Math.max(0, time - doubling.from) / doubling.everyMs : 0;
		const calm = doubling ? 0 : Math.max(0, (time - refusedAt) / 1_000 - STEADY_SECONDS);
		const rate = perSecond * 2 ** doublings * (1 + RISE_PER_SECOND * calm) ** calm;
		return rate < UNLIMITED ? rate : Infinity;
	};

	/** Whether the last two estimates of the limit agree, as they do when there is one. */
	const isSettled = (): boolean => {
		const [last = 0, previous = 0] = acceptedRates.toReversed();
		return Math.abs(last - previous) <= AGREEMENT * last;
	};

	const hear = (startedAt: number, outcome: 'accepted' | 'refused'): void => {
		if (witnesses === undefined || startedAt <= witnesses.after) return;
		witnesses[outcome] += 1;
		const { accepted, refused, unslowed, slowed } = witnesses;
		const isAlone = accepted >= ALONE_ACCEPTED && accepted >= refused * ALONE_RATIO;
		({ perSecond, doubling } = isAlone ? unslowed : slowed);
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
			if (startedAt <= refusedAt) {
				hear(startedAt, 'accepted');
				return;
			}
			acceptedCount += 1;
			if (doubling !== undefined) return;
			const share = Math.min(1, FULL_INCREASE_HOLD_MS / heldMs);
			const isTooLow = acceptedCount * share > MANY_ACCEPTED || !isSettled();
			perSecond *= 1 + INCREASE * share * (isTooLow ? FASTER : 1);
		},

		/**
		 * To be told of every request that was refused.
		 * @param time when the refusal came
		 * @param holdMs for how long the run pauses after it
		 */
		refused(startedAt: number, time: number, holdMs: number): void {
			// Requests that were on their way when another was refused tell nothing new of the rate.
			if (startedAt <= refusedAt) {
				hear(startedAt, 'refused');
				return;
			}
			acceptedCounts = [...acceptedCounts.slice(1 - RARE_COUNT), acceptedCount];
			const rate = rateAt(time);
			if (rate === Infinity || !hasHeld) {
				const unslowed = { perSecond, doubling };
				const everyMs = Math.max(1_000, holdMs);
				perSecond = (RESTART_REQUESTS * 1_000) / everyMs;
				doubling = { from: time + holdMs, everyMs };
				const accepted = acceptedCounts.reduce((sum, count) => sum + count, 0);
				burst = Math.max(burst, acceptedCount);
				const isRare = acceptedCounts.length < RARE_COUNT || accepted >= RARE_ACCEPTED;
				const slowed = { perSecond, doubling };
				witnesses = isRare
					? { after: startedAt, accepted: 0, refused: 0, unslowed, slowed }
					: undefined;
				acceptedRates = [];
			} else {
				witnesses = undefined;
				fewInARow = acceptedCount < FEW_ACCEPTED ? fewInARow + 1 : 0;
				if (fewInARow >= FEW_IN_A_ROW) acceptedRates = [];
				const tookMs = time - refusedAt;
				// What the API would have granted during the pause is lost if its bucket can't hold that much.
				const isLost = burst < (acceptedCount / tookMs) * heldMs;
				const regainedMs = isLost ? tookMs - heldMs : tookMs;
				acceptedRates = [
					...acceptedRates.slice(1 - REMEMBERED),
					(acceptedCount * 1_000) / regainedMs,
				];
				perSecond = Math.max(
					Math.min(rate, Math.max(...acceptedRates)) * DECREASE,
					rate * LARGEST_DECREASE,
					1_000 / Math.max(SLOWEST_GAP_MS, holdMs),
				);
				doubling = undefined;
			}
			acceptedCount = 0;
			hasHeld = false;
			refusedAt = time;
			heldMs = holdMs;
		},
	};
}
