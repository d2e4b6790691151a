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
	/** Runs tasks of one lane together. Never rejects. */
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
const SLICE_MS = 20;

/**
 * Runs tasks side by side, those of one lane one after the other. Resolves when everything that
 * was started has ended.
 */
export async function runInLanes<T extends Task>(options: LanesOptions<T>): Promise<void> {
	const { count, concurrency, prepare, joins, run, ended } = options;
	/** Busy lanes, with the tasks that wait in them. */
	const busy = new Map<string, T[]>();
	/** Tasks whose lane is theirs, in the order in which they got it. */
	const ready: T[] = [];
	let next = 0;
	let waiting = 0;
	let active = 0;
	let changed = () => {};

	/** Makes the next task ready: it claims its lane, or waits in it. */
	const advance = (): void => {
		const task = prepare(next++);
		if (task === undefined) return;
		const queue = task.lane === undefined ? undefined : busy.get(task.lane);
		if (queue !== undefined) {
			queue.push(task);
			waiting++;
			return;
		}
		if (task.lane !== undefined) busy.set(task.lane, []);
		ready.push(task);
	};

	const canAdvance = () => next < count && waiting + ready.length < LOOK_AHEAD && !ended.aborted;

	/** The tasks that start together with one that is about to start. */
	const batchOf = (first: T): T[] => {
		const batch = [first];
		const queue = first.lane === undefined ? undefined : busy.get(first.lane);
		if (queue === undefined || !first.joinable) return batch;
		for (;;) {
			let head = queue[0];
			if (head === undefined && canAdvance()) {
				const before = ready.length;
				advance();
				head = queue[0];
				// A task of another lane, or none: the run of neighbours is over.
				if (head === undefined && ready.length > before) return batch;
				if (head === undefined) continue;
			}
			if (head === undefined || !joins(batch, head)) return batch;
			queue.shift();
			waiting--;
			batch.push(head);
		}
	};

	const start = (first: T): void => {
		active++;
		void run(batchOf(first)).then(() => {
			active--;
			const { lane } = first;
			const following = lane === undefined ? undefined : busy.get(lane)?.shift();
			if (following !== undefined) {
				waiting--;
				ready.push(following);
			} else if (lane !== undefined) {
				busy.delete(lane);
			}
			changed();
		});
	};

	for (;;) {
		const sliceEnd = Date.now() + SLICE_MS;
		let outOfTime = false;
		while (!ended.aborted && active < concurrency && !outOfTime) {
			const task = ready.shift();
			if (task !== undefined) start(task);
			else if (canAdvance()) advance();
			else break;
			outOfTime = Date.now() > sliceEnd;
		}
		const nothingLeft = ended.aborted || (ready.length === 0 && next >= count && waiting === 0);
		if (active === 0 && nothingLeft) return;
		if (outOfTime) {
			await wait(0, ended);
		} else {
			await new Promise<void>((resolve) => {
				changed = resolve;
			});
		}
	}
}
