/* eslint-disable @n8n/community-nodes/no-restricted-imports, @n8n/community-nodes/no-restricted-globals */
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';

import type { Task, Unrunnable } from '../../nodes/OpenAIConversation/execution/keyedQueue';
import { runInLanes } from '../../nodes/OpenAIConversation/execution/keyedQueue';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 150);

jest.setTimeout(60_000);

/** A task as the tests describe it: its lane, or that reading it fails. */
type Plan = { lane: string | undefined } | 'invalid';

interface Situation {
	plans: readonly Plan[];
	concurrency: number;
	/** Tasks of a lane that may travel together; 1: none. */
	batchLimit: number;
	/** Picks which of the running batches ends next. */
	pick: () => number;
	/** Fires after so many batches have ended. */
	endAfter?: number;
	onTurn?: (state: State) => void | Promise<void>;
	onStart?: (state: State, batch: readonly number[]) => void;
	onSettle?: (state: State, index: number) => void;
}

interface State {
	prepared: number[];
	/** Tasks that could not run, in the order of their turns. */
	settled: number[];
	/** Tasks that were started or settled, in that order. */
	turns: number[];
	/** Batches in the order of their starts. */
	started: number[][];
	running: ReadonlyArray<readonly number[]>;
	/** Tasks whose batch has ended, in the order of the ends. */
	ended: number[];
}

const laneOf = (plan: Plan | undefined): string | undefined =>
	plan === undefined || plan === 'invalid' ? undefined : plan.lane;

/** Runs tasks that end one by one, in an order that `pick` decides. */
async function simulate(situation: Situation): Promise<State & { startedAfterEnd: number }> {
	const {
		plans,
		concurrency,
		batchLimit,
		pick,
		endAfter = Infinity,
		onTurn,
		onStart,
		onSettle,
	} = situation;
	const running: Array<{ batch: number[]; finish: () => void }> = [];
	const state = {
		prepared: [] as number[],
		settled: [] as number[],
		turns: [] as number[],
		started: [] as number[][],
		ended: [] as number[],
		get running() {
			return running.map(({ batch }) => batch);
		},
	};
	const ending = new AbortController();
	let startedAfterEnd = 0;
	let done = false;
	const run = runInLanes<Task>({
		count: plans.length,
		concurrency,
		prepare(index) {
			state.prepared.push(index);
			const plan = plans[index];
			if (plan !== undefined && plan !== 'invalid')
				return { index, lane: plan.lane, joinable: batchLimit > 1 };
			return {
				index,
				settle() {
					state.settled.push(index);
					state.turns.push(index);
					onSettle?.(state, index);
				},
			};
		},
		joins: (batch) => batch.length < batchLimit,
		async run(tasks) {
			const batch = tasks.map(({ index }) => index);
			onStart?.(state, batch);
			state.started.push(batch);
			state.turns.push(...batch);
			if (ending.signal.aborted) startedAfterEnd++;
			await new Promise<void>((finish) => {
				running.push({ batch, finish });
			});
		},
		ended: ending.signal,
	}).then(() => {
		done = true;
	});
	for (let ends = 0; !done; ) {
		await turn();
		await onTurn?.(state);
		const place = Math.floor(pick() * running.length);
		const [next] = running.splice(place, 1);
		if (next === undefined) continue;
		state.ended.push(...next.batch);
		next.finish();
		if (++ends === endAfter) ending.abort();
	}
	await run;
	return { ...state, running: state.running, startedAfterEnd };
}

const plan: fc.Arbitrary<Plan> = fc.oneof(
	{ weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'd').map((lane) => ({ lane })) },
	{ weight: 2, arbitrary: fc.constant({ lane: undefined }) },
	{ weight: 1, arbitrary: fc.constant('invalid' as const) },
);

const situation = fc.record({
	plans: fc.array(plan, { maxLength: 40 }),
	concurrency: fc.integer({ min: 1, max: 8 }),
	batchLimit: fc.integer({ min: 1, max: 4 }),
	picks: fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
});

/** A source of the stream's numbers. */
function picker(picks: fc.Stream<number>): () => number {
	return () => picks.next().value ?? 0;
}

/** The tasks of each lane, in some order of all tasks. */
function byLane(plans: readonly Plan[], indexes: readonly number[]): Map<string, number[]> {
	const lanes = new Map<string, number[]>();
	for (const index of indexes) {
		const lane = laneOf(plans[index]);
		if (lane !== undefined) lanes.set(lane, [...(lanes.get(lane) ?? []), index]);
	}
	return lanes;
}

/** Tasks that have not started although their lane is free. */
function startable(plans: readonly Plan[], { started, running }: State): Plan[] {
	const begun = new Set(started.flat());
	const busy = new Set(running.map(([first = -1]) => laneOf(plans[first])));
	return plans.filter((each, index) => {
		if (each === 'invalid' || begun.has(index)) return false;
		return each.lane === undefined || !busy.has(each.lane);
	});
}

const ascending = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

