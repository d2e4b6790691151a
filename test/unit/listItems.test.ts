import fc from 'fast-check';

import { deleteConversation } from '../../nodes/shared/api/conversations';
import type { Item, ListOptions } from '../../nodes/shared/api/items';
import { deleteItem, listItems, listItemsWithIncludes } from '../../nodes/shared/api/items';
import type { ApiClient } from '../../nodes/shared/transport/client';
import type { FailureDetails } from '../../nodes/shared/transport/failures';
import { RequestFailure, resultOf } from '../../nodes/shared/transport/failures';
import type { ApiRequest } from '../../nodes/shared/transport/request';
import type { JsonObject } from '../../nodes/shared/values/json';
import { RUNS } from '../support/unit';

/** An API that answers with `answer`, and what it was asked. */
function apiWith(answer: (request: ApiRequest, count: number) => JsonObject | Error) {
	const requests: ApiRequest[] = [];
	const api: ApiClient = {
		async call(request) {
			requests.push(request);
			// What asks for page after page would never end.
			if (requests.length > 500) throw new Error('Too many requests');
			const result = answer(request, requests.length);
			if (result instanceof Error) throw result;
			return result;
		},
		async pause() {},
		cleanUp: async () => undefined,
	};
	return { api, requests };
}

const items = (count: number, from = 0): Item[] =>
	Array.from({ length: count }, (_, place) => ({ id: `msg_${from + place}`, type: 'message' }));

const queryOf = (request: ApiRequest | undefined) =>
	(request?.query ?? []).map((pair) => pair.join('='));

/** The pages of a conversation as the API gives them. */
function pagesOf(all: readonly Item[], more: JsonObject | ((page: Item[]) => JsonObject) = {}) {
	return ({ query = [] }: ApiRequest): JsonObject => {
		const asked = new Map(query);
		const start = all.findIndex(({ id }) => id === asked.get('after')) + 1;
		const data = all.slice(start, start + Number(asked.get('limit')));
		const lastId = data.at(-1)?.id ?? null;
		return {
			object: 'list',
			data,
			has_more: start + data.length < all.length,
			last_id: lastId,
			...(typeof more === 'function' ? more(data) : more),
		};
	};
}

const list = async (api: ApiClient, options: Partial<ListOptions> = {}) =>
	await listItems(api, 'conv_1', { order: 'asc', limit: Infinity, ...options });

