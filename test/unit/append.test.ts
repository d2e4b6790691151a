import fc from 'fast-check';

import type { Before } from '../../nodes/shared/api/conversationEnd';
import { addedSince } from '../../nodes/shared/api/conversationEnd';
import { appendItems, chunksOf } from '../../nodes/shared/api/append';
import { createConversation } from '../../nodes/shared/api/createConversation';
import type { Item } from '../../nodes/shared/api/items';
import type { ApiClient } from '../../nodes/shared/transport/client';
import type { LeftBehind } from '../../nodes/shared/transport/failures';
import { Cancelled, RequestFailure, resultOf } from '../../nodes/shared/transport/failures';
import type { ApiRequest, Verification } from '../../nodes/shared/transport/request';
import type { JsonObject } from '../../nodes/shared/values/json';
import { RUNS } from '../support/unit';

const message: JsonObject = { type: 'message' };
const reasoning: JsonObject = { type: 'reasoning' };

/** `m` for a message, `r` for reasoning. */
const itemsOf = (letters: string) =>
	Array.from(letters, (letter) => (letter === 'r' ? reasoning : message));
const sizes = (letters: string) => chunksOf(itemsOf(letters)).map(({ length }) => length);

describe('chunksOf', () => {
	it.each<[string, string, number[]]>([
		['nothing', '', []],
		['one item', 'm', [1]],
		['20 items', 'm'.repeat(20), [20]],
		['21 items', 'm'.repeat(21), [20, 1]],
		['45 items', 'm'.repeat(45), [20, 20, 5]],
		['reasoning where the cut would be', `${'m'.repeat(19)}rm`, [19, 2]],
		['a row of reasoning where the cut would be', `${'m'.repeat(17)}rrrm`, [17, 4]],
		['reasoning at the very end', `${'m'.repeat(19)}r`, [20]],
		['a row of reasoning that is too long to keep together', `m${'r'.repeat(20)}m`, [1, 20, 1]],
		['nothing but reasoning', 'r'.repeat(41), [20, 20, 1]],
	])('should cut %s', (_what, letters, expected) => {
		expect(sizes(letters)).toEqual(expected);
	});

	it('should lose no item, keep the order, and never hold more than 20', () => {
		fc.assert(
			fc.property(fc.array(fc.constantFrom('m', 'r'), { maxLength: 120 }), (letters) => {
				const items = letters.map((letter, place) => ({
					type: letter === 'r' ? 'reasoning' : 'message',
					place,
				}));
				const chunks = chunksOf(items);
				expect(chunks.flat()).toEqual(items);
				for (const chunk of chunks) {
					expect(chunk.length).toBeGreaterThan(0);
					expect(chunk.length).toBeLessThanOrEqual(20);
				}
			}),
			RUNS,
		);
	});

	it('should never cut between reasoning and what it led to when fewer than 20 stand in a row', () => {
		const row = fc
			.tuple(fc.nat({ max: 18 }), fc.integer({ min: 1, max: 25 }))
			.map(([r, m]) => 'r'.repeat(r) + 'm'.repeat(m));
		fc.assert(
			fc.property(fc.array(row, { maxLength: 10 }), (rows) => {
				const chunks = chunksOf(itemsOf(rows.join('')));
				for (const chunk of chunks) expect(chunk.at(-1)).toBe(message);
			}),
			RUNS,
		);
	});
});

const user = (text: string): Item => ({ type: 'message', role: 'user', content: text });

/** A message as the API stores it. */
const stored = (id: string, text: string): Item => ({
	id,
	type: 'message',
	status: 'completed',
	role: 'user',
	content: [{ type: 'input_text', text }],
});

const lostAnswer = (outcomeUnknown: boolean) =>
	new RequestFailure({
		kind: 'answer',
		message: 'Oops',
		advice: 'Run the workflow again later.',
		status: 500,
		attempts: 1,
		outcomeUnknown,
		idempotent: false,
	});

