import type {
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	Logger,
	NodeApiError,
	NodeOperationError,
} from 'n8n-workflow';

import type { ItemFailure } from '../../shared/n8n/errors';
import type { Redactor } from '../../shared/values/redact';
import type { JsonObject } from '../../shared/values/json';
import { isJsonObject } from '../../shared/values/json';
import { sentences } from '../../shared/values/text';
import type { Output } from '../operation';

/** Shortest time between two lines about progress in n8n's log, in ms. */
const PROGRESS_EVERY_MS = 5_000;

const ON_ERROR =
	'To go on with the others when one fails, set On Error in the Settings tab of the node.';

/** What outcomes need of n8n. */
export interface Surroundings {
	getNode(): Pick<INode, 'name'>;
	logger: Pick<Logger, 'info'>;
	helpers: Pick<IExecuteFunctions['helpers'], 'prepareBinaryData'>;
}

/** Keeps what became of each item, in its place. */
export class ItemResults {
	/** What each item gives, at its place. */
	private readonly outputs: Array<INodeExecutionData[] | undefined>;
	/** The first failure in input order. */
	private first: { item: number; error: ItemFailure['error'] } | undefined;
	private done = 0;
	private failures = 0;
	private readonly startedAt = Date.now();
	private loggedAt = this.startedAt;

	/**
	 * @param count number of items
	 * @param toRow a failure as the item that n8n passes on
	 */
	constructor(
		private readonly context: Surroundings,
		private readonly count: number,
		private readonly redactor: Redactor,
		private readonly toRow: (failure: ItemFailure) => JsonObject,
	) {
		this.outputs = new Array<INodeExecutionData[] | undefined>(count);
	}

	failed(item: number, failure: ItemFailure): void {
		// Without `error` beside the JSON: n8n would put `{ error: message }` in place of all of it.
		this.outputs[item] = [{ json: this.toRow(failure), pairedItem: { item } }];
		this.failures += 1;
		if (this.first === undefined || item < this.first.item) {
			this.first = { item, error: failure.error };
		}
		this.logProgress();
	}

	async succeeded(item: number, outputs: readonly Output[]): Promise<void> {
		const converted: INodeExecutionData[] = [];
		for (const { json, file } of outputs) {
			const shown = this.redactor.output(json);
			const output: INodeExecutionData = {
				json: isJsonObject(shown) ? shown : json,
				pairedItem: { item },
			};
			if (file !== undefined) {
				const { property, content, fileName, mimeType } = file;
				const text = this.redactor.output(content);
				const data = await this.context.helpers.prepareBinaryData(
					Buffer.from(String(text), 'utf8'),
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

	/** How far a run got that ended early: a sentence; empty for a single item. */
	progress(): string {
		const were = this.done === 1 ? 'was' : 'were';
		return this.count > 1 ? `${this.done} of ${this.count} input items ${were} done.` : '';
	}

	/** The place of the first failure in input order; Infinity while there is none. */
	get firstFailedItem(): number {
		return this.first?.item ?? Infinity;
	}

	/** The first failure in input order, which then says which item it was and how many were done. */
	firstFailure(): NodeApiError | NodeOperationError | undefined {
		if (this.first === undefined) return undefined;
		const { item, error } = this.first;
		const isOneOfMany = this.count > 1;
		error.description = sentences(
			error.description ?? undefined,
			isOneOfMany
				? `This was input item ${item + 1} of ${this.count}; n8n calls it item ${item}, because it counts from 0.`
				: undefined,
			this.progress(),
			this.failures < this.count ? ON_ERROR : undefined,
		);
		return error;
	}

	/** All outputs and failures in input order. */
	items(): INodeExecutionData[] {
		return this.outputs.flatMap((outputs) => outputs ?? []);
	}

	private logProgress(): void {
		const now = Date.now();
		if (now - this.loggedAt < PROGRESS_EVERY_MS) return;
		this.loggedAt = now;
		const ended = this.done + this.failures;
		const rate = (ended * 1_000) / (now - this.startedAt);
		this.context.logger.info(
			`${this.context.getNode().name}: ${ended} of ${this.count} input items ended, ${rate.toFixed(1)} per second`,
			{ done: this.done, failed: this.failures, total: this.count },
		);
	}
}
