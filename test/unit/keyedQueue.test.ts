/* eslint-disable @n8n/community-nodes/no-restricted-imports, @n8n/community-nodes/no-restricted-globals */
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';

import type { Task } from '../../nodes/OpenAIConversation/execution/keyedQueue';
import { runKeyed } from '../../nodes/OpenAIConversation/execution/keyedQueue';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 150);

jest.setTimeout(60_000);

/** A task as the tests describe it: its key, or that there is nothing to run. */
type Plan = { key: string | undefined } | 'nothing';

interface Situation {
	plans: readonly Plan[];
	concurrency: number;
	/** Tasks of a key that may travel together; 1: none. */
	batchLimit: number;
	/** Picks which of the running batches ends next. */
	pick: () => number;
	/** The signal fires after this many batches have ended. */
	cancelAfter?: number;
	/** Places that fail when they are run, or when they are made ready if there is nothing to run. Nothing behind the first of them may start. */
	failing?: ReadonlySet<number>;
	onTurn?: (state: State) => void | Promise<void>;
	onStart?: (state: State, batch: readonly number[]) => void;
}

interface State {
	prepared: number[];
	/** Batches in the order of their starts. */
	started: number[][];
	running: ReadonlyArray<readonly number[]>;
	/** Tasks whose batch has ended, in the order of the ends. */
	ended: number[];
	/** The first place in input order that has failed; Infinity while there is none. */
	firstFailure: number;
}

const keyOf = (plan: Plan | undefined): string | undefined =>
	plan === undefined || plan === 'nothing' ? undefined : plan.key;

