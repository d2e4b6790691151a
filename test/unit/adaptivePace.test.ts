import { createAdaptivePace } from '../../nodes/shared/transport/adaptivePace';

/** A pace after a first refusal at 1,000 ms, behind a burst of accepted requests, that held the run for so long. */
function refusedOnce(holdMs = 200, burst = 60) {
	const pace = createAdaptivePace();
	for (let count = 0; count < burst; count++) pace.accepted(800);
	pace.refused(900, 1_000, holdMs);
	return pace;
}

/** A pace of this many requests a second after a second refusal, at 3,000 ms. */
function refusedTwice(accepted: number, { holdMs = 200, burst = 60 } = {}) {
	const pace = refusedOnce(holdMs, burst);
	for (let count = 0; count < accepted; count++) pace.accepted(1_100);
	pace.held();
	pace.refused(2_900, 3_000, 200);
	return pace;
}

const perSecond = (gap: number) => Math.round(10_000 / gap) / 10;

describe('The pace that refusals lead to', () => {
	it('should not slow anything down before the first', () => {
		const pace = createAdaptivePace();
		pace.accepted(0);
		expect(pace.gapAt(1_000)).toBe(0);
	});

	it('should start with 30 requests a second after the first, and double every second', () => {
		const pace = refusedOnce();
		expect([1_200, 2_200, 3_200].map((time) => perSecond(pace.gapAt(time)))).toEqual([30, 60, 120]);
	});

	it('should have no effect any more after some seconds without another', () => {
		expect(refusedOnce().gapAt(8_000)).toBe(0);
	});

	it('should start with 30 requests per named wait, and double in that time, where it is long', () => {
		const pace = refusedOnce(20_000);
		expect([1_000, 21_000, 41_000].map((time) => perSecond(pace.gapAt(time)))).toEqual([
			1.5, 1.5, 3,
		]);
	});

	it('should become what was accepted since the one before, less 3 %', () => {
		// 100 requests in 2 s.
		expect(perSecond(refusedTwice(100).gapAt(3_000))).toBe(48.5);
	});

	it('should not count a pause in which more would have come back than the API holds', () => {
		// 100 requests in 1 s: 50 a second would have come back in the pause, of which 49 can't be held.
		const rate = (burst: number) =>
			perSecond(refusedTwice(100, { holdMs: 1_000, burst }).gapAt(3_000));
		expect(rate(50)).toBe(48.5);
		expect(rate(49)).toBeGreaterThan(55);
	});

	it('should not be lowered to less than 40 % by one', () => {
		const before = refusedOnce().gapAt(3_000);
		expect(refusedTwice(1).gapAt(3_000)).toBeCloseTo(before / 0.4);
	});

	it('should never be slower than a request in 5 s, or in the named wait where that is longer', () => {
		const pace = refusedOnce();
		for (let time = 3_000; time < 3_100; time++) {
			pace.held();
			pace.refused(time - 0.5, time, 200);
		}
		expect(pace.gapAt(4_000)).toBe(5_000);
		pace.held();
		pace.refused(4_000, 4_001, 30_000);
		expect(pace.gapAt(4_001)).toBeCloseTo(12_500);
		pace.held();
		pace.refused(4_002, 4_003, 30_000);
		expect(pace.gapAt(4_003)).toBe(30_000);
	});

	it('should not be raised by one', () => {
		const before = refusedOnce().gapAt(3_000);
		expect(refusedTwice(1_000).gapAt(3_000)).toBeCloseTo(before / 0.97);
	});

	/** A pace at 48.5 a second after a third refusal, since which as much was accepted as before the second. */
	function settled() {
		const pace = refusedTwice(100);
		for (let count = 0; count < 100; count++) pace.accepted(3_001);
		pace.held();
		pace.refused(4_900, 5_000, 200);
		return pace;
	}

	const rateAfter = (pace: ReturnType<typeof createAdaptivePace>, accepted: number) => {
		for (let count = 0; count < accepted; count++) pace.accepted(5_001);
		return perSecond(pace.gapAt(5_001));
	};

	it('should rise by 0.05 % with every request that is accepted while two refusals agree on the limit', () => {
		expect(rateAfter(settled(), 0)).toBe(48.5);
		expect(rateAfter(settled(), 100)).toBe(51);
	});

	it('should rise by 0.5 % after 200 in a row, and while refusals do not agree', () => {
		expect(rateAfter(settled(), 201)).toBe(53.9);
		const pace = refusedTwice(100);
		for (let count = 0; count < 100; count++) pace.accepted(3_001);
		expect(perSecond(pace.gapAt(3_001))).toBe(79.9);
	});

	it('should rise by less after a pause that is longer than 200 ms', () => {
		const pace = settled();
		for (let count = 0; count < 100; count++) pace.accepted(5_001);
		pace.held();
		pace.refused(6_900, 7_000, 1_000);
		const before = 1_000 / pace.gapAt(7_000);
		for (let count = 0; count < 100; count++) pace.accepted(8_000);
		expect(1_000 / pace.gapAt(8_000) / before).toBeCloseTo(1.0001 ** 100, 4);
	});

	it('should not fall below what was accepted of late because of refusals that come sooner', () => {
		const pace = settled();
		for (let time = 6_000; time < 8_000; time += 1_000) {
			for (let count = 0; count < 30; count++) pace.accepted(time - 1);
			pace.held();
			pace.refused(time - 0.5, time, 200);
			expect(perSecond(pace.gapAt(time))).toBeGreaterThanOrEqual(45);
		}
	});

	it('should fall to what is accepted now after three in a row with hardly anything between them', () => {
		const pace = settled();
		const rates = [5_500, 6_000, 6_500].map((time) => {
			for (let count = 0; count < 5; count++) pace.accepted(time - 1);
			pace.held();
			pace.refused(time - 0.5, time, 200);
			return perSecond(pace.gapAt(time));
		});
		expect(rates[1]).toBeGreaterThan(40);
		// 5 in half a second are 10 a second, but a refusal lowers the rate to 40 % at most.
		expect(rates[2]).toBeCloseTo(Number(rates[1]) * 0.4, 0);
	});

	describe('after a refusal while nothing was held', () => {
		const refusedAmong = (accepted: number, refused: number) => {
			const pace = createAdaptivePace();
			pace.refused(900, 1_000, 200);
			for (let count = 0; count < refused; count++) pace.refused(950, 1_001, 200);
			for (let count = 0; count < accepted; count++) pace.accepted(950);
			return pace.gapAt(1_200);
		};

		it('should have no effect if the requests that started right after it were accepted', () => {
			expect(refusedAmong(3, 0)).toBe(0);
			expect(refusedAmong(10, 1)).toBe(0);
		});

		it('should have its effect if too few were, or too many refused', () => {
			expect(perSecond(refusedAmong(2, 0))).toBe(30);
			expect(perSecond(refusedAmong(9, 1))).toBe(30);
		});

		it('should have its effect if several come soon after each other', () => {
			const pace = createAdaptivePace();
			const refusedAfter = (accepted: number, time: number) => {
				for (let count = 0; count < accepted; count++) pace.accepted(time - 200);
				pace.refused(time - 100, time, 200);
				for (let count = 0; count < 20; count++) pace.accepted(time - 50);
				return pace.gapAt(time + 200);
			};
			expect(refusedAfter(10, 1_000)).toBe(0);
			expect(refusedAfter(10, 2_000)).toBe(0);
			expect(refusedAfter(130, 3_000)).toBe(0);
			expect(perSecond(refusedAfter(9, 4_000))).toBe(30);
		});

		it('should not count requests that started before', () => {
			const pace = createAdaptivePace();
			pace.refused(900, 1_000, 200);
			for (let count = 0; count < 9; count++) pace.accepted(899);
			expect(perSecond(pace.gapAt(1_200))).toBe(30);
		});
	});

	it('should begin anew when the run was slower than the pace, so that it told nothing of the limit', () => {
		const pace = refusedOnce();
		for (let count = 0; count < 6; count++) pace.accepted(1_100);
		pace.refused(2_900, 3_000, 200);
		expect([3_200, 4_200].map((time) => perSecond(pace.gapAt(time)))).toEqual([30, 60]);
	});

	it('should rise faster and faster after 20 seconds without another', () => {
		const pace = refusedTwice(12);
		const rates = [23_000, 43_000, 63_000].map((time) => perSecond(pace.gapAt(time)));
		expect(rates[1]).toBeGreaterThan(5 * (rates[0] ?? Infinity));
		expect(rates[2]).toBeGreaterThan(100 * (rates[0] ?? Infinity));
	});

	it('should not be changed by requests that started before the last one', () => {
		const pace = refusedTwice(100);
		const before = pace.gapAt(3_000);
		pace.refused(2_999, 3_050, 200);
		pace.accepted(2_999);
		expect(pace.gapAt(3_050)).toBe(before);
	});
});
