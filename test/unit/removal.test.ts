import type { RemovalOptions } from '../../nodes/shared/api/removal';
import { removeAllItems, removeItems } from '../../nodes/shared/api/removal';
import type { ApiClient } from '../../nodes/shared/transport/client';
import { Cancelled, RequestFailure, RunEnded } from '../../nodes/shared/transport/failures';
import type { ApiRequest } from '../../nodes/shared/transport/request';
import type { JsonObject } from '../../nodes/shared/values/json';

const failure = (status: number, code?: string) =>
	new RequestFailure({
		kind: 'answer',
		message: 'No',
		status,
		code,
		isApiError: true,
		attempts: 1,
		outcomeUnknown: false,
		idempotent: true,
	});

/** Whether a request fails, and how: by the item, and by how many are in flight with it. */
type Fault = (item: string, inFlight: number) => Error | undefined;

/** A server that takes one tick for each request, however many there are at once. */
function createServer(fault: Fault = () => undefined) {
	const sent: Array<{ item: string; tick: number; inFlight: number; request: ApiRequest }> = [];
	const open: Array<{ item: string; answer: () => void; refuse: (error: Error) => void }> = [];
	let tick = 0;
	const api: ApiClient = {
		async call(request) {
			const item = request.path.at(-1) ?? '';
			return await new Promise<JsonObject>((resolve, reject) => {
				open.push({ item, answer: () => resolve({ id: 'conv_1' }), refuse: reject });
				sent.push({ item, tick, inFlight: open.length, request });
			});
		},
		async pause() {},
		cleanUp: async () => undefined,
	};
	return {
		api,
		sent,
		/** Lets time pass until the promise has a result. @returns how many ticks it took */
		async ticksOf(promise: Promise<unknown>): Promise<number> {
			let isOver = false;
			const end = () => {
				isOver = true;
			};
			promise.then(end, end);
			for (;;) {
				// Everything that can go on without the server does so first.
				for (let turn = 0; turn < 50; turn++) await Promise.resolve();
				if (isOver) return tick;
				const arrived = open.splice(0);
				for (const { item, answer, refuse } of arrived) {
					const error = fault(item, arrived.length);
					if (error === undefined) answer();
					else refuse(error);
				}
				tick += 1;
			}
		},
	};
}

const groupsOf = (...groups: string[][]) => groups.map((ids) => ids.map((id) => ({ id })));
const singles = (count: number) =>
	groupsOf(...Array.from({ length: count }, (_, place) => [String(place)]));

const options = (concurrency: number): RemovalOptions => ({
	concurrency,
	held: 2_000,
	explain: ({ deleted, left }, { message }) => ({ message: `${deleted} ${left} ${message}` }),
});

/** What came of a removal: the IDs that were not found, or the error. */
const removing = (
	server: ReturnType<typeof createServer>,
	stages: Parameters<typeof removeItems>[2],
	concurrency: number,
) =>
	removeItems(server.api, 'conv_1', stages, options(concurrency)).catch((error: unknown) => error);