describe('A listing', () => {
	it('should ask for page after page, each behind the last', async () => {
		const { api, requests } = apiWith(pagesOf(items(250)));
		expect(await list(api, { include: ['a.b'] })).toEqual({ items: items(250), hasMore: false });
		expect(requests.map(queryOf)).toEqual([
			['limit=100', 'order=asc', 'include[]=a.b'],
			['limit=100', 'order=asc', 'after=msg_99', 'include[]=a.b'],
			['limit=100', 'order=asc', 'after=msg_199', 'include[]=a.b'],
		]);
	});

	it.each([
		[1, ['limit=1']],
		[100, ['limit=100']],
		[130, ['limit=100', 'limit=30']],
	])('should ask for no more than the %d that are wanted', async (limit, limits) => {
		const { api, requests } = apiWith(pagesOf(items(150)));
		expect(await list(api, { limit })).toEqual({ items: items(limit), hasMore: true });
		expect(requests.map((request) => queryOf(request)[0])).toEqual(limits);
	});

	it('should start after a given item', async () => {
		const { api } = apiWith(pagesOf(items(5)));
		expect((await list(api, { after: 'msg_2' })).items).toEqual(items(2, 3));
	});

	it('should end with the item that it is to end with', async () => {
		const { api, requests } = apiWith(pagesOf(items(250)));
		const until = ({ id }: Item) => id === 'msg_120';
		expect(await list(api, { until })).toEqual({ items: items(121), hasMore: true });
		expect(requests).toHaveLength(2);
	});

	it('should take no more than is wanted of a page that is longer', async () => {
		const { api } = apiWith(() => ({ data: items(20), has_more: false }));
		expect(await list(api, { limit: 5 })).toEqual({ items: items(5), hasMore: true });
	});

	it('should list an item that pages give twice once', async () => {
		const { api } = apiWith((_request, count) =>
			count === 1
				? { data: items(10), has_more: true, last_id: 'msg_9' }
				: { data: items(10, 5), has_more: false, last_id: 'msg_14' },
		);
		expect((await list(api)).items).toEqual(items(15));
	});

	it('should list an item that a page gives twice once', async () => {
		const { api } = apiWith(() => ({
			data: [...items(3), ...items(3, 1)],
			has_more: false,
			last_id: 'msg_3',
		}));
		expect(await list(api)).toEqual({ items: items(4), hasMore: false });
	});

	it.each<[string, JsonObject]>([
		['nothing', { has_more: false, last_id: null }],
		['no item', { has_more: false }],
	])('should be empty for a conversation without items, whose last is %s', async (_what, more) => {
		const { api } = apiWith(() => ({ data: [], ...more }));
		expect(await list(api)).toEqual({ items: [], hasMore: false });
	});

	it.each([0, 99, 100, 101, 200, 250])(
		'should end where the server does not say whether there is more: %d items',
		async (count) => {
			const { api } = apiWith((request) => {
				const { data = [] } = pagesOf(items(count))(request);
				return { data };
			});
			expect(await list(api)).toEqual({ items: items(count), hasMore: false });
		},
	);

	it.each<[string, JsonObject]>([
		['does not move', { has_more: true, last_id: 'msg_9' }],
		['starts anew', { has_more: true, last_id: 'msg_0' }],
		['gives nothing', { data: [], has_more: true, last_id: null }],
	])('should be a failure where the server promises more and %s', async (_what, more) => {
		const { api, requests } = apiWith(() => ({ data: items(10), ...more }));
		expect(await resultOf(list(api))).toMatchObject({
			details: { kind: 'unusable', message: expect.stringContaining('do not lead on to them') },
		});
		expect(requests.length).toBeLessThanOrEqual(2);
	});

	it('should give every item once and in order, whatever pages overlap', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 0, max: 350 }),
				fc.integer({ min: 0, max: 20 }),
				fc.boolean(),
				async (count, overlap, saysMore) => {
					const all = items(count);
					const { api } = apiWith(({ query = [] }) => {
						const after = all.findIndex(({ id }) => id === new Map(query).get('after'));
						const start = Math.max(0, after + 1 - overlap);
						const data = all.slice(start, start + 100);
						return { data, ...(saysMore ? { has_more: start + data.length < count } : {}) };
					});
					expect((await list(api)).items).toEqual(all);
				},
			),
			{ numRuns: Math.min(RUNS.numRuns, 200) },
		);
	});
});

const refusal = (more: Partial<FailureDetails> = {}) =>
	new RequestFailure({
		kind: 'answer',
		message: 'm',
		status: 400,
		attempts: 1,
		outcomeUnknown: false,
		idempotent: true,
		...more,
	});