/** An API that does with each POST what `answers` says, in order, and lists what `items` says. */
function apiWith(
	answers: ReadonlyArray<JsonObject | Error | ((request: ApiRequest) => Promise<JsonObject>)>,
	items: readonly Item[] = [],
) {
	const posts: ApiRequest[] = [];
	const api: ApiClient = {
		async call(request) {
			if (request.method === 'GET') {
				const limit = Number(new Map(request.query).get('limit'));
				const newest = items.toReversed();
				return { data: newest.slice(0, limit), has_more: newest.length > limit };
			}
			const answer = answers[posts.length];
			posts.push(request);
			if (answer === undefined || answer instanceof Error)
				throw answer ?? new Error('Not expected');
			return typeof answer === 'function' ? await answer(request) : answer;
		},
		async pause() {},
		cleanUp: async () => undefined,
	};
	return { api, posts };
}

const texts = (count: number, from = 0) =>
	Array.from({ length: count }, (_, place) => `m${from + place}`);
const list = (items: readonly Item[]): JsonObject => ({ object: 'list', data: [...items] });
const listOf = (...messages: string[]): JsonObject =>
	list(messages.map((text) => stored(`msg_${text}`, text)));

describe('What came after what was there before', () => {
	const [a, b, c] = ['a', 'b', 'c'].map((text) => stored(text, text));

	it.each<[string, Before, boolean, string[] | undefined]>([
		['its last item', { lastId: 'a' }, true, ['b', 'c']],
		['its last item, which is still the last', { lastId: 'c' }, false, []],
		['an item that is not to be seen', { lastId: 'x' }, false, undefined],
		['how many it held', { count: 1 }, false, ['b', 'c']],
		['that it held none', { count: 0 }, false, ['a', 'b', 'c']],
		['how many it held, but not all are to be seen', { count: 1 }, true, undefined],
		['more than there are now', { count: 4 }, false, undefined],
		['nothing', undefined, false, undefined],
	])('should be told by %s', (_what, before, hasMore, expected) => {
		const newest = [a, b, c].filter((item) => item !== undefined);
		expect(addedSince(newest, hasMore, before)?.map(({ id }) => id)).toEqual(expected);
	});
});

describe('A look for items whose writing had an unknown outcome', () => {
	/** What is found of the sent texts. */
	async function found(
		sent: readonly string[],
		items: readonly Item[],
		before?: Before,
	): Promise<Verification> {
		let verification: Verification | undefined;
		const { api } = apiWith(
			[
				async ({ verify }) => {
					verification = await verify?.();
					throw lostAnswer(true);
				},
			],
			items,
		);
		await resultOf(appendItems(api, 'conv_1', sent.map(user), { before }));
		if (verification === undefined) throw new Error('There was no look');
		return verification;
	}

	const first = stored('msg_0', 'first');
	const [a, b] = [stored('msg_1', 'a'), stored('msg_2', 'b')];
	const since: Before = { lastId: 'msg_0' };
	const foreign = (count: number) => texts(count).map((text) => stored(`x_${text}`, text));

	it.each<[string, string[], Item[], Before]>([
		['the same behind what was there', ['a'], [first, a], since],
		['several of them, in order', ['a', 'b'], [first, a, b], since],
		['them in front of what others added', ['a'], [first, a, ...foreign(20)], since],
		['them behind what others added', ['a', 'b'], [first, ...foreign(3), a, b], since],
		['them in what was new', ['a'], [a], { count: 0 }],
		['the same as what was there before', ['a'], [stored('msg_0', 'a'), a], since],
	])('should find that they were added: %s', async (_what, sent, items, before) => {
		const verification = await found(sent, items, before);
		expect(verification).toEqual({
			kind: 'done',
			answer: { data: sent.map((text) => (text === 'a' ? a : b)) },
		});
	});

	it.each<[string, string[], Item[], Before]>([
		['nothing new', ['a'], [first], since],
		['nothing at all', ['a'], [], { count: 0 }],
		["only others' items", ['a'], [first, ...foreign(5)], since],
		['the same only in front of what was there', ['a'], [a, first], since],
		['nothing like it, where it is not known what was there', ['a'], [first], undefined],
	])('should find no trace of them: %s', async (_what, sent, items, before) => {
		expect(await found(sent, items, before)).toEqual({ kind: 'notDone' });
	});

	it.each<[string, string[], Item[], Before]>([
		['the same, where it is not known what was there', ['a'], [first, a], undefined],
		['the same twice', ['a'], [first, a, stored('msg_9', 'a')], since],
		['another list in its place', ['a\n\n- b'], [first, stored('msg_9', 'a - b')], since],
		['only some of them', ['a', 'b'], [first, a], since],
		['them in another order', ['a', 'b'], [first, b, a], since],
		['them with one of others between', ['a', 'b'], [first, a, ...foreign(1), b], since],
		['more than can be looked through', ['a'], [first, a, ...foreign(120)], since],
		['not what was there before', ['a'], [a], since],
		['fewer than before', ['a'], [a], { count: 2 }],
	])('should leave it open: %s', async (_what, sent, items, before) => {
		expect(await found(sent, items, before)).toEqual({ kind: 'unclear' });
	});
});

