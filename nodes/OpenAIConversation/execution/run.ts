import type { IExecuteFunctions, INode, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import type { Credential } from '../../shared/n8n/credential';
import { CREDENTIAL_TYPE, parseCredential, redactorFor } from '../../shared/n8n/credential';
import type { ItemFailure } from '../../shared/n8n/errors';
import { describeFailure } from '../../shared/n8n/errors';
import { duration, summary } from '../../shared/n8n/summary';
import { Notes, plural } from '../../shared/n8n/hints';
import { isDeafToErrors, isN8n1 } from '../../shared/n8n/n8n1';
import { createSend } from '../../shared/n8n/requestHelper';
import { createSettingsParser } from '../../shared/n8n/settings';
import type { RunStatistics, SharedParts } from '../../shared/transport/client';
import { createClient } from '../../shared/transport/client';
import type { LeftBehind } from '../../shared/transport/failures';
import {
	Cancelled,
	isRefusedAsInvalid,
	RequestFailure,
	RunEnded,
} from '../../shared/transport/failures';
import { limitInFlight } from '../../shared/transport/inFlightLimit';
import { createRateLimiter } from '../../shared/transport/rateLimiter';
import type { Redactor } from '../../shared/values/redact';
import { createRedactor } from '../../shared/values/redact';
import type { RequestSettings } from '../../shared/transport/request';
import type { GivenOptions, ReadParameter } from '../../shared/values/field';
import { FieldError } from '../../shared/values/field';
import type { JsonObject } from '../../shared/values/json';
import { isPlainObject } from '../../shared/values/json';
import { sentences } from '../../shared/values/text';
import type { Operation, Output, Tools } from '../operation';
import type { RunOptions } from '../parameters/options';
import { OPTIONS_NAME, parseAdditionalParts, parseRunOptions } from '../parameters/options';
import type { Task } from './keyedQueue';
import { runKeyed } from './keyedQueue';
import { Outcomes } from './outcomes';

interface ItemTask<Input> extends Task {
	input: Input;
	settings: RequestSettings;
	/** Tasks whose options are the same text may share a request. */
	optionsText: string;
}

/** Reads one item's parameters through n8n. */
const readerFor =
	(context: IExecuteFunctions, item: number): ReadParameter =>
	(name, fallback) =>
		context.getNodeParameter(name, item, fallback);

function optionsOf(read: ReadParameter): GivenOptions {
	const options = read(OPTIONS_NAME, {});
	return isPlainObject(options) ? options : {};
}

/** By the word "canceled" n8n knows that the execution did not fail. */
const canceled = (node: INode, description = ''): NodeOperationError =>
	new NodeOperationError(node, 'The execution was canceled', { description });

const leftBehindSentence = ({ conversation, items, removed }: LeftBehind): string =>
	removed !== undefined
		? `${plural(removed, 'conversation item was', 'conversation items were')} removed from ${conversation}, which holds ${items ?? 0} more. Run the workflow again to remove the rest.`
		: `The conversation ${conversation} was created${items === undefined ? '' : ` and holds ${items} conversation items so far`}.`;

/** What holds for the run as a whole, once it is known that it can start. */
interface Preparation<Input> {
	operation: Operation<Input>;
	credential: Credential;
	runOptions: RunOptions;
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
	if (cancelled.aborted) throw canceled(node);

	const startedAt = performance.now();
	const continues = context.continueOnFail() || isDeafToErrors(context);
	const hasRoomForDetails = !isN8n1 || node.onError !== 'continueErrorOutput';
	const toRow = ({ message, details, text }: ItemFailure): JsonObject =>
		hasRoomForDetails ? { error: message, details } : { error: message, message: text };
	const several = count > 1;

	let redactor: Redactor = createRedactor('');
	const prepareRun = async (): Promise<Preparation<Input>> => {
		if (chosen === undefined) {
			throw new FieldError(
				"The chosen operation doesn't exist in this version of the node",
				'Choose Resource and Operation again, then save the workflow.',
			);
		}
		const data = await context.getCredentials(CREDENTIAL_TYPE);
		redactor = redactorFor(data);
		return {
			operation: chosen,
			credential: parseCredential(data),
			runOptions: parseRunOptions(optionsOf(readerFor(context, 0))),
		};
	};
	const preparation = await prepareRun().catch((cause: unknown) => {
		const outcomes = new Outcomes(context, count, redactor, toRow);
		for (let item = 0; item < count; item++) {
			outcomes.failed(item, describeFailure(node, cause, { item, several, redactor }));
		}
		return outcomes;
	});
	if (preparation instanceof Outcomes) {
		const failure = continues ? undefined : preparation.firstFailure();
		if (failure !== undefined) throw failure;
		return [preparation.items()];
	}

	const { operation, credential, runOptions } = preparation;
	const outcomes = new Outcomes(context, count, redactor, toRow);
	const notes = new Notes();
	const parseSettings = createSettingsParser(node, credential, (note, names) =>
		notes.add(note, names),
	);
	const statistics: RunStatistics = { requests: 0, retries: new Map() };
	const limiter = createRateLimiter({
		maxRequestsPerMinute: runOptions.maxRequestsPerMinute,
		onLongHold: ({ ms, reason }) =>
			context.logger.info(`${node.name}: waiting ${duration(ms)}, because ${reason}`),
	});
	const shared: SharedParts = {
		send: createSend(context, credential),
		limiter: limitInFlight(limiter, runOptions.maxConcurrency),
		statistics,
		cancelled,
		random: Math.random,
	};

	/** What ends each batch on its way, by the place of its first item. */
	const running = new Map<number, AbortController>();
	const endBehind = (item: number) => {
		for (const [index, controller] of running) if (index > item) controller.abort();
	};
	const endAll = () => endBehind(-1);
	const leftBehind: LeftBehind[] = [];

	const fail = (item: number, cause: unknown): void => {
		if (cause instanceof RunEnded) return;
		if (cause instanceof Cancelled) {
			if (cause.leftBehind !== undefined) leftBehind.push(cause.leftBehind);
			return;
		}
		outcomes.failed(item, describeFailure(node, cause, { item, several, redactor }));
		if (!continues) endBehind(item);
	};
	const mayStart = (item: number) => continues || item < outcomes.firstFailedItem;

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
		const tools: Tools = {
			api: createClient(shared, first.settings, controller.signal),
			concurrency: runOptions.maxConcurrency,
			note: (note, names) => notes.add(note, names),
		};
		try {
			return await runOperation(batch, tools);
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
			for (const task of batch) {
				if (!cancelled.aborted && mayStart(task.index)) await run([task]);
			}
			return;
		}
		for (const [place, { index }] of batch.entries()) {
			if (result instanceof Error) {
				fail(index, result);
				continue;
			}
			try {
				await outcomes.succeeded(index, result[place] ?? []);
			} catch (error) {
				// n8n could not store a file, say because its disk is full.
				fail(index, error);
			}
		}
	};

	cancelled.addEventListener('abort', endAll);
	try {
		await runKeyed<ItemTask<Input>>({
			count,
			concurrency: runOptions.maxConcurrency,
			prepare,
			joins: (batch, next) =>
				operation.batch !== undefined &&
				batch.every(({ optionsText }) => optionsText === next.optionsText) &&
				[...batch, next].reduce((sum, { input }) => sum + (operation.batch?.size(input) ?? 1), 0) <=
					operation.batch.limit,
			run,
			mayStart,
			cancelled,
		});
	} finally {
		cancelled.removeEventListener('abort', endAll);
	}

	if (cancelled.aborted) {
		const text = sentences(outcomes.progress(), ...leftBehind.map(leftBehindSentence));
		throw canceled(node, redactor.text(text));
	}
	const failure = continues ? undefined : outcomes.firstFailure();
	if (failure !== undefined) throw failure;

	const times = { ranMs: performance.now() - startedAt, waitedMs: limiter.waitedMs };
	const sum = summary(count, statistics, times);
	context.addExecutionHints(...notes.hints(redactor.text), ...(sum === undefined ? [] : [sum]));
	return [outcomes.items()];
}
