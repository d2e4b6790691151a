import { wait } from '../../shared/n8n/wait';

/** A piece of work with its place in the input. */
export interface Task {
	/** Place in the input, from 0. */
	readonly index: number;
	/** Tasks with the same lane run one after the other, in input order. Undefined: a lane of its own. */
	readonly lane: string | undefined;
	/** Whether tasks of the same lane may join it. */
	readonly joinable: boolean;
}

/** In place of a task that can't be run. */
export interface Unrunnable {
	readonly index: number;
	/** Called when its turn would have come. */
	readonly settle: () => void;
}

export interface LanesOptions<T extends Task> {
	/** Number of tasks. */
	count: number;
	/** Most starts that may be unfinished at a time, 1 or more. */
	concurrency: number;
	/** Makes the task at an index ready: once, in input order, shortly before its turn. */
	prepare(index: number): T | Unrunnable;
	/** Whether `next` can travel with the tasks of its lane that are about to start. */
	joins(batch: readonly T[], next: T): boolean;
	/** Runs tasks of one lane together. What it rejects with ends everything: a task's own failure is no such thing. */
	run(batch: readonly T[]): Promise<void>;
	/** Once it fires nothing starts any more. */
	ended: AbortSignal;
}

/**
 * How many tasks may be ready and wait for their lane. Enough to find work for all starts in input
 * that is sorted by lane, and a bound for what they hold in memory.
 */
const MOST_WAITING = 1_000;

/** After so many ms of making tasks ready, answers that came in meanwhile get their turn. */
const SLICE_MS = 5;

/**
 * Runs tasks side by side, those of one lane one after the other. While as many run as may, the next
 * ones are made ready, so that each can start the moment another ends. Resolves when everything that
 * was started has ended; rejects then, if a `run` rejected.
 */
export async function runInLanes<T extends Task>(options: LanesOptions<T>): Promise<void> {
	const { count, concurrency, prepare, joins, run, ended } = options;
	/** Busy lanes, with the tasks that wait in them; a task with a lane of its own has none here. */
	const busy = new Map<string | undefined, T[]>();
	/** Tasks whose lane is theirs, in input order. */
	const ready: Array<T | Unrunnable> = [];
	const faults: unknown[] = [];
	let next = 0;
	let waiting = 0;
	let active = 0;
	let changed = () => {};

	const isEnded = () => ended.aborted || faults.length > 0;
	const hasNext = () => next < count && waiting < MOST_WAITING;

	const enter = (task: T | Unrunnable): void => {
		const place = ready.findLastIndex(({ index }) => index < task.index) + 1;
		ready.splice(place, 0, task);
	};

	/** Makes the next task ready: it claims its lane, or waits in it. */
	const advance = (): void => {
		const task = prepare(next++);
		if (!('settle' in task)) {
			const queue = busy.get(task.lane);
			if (queue !== undefined) {
				queue.push(task);
				waiting++;
				return;
			}
			if (task.lane !== undefined) busy.set(task.lane, []);
		}
		enter(task);
	};

	/** The tasks that start together with one that is about to start: those that wait for it, and its neighbours. */
	const batchOf = (first: T): T[] => {
		const batch = [first];
		const queue = busy.get(first.lane);
		if (queue === undefined || !first.joinable) return batch;
		for (;;) {
			if (queue.length === 0 && hasNext()) advance();
			const [head] = queue;
			// Nothing, or a task of another lane: the run of neighbours is over.
			if (head === undefined || !joins(batch, head)) return batch;
			// One that can't be run may be of this lane, and may end everything.
			if (ready.some((task) => 'settle' in task && task.index < head.index)) return batch;
			queue.shift();
			waiting--;
			batch.push(head);
		}
	};

	const leave = ({ lane }: T): void => {
		active--;
		const following = busy.get(lane)?.shift();
		if (following === undefined) {
			busy.delete(lane);
		} else {
			waiting--;
			enter(following);
		}
		startReady();
		changed();
	};

	const startReady = (): void => {
		while (active < concurrency && !isEnded()) {
			const first = ready.shift();
			if (first === undefined) return;
			if ('settle' in first) {
				first.settle();
				continue;
			}
			active++;
			run(batchOf(first))
				.catch((error: unknown) => faults.push(error))
				.finally(() => leave(first));
		}
	};

	let sliceEnd = Date.now() + SLICE_MS;
	for (;;) {
		if (hasNext() && ready.length < concurrency && !isEnded()) {
			advance();
			startReady();
			if (active < concurrency && Date.now() < sliceEnd) continue;
			await wait(0, ended);
			sliceEnd = Date.now() + SLICE_MS;
		} else if (active > 0) {
			await new Promise<void>((resolve) => {
				changed = resolve;
			});
		} else {
			break;
		}
	}
	if (faults.length > 0) throw faults[0];
}
