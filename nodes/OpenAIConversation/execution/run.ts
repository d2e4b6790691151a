import type { IExecuteFunctions, INode, INodeExecutionData } from 'n8n-workflow';

import { systemClock } from '../../shared/n8n/clock';
import type { ItemFailure } from '../../shared/n8n/errors';
import { describeFailure } from '../../shared/n8n/errors';
import { Notes } from '../../shared/n8n/hints';
import { isDeafToErrors, isN8n1 } from '../../shared/n8n/n8n1';
import { createSettingsParser } from '../../shared/n8n/settings';
import { createSharedParts } from '../../shared/n8n/sharedParts';
import { duration, summary } from '../../shared/n8n/summary';
import { createClient } from '../../shared/transport/client';
import { Cancelled, RunEnded } from '../../shared/transport/failures';
import { limitInFlight } from '../../shared/transport/inFlightLimit';
import { createRateLimiter } from '../../shared/transport/rateLimiter';
import type { JsonObject } from '../../shared/values/json';
import type { Redactor } from '../../shared/values/redact';
import { sentences } from '../../shared/values/text';
import type { Operation, Tools } from '../operation';
import { parseAdditionalParts } from '../parameters/options';
import type { ItemTask } from './batches';
import { createBatches } from './batches';
import { runKeyed } from './keyedQueue';
import { ItemResults } from './itemResults';
import type { Preparation } from './preparation';
import { optionsOf, prepareRun, readerFor } from './preparation';
import { stopOf, Stops } from './stops';

/** The form in which the node passes on a failed item: n8n 1.x has no room for details at the error output. */
function rowFor(node: INode): (failure: ItemFailure) => JsonObject {
	const hasRoomForDetails = !isN8n1 || node.onError !== 'continueErrorOutput';
	return ({ message, details, text }) =>
		hasRoomForDetails ? { error: message, details } : { error: message, message: text };
}

/**
 * Runs the operation for all input items: items of one conversation in input order, different
 * conversations side by side, outputs in input order.
 * @param chosen undefined: the node has no such operation, which fails every item
 * @throws {NodeApiError | NodeOperationError} the first failure in input order, unless the node
 * continues on failures; or that the execution was canceled
 */
export async function executeItems<Input>(
	context: IExecuteFunctions,
	chosen: Operation<Input> | undefined,
): Promise<INodeExecutionData[][]> {
	const node = context.getNode();
	const count = context.getInputData().length;
	if (count === 0) return [[]];
	const cancelled = context.getExecutionCancelSignal() ?? new AbortController().signal;
	// Retry On Fail runs the node again, even after a stop.
	if (cancelled.aborted) throw stopOf(node, cancelled);

	const continues = context.continueOnFail() || isDeafToErrors(context);
	const { redactor, preparation, fault } = await prepareRun(context, chosen);
	const results = new ItemResults(context, count, redactor, rowFor(node));
	const failed = (item: number, cause: unknown) =>
		results.failed(item, describeFailure(node, cause, { item, several: count > 1, redactor }));

	if (preparation === undefined) {
		for (let item = 0; item < count; item++) failed(item, fault);
	} else {
		await runAll({ context, preparation, cancelled, continues, results, redactor, failed });
	}
	const failure = continues ? undefined : results.firstFailure();
	if (failure !== undefined) throw failure;
	return [results.items()];
}

interface Run<Input> {
	context: IExecuteFunctions;
	preparation: Preparation<Input>;
	cancelled: AbortSignal;
	/** Whether a failed item ends the run. */
	continues: boolean;
	results: ItemResults;
	redactor: Redactor;
	failed(item: number, cause: unknown): void;
}

/**
 * Runs all items that can be run, and adds what the user should know of the run, unless it failed.
 * @throws {NodeOperationError} that the execution was canceled, with what it leaves behind
 */
async function runAll<Input>(run: Run<Input>): Promise<void> {
	const { context, preparation, cancelled, continues, results, redactor, failed } = run;
	const { operation, credential, runOptions } = preparation;
	const { maxConcurrency, maxRequestsPerMinute } = runOptions;
	const node = context.getNode();
	const count = context.getInputData().length;
	const startedAt = systemClock.now();
	const notes = new Notes();
	const note: Tools['note'] = (text, names) => notes.add(text, names);
	const parseSettings = createSettingsParser(node, credential, note);
	const limiter = createRateLimiter({
		maxRequestsPerMinute,
		clock: systemClock,
		onLongHold: ({ ms, reason }) =>
			context.logger.info(`${node.name}: waiting ${duration(ms)}, because ${reason}`),
	});
	const shared = createSharedParts(context, credential, {
		cancelled,
		limiter: limitInFlight(limiter, maxConcurrency),
	});
	const stops = new Stops(count);
	const mayStart = (item: number) =>
		!cancelled.aborted && (continues || item < results.firstFailedItem);

	const fail = (item: number, cause: unknown): void => {
		if (cause instanceof RunEnded) return;
		if (cause instanceof Cancelled) {
			stops.add(item, cause);
			return;
		}
		failed(item, cause);
		if (!continues) batches.endBehind(item);
	};

	const batches = createBatches<Input>({
		operation,
		toolsFor: (settings, ended) => ({
			api: createClient(shared, settings, ended),
			concurrency: maxConcurrency,
			note,
		}),
		succeeded: async (item, outputs) => await results.succeeded(item, outputs),
		failed: fail,
		mayStart,
	});

	const prepare = (index: number): ItemTask<Input> | undefined => {
		try {
			const read = readerFor(context, index);
			const options = optionsOf(read);
			const settings = { ...parseSettings(options), ...parseAdditionalParts(options) };
			const input = operation.parse(read, options);
			const joinable = operation.batch !== undefined;
			const optionsText = joinable ? JSON.stringify(options) : '';
			const key = operation.conversation?.(input);
			return { index, key, joinable, input, settings, optionsText };
		} catch (error) {
			fail(index, error);
			return undefined;
		}
	};

	const endAll = () => batches.endBehind(-1);
	cancelled.addEventListener('abort', endAll);
	try {
		await runKeyed<ItemTask<Input>>({
			count,
			concurrency: maxConcurrency,
			prepare,
			joins: (batch, next) => batches.joins(batch, next),
			run: async (batch) => await batches.run(batch),
			mayStart,
			cancelled,
		});
	} finally {
		cancelled.removeEventListener('abort', endAll);
	}

	if (cancelled.aborted) {
		const account = redactor.text(sentences(results.progress(), stops.account()));
		throw stopOf(node, cancelled, account);
	}
	if (!continues && results.firstFailedItem < count) return;
	const times = { ranMs: systemClock.now() - startedAt, waitedMs: limiter.waitedMs };
	const sum = summary(count, shared.statistics, times);
	context.addExecutionHints(...notes.hints(redactor.text), ...(sum === undefined ? [] : [sum]));
}
