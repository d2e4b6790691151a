import type { IDataObject, INodeParameters } from 'n8n-workflow';

import type { RunOptions, RunResult } from './engine';
import { pairs, runNode } from './engine';
import type { Server } from './server';

/** Runs that do no more than set a topic, for tests of what holds for every run. */
export const topicsOn = (server: () => Server) => ({
	/** Creates conversations. @returns an input item `{ id, n }` for each of them */
	conversations: (count: number): IDataObject[] =>
		Array.from({ length: count }, (_, n) => ({ id: server().store.createConversation().id, n })),

	metadataOf: (id: unknown) => server().store.getConversation(String(id))?.metadata,

	/** What the server was asked, in short. */
	calls: () =>
		server()
			.requests.map(({ method }) => method)
			.join(' '),

	/** Sets `{ topic: 'x' }` on the conversation that each input item names under `id`. */
	setTopic: async (
		items: IDataObject[],
		more: Partial<RunOptions> = {},
		options: INodeParameters = {},
	): Promise<RunResult> =>
		await runNode(server().url, {
			items: items.map((json) => ({ json })),
			parameters: { conversationId: '={{ $json.id }}', metadata: pairs({ topic: 'x' }), options },
			...more,
		}),
});
