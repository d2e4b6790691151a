import type { ItemTask } from '../../nodes/OpenAIConversation/execution/batches';
import { createBatches } from '../../nodes/OpenAIConversation/execution/batches';
import type { Operation, Output, Tools } from '../../nodes/OpenAIConversation/operation';
import { RequestFailure } from '../../nodes/shared/transport/failures';
import type { RequestSettings } from '../../nodes/shared/transport/request';

const SETTINGS: RequestSettings = {
	baseUrl: 'https://api.example/v1',
	allowedDomains: undefined,
	timeout: 5,
	maxRetries: 0,
	retryNetworkErrors: false,
};

const failureOf = (status: number): RequestFailure =>
	new RequestFailure({
		kind: 'answer',
		message: 'No',
		status,
		isApiError: true,
		attempts: 1,
		outcomeUnknown: false,
		idempotent: false,
	});

/** Tasks whose inputs are their own places. */
const task = (index: number, more: Partial<ItemTask<number>> = {}): ItemTask<number> => ({
	index,
	key: 'conv_1',
	joinable: true,
	input: index,
	settings: SETTINGS,
	optionsText: '{}',
	...more,
});
const tasks = (count: number) => Array.from({ length: count }, (_, index) => task(index));

const outputOf = (input: number): Output[] => [{ json: { input } }];

interface Scene {
	run?: (input: number, ended: AbortSignal) => Promise<Output[]>;
	/** Left out: the operation has no way for several inputs. */
	runTogether?: (inputs: readonly number[], ended: AbortSignal) => Promise<Output[][]>;
	mayStart?: (item: number) => boolean;
	succeeded?: (item: number) => Promise<void>;
}

/** Batches of an operation, and a list of what it was called with and of what came of it. */
function stage({
	run = async (input) => outputOf(input),
	runTogether,
	mayStart = () => true,
	succeeded = async () => {},
}: Scene = {}) {
	const calls: number[][] = [];
	const results: Array<[item: number, result: unknown]> = [];
	const signals = new Map<Tools, AbortSignal>();
	const signalOf = (tools: Tools): AbortSignal =>
		signals.get(tools) ?? AbortSignal.abort(new Error('These tools were made by nobody'));
	const operation: Operation<number> = {
		value: 'x',
		name: 'X',
		action: 'X',
		description: 'X',
		properties: [],
		parse: () => 0,
		async run(input, tools) {
			calls.push([input]);
			return await run(input, signalOf(tools));
		},
		...(runTogether !== undefined && {
			batch: {
				size: (input) => (input >= 100 ? 15 : 1),
				limit: 20,
				async run(inputs, tools) {
					calls.push([...inputs]);
					return await runTogether(inputs, signalOf(tools));
				},
			},
		}),
	};
	const batches = createBatches<number>({
		operation,
		toolsFor(settings, ended) {
			expect(settings).toBe(SETTINGS);
			const tools: Tools = {
				api: { call: async () => ({}), pause: async () => {}, cleanUp: async () => undefined },
				concurrency: 1,
				note: () => {},
			};
			signals.set(tools, ended);
			return tools;
		},
		async succeeded(item, outputs) {
			await succeeded(item);
			results.push([item, outputs]);
		},
		failed: (item, cause) => results.push([item, cause]),
		mayStart,
	});
	return { batches, calls, results };
}

const together = async (inputs: readonly number[]) => inputs.map(outputOf);

