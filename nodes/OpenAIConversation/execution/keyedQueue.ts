import { wait } from '../../shared/n8n/clock';

/** A piece of work with its place in the input. */
export interface Task {
	/** Place in the input, from 0. */
	readonly index: number;
	/** Tasks of the same key run one after the other, in input order. Undefined: it has no order to keep. */
	readonly key: string | undefined;
	/** Whether tasks of the same key may join it. */
	readonly joinable: boolean;
}

export interface KeyedQueueOptions<T extends Task> {
	/** Number of tasks. */
	count: number;
	/** Maximum number of batches that run at a time, 1 or more. */
	concurrency: number;
	/**
	 * Makes the task at an index ready: once, in input order, shortly before its turn. Undefined:
	 * there is nothing to run there.
	 */
	prepare(index: number): T | undefined;
	/** Whether `next` can travel with the tasks of its key that are about to start. */
	joins(batch: readonly T[], next: T): boolean;
	/** Runs tasks of one key together. What it rejects with ends everything: tasks handle their own failures. */
	run(batch: readonly T[]): Promise<void>;
	/** Whether the task at an index may still start. Once it says no, it says no for every later index. */
	mayStart(index: number): boolean;
	/** Ends everything that has not started. */
	cancelled: AbortSignal;
}

/**
 * How many tasks may be ready and wait for others of their key. Enough to find work for all starts
 * in input that is sorted by key, and a bound for what they hold in memory.
 */
const MOST_WAITING = 1_000;

/** After this many ms of making tasks ready, answers that came in meanwhile get their turn. */
const SLICE_MS = 5;

/** Making tasks ready ahead of their turn takes one part of the time in this many, so that it holds up no answer. */
const AHEAD_SHARE = 4;

/**
 * Runs tasks side by side, those of one key one after the other. While as many run as may, the next
 * ones are made ready, so that each can start the moment another ends. Resolves when everything that
 * was started has ended; rejects then, if a `run` rejected.
 */
export async function runKeyed<T extends Task>(options: KeyedQueueOptions<T>): Promise<void> {
	const { count, concurrency, prepare, joins, run, cancelled } = options;
	/** Keys at work, with the tasks that wait for them. */
	const busy = new Map<string, T[]>();
	/** Tasks that could start now, in input order. */
	const ready: T[] = [];
	const faults: unknown[] = [];
	let next = 0;
	let waiting = 0;
	let active = 0;
	let onEnded = () => {};

	const mayStart = (index: number) =>
		!cancelled.aborted && faults.length === 0 && options.mayStart(index);
	const hasNext = () => next < count && waiting < MOST_WAITING && mayStart(next);

	const makeReady = (task: T): void => {
		const place = ready.findLastIndex(({ index }) => index < task.index) + 1;
		ready.splice(place, 0, task);
	};

	/** Makes the next task ready: it claims its key, or waits for it. */
	const advance = (): void => {
		const task = prepare(next++);
		if (task === undefined) return;
		const queue = task.key === undefined ? undefined : busy.get(task.key);
		if (queue !== undefined) {
			queue.push(task);
			waiting++;
			return;
		}
		if (task.key !== undefined) busy.set(task.key, []);
		makeReady(task);
	};

	const takeWaiting = (key: string | undefined): T | undefined => {
		const task = key === undefined ? undefined : busy.get(key)?.shift();
		if (task !== undefined) waiting--;
		return task;
	};

	/** The tasks that start together with one that is about to start: its neighbors of the same key. */
	const batchOf = (first: T): T[] => {
		const batch = [first];
		const queue = first.key === undefined ? undefined : busy.get(first.key);
		while (first.joinable && queue !== undefined) {
			if (queue.length === 0 && hasNext()) advance();
			const [head] = queue;
			// Nothing, or the next task is another key's: there are no more neighbors.
			if (head === undefined || !mayStart(head.index) || !joins(batch, head)) break;
			takeWaiting(first.key);
			batch.push(head);
		}
		return batch;
	};

	const leave = ({ key }: T): void => {
		active--;
		const following = takeWaiting(key);
		if (following !== undefined) makeReady(following);
		else if (key !== undefined) busy.delete(key);
		startReady();
		onEnded();
	};

	const startReady = (): void => {
		while (active < concurrency) {
			const [first] = ready;
			if (first === undefined || !mayStart(first.index)) return;
			ready.shift();
			active++;
			run(batchOf(first))
				.catch((error: unknown) => faults.push(error))
				.finally(() => leave(first));
		}
	};

	/** Waits, but no longer than until there is nothing ready for a place that has become free. */
	const pause = async (ms: number): Promise<void> => {
		const lacking = new AbortController();
		onEnded = () => {
			if (active < concurrency) lacking.abort();
		};
		await wait(ms, lacking.signal);
	};

	let sliceEnd = Date.now() + SLICE_MS;
	for (;;) {
		if (hasNext() && ready.length < concurrency) {
			const isAhead = active >= concurrency;
			const from = Date.now();
			advance();
			startReady();
			const to = Date.now();
			if (!isAhead && to < sliceEnd) continue;
			await pause(isAhead ? (to - from) * (AHEAD_SHARE - 1) : 0);
			sliceEnd = Date.now() + SLICE_MS;
		} else if (active > 0) {
			await new Promise<void>((resolve) => {
				onEnded = resolve;
			});
		} else {
			break;
		}
	}
	if (faults.length > 0) throw faults[0];
}