describe('Lanes', () => {
	it('should run or settle every task once, each lane in input order, after reading each once and in order', async () => {
		await fc.assert(
			fc.asyncProperty(situation, async ({ picks, ...rest }) => {
				const { plans } = rest;
				const { prepared, settled, started, ended } = await simulate({
					...rest,
					pick: picker(picks),
				});
				expect(prepared).toEqual(plans.map((_, index) => index));
				const valid = plans.flatMap((each, index) => (each === 'invalid' ? [] : [index]));
				expect(ascending(ended)).toEqual(valid);
				expect(settled).toEqual(
					plans.flatMap((each, index) => (each === 'invalid' ? [index] : [])),
				);
				for (const order of [started.flat(), ended]) {
					for (const indexes of byLane(plans, order).values())
						expect(indexes).toEqual(ascending(indexes));
				}
			}),
			{ numRuns },
		);
	});

	it('should never run two batches of a lane at a time, nor more than the concurrency in all', async () => {
		await fc.assert(
			fc.asyncProperty(situation, async ({ picks, ...rest }) => {
				const { plans, concurrency, batchLimit } = rest;
				await simulate({
					...rest,
					pick: picker(picks),
					onTurn({ running }) {
						expect(running.length).toBeLessThanOrEqual(concurrency);
						const lanes = running
							.map(([first = -1]) => laneOf(plans[first]))
							.filter((lane) => lane !== undefined);
						expect(new Set(lanes).size).toBe(lanes.length);
						for (const batch of running) {
							expect(batch.length).toBeLessThanOrEqual(batchLimit);
							expect(new Set(batch.map((index) => laneOf(plans[index]))).size).toBe(1);
							expect(batch.length === 1 || laneOf(plans[batch[0] ?? -1]) !== undefined).toBe(true);
						}
					},
				});
			}),
			{ numRuns },
		);
	});

	it('should never leave a start unused while a task could run, nor settle one before its turn', async () => {
		await fc.assert(
			fc.asyncProperty(situation, async ({ picks, ...rest }) => {
				const { plans, concurrency } = rest;
				await simulate({
					...rest,
					pick: picker(picks),
					async onTurn(state) {
						const idle = () =>
							state.running.length === concurrency ? [] : startable(plans, state);
						// On a busy machine reading may have used up its slice of time.
						for (let tries = 0; idle().length > 0 && tries < 50; tries++) await pause(1);
						expect(idle()).toEqual([]);
					},
					onSettle(state, index) {
						expect(startable(plans.slice(0, index), state)).toEqual([]);
					},
				});
			}),
			{ numRuns },
		);
	});

	it('should start the first task in input order of those that could', async () => {
		await fc.assert(
			fc.asyncProperty(situation, async ({ picks, ...rest }) => {
				const { plans } = rest;
				await simulate({
					...rest,
					pick: picker(picks),
					onStart(state, [first = -1]) {
						expect(startable(plans.slice(0, first), state)).toEqual([]);
					},
				});
			}),
			{ numRuns },
		);
	});

	it.each([
		[1, 'a a b c'],
		[2, 'a b a c d b a c'],
		[3, 'a b c a b d c e'],
	])(
		'should start in input order with a concurrency of %d where all that fits is read: %s',
		async (concurrency, lanes) => {
			const plans = lanes.split(' ').map((lane) => ({ lane }));
			const { turns } = await simulate({
				plans,
				concurrency,
				batchLimit: 1,
				pick: () => 0,
				// Reading the next one takes a turn of the timers.
				onTurn: async () => await pause(15),
			});
			expect(turns).toEqual(plans.map((_, index) => index));
		},
	);

	it('should start nothing once it is told to end, and wait for what is running', async () => {
		await fc.assert(
			fc.asyncProperty(
				situation,
				fc.integer({ min: 1, max: 10 }),
				async ({ picks, ...rest }, endAfter) => {
					const { started, ended, startedAfterEnd, running } = await simulate({
						...rest,
						endAfter,
						pick: picker(picks),
					});
					expect(startedAfterEnd).toBe(0);
					expect(running).toEqual([]);
					expect(ascending(ended)).toEqual(ascending(started.flat()));
				},
			),
			{ numRuns },
		);
	});

	it('should start nothing at all when it is told to end before it begins', async () => {
		const ended = AbortSignal.abort();
		const run = jest.fn(async () => {});
		await runInLanes({
			count: 3,
			concurrency: 2,
			prepare: (index) => ({ index, lane: undefined, joinable: false }),
			joins: () => false,
			run,
			ended,
		});
		expect(run).not.toHaveBeenCalled();
	});

	it('should start nothing more when a run is broken, and say so after the others have ended', async () => {
		const ended: number[] = [];
		const lanes = runInLanes({
			count: 5,
			concurrency: 2,
			prepare: (index) => ({ index, lane: undefined, joinable: false }),
			joins: () => false,
			async run([task]) {
				await turn();
				if (task?.index === 0) throw new Error('broken');
				for (let turns = 0; turns < 5; turns++) await turn();
				ended.push(task?.index ?? -1);
			},
			ended: new AbortController().signal,
		});
		await expect(lanes).rejects.toThrow('broken');
		expect(ended).toEqual([1]);
	});

	it('should fill a batch with neighbours that are not read yet, up to the next lane or an invalid one', async () => {
		const a = { lane: 'a' };
		const { started } = await simulate({
			plans: [a, a, 'invalid', a, { lane: 'b' }, a, a],
			concurrency: 1,
			batchLimit: 10,
			pick: () => 0,
		});
		expect(started).toEqual([[0, 1], [3], [4], [5, 6]]);
	});

	it('should not take one along past an invalid one that is before it and waits for its turn', async () => {
		const a = { lane: 'a' };
		const { turns, started } = await simulate({
			plans: [a, { lane: 'b' }, a, 'invalid', a],
			concurrency: 2,
			batchLimit: 2,
			pick: () => 0,
			onTurn: async () => await pause(15),
		});
		expect(turns).toEqual([0, 1, 2, 3, 4]);
		expect(started).toEqual([[0], [1], [2], [4]]);
	});

	it('should keep other lanes busy while a long run of tasks of one lane waits', async () => {
		const plans = [
			...Array.from({ length: 900 }, () => ({ lane: 'a' })),
			{ lane: 'b' },
			{ lane: 'c' },
		];
		let seen: string[] = [];
		await simulate({
			plans,
			concurrency: 3,
			batchLimit: 1,
			pick: () => 0.99,
			onTurn({ running }) {
				if (seen.length < 3) seen = running.map(([first = -1]) => laneOf(plans[first]) ?? '');
			},
		});
		expect(seen).toEqual(['a', 'b', 'c']);
	});

	it.each([1, 3])(
		'should read at most 1,000 tasks ahead, so that the input of a busy lane is not all held: %d at a time',
		async (batchLimit) => {
			let ahead = 0;
			const { ended } = await simulate({
				plans: Array.from({ length: 3_000 }, () => ({ lane: 'a' })),
				concurrency: 10,
				batchLimit,
				pick: () => 0,
				onTurn({ prepared, started }) {
					ahead = Math.max(ahead, prepared.length - started.flat().length);
				},
			});
			expect(ended).toHaveLength(3_000);
			expect(ahead).toBeGreaterThan(900);
			expect(ahead).toBeLessThanOrEqual(1_000);
		},
	);

	it('should run everything in input order with a concurrency of 1', async () => {
		await fc.assert(
			fc.asyncProperty(situation, async ({ picks, ...rest }) => {
				const { turns } = await simulate({
					...rest,
					concurrency: 1,
					batchLimit: 1,
					pick: picker(picks),
				});
				expect(turns).toEqual(rest.plans.map((_, index) => index));
			}),
			{ numRuns },
		);
	});

	it('should read no more tasks ahead than may run at a time', async () => {
		let ahead = 0;
		await simulate({
			plans: Array.from({ length: 50 }, () => ({ lane: undefined })),
			concurrency: 4,
			batchLimit: 1,
			pick: () => 0,
			async onTurn({ prepared, started }) {
				await pause(2);
				ahead = Math.max(ahead, prepared.length - started.length);
			},
		});
		expect(ahead).toBeGreaterThan(0);
		expect(ahead).toBeLessThanOrEqual(4);
	});

	it.each<[string, (index: number) => Task | Unrunnable]>([
		['valid', (index) => ({ index, lane: undefined, joinable: false })],
		['invalid', (index) => ({ index, settle() {} })],
		[
			'invalid, but for one that others may join',
			(index) => (index > 0 ? { index, settle() {} } : { index, lane: 'a', joinable: true }),
		],
		['of busy lanes', (index) => ({ index, lane: String(index % 3), joinable: true })],
	])('should let other work run between when many tasks are %s', async (_what, taskAt) => {
		const spin = (ms: number) => {
			const until = performance.now() + ms;
			while (performance.now() < until);
		};
		let longest = 0;
		const startedAt = performance.now();
		let last = startedAt;
		const watch = { on: true };
		const watching = (async () => {
			while (watch.on) {
				await turn();
				longest = Math.max(longest, performance.now() - last);
				last = performance.now();
			}
		})();
		await runInLanes({
			count: 1_000,
			concurrency: 32,
			prepare(index) {
				spin(0.4);
				return taskAt(index);
			},
			joins: (batch) => batch.length < 20,
			run: async () => await turn(),
			ended: new AbortController().signal,
		});
		watch.on = false;
		await watching;
		expect(longest).toBeLessThan(0.3 * (last - startedAt));
	});

	it('should do 20,000 tasks in a time that does not grow faster than their number', async () => {
		const timeFor = async (count: number, lanes: number) => {
			const startedAt = performance.now();
			await runInLanes({
				count,
				concurrency: 100,
				prepare: (index) => ({ index, lane: String(index % lanes), joinable: false }),
				joins: () => false,
				run: async () => await turn(),
				ended: new AbortController().signal,
			});
			return performance.now() - startedAt;
		};
		await timeFor(2_000, 150);
		const few = await timeFor(2_000, 150);
		const many = await timeFor(20_000, 150);
		expect(many).toBeLessThan(20 * few + 50);
	});
});