describe('A batch', () => {
	it('should run one task by itself', async () => {
		const { batches, calls, results } = stage({ runTogether: together });
		await batches.run([task(3)]);
		expect(calls).toEqual([[3]]);
		expect(results).toEqual([[3, outputOf(3)]]);
	});

	it('should run several in one call, and give each its own outputs', async () => {
		const { batches, calls, results } = stage({ runTogether: together });
		await batches.run(tasks(3));
		expect(calls).toEqual([[0, 1, 2]]);
		expect(results).toEqual([0, 1, 2].map((index) => [index, outputOf(index)]));
	});

	it('should run nothing where there is nothing', async () => {
		const { batches, calls, results } = stage({ runTogether: together });
		await batches.run([]);
		expect([calls, results]).toEqual([[], []]);
	});

	it.each([400, 413, 422])(
		'should be tried one by one after a refusal of what it holds, so that only the culprit fails: %d',
		async (status) => {
			const refusal = failureOf(status);
			const { batches, calls, results } = stage({
				runTogether: async () => await Promise.reject(refusal),
				run: async (input) => (input === 1 ? await Promise.reject(refusal) : outputOf(input)),
			});
			await batches.run(tasks(3));
			expect(calls).toEqual([[0, 1, 2], [0], [1], [2]]);
			expect(results).toEqual([
				[0, outputOf(0)],
				[1, refusal],
				[2, outputOf(2)],
			]);
		},
	);

	it('should then leave out what may not start any more', async () => {
		const refusal = failureOf(400);
		const { batches, calls } = stage({
			runTogether: async () => await Promise.reject(refusal),
			mayStart: (item) => item < 2,
		});
		await batches.run(tasks(4));
		expect(calls).toEqual([[0, 1, 2, 3], [0], [1]]);
	});

	it.each<[string, unknown]>([
		['an answer that says nothing about what it holds', failureOf(429)],
		['a fault of our own', new TypeError('fault')],
	])('should fail as a whole after %s', async (_what, cause) => {
		const { batches, calls, results } = stage({
			runTogether: async () => await Promise.reject(cause),
		});
		await batches.run(tasks(2));
		expect(calls).toEqual([[0, 1]]);
		expect(results).toEqual([
			[0, cause],
			[1, cause],
		]);
	});

	it('should fail a single task once, whatever the refusal', async () => {
		const refusal = failureOf(400);
		const { batches, calls, results } = stage({
			run: async () => await Promise.reject(refusal),
		});
		await batches.run([task(7)]);
		expect(calls).toEqual([[7]]);
		expect(results).toEqual([[7, refusal]]);
	});

	it('should make an error of what is thrown and is none', async () => {
		const { batches, results } = stage({ run: async () => await Promise.reject('no reason') });
		await batches.run([task(0)]);
		expect(results).toEqual([[0, new Error('no reason')]]);
	});

	it('should fail only the task whose outputs n8n can not store', async () => {
		const full = new Error('The disk is full');
		const { batches, results } = stage({
			runTogether: together,
			succeeded: async (item) => (item === 1 ? await Promise.reject(full) : undefined),
		});
		await batches.run(tasks(3));
		expect(results).toEqual([
			[0, outputOf(0)],
			[1, full],
			[2, outputOf(2)],
		]);
	});
});

describe('A task', () => {
	it('should join others up to the limit of a request', () => {
		const { batches } = stage({ runTogether: together });
		expect(batches.joins(tasks(19), task(19))).toBe(true);
		expect(batches.joins(tasks(20), task(20))).toBe(false);
		// Of a size of 15.
		expect(batches.joins(tasks(5), task(100))).toBe(true);
		expect(batches.joins(tasks(6), task(100))).toBe(false);
	});

	it('should join only those that all have its options', () => {
		const { batches } = stage({ runTogether: together });
		const other = task(1, { optionsText: '{"timeout":9}' });
		expect(batches.joins([task(0)], other)).toBe(false);
		expect(batches.joins([task(0), other], task(2))).toBe(false);
	});

	it('should never join others of an operation that takes one input at a time', () => {
		const { batches } = stage();
		expect(batches.joins([task(0)], task(1))).toBe(false);
	});
});

describe('What is on its way', () => {
	/** Starts tasks that run until they are ended, and gives the places of those that were. */
	const endedOf = async (starts: readonly number[], behind: number): Promise<number[]> => {
		const ended: number[] = [];
		const waiting: Array<() => void> = [];
		const { batches } = stage({
			run: async (input, signal) => {
				await new Promise<void>((resolve) => {
					waiting.push(resolve);
					signal.addEventListener('abort', () => {
						ended.push(input);
						resolve();
					});
				});
				return [];
			},
		});
		const running = starts.map(async (index) => await batches.run([task(index)]));
		batches.endBehind(behind);
		for (const resolve of waiting) resolve();
		await Promise.all(running);
		// They have ended by themselves, so there is nothing to end.
		batches.endBehind(-1);
		return ended;
	};

	it('should be ended behind an item that has ended the run', async () => {
		expect(await endedOf([0, 2, 3, 7], 2)).toEqual([3, 7]);
	});

	it('should be ended altogether by a stop', async () => {
		expect(await endedOf([0, 2], -1)).toEqual([0, 2]);
	});

	it('should not be ended in front of that item', async () => {
		expect(await endedOf([0, 1], 5)).toEqual([]);
	});
});
