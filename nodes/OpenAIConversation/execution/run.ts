import type { IExecuteFunctions, INode, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import type { Job, NoteKind, Operation, Tools } from '../operation';
import { isUnprotected, parseBaseUrl } from '../../shared/values/baseUrl';
import type { Options } from '../parameters/options';
import { OPTIONS_NAME, readOptions } from '../parameters/options';
import type { ReadParameter } from '../../shared/values/field';
import type { ClientParts, RequestSettings, Tally } from '../../shared/transport/client';
import { createClient } from '../../shared/transport/client';
import {
	Cancelled,
	isRefusedAsInvalid,
	NotContinued,
	RequestFailure,
} from '../../shared/transport/failures';
import { createRateLimiter } from '../../shared/transport/rateLimiter';
import { createRedactor } from '../../shared/transport/redact';
import type { Credential } from '../../shared/n8n/credential';
import { allowedDomainsFor, readCredential } from '../../shared/n8n/credential';
import { describeFailure } from '../../shared/n8n/errors';
import { createSend } from '../../shared/n8n/requestHelper';
import { Notes, summary } from './hints';
import type { Task, Unrunnable } from './keyedQueue';
import { runInLanes } from './keyedQueue';
import { Outcomes } from './outcomes';

interface ItemTask extends Task {
	job: Job;
	settings: RequestSettings;
	/** Tasks with equal keys may share a request. */
	settingsKey: string;
}

const plainHttp: NoteKind = {
	type: 'warning',
	text: (_count, names) =>
		`Requests to ${names.join(', ')} are not encrypted, so others on the way can read the API key. Use https in Base URL.`,
};

/** Reads one item's parameters through n8n. */
const readerFor =
	(context: IExecuteFunctions, item: number): ReadParameter =>
	(name, fallback) =>
		context.getNodeParameter(name, item, fallback);

/**
 * An option that holds for the run as a whole, as the first item gives it. Read apart from the
 * others, so that one of them being invalid does not lift a limit.
 */
function runOption(
	context: IExecuteFunctions,
	name: 'maxConcurrency' | 'maxRequestsPerMinute',
): number {
	try {
		return readOptions(() => ({
			[name]: context.getNodeParameter(`${OPTIONS_NAME}.${name}`, 0, ''),
		}))[name];
	} catch {
		return readOptions(() => ({}))[name];
	}
}

/** Turns the options into settings, with each address checked once. */
function settingsReader(context: IExecuteFunctions, credential: Credential, notes: Notes) {
	const node = context.getNode();
	const checked = new Map<string, string | undefined>();
	return (options: Options): RequestSettings => {
		const baseUrl =
			options.baseUrl === undefined
				? credential.baseUrl
				: parseBaseUrl(options.baseUrl, 'Base URL');
		if (!checked.has(baseUrl)) {
			checked.set(baseUrl, allowedDomainsFor(node, credential, baseUrl));
			if (isUnprotected(baseUrl)) notes.add(plainHttp, [new URL(baseUrl).host]);
		}
		const { timeout, maxRetries, retryNetworkErrors } = options;
		const { additionalHeaders, additionalQuery, additionalBody } = options;
		return {
			baseUrl,
			allowedDomains: checked.get(baseUrl),
			timeout,
			maxRetries,
			retryNetworkErrors,
			additionalHeaders,
			additionalQuery,
			additionalBody,
		};
	};
}

/** By the word "canceled" n8n knows that the execution did not fail. */
const canceled = (node: INode, description = ''): NodeOperationError =>
	new NodeOperationError(node, 'The execution was canceled', { description });

/**
 * Runs the operation for all input items: items of one conversation in input order, different
 * conversations side by side, outputs in input order.
 * @throws {NodeApiError | NodeOperationError} the first failure in input order, unless the node
 * continues on failures; or that the execution was canceled
 */
export async function executeItems(
	context: IExecuteFunctions,
	operation: Operation,
): Promise<INodeExecutionData[][]> {
	const node = context.getNode();
	const count = context.getInputData().length;
	if (count === 0) return [[]];
	const cancelled = context.getExecutionCancelSignal() ?? new AbortController().signal;
	// Retry On Fail runs the node again, even after a stop.
	if (cancelled.aborted) throw canceled(node);

	const startedAt = performance.now();
	const credential = await readCredential(context);
	const redactor = createRedactor(credential.key, credential.headerValues);
	const notes = new Notes(redactor.text);
	const settingsOf = settingsReader(context, credential, notes);
	const tally: Tally = { requests: 0, retries: new Map() };
	const gate = createRateLimiter({
		maxRequestsPerMinute: runOption(context, 'maxRequestsPerMinute'),
	});

	const ending = new AbortController();
	const end = () => ending.abort();
	cancelled.addEventListener('abort', end);

	const outcomes = new Outcomes(context, count, (cause, item) => {
		if (cause instanceof Cancelled || cause instanceof NotContinued) return undefined;
		if (!context.continueOnFail()) end();
		return describeFailure(node, cause, { item, several: count > 1, redactor });
	});
	const parts: ClientParts = {
		send: createSend(context, credential),
		gate,
		redactor,
		tally,
		cancelled,
		ended: ending.signal,
		random: Math.random,
	};

	const prepare = (index: number): ItemTask | Unrunnable => {
		try {
			const read = readerFor(context, index);
			const options = readOptions(read);
			const settings = settingsOf(options);
			const job = operation.prepare(read, options);
			const joinable = operation.batchLimit > 1;
			const settingsKey = joinable ? JSON.stringify(options) : '';
			return { index, lane: job.conversation, joinable, job, settings, settingsKey };
		} catch (error) {
			return { index, settle: () => outcomes.failed(index, error) };
		}
	};

	/** What the operation gave for each task, or why it gave nothing. */
	const attempt = async (batch: readonly ItemTask[], settings: RequestSettings) => {
		const tools: Tools = {
			api: createClient(parts, settings),
			note: (kind, names) => notes.add(kind, names),
		};
		try {
			return await operation.run(
				batch.map(({ job }) => job),
				tools,
			);
		} catch (error) {
			return error instanceof Error ? error : new Error(String(error));
		}
	};

	const run = async (batch: readonly ItemTask[]): Promise<void> => {
		const [first] = batch;
		if (first === undefined) return;
		const result = await attempt(batch, first.settings);
		if (batch.length > 1 && result instanceof RequestFailure && isRefusedAsInvalid(result)) {
			// Nothing was done, so each may try alone and only the culprit fails.
			for (const task of batch) if (!ending.signal.aborted) await run([task]);
			return;
		}
		for (const [place, { index }] of batch.entries()) {
			if (result instanceof Error) {
				outcomes.failed(index, result);
				continue;
			}
			try {
				await outcomes.succeeded(index, result[place] ?? []);
			} catch (error) {
				// n8n could not store a file, say because its disk is full.
				outcomes.failed(index, error);
			}
		}
	};

	await runInLanes<ItemTask>({
		count,
		concurrency: runOption(context, 'maxConcurrency'),
		prepare,
		joins: (batch, next) =>
			batch.every(({ settingsKey }) => settingsKey === next.settingsKey) &&
			batch.reduce((sum, { job }) => sum + job.size, next.job.size) <= operation.batchLimit,
		run,
		ended: ending.signal,
	});
	cancelled.removeEventListener('abort', end);

	if (cancelled.aborted) throw canceled(node, outcomes.progress());
	const failure = context.continueOnFail() ? undefined : outcomes.firstFailure();
	if (failure !== undefined) throw failure;

	const sum = summary(count, tally, {
		ranMs: performance.now() - startedAt,
		waitedMs: gate.waitedMs,
	});
	context.addExecutionHints(...notes.hints(), ...(sum === undefined ? [] : [sum]));
	return [outcomes.items()];
}
