import { fileURLToPath } from 'node:url';
import { at, Failure, field, freePort, node24, start, untilUp } from '../../sandbox/index.mjs';

const CLI = fileURLToPath(new URL('../../server/cli.mjs', import.meta.url));

/** @typedef {{ requests: number, inFlight: number, maxInFlight: number, connections: number, conversations: number, items: number }} Stats */

/**
 * Starts the embedded API server in a process of its own, so that it takes no time from n8n.
 *
 * @param {{ apiKey: string, log: string }} options
 */
export async function startApi({ apiKey, log }) {
	const port = await freePort();
	const origin = `http://127.0.0.1:${port}`;
	const program = start(
		node24,
		[CLI, '--port', String(port), '--key', apiKey, '--record', 'false'],
		{ log },
	);

	/**
	 * @param {string} path
	 * @param {unknown} [body]
	 * @returns {Promise<unknown>}
	 */
	async function control(path, body) {
		const answer = await fetch(`${origin}/_sandbox/${path}`, {
			method: body === undefined ? 'GET' : 'POST',
			...(body !== undefined && { body: JSON.stringify(body) }),
		});
		if (!answer.ok)
			throw new Failure(
				`The API server answered ${path} with ${answer.status}: ${await answer.text()}`,
				{ log },
			);
		return await answer.json();
	}

	/** @returns {Promise<Stats>} */
	async function stats() {
		const answer = await control('stats');
		/** @param {string} name */
		const count = (name) => Number(field(answer, name));
		return {
			requests: count('requests'),
			inFlight: count('inFlight'),
			maxInFlight: count('maxInFlight'),
			connections: count('connections'),
			conversations: count('conversations'),
			items: count('items'),
		};
	}

	await untilUp(program, 'The API server', log, async () => Boolean(await stats()));

	return {
		origin,
		url: `${origin}/v1`,
		apiKey,
		stats,

		/**
		 * Begins anew: no conversation, no limit, no fault, nothing counted.
		 *
		 * @param {{ latencyMs?: number, modelMs?: number, rateLimit?: { perSecond: number, burst: number } | null }} [settings]
		 */
		async reset({ latencyMs = 0, modelMs = 0, rateLimit = null } = {}) {
			await control('reset', {});
			await control('settings', { latencyMs, modelMs, rateLimit });
		},

		/**
		 * @param {number} count
		 * @param {ReadonlyArray<{ role: string, content: string }>} [messages] what each of them holds
		 * @returns {Promise<string[]>} the IDs of new conversations
		 */
		async seed(count, messages = []) {
			const items = messages.map((message) => ({ type: 'message', ...message }));
			const conversations = field(
				await control('conversations', { count, items }),
				'conversations',
			);
			return Array.isArray(conversations)
				? conversations.map((each) => String(field(each, 'id')))
				: [];
		},

		/** @param {Record<string, unknown>} rule */
		fault: async (rule) => await control('faults', rule),

		/**
		 * @param {string} id
		 * @returns {Promise<unknown>}
		 */
		conversation: async (id) => await control(`conversations/${id}`),

		/** @returns {Promise<number>} how many conversations have a `topic` in their metadata */
		async countUpdated() {
			const conversations = field(await control('conversations'), 'conversations');
			if (!Array.isArray(conversations)) return 0;
			return conversations.filter((each) => at(each, 'metadata', 'topic') !== undefined).length;
		},

		stop: program.stop,
	};
}

/** @typedef {Awaited<ReturnType<typeof startApi>>} Api */
