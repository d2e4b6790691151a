import { startServer } from '../../server/index.mjs';
import { ACCEPTED, rejection, sdk, until, useServer } from '../support/server';

const server = useServer();

describe('what the server counts', () => {
	test('requests in flight, in all and on one conversation', async () => {
		server().store.createConversation({ id: 'conv_1' });
		server().store.createConversation({ id: 'conv_2' });
		server().configure({ latencyMs: 30 });
		const { conversations } = sdk(server());
		const calls = ['conv_1', 'conv_1', 'conv_2'].map(
			async (id) => await conversations.retrieve(id),
		);
		await Promise.all([...calls, conversations.create()]);
		expect([server().maxInFlight, server().maxInFlightPerConversation, server().inFlight]).toEqual([
			4, 2, 0,
		]);
		for (const { receivedAt, endedAt } of server().requests)
			expect((endedAt ?? 0) - receivedAt).toBeGreaterThan(28);
	});

	test.each([
		['light', 1],
		[false, 0],
	] as const)('record %s keeps less', async (record, length) => {
		const own = await startServer({ apiKeys: [ACCEPTED], record });
		await sdk(own).conversations.create({ metadata: { a: '1' } });
		expect(own.requestCount).toBe(1);
		expect(own.requests).toHaveLength(length);
		if (length > 0)
			expect(own.requests[0]).toMatchObject({ status: 200, bodyText: '', headers: {} });
		await own.close();
	});

	test('close ends every connection and timer, and may be called twice', async () => {
		server().faults([{ hang: true }, { delayMs: 60_000 }]);
		const pending = [
			rejection(sdk(server()).models.list()),
			rejection(sdk(server()).models.list()),
		];
		await until(() => server().inFlight === 2);
		await Promise.all([server().close(), server().close()]);
		await Promise.all(pending);
		expect(server().openSockets).toBe(0);
	});
});
