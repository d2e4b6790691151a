import { wait } from '../transport/wait';

/** A piece of work with its place in the input. */
export interface Task {
	/** Place in the input, from 0. */
	readonly index: number;
	/** Tasks with the same lane run one after the other, in input order. Undefined: a lane of its own. */
	readonly lane: string | undefined;
	/** Whether tasks of the same lane may join it. */
	readonly joinable: boolean;
}

export interface LanesOptions<T extends Task> {
	/** Number of tasks. */
	count: number;
	/** Most starts that may be unfinished at a time, 1 or more. */
	concurrency: number;
	/** Makes the task at an index ready, once, when its turn comes; undefined when there is nothing to run. */
	prepare(index: number): T | undefined;
	/** Whether `next` can travel with the tasks of its lane that are about to start. */
	joins(batch: readonly T[], next: T): boolean;
	/** Runs tasks of one lane together. What it rejects with ends everything: a task's own failure is no such thing. */
	run(batch: readonly T[]): Promise<void>;
	/** Once it fires nothing starts any more. */
	ended: AbortSignal;
}

/**
 * How many tasks are made ready ahead of their start when their lane is busy. Enough to find work
 * for all starts in input that is sorted by lane, and a bound for what they hold in memory.
 */
const LOOK_AHEAD = 1_000;

/** After so many ms of making tasks ready, answers that came in meanwhile get their turn. */
const SLICE_MS = 5;

/**
 * Runs tasks side by side, those of one lane one after the other. Resolves when everything that
 * was started has ended; rejects then, if `prepare` threw or a `run` rejected.
 */
export async function runInLanes<T extends Task>(options: LanesOptions<T>): Promise<void> {
	const { count, concurrency, prepare, joins, run } = options;
	const faults: unknown[] = [];
	const isEnded = () => options.ended.aborted || faults.length > 0;
	/** Busy lanes, with the tasks that wait in them. */
	const busy = new Map<string, T[]>();
	/** Tasks whose lane is theirs, in the order in which they got it. */
	const ready: T[] = [];
	let next = 0;
	let waiting = 0;
	let active = 0;
	let sliceEnd = 0;
	let changed = () => {};

	/** Makes the next task ready: it claims its lane, or waits in it. Undefined when it is none to run. */
	const advance = (): T | undefined => {
		const task = prepare(next++);
		if (task === undefined) return undefined;
		const queue = task.lane === undefined ? undefined : busy.get(task.lane);
		if (queue !== undefined) {
			queue.push(task);
			waiting++;
			return task;
		}
		if (task.lane !== undefined) busy.set(task.lane, []);
		ready.push(task);
		return task;
	};

	const canAdvance = () => next < count && waiting + ready.length < LOOK_AHEAD && !isEnded();
	const isOutOfTime = () => Date.now() > sliceEnd;

	/** The tasks that start together with one that is about to start: those that wait for it, and its neighbours. */
	const batchOf = (first: T): T[] => {
		const batch = [first];
		const queue = first.lane === undefined ? undefined : busy.get(first.lane);
		if (queue === undefined || !first.joinable) return batch;
		for (;;) {
			if (queue.length === 0 && canAdvance()) {
				const task = advance();
				// A batch is short, but any number of items may have nothing to run.
				if (task === undefined && isOutOfTime()) return batch;
				if (task === undefined) continue;
				if (task.lane !== first.lane) return batch;
			}
			const [head] = queue;
			if (head === undefined || !joins(batch, head)) return batch;
			queue.shift();
			waiting--;
			batch.push(head);
		}
	};

	const leave = ({ lane }: T): void => {
		active--;
		const following = lane === undefined ? undefined : busy.get(lane)?.shift();
		if (following !== undefined) {
			waiting--;
			ready.push(following);
		} else if (lane !== undefined) {
			busy.delete(lane);
		}
		changed();
	};

	const start = (first: T): void => {
		active++;
		run(batchOf(first))
			.catch((error: unknown) => faults.push(error))
			.finally(() => leave(first));
	};

	for (;;) {
		sliceEnd = Date.now() + SLICE_MS;
		let isPaused = false;
		while (!isEnded() && active < concurrency && !isPaused) {
			const task = ready.shift();
			if (task !== undefined) start(task);
			else if (canAdvance()) advance();
			else break;
			isPaused = isOutOfTime();
		}
		const nothingLeft = isEnded() || (ready.length === 0 && next >= count && waiting === 0);
		if (active === 0 && nothingLeft) break;
		if (isPaused) {
			await wait(0, options.ended);
		} else {
			await new Promise<void>((resolve) => {
				changed = resolve;
			});
		}
	}
	if (faults.length > 0) throw faults[0];
}