describe('A listing with include values', () => {
	const include = ['a.b', 'c.d', 'e.f'];

	/** A server that refuses to know some values. */
	const listing = async (refuse: (given: string[]) => RequestFailure | undefined) => {
		const { api, requests } = apiWith(({ query = [] }) => {
			const given = query.filter(([name]) => name === 'include[]').map(([, value]) => value);
			return refuse(given) ?? { data: items(1), has_more: false };
		});
		const options = { order: 'asc', limit: Infinity, include } as const;
		const result = await resultOf(listItemsWithIncludes(api, 'conv_1', options));
		return { result, count: requests.length };
	};

	it.each<[string, (given: string[]) => RequestFailure | undefined, string[], number]>([
		['that the server knows', () => undefined, [], 1],
		[
			'of which the server names one that it does not know',
			(given) =>
				given.includes('c.d') ? refusal({ message: "Invalid value: 'c.d'." }) : undefined,
			['c.d'],
			2,
		],
		[
			'of which it names one after the other',
			([first]) => (first === undefined ? undefined : refusal({ message: `Not ${first}` })),
			include,
			4,
		],
		[
			'of which it names none',
			(given) => (given.length > 0 ? refusal({ param: 'include' }) : undefined),
			include,
			2,
		],
		[
			'with another status for what is invalid',
			(given) =>
				given.length > 0 ? refusal({ status: 422, message: 'include is not known' }) : undefined,
			include,
			2,
		],
	])('should go on without those: %s', async (_what, refuse, leftOutIncludes, requests) => {
		const { result, count } = await listing(refuse);
		expect(result).toEqual({ items: items(1), hasMore: false, leftOutIncludes });
		expect(count).toBe(requests);
	});

	it.each<[string, RequestFailure]>([
		['speaks of something else', refusal({ message: 'Invalid after' })],
		['is about the conversation', refusal({ status: 404, message: 'No include' })],
		['is no refusal', refusal({ kind: 'network', status: undefined, message: 'include' })],
		['goes on without any', refusal({ param: 'include' })],
	])('should fail with a refusal that %s', async (_what, failure) => {
		const { result } = await listing(() => failure);
		expect(result).toBe(failure);
	});
});

describe('A deletion', () => {
	const gone = refusal({ status: 404, isApiError: true, outcomeUnknown: true });

	it.each<[string, JsonObject | RequestFailure, boolean]>([
		['the conversation', { id: 'conv_1', object: 'conversation' }, false],
		['a deletion', { id: 'msg_1', deleted: true }, false],
		['that it is not there, after an attempt without an answer', gone, true],
	])('should be done when the API answers with %s', async (_what, answer, wasGone) => {
		const { api, requests } = apiWith(({ check }) =>
			answer instanceof Error || check?.(answer) === undefined ? answer : new Error('checked'),
		);
		expect(await deleteItem(api, 'conv_1', 'msg_1')).toEqual({ wasGone });
		expect(requests[0]).toMatchObject({ method: 'DELETE', idempotent: true });
	});

	it.each<[string, RequestFailure]>([
		['it is not there at the first attempt', gone.with({ outcomeUnknown: false })],
		['a proxy answers in its place', gone.with({ isApiError: false })],
		['it is refused', refusal()],
	])('should fail when %s', async (_what, failure) => {
		const { api } = apiWith(() => failure);
		expect(await resultOf(deleteItem(api, 'conv_1', 'msg_1'))).toBe(failure);
		expect(await resultOf(deleteConversation(api, 'conv_1'))).toBe(failure);
	});

	it('should of a conversation give what the API answers, or would have answered', async () => {
		const answer = { id: 'conv_1', object: 'conversation.deleted', deleted: true };
		const confirmed = await deleteConversation(apiWith(() => answer).api, 'conv_1');
		expect(confirmed).toEqual({ answer, wasGone: false });
		const wasGone = await deleteConversation(apiWith(() => gone).api, 'conv_1');
		expect(wasGone).toEqual({ answer, wasGone: true });
	});

	it.each<[string, JsonObject, JsonObject]>([
		['deleted: false', { id: 'conv_1', deleted: false }, { id: 'msg_1', deleted: false }],
		['nothing', {}, {}],
		['the item', { id: 'conv_1' }, { id: 'msg_1', type: 'message' }],
	])('should not be confirmed by %s', async (_what, ofConversation, ofItem) => {
		const { api, requests } = apiWith(() => ({}));
		await deleteConversation(api, 'conv_1');
		await deleteItem(api, 'conv_1', 'msg_1');
		expect(requests[0]?.check?.(ofConversation)).toContain('did not confirm');
		expect(requests[1]?.check?.(ofItem)).toContain('did not confirm');
	});

	it('should wait for a locked conversation as long as it is told', async () => {
		const { api, requests } = apiWith(() => ({ id: 'conv_1' }));
		await deleteItem(api, 'conv_1', 'msg_1', { lockWait: 7 });
		await deleteItem(api, 'conv_1', 'msg_1');
		expect(requests.map(({ lockWait }) => lockWait)).toEqual([7, undefined]);
	});
});