describe('removeItems', () => {
	it('should delete 1,000 items at least eight times as fast with ten in flight', async () => {
		const times: number[] = [];
		for (const concurrency of [1, 10]) {
			const server = createServer();
			times.push(await server.ticksOf(removing(server, [singles(999), singles(1)], concurrency)));
			expect(Math.max(...server.sent.map(({ inFlight }) => inFlight))).toBe(concurrency);
			expect(server.sent).toHaveLength(1_000);
		}
		const [oneByOne = 0, sideBySide = Infinity] = times;
		expect(oneByOne).toBe(1_000);
		expect(oneByOne / sideBySide).toBeGreaterThan(8);
	});

	it('should start deletions in their order, a stage when the one before it is over', async () => {
		const server = createServer();
		await server.ticksOf(removing(server, [singles(5), groupsOf(['a', 'b'])], 3));
		expect(server.sent.map(({ item, tick }) => `${item}@${tick}`)).toEqual([
			'0@0',
			'1@0',
			'2@0',
			'3@1',
			'4@1',
			'a@2',
			'b@2',
		]);
	});

	it('should start nothing after a failure but the rest of what is half deleted', async () => {
		const server = createServer((item) => (item === '0' ? failure(500) : undefined));
		const groups = groupsOf(['0', 'x'], ['a', 'b', 'c'], ['d']);
		const result = removing(server, [groups, singles(1)], 3);
		await server.ticksOf(result);
		expect(server.sent.map(({ item }) => item)).toEqual(['0', 'x', 'a', 'b', 'c']);
		expect((await result) as RequestFailure).toMatchObject({
			details: {
				message: '4 3 No',
				status: 500,
				leftBehind: { conversation: 'conv_1', items: 1_996, removed: 4 },
			},
		});
	});

	it('should not go on with a group of which one could not be deleted', async () => {
		const server = createServer((item) => (item === 'a' ? failure(500) : undefined));
		await server.ticksOf(removing(server, [groupsOf(['a', 'b', 'c'])], 1));
		expect(server.sent.map(({ item }) => item)).toEqual(['a']);
	});

	it('should report the failure that comes first in the order', async () => {
		const server = createServer((item) => failure(item === '0' ? 500 : 403));
		const result = removing(server, [singles(3)], 3);
		await server.ticksOf(result);
		expect(await result).toMatchObject({ details: { status: 500 } });
	});

	it('should count what is already gone', async () => {
		const server = createServer((item) => (item === '1' ? failure(404) : undefined));
		const result = removing(server, [singles(3)], 1);
		await server.ticksOf(result);
		expect(await result).toEqual(new Set(['1']));
	});

	it('should delete one at a time once the conversation was locked, without waiting for it side by side', async () => {
		const server = createServer((_item, inFlight) =>
			inFlight > 1 ? failure(400, 'conversation_locked') : undefined,
		);
		const result = removing(server, [singles(6)], 3);
		await server.ticksOf(result);
		expect(await result).toEqual(new Set());
		expect(server.sent.map(({ item, request }) => `${item}:${request.lockWait}`)).toEqual([
			...['0:0', '1:0', '2:0'],
			...['0:10', '1:10', '2:10', '3:10', '4:10', '5:10'],
		]);
	});

	it('should leave a lock to Max Retries where it deletes one at a time anyway', async () => {
		const server = createServer(() => failure(400, 'conversation_locked'));
		const result = removing(server, [singles(2)], 1);
		await server.ticksOf(result);
		expect(await result).toBeInstanceOf(RequestFailure);
		expect(server.sent.map(({ request }) => request.lockWait)).toEqual([undefined]);
	});

	it('should leave a lock to Max Retries when it does not go away by itself', async () => {
		const server = createServer(() => failure(400, 'conversation_locked'));
		const result = removing(server, [singles(2)], 2);
		await server.ticksOf(result);
		expect(await result).toBeInstanceOf(RequestFailure);
		expect(server.sent.map(({ request }) => request.lockWait)).toEqual([0, 0, 10, undefined]);
	});

	it('should say how far it came when the execution is stopped, and start nothing', async () => {
		const server = createServer((item) => (item === '2' ? new Cancelled() : undefined));
		const result = removing(server, [groupsOf(['0', '1'], ['2'], ['3'])], 1);
		await server.ticksOf(result);
		expect(await result).toMatchObject({
			leftBehind: { conversation: 'conv_1', items: 1_998, removed: 2 },
		});
		expect(server.sent.map(({ item }) => item)).toEqual(['0', '1', '2']);
	});

	it('should not finish anything when the run has ended before it began', async () => {
		const server = createServer(() => new RunEnded());
		const result = removing(server, [groupsOf(['0', '1'])], 1);
		await server.ticksOf(result);
		expect(await result).toBeInstanceOf(RunEnded);
		expect(server.sent).toHaveLength(1);
	});

	it.each([[{}], [{ id: '' }], [{ id: 7 }], [{ id: '.' }], [{ id: '..' }]])(
		'should delete nothing where an item is %j, which is no address',
		async (item) => {
			const server = createServer();
			const result = removing(server, [[...singles(1), [item]]], 1);
			await server.ticksOf(result);
			expect(await result).toMatchObject({ details: { kind: 'unusable' } });
			expect(server.sent).toEqual([]);
		},
	);
});

describe('removeAllItems', () => {
	/** Lists these items one after the other, and ends each list and each deletion as it is told. */
	function apiOf(lists: ReadonlyArray<readonly string[] | Error>, deletions: number, end: Error) {
		let listed = 0;
		let deleted = 0;
		const api: ApiClient = {
			async call({ method }) {
				if (method === 'DELETE') {
					if (deleted++ === deletions) throw end;
					return { id: 'conv_1' };
				}
				const list = lists[listed++] ?? [];
				if (list instanceof Error) throw list;
				return { data: list.map((id) => ({ id, type: 'message' })), has_more: false };
			},
			async pause() {},
			cleanUp: async () => undefined,
		};
		return api;
	}
	const removingAll = async (api: ApiClient) =>
		await removeAllItems(api, 'conv_1', 1).catch((error: unknown) => error);

	it('should say how many are gone when it is stopped between two rounds', async () => {
		const api = apiOf([['a', 'b'], new Cancelled()], Infinity, new Cancelled());
		const result = await removingAll(api);
		expect(result).toBeInstanceOf(Cancelled);
		expect(result).toMatchObject({ leftBehind: { conversation: 'conv_1', removed: 2 } });
	});

	it.each([
		[2, 2],
		[3, 1],
	])(
		'should count what earlier rounds deleted when it is stopped after %i',
		async (count, left) => {
			const lists = [
				['a', 'b'],
				['c', 'd'],
			];
			expect(await removingAll(apiOf(lists, count, new Cancelled()))).toMatchObject({
				leftBehind: { conversation: 'conv_1', removed: count, items: left },
			});
			expect(await removingAll(apiOf(lists, count, failure(500)))).toMatchObject({
				details: {
					message: `The conversation conv_1 was not deleted. ${count} of its 4 items are gone, ${left} left: No`,
					leftBehind: { conversation: 'conv_1', removed: count, items: left },
				},
			});
		},
	);

	it('should say nothing of items when it is stopped before any is gone', async () => {
		const api = apiOf([new Cancelled()], 0, new Cancelled());
		expect(await removingAll(api)).toEqual(new Cancelled());
		expect(await removingAll(apiOf([['a']], 0, new Cancelled()))).toMatchObject({
			leftBehind: undefined,
		});
	});
});
