import type { WrongList } from '../../server/types.mjs';
import { raw, rejection, sdk, useServer } from '../support/server';

const server = useServer();

const texts = (count: number) =>
	Array.from({ length: count }, (_, index) => ({
		id: `msg_${index}`,
		type: 'message' as const,
		role: 'user' as const,
		content: `text ${index}`,
	}));

beforeEach(() => server().store.createConversation({ id: 'conv_1', items: texts(6) }));

describe('a list that is not what the API would answer', () => {
	const page = async (list: WrongList, after = 'msg_1') => {
		server().fault({ list });
		const query = `order=asc&limit=2&after=${after}`;
		const { body } = await raw(server(), `/v1/conversations/conv_1/items?${query}`);
		const answer: { data: Array<{ id: string }>; [field: string]: unknown } = JSON.parse(body);
		const { has_more, last_id } = answer;
		return { ids: answer.data.map(({ id }) => id), has_more, last_id };
	};

	test.each<[WrongList, object]>([
		['fewer', { ids: ['msg_2'], has_more: true, last_id: 'msg_2' }],
		['reversed', { ids: ['msg_3', 'msg_2'], has_more: true, last_id: 'msg_2' }],
		['overlapping', { ids: ['msg_1', 'msg_2', 'msg_3'], has_more: true, last_id: 'msg_3' }],
		['repeated', { ids: ['msg_0', 'msg_1'], has_more: true, last_id: 'msg_1' }],
		['without-has-more', { ids: ['msg_2', 'msg_3'], has_more: undefined, last_id: 'msg_3' }],
	])('%s', async (list, expected) => {
		expect(await page(list)).toEqual(expected);
		expect(server().requests[0]).toMatchObject({ status: 200, fault: `list ${list}` });
	});

	test('the answer to an added batch, too; all of it was added', async () => {
		server().faults([{ list: 'fewer' }, { list: 'reversed' }]);
		const add = async (id: string) =>
			await sdk(server()).conversations.items.create('conv_1', {
				items: [
					{ type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}', id: `${id}_1` },
					{ type: 'function_call', call_id: 'c2', name: 'f', arguments: '{}', id: `${id}_2` },
				],
			});
		expect((await add('fc_a')).data.map(({ id }) => id)).toEqual(['fc_a_1']);
		expect((await add('fc_b')).data.map(({ id }) => id)).toEqual(['fc_b_2', 'fc_b_1']);
		expect(server().store.getConversation('conv_1')?.items).toHaveLength(10);
	});

	test('an answer that is no list stays as it is', async () => {
		server().fault({ list: 'fewer' });
		expect((await sdk(server()).conversations.retrieve('conv_1')).id).toBe('conv_1');
		// @ts-expect-error: there is no such kind.
		expect(() => server().fault({ list: 'wrong' })).toThrow('list must be one of fewer');
	});
});

describe('the list of models', () => {
	test('holds many that cannot answer', async () => {
		const ids = (await sdk(server()).models.list()).data.map(({ id }) => id);
		expect(ids).toEqual(
			expect.arrayContaining([
				'gpt-5',
				'gpt-4o-mini',
				'text-embedding-3-small',
				'tts-1',
				'whisper-1',
				'dall-e-3',
				'gpt-image-1',
				'omni-moderation-latest',
				'gpt-4o-realtime-preview',
				'gpt-4o-transcribe',
				'sora-2',
			]),
		);
	});

	test('each of them can be asked for', async () => {
		const { models } = sdk(server());
		expect(await models.retrieve('gpt-5')).toMatchObject({ id: 'gpt-5', object: 'model' });
		expect(await rejection(models.retrieve('gpt-0'))).toMatchObject({
			status: 404,
			code: 'model_not_found',
		});
	});
});
