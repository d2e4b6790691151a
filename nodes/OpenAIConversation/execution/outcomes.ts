import type {
	IExecuteFunctions,
	INodeExecutionData,
	NodeApiError,
	NodeOperationError,
} from 'n8n-workflow';

import type { Output } from '../operation';
import type { ItemFailure } from './errors';

/** Shortest time between two lines about progress in n8n's log, in ms. */
const PROGRESS_EVERY_MS = 5_000;

/** Keeps what became of each item, in its place. */
export class Outcomes {
	private readonly outputs: Array<INodeExecutionData[] | undefined>;
	private readonly failures = new Map<number, ItemFailure>();
	private done = 0;
	private readonly startedAt = Date.now();
	private loggedAt = this.startedAt;

	/**
	 * @param count number of items
	 * @param describe says what a failure means; undefined for an item that was only left undone
	 */
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly count: number,
		private readonly describe: (cause: unknown, item: number) => ItemFailure | undefined,
	) {
		this.outputs = new Array<INodeExecutionData[] | undefined>(count);
	}

	failed(item: number, cause: unknown): void {
		const failure = this.describe(cause, item);
		if (failure === undefined) return;
		this.failures.set(item, failure);
		this.logProgress();
	}

	async succeeded(item: number, outputs: readonly Output[]): Promise<void> {
		const converted: INodeExecutionData[] = [];
		for (const { json, file } of outputs) {
			const output: INodeExecutionData = { json, pairedItem: { item } };
			if (file !== undefined) {
				const { property, content, fileName, mimeType } = file;
				const data = await this.context.helpers.prepareBinaryData(
					Buffer.from(content, 'utf8'),
					fileName,
					mimeType,
				);
				output.binary = { [property]: data };
			}
			converted.push(output);
		}
		this.outputs[item] = converted;
		this.done += 1;
		this.logProgress();
	}

	/** The first failure in input order, which then says how many items were done. */
	firstFailure(): NodeApiError | NodeOperationError | undefined {
		const [first] = [...this.failures.keys()].sort((a, b) => a - b);
		const error = first === undefined ? undefined : this.failures.get(first)?.error;
		if (error !== undefined && this.count > 1) {
			const done = `${this.done} of ${this.count} items had already been done.`;
			error.description = error.description ? `${error.description} ${done}` : done;
		}
		return error;
	}

	/** All outputs and failures in input order. */
	items(): INodeExecutionData[] {
		const items: INodeExecutionData[] = [];
		for (let item = 0; item < this.count; item++) {
			const failure = this.failures.get(item);
			if (failure !== undefined) items.push({ ...failure, pairedItem: { item } });
			else items.push(...(this.outputs[item] ?? []));
		}
		return items;
	}

	private logProgress(): void {
		const now = Date.now();
		if (now - this.loggedAt < PROGRESS_EVERY_MS) return;
		this.loggedAt = now;
		const ended = this.done + this.failures.size;
		const rate = (ended * 1_000) / (now - this.startedAt);
		this.context.logger.info(
			`${this.context.getNode().name}: ${ended} of ${this.count} items ended, ${rate.toFixed(1)} per second`,
			{ done: this.done, failed: this.failures.size, total: this.count },
		);
	}
}