describe('Adding items', () => {
	it('should send 20 at a time, in order, and give what came back', async () => {
		const all = texts(25);
		const { api, posts } = apiWith([listOf(...all.slice(0, 20)), listOf(...all.slice(20))]);
		const added = await appendItems(api, 'conv_1', all.map(user), {
			include: ['reasoning.encrypted_content'],
			additionalBody: { extra: true },
		});
		expect(added.map(({ id }) => id)).toEqual(all.map((text) => `msg_${text}`));
		expect(posts.map(({ body, query }) => [body, query])).toEqual(
			[all.slice(0, 20), all.slice(20)].map((part) => [
				{ items: part.map(user), extra: true },
				[['include[]', 'reasoning.encrypted_content']],
			]),
		);
		expect(posts.every(({ idempotent, lockWait }) => !idempotent && lockWait === undefined)).toBe(
			true,
		);
	});

	it('should wait for a locked conversation as long as it is told', async () => {
		const { api, posts } = apiWith([listOf('a')]);
		await appendItems(api, 'conv_1', [user('a')], { lockWait: 7 });
		expect(posts[0]?.lockWait).toBe(7);
	});

	it('should put an answer in another order right', async () => {
		const { api } = apiWith([listOf('b', 'a')]);
		const added = await appendItems(api, 'conv_1', [user('a'), user('b')], {});
		expect(added.map(({ id }) => id)).toEqual(['msg_a', 'msg_b']);
	});

	it('should refuse to take foreign items for those that were sent', async () => {
		const { api } = apiWith([listOf('a', 'x')]);
		const result = await resultOf(appendItems(api, 'conv_1', [user('a'), user('b')], {}));
		expect(result).toMatchObject({
			details: {
				kind: 'malformedAnswer',
				outcomeUnknown: true,
				message: expect.stringContaining('different items from those that were sent to conv_1'),
			},
		});
	});

	it.each<[string, JsonObject, string | undefined]>([
		['as many as were sent', listOf('a'), undefined],
		['none', listOf(), 'with 0 items instead of the 1 that were sent'],
		['more', listOf('a', 'b'), 'with 2 items instead of the 1 that were sent'],
		['no list', { id: 'msg_1' }, 'not with a list of items'],
		['a list of texts', { data: ['a'] }, 'not with a list of items'],
	])('should check that the answer holds as many: %s', async (_what, answer, expected) => {
		const { api, posts } = apiWith([listOf('a')]);
		await appendItems(api, 'conv_1', [user('a')], {});
		expect(posts[0]?.check?.(answer)).toBe(expected);
	});

	it.each<[string, number, boolean, string, string]>([
		['that nothing was added', 0, false, 'Oops', 'Run the workflow again later.'],
		[
			'that it is not certain',
			0,
			true,
			"It isn't certain whether the conversation items were added: Oops",
			'Before you add anything again, look at the end of the conversation',
		],
		[
			'how many were added',
			20,
			false,
			'The first 20 of 25 conversation items were added to conv_1; the others were not: Oops',
			'Add only what is missing',
		],
		[
			'how many were added, and that others may be',
			20,
			true,
			"The first 20 of 25 conversation items were added to conv_1; it isn't certain whether the others were added: Oops",
			'Add only what is missing',
		],
	])('should say when it fails %s', async (_what, before, isUnknown, message, advice) => {
		const all = texts(25);
		const answers = [...(before > 0 ? [listOf(...all.slice(0, 20))] : []), lostAnswer(isUnknown)];
		const { api } = apiWith(answers);
		const result = await resultOf(appendItems(api, 'conv_1', all.map(user), {}));
		expect(result).toMatchObject({
			details: { message, advice: expect.stringContaining(advice), outcomeUnknown: isUnknown },
		});
		const leftBehind = before > 0 ? { conversation: 'conv_1', items: 20, toAdd: 25 } : undefined;
		expect(result instanceof RequestFailure && result.details.leftBehind).toEqual(leftBehind);
	});
});

