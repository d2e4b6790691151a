import { isRefusedAsInvalid, RequestFailure } from '../../shared/transport/failures';
import type { RequestSettings } from '../../shared/transport/request';
import type { Operation, Output, Tools } from '../operation';
import type { Task } from './keyedQueue';

/** An input item that is ready to run. */
export interface ItemTask<Input> extends Task {
	input: Input;
	settings: RequestSettings;
	/** Tasks whose options are the same text may share a request. */
	optionsText: string;
}

export interface BatchesOptions<Input> {
	operation: Operation<Input>;
	/** What a batch works with. */
	toolsFor(settings: RequestSettings, ended: AbortSignal): Tools;
	/** Takes what an item gives. What it rejects with fails the item. */
	succeeded(item: number, outputs: readonly Output[]): Promise<void>;
	failed(item: number, cause: unknown): void;
	/** Whether an item may still start. */
	mayStart(item: number): boolean;
}

/** Runs tasks of one conversation together, and tells what became of each. */
export function createBatches<Input>(options: BatchesOptions<Input>) {
	const { operation, toolsFor, succeeded, failed, mayStart } = options;
	/** What ends each batch on its way, by the place of its first item. */
	const running = new Map<number, AbortController>();

	/** Calls the operation, or its way for several inputs where there are several. */
	const runOperation = async (
		batch: ReadonlyArray<ItemTask<Input>>,
		tools: Tools,
	): Promise<Output[][]> => {
		const [first, ...others] = batch.map(({ input }) => input);
		if (first === undefined) return [];
		return others.length === 0 || operation.batch === undefined
			? [await operation.run(first, tools)]
			: await operation.batch.run([first, ...others], tools);
	};

	/** What the operation gives for each task, or why it gives nothing. */
	const resultFor = async (batch: ReadonlyArray<ItemTask<Input>>, first: ItemTask<Input>) => {
		const controller = new AbortController();
		running.set(first.index, controller);
		try {
			return await runOperation(batch, toolsFor(first.settings, controller.signal));
		} catch (error) {
			return error instanceof Error ? error : new Error(String(error));
		} finally {
			running.delete(first.index);
		}
	};

	const run = async (batch: ReadonlyArray<ItemTask<Input>>): Promise<void> => {
		const [first] = batch;
		if (first === undefined) return;
		const result = await resultFor(batch, first);
		if (batch.length > 1 && result instanceof RequestFailure && isRefusedAsInvalid(result)) {
			// Nothing was done, so each may try alone and only the culprit fails.
			for (const task of batch) if (mayStart(task.index)) await run([task]);
			return;
		}
		for (const [place, { index }] of batch.entries()) {
			if (result instanceof Error) {
				failed(index, result);
				continue;
			}
			try {
				await succeeded(index, result[place] ?? []);
			} catch (error) {
				// n8n could not store a file, say because its disk is full.
				failed(index, error);
			}
		}
	};

	return {
		run,

		/** Whether a task can share a request with others. */
		joins(batch: ReadonlyArray<ItemTask<Input>>, next: ItemTask<Input>): boolean {
			const { batch: together } = operation;
			if (together === undefined) return false;
			const total = [...batch, next].reduce((sum, { input }) => sum + together.size(input), 0);
			return (
				total <= together.limit &&
				batch.every(({ optionsText }) => optionsText === next.optionsText)
			);
		},

		/** Ends what is on its way for items behind this one; -1: all. */
		endBehind(item: number): void {
			for (const [index, controller] of running) if (index > item) controller.abort();
		},
	};
}