/** Runs tasks that end one by one, in an order that `pick` decides. */
async function simulate(situation: Situation): Promise<State & { startedTooLate: number }> {
	const { plans, concurrency, batchLimit, pick, onTurn, onStart } = situation;
	const { cancelAfter = Infinity, failing = new Set() } = situation;
	const running: Array<{ batch: number[]; finish: () => void }> = [];
	const state: State = {
		prepared: [],
		started: [],
		ended: [],
		firstFailure: Infinity,
		get running() {
			return running.map(({ batch }) => batch);
		},
	};
	const fail = (indexes: readonly number[]) => {
		for (const index of indexes)
			if (failing.has(index)) state.firstFailure = Math.min(state.firstFailure, index);
	};
	const cancelling = new AbortController();
	let startedTooLate = 0;
	let done = false;
	const run = runKeyed<Task>({
		count: plans.length,
		concurrency,
		prepare(index) {
			state.prepared.push(index);
			const plan = plans[index];
			if (plan !== undefined && plan !== 'nothing')
				return { index, key: plan.key, joinable: batchLimit > 1 };
			fail([index]);
			return undefined;
		},
		joins: (batch) => batch.length < batchLimit,
		async run(tasks) {
			const batch = tasks.map(({ index }) => index);
			onStart?.(state, batch);
			state.started.push(batch);
			const isTooLate = cancelling.signal.aborted || batch.some((i) => i > state.firstFailure);
			if (isTooLate) startedTooLate++;
			await new Promise<void>((finish) => {
				running.push({ batch, finish });
			});
		},
		mayStart: (index) => index < state.firstFailure,
		cancelled: cancelling.signal,
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
		fail(next.batch);
		next.finish();
		if (++ends === cancelAfter) cancelling.abort();
	}
	await run;
	return { ...state, running: state.running, startedTooLate };
}

const plan: fc.Arbitrary<Plan> = fc.oneof(
	{ weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'd').map((key) => ({ key })) },
	{ weight: 2, arbitrary: fc.constant({ key: undefined }) },
	{ weight: 1, arbitrary: fc.constant('nothing' as const) },
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

/** The tasks of each key, in some order of all tasks. */
function byKey(plans: readonly Plan[], indexes: readonly number[]): Map<string, number[]> {
	const keys = new Map<string, number[]>();
	for (const index of indexes) {
		const key = keyOf(plans[index]);
		if (key !== undefined) keys.set(key, [...(keys.get(key) ?? []), index]);
	}
	return keys;
}

/** Tasks that have not started although nothing of their key is running. */
function startable(plans: readonly Plan[], { started, running }: State): Plan[] {
	const begun = new Set(started.flat());
	const busy = new Set(running.map(([first = -1]) => keyOf(plans[first])));
	return plans.filter((each, index) => {
		if (each === 'nothing' || begun.has(index)) return false;
		return each.key === undefined || !busy.has(each.key);
	});
}

const ascending = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

/** The places of the tasks that there are. */
const placesOf = (plans: readonly Plan[]) =>
	plans.flatMap((each, index) => (each === 'nothing' ? [] : [index]));

describe('A keyed queue', () => {
	it('should run every task once, those of a key in input order, after making each ready once and in order', async () => {
		await fc.assert(
			fc.asyncProperty(situation, async ({ picks, ...rest }) => {
				const { plans } = rest;
				const { prepared, started, ended } = await simulate({ ...rest, pick: picker(picks) });
				expect(prepared).toEqual(plans.map((_, index) => index));
				expect(ascending(ended)).toEqual(placesOf(plans));
				for (const order of [started.flat(), ended]) {
					for (const indexes of byKey(plans, order).values())
						expect(indexes).toEqual(ascending(indexes));
				}
			}),
			{ numRuns },
		);
	});

	it('should never run two batches of a key at a time, nor more than the concurrency in all', async () => {
		await fc.assert(
			fc.asyncProperty(situation, async ({ picks, ...rest }) => {
				const { plans, concurrency, batchLimit } = rest;
				await simulate({
					...rest,
					pick: picker(picks),
					onTurn({ running }) {
						expect(running.length).toBeLessThanOrEqual(concurrency);
						const keys = running
							.map(([first = -1]) => keyOf(plans[first]))
							.filter((key) => key !== undefined);
						expect(new Set(keys).size).toBe(keys.length);
						for (const batch of running) {
							expect(batch.length).toBeLessThanOrEqual(batchLimit);
							expect(new Set(batch.map((index) => keyOf(plans[index]))).size).toBe(1);
							expect(batch.length === 1 || keyOf(plans[batch[0] ?? -1]) !== undefined).toBe(true);
						}
					},
				});
			}),
			{ numRuns },
		);
	});

	it('should never leave a start unused while a task could run', async () => {
		await fc.assert(
			fc.asyncProperty(situation, async ({ picks, ...rest }) => {
				const { plans, concurrency } = rest;
				await simulate({
					...rest,
					pick: picker(picks),
					async onTurn(state) {
						const idle = () =>
							state.running.length === concurrency ? [] : startable(plans, state);
						// On a busy machine making tasks ready may have used up its slice of time.
						for (let tries = 0; idle().length > 0 && tries < 50; tries++) await pause(1);
						expect(idle()).toEqual([]);
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
		'should start in input order with a concurrency of %d where all that fits is ready: %s',
		async (concurrency, keys) => {
			const plans = keys.split(' ').map((key) => ({ key }));
			const { started } = await simulate({
				plans,
				concurrency,
				batchLimit: 1,
				pick: () => 0,
				// Making the next one ready takes a turn of the timers.
				onTurn: async () => await pause(15),
			});
			expect(started.flat()).toEqual(plans.map((_, index) => index));
		},
	);

	it('should start nothing once it is cancelled, and wait for what is running', async () => {
		await fc.assert(
			fc.asyncProperty(
				situation,
				fc.integer({ min: 1, max: 10 }),
				async ({ picks, ...rest }, cancelAfter) => {
					const { started, ended, startedTooLate, running } = await simulate({
						...rest,
						cancelAfter,
						pick: picker(picks),
					});
					expect(startedTooLate).toBe(0);
					expect(running).toEqual([]);
					expect(ascending(ended)).toEqual(ascending(started.flat()));
				},
			),
			{ numRuns },
		);
	});

	const simple = {
		count: 3,
		concurrency: 2,
		prepare: (index: number): Task => ({ index, key: undefined, joinable: false }),
		joins: () => false,
		mayStart: () => true,
		cancelled: new AbortController().signal,
	};

	it('should make nothing ready when it is cancelled before it begins', async () => {
		const prepare = jest.fn(simple.prepare);
		const run = jest.fn(async () => {});
		await runKeyed({ ...simple, prepare, run, cancelled: AbortSignal.abort() });
		expect([prepare.mock.calls, run.mock.calls]).toEqual([[], []]);
	});

	it('should start nothing more when a run is broken, and say so after the others have ended', async () => {
		const ended: number[] = [];
		const queue = runKeyed({
			...simple,
			count: 5,
			async run([task]) {
				await turn();
				if (task?.index === 0) throw new Error('broken');
				for (let turns = 0; turns < 5; turns++) await turn();
				ended.push(task?.index ?? -1);
			},
		});
		await expect(queue).rejects.toThrow('broken');
		expect(ended).toEqual([1]);
	});

	describe('where nothing may start behind a failure', () => {
		const failures = fc.uniqueArray(fc.nat(39), { maxLength: 6 });

		it('should still run everything before the first failure in input order, and nothing that had not started behind it', async () => {
			await fc.assert(
				fc.asyncProperty(situation, failures, async ({ picks, ...rest }, places) => {
					const { plans } = rest;
					const failing = new Set(places.filter((place) => place < plans.length));
					const first = Math.min(...failing);
					const { ended, started, firstFailure, startedTooLate } = await simulate({
						...rest,
						failing,
						pick: picker(picks),
					});
					expect(firstFailure).toBe(first);
					expect(startedTooLate).toBe(0);
					expect(ascending(ended.filter((index) => index < first))).toEqual(
						placesOf(plans).filter((index) => index < first),
					);
					expect(ascending(ended)).toEqual(ascending(started.flat()));
				}),
				{ numRuns },
			);
		});

		it('should end with the same failure whatever ends first', async () => {
			await fc.assert(
				fc.asyncProperty(
					situation,
					failures,
					fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
					async ({ picks, ...rest }, places, others) => {
						const failing = new Set(places.filter((place) => place < rest.plans.length));
						const one = await simulate({ ...rest, failing, pick: picker(picks) });
						const other = await simulate({ ...rest, failing, pick: picker(others) });
						expect(one.firstFailure).toBe(other.firstFailure);
						const before = ({ ended }: State) =>
							ascending(ended.filter((index) => index < one.firstFailure));
						expect(before(one)).toEqual(before(other));
					},
				),
				{ numRuns },
			);
		});

		it('should run what waits for its key in front of a failure that came early', async () => {
			const [a, b] = [{ key: 'a' }, { key: 'b' }];
			const { ended, firstFailure } = await simulate({
				plans: [a, a, a, b, a, b],
				concurrency: 2,
				batchLimit: 1,
				failing: new Set([3]),
				// The later one of those that run: the failure of b comes before the second a starts.
				pick: () => 0.99,
			});
			expect([ended, firstFailure]).toEqual([[3, 0, 1, 2], 3]);
		});

		it('should take nothing along in a batch from behind a failure', async () => {
			const [a, b] = [{ key: 'a' }, { key: 'b' }];
			const { started } = await simulate({
				plans: [a, a, b, a, a],
				concurrency: 2,
				batchLimit: 10,
				failing: new Set([2]),
				pick: () => 0.99,
				onTurn: async () => await pause(15),
			});
			expect(started.flat().filter((index) => index < 3)).toEqual(
				expect.arrayContaining([0, 1, 2]),
			);
			expect(started.flat()).toHaveLength(3);
		});

		it('should make nothing ready behind what failed to be made ready', async () => {
			const { prepared, ended } = await simulate({
				plans: [{ key: 'a' }, 'nothing', { key: 'b' }, { key: 'c' }],
				concurrency: 4,
				batchLimit: 1,
				failing: new Set([1]),
				pick: () => 0,
			});
			expect([prepared, ended]).toEqual([[0, 1], [0]]);
		});
	});

	it('should fill a batch with neighbors that are not ready yet, up to the next key or a place with nothing to run', async () => {
		const a = { key: 'a' };
		const { started } = await simulate({
			plans: [a, a, 'nothing', a, { key: 'b' }, a, a],
			concurrency: 1,
			batchLimit: 10,
			pick: () => 0,
		});
		// Those behind the other key join if they are ready by then, which the clock decides.
		expect([
			[[0, 1], [3], [4], [5, 6]],
			[[0, 1], [3, 5, 6], [4]],
		]).toContainEqual(started);
	});

	it('should keep other keys busy while a long run of tasks of one key waits', async () => {
		const plans = [
			...Array.from({ length: 900 }, () => ({ key: 'a' })),
			{ key: 'b' },
			{ key: 'c' },
		];
		let seen: string[] = [];
		await simulate({
			plans,
			concurrency: 3,
			batchLimit: 1,
			pick: () => 0.99,
			onTurn({ running }) {
				if (seen.length < 3) seen = running.map(([first = -1]) => keyOf(plans[first]) ?? '');
			},
		});
		expect(seen).toEqual(['a', 'b', 'c']);
	});

	it.each([1, 3])(
		'should make at most 1,000 tasks ready ahead, so that the input of a busy key is not all held: %d at a time',
		async (batchLimit) => {
			const others = Array.from({ length: 500 }, (_, index) => ({ key: `other ${index}` }));
			const ahead = new Map<number, number>();
			const { ended } = await simulate({
				plans: [...others, ...Array.from({ length: 3_000 }, () => ({ key: 'a' }))],
				concurrency: 10,
				batchLimit,
				pick: () => 0,
				onTurn({ prepared, started }) {
					const count = started.flat().length;
					ahead.set(count, prepared.length - count);
				},
			});
			expect(ended).toHaveLength(3_500);
			expect(Math.max(...ahead.values())).toBeLessThanOrEqual(1_000);
			const inTheMiddle = [...ahead].filter(([count]) => count > 800 && count < 2_200);
			expect(inTheMiddle.length).toBeGreaterThan(200);
			expect(Math.min(...inTheMiddle.map(([, aheadCount]) => aheadCount))).toBeGreaterThan(900);
		},
	);

	it('should run everything in input order with a concurrency of 1', async () => {
		await fc.assert(
			fc.asyncProperty(situation, async ({ picks, ...rest }) => {
				const { ended } = await simulate({
					...rest,
					concurrency: 1,
					batchLimit: 1,
					pick: picker(picks),
				});
				expect(ended).toEqual(placesOf(rest.plans));
			}),
			{ numRuns },
		);
	});

	it('should make no more tasks ready ahead than may run at a time', async () => {
		let ahead = 0;
		await simulate({
			plans: Array.from({ length: 50 }, () => ({ key: undefined })),
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

	it.each<[string, (index: number) => Task | undefined]>([
		['there', (index) => ({ index, key: undefined, joinable: false })],
		['missing', () => undefined],
		[
			'missing, but for one that others may join',
			(index) => (index > 0 ? undefined : { index, key: 'a', joinable: true }),
		],
		['of busy keys', (index) => ({ index, key: String(index % 3), joinable: true })],
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
		await runKeyed({
			count: 1_000,
			concurrency: 32,
			prepare(index) {
				spin(0.4);
				return taskAt(index);
			},
			joins: (batch) => batch.length < 20,
			run: async () => await turn(),
			mayStart: () => true,
			cancelled: new AbortController().signal,
		});
		watch.on = false;
		await watching;
		expect(longest).toBeLessThan(0.3 * (last - startedAt));
	});

	it('should do 20,000 tasks in a time that does not grow faster than their number', async () => {
		const timeFor = async (count: number, keys: number) => {
			// Time on the processor: what else the machine does has no part in it.
			const startedAt = process.cpuUsage();
			await runKeyed({
				count,
				concurrency: 100,
				prepare: (index) => ({ index, key: String(index % keys), joinable: false }),
				joins: () => false,
				run: async () => await turn(),
				mayStart: () => true,
				cancelled: new AbortController().signal,
			});
			const { user, system } = process.cpuUsage(startedAt);
			return (user + system) / 1_000;
		};
		await timeFor(2_000, 150);
		const few = await timeFor(2_000, 150);
		const many = await timeFor(20_000, 150);
		expect(many).toBeLessThan(30 * few + 50);
	});

	it('should start the next one as soon as one ends, and not when a pause in making others ready is over', async () => {
		const PREPARING_MS = 40;
		const ends: number[] = [];
		const starts: number[] = [];
		await runKeyed<Task>({
			count: 4,
			concurrency: 1,
			prepare(index) {
				const until = performance.now() + PREPARING_MS;
				while (performance.now() < until);
				return { index, key: undefined, joinable: false };
			},
			joins: () => false,
			async run() {
				starts.push(performance.now());
				// The next one is ready by then, and the one after it would be after three times as long.
				await pause(PREPARING_MS + 10);
				ends.push(performance.now());
			},
			mayStart: () => true,
			cancelled: new AbortController().signal,
		});
		const idle = starts.slice(1).map((start, index) => start - (ends[index] ?? 0));
		expect(Math.max(...idle)).toBeLessThan(PREPARING_MS + 30);
	});
});