describe('Adding items, when a later part is answered with other items', () => {
	it('should say how many were added before', async () => {
		const all = texts(25);
		const { api } = apiWith([listOf(...all.slice(0, 20)), listOf(...texts(5, 100))]);
		expect(await resultOf(appendItems(api, 'conv_1', all.map(user), {}))).toMatchObject({
			details: {
				message: expect.stringMatching(
					/^The first 20 of 25 conversation items were added to conv_1; it isn't certain whether the others were added: .* with different items/,
				),
				advice: expect.stringContaining('Add only what is missing'),
				outcomeUnknown: true,
				leftBehind: { conversation: 'conv_1', items: 20, toAdd: 25 },
			},
		});
	});
});

describe('Adding items, when the execution is stopped', () => {
	it.each<[number, LeftBehind | undefined]>([
		[0, undefined],
		[20, { conversation: 'conv_1', items: 20, toAdd: 45 }],
		[40, { conversation: 'conv_1', items: 40, toAdd: 45 }],
	])('should say how many were added before: %i', async (before, leftBehind) => {
		const all = texts(45);
		const answers = [listOf(...all.slice(0, 20)), listOf(...all.slice(20, 40))];
		const { api, posts } = apiWith([...answers.slice(0, before / 20), new Cancelled()]);
		const adding = appendItems(api, 'conv_1', all.map(user), {});
		await expect(adding).rejects.toMatchObject({ name: 'Cancelled', leftBehind });
		expect(posts).toHaveLength(before / 20 + 1);
	});
});

describe('Creating a conversation', () => {
	const create = async (api: ApiClient, count: number) =>
		await createConversation(api, {
			metadata: { topic: 'x' },
			items: texts(count).map(user),
			additionalBody: {},
		});
	const created: JsonObject = { id: 'conv_1', object: 'conversation', metadata: { topic: 'x' } };

	it('should send the first 20 items with it and the others behind', async () => {
		const { api, posts } = apiWith([created, listOf(...texts(20, 20)), listOf('m40')]);
		expect(await create(api, 41)).toEqual(created);
		expect(posts.map(({ path }) => path.join('/'))).toEqual([
			'conversations',
			'conversations/conv_1/items',
			'conversations/conv_1/items',
		]);
		expect(posts[0]?.body).toEqual({ metadata: { topic: 'x' }, items: texts(20).map(user) });
		expect(posts.every(({ idempotent }) => !idempotent)).toBe(true);
		expect(posts[0]?.verify).toBeUndefined();
	});

	it('should say that it is not certain, and why it was not sent again', async () => {
		const result = await resultOf(create(apiWith([lostAnswer(true)]).api, 1));
		expect(result).toMatchObject({
			details: {
				message: "It isn't certain whether the conversation was created: Oops",
				advice: expect.stringContaining('It was not sent again'),
			},
		});
		const refused = lostAnswer(false);
		expect(await resultOf(create(apiWith([refused]).api, 1))).toBe(refused);
	});

	it.each([
		[false, 'holds only 40 of 45 items: Oops'],
		[true, 'holds only 40 of 45 items, perhaps some more: Oops'],
	])('should name what it leaves behind when a part fails, open: %s', async (isUnknown, says) => {
		const { api } = apiWith([created, listOf(...texts(20, 20)), lostAnswer(isUnknown)]);
		expect(await resultOf(create(api, 45))).toMatchObject({
			details: {
				message: `The conversation conv_1 was created, but ${says}`,
				advice: expect.stringContaining(isUnknown ? 'Add what is missing' : 'Add the other 5'),
				leftBehind: { conversation: 'conv_1', items: 40 },
			},
		});
	});

	it('should name what it leaves behind when the execution is stopped between two parts', async () => {
		const { api } = apiWith([created, listOf(...texts(20, 20)), new Cancelled()]);
		await expect(create(api, 60)).rejects.toMatchObject({
			name: 'Cancelled',
			leftBehind: { conversation: 'conv_1', items: 40 },
		});
		await expect(create(apiWith([created, new Cancelled()]).api, 60)).rejects.toMatchObject({
			leftBehind: { conversation: 'conv_1', items: 20 },
		});
		await expect(create(apiWith([new Cancelled()]).api, 25)).rejects.toMatchObject({
			leftBehind: undefined,
		});
	});
});
