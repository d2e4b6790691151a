/** @import { Api } from './api.mjs' */

/**
 * One assumption, the requests that settle it, and what the node does on either result.
 *
 * @typedef {Object} Question
 * @property {string} name short, for the table
 * @property {string} assumed what docs/assumptions.md assumes
 * @property {(api: Api, options: { model: string }) => Promise<Result>} ask
 */

/**
 * @typedef {Object} Result
 * @property {string} found what the API did
 * @property {boolean | undefined} holds whether the assumption holds; undefined: this run can't tell
 * @property {string} node what the node does, given that
 */

const message = (/** @type {string} */ text, role = 'user') => ({
	type: 'message',
	role,
	content: text,
});

/**
 * @param {{ status: number, body: any }} answer
 * @returns {string} such as "400 invalid_value (metadata): …"
 */
function said({ status, body }) {
	const { message: text = '', code, param } = body?.error ?? {};
	const where = [code, param && `param ${param}`].filter(Boolean).join(', ');
	return `${status}${where ? ` ${where}` : ''}${text ? `: ${String(text).slice(0, 120)}` : ''}`;
}

/**
 * @param {Api} api
 * @param {string} id
 * @returns {Promise<Record<string, string>>}
 */
const metadataOf = async (api, id) =>
	(await api.call('GET', `/conversations/${id}`)).body?.metadata ?? {};

/**
 * @param {string} reason
 * @returns {Result}
 */
const inconclusive = (reason) => ({ found: reason, holds: undefined, node: 'unchanged' });

/**
 * Whether the longest text of a kind is accepted, and one character more is not.
 *
 * @param {Api} api
 * @param {string} unit one character, however many code points and code units it has
 * @param {number} count
 */
async function accepts(api, unit, count) {
	const { id } = await api.createConversation();
	const { status } = await api.call('POST', `/conversations/${id}`, {
		metadata: { text: unit.repeat(count) },
	});
	return status === 200;
}

/** @type {Question[]} */
export const questions = [
	{
		name: 'Update of metadata',
		assumed: 'replaces the whole map',
		async ask(api) {
			const { id, ...created } = await api.createConversation({ metadata: { old: '1' } });
			if (id === '') return inconclusive(said(created));
			const answer = await api.call('POST', `/conversations/${id}`, { metadata: { new: '2' } });
			if (answer.status !== 200) return inconclusive(said(answer));
			const stored = await metadataOf(api, id);
			const replaced = !('old' in stored) && stored.new === '2';
			return {
				found: replaced ? 'replaces' : 'merges: keys that were not sent stay',
				holds: replaced,
				node: replaced
					? 'Replace and Merge do what their names say'
					: 'Replace shows a hint about the keys that stayed; Merge works, but cannot remove a key',
			};
		},
	},
	{
		name: 'Update with {}',
		assumed: 'clears the metadata',
		async ask(api) {
			const { id } = await api.createConversation({ metadata: { old: '1' } });
			const answer = await api.call('POST', `/conversations/${id}`, { metadata: {} });
			const stored = await metadataOf(api, id);
			const cleared = answer.status === 200 && Object.keys(stored).length === 0;
			return {
				found: cleared
					? 'clears'
					: answer.status === 200
						? 'changes nothing'
						: `is refused (${said(answer)})`,
				holds: cleared,
				node: cleared
					? '{} as Metadata (JSON) clears on purpose'
					: '{} does not clear: the answer or a hint says so',
			};
		},
	},
	{
		name: 'Characters of a value',
		assumed: 'counted as Unicode code points, 512 at most',
		async ask(api) {
			// An emoji is one code point, two UTF-16 code units, four bytes.
			const emoji = '😀';
			const [all, half, quarter, tooMany] = [
				await accepts(api, emoji, 512),
				await accepts(api, emoji, 256),
				await accepts(api, emoji, 128),
				await accepts(api, 'a', 513),
			];
			const counted = all
				? 'code points'
				: half
					? 'UTF-16 code units'
					: quarter
						? 'bytes'
						: 'an unknown unit';
			return {
				found: `counted in ${counted}${tooMany ? ', with no limit of 512' : ''}`,
				holds: all && !tooMany,
				node: all
					? 'its check is the same as the API’s'
					: 'a text that the node lets through can be refused by the API',
			};
		},
	},
	{
		name: 'Idempotency-Key on create',
		assumed: 'is not honored',
		async ask(api) {
			const headers = { 'idempotency-key': `probe-${Date.now()}` };
			const first = await api.createConversation({}, headers);
			const second = await api.createConversation({}, headers);
			if (first.id === '' || second.id === '') return inconclusive(said(second));
			const same = first.id === second.id;
			return {
				found: same
					? 'the second request gave the same conversation'
					: 'two conversations were created',
				holds: !same,
				node: same
					? 'could repeat a create safely with such a key'
					: 'never repeats a create whose outcome is unknown',
			};
		},
	},
	{
		name: 'NUL in a text',
		assumed: 'is refused or stored in another form',
		async ask(api) {
			const { id } = await api.createConversation();
			const text = 'a\u0000b';
			const answer = await api.call('POST', `/conversations/${id}/items`, {
				items: [message(text)],
			});
			const stored = answer.body?.data?.[0]?.content?.[0]?.text;
			const kept = answer.status === 200 && stored === text;
			return {
				found:
					answer.status !== 200
						? `refused (${said(answer)})`
						: kept
							? 'stored as it is'
							: `stored as ${JSON.stringify(stored)}`,
				holds: !kept,
				node: 'refuses it before sending',
			};
		},
	},
	{
		name: 'Item ID sent again',
		assumed: 'is kept in another conversation',
		async ask(api) {
			const one = await api.createConversation();
			const added = await api.call('POST', `/conversations/${one.id}/items`, {
				items: [{ type: 'function_call', call_id: 'call_probe', name: 'probe', arguments: '{}' }],
			});
			const item = added.body?.data?.[0];
			if (typeof item?.id !== 'string') return inconclusive(said(added));
			const two = await api.createConversation();
			const again = await api.call('POST', `/conversations/${two.id}/items`, {
				items: [
					{
						type: 'function_call',
						id: item.id,
						call_id: 'call_probe',
						name: 'probe',
						arguments: '{}',
					},
				],
			});
			const id = again.body?.data?.[0]?.id;
			const kept = again.status === 200 && id === item.id;
			return {
				found:
					again.status !== 200
						? `refused (${said(again)})`
						: kept
							? 'kept'
							: 'accepted, with a new ID',
				holds: kept,
				node: 'Copy sends an ID only for items whose type requires one',
			};
		},
	},
	{
		name: 'Include values of a listing',
		assumed: 'all eight are known',
		async ask(api) {
			const { id } = await api.createConversation({ items: [message('Hello')] });
			const values = [
				'code_interpreter_call.outputs',
				'computer_call_output.output.image_url',
				'file_search_call.results',
				'message.input_image.image_url',
				'message.output_text.logprobs',
				'reasoning.encrypted_content',
				'web_search_call.action.sources',
				'web_search_call.results',
			];
			const refused = [];
			for (const value of values) {
				const { status } = await api.call('GET', `/conversations/${id}/items?include[]=${value}`);
				if (status !== 200) refused.push(value);
			}
			return {
				found: refused.length === 0 ? 'all are known' : `refused: ${refused.join(', ')}`,
				holds: refused.length === 0,
				node: 'Copy and Export go on without a refused value, and a hint says so',
			};
		},
	},
	{
		name: 'Lock during a response',
		assumed: 'writes are refused with conversation_locked, metadata too',
		async ask(api, { model }) {
			const { id } = await api.createConversation();
			const started = await api.call('POST', '/responses', {
				model,
				conversation: id,
				input: 'Count from 1 to 60, one number per line.',
				max_output_tokens: 200,
				background: true,
			});
			if (started.status !== 200)
				return inconclusive(`no response could be started (${said(started)})`);
			const [items, metadata] = [
				await api.call('POST', `/conversations/${id}/items`, { items: [message('Meanwhile')] }),
				await api.call('POST', `/conversations/${id}`, { metadata: { meanwhile: '1' } }),
			];
			await api.call('POST', `/responses/${started.body.id}/cancel`);
			await ended(api, started.body.id);
			const isLocked = (/** @type {any} */ answer) =>
				answer.body?.error?.code === 'conversation_locked';
			const both = isLocked(items) && isLocked(metadata);
			return {
				found: `items: ${said(items)}; metadata: ${said(metadata)}`,
				holds: both,
				node: 'waits for a lock wherever one is reported',
			};
		},
	},
	{
		name: 'Removing orphans',
		assumed: 'makes a conversation usable again',
		async ask(api, { model }) {
			const { id } = await api.createConversation({ items: [message('Hello')] });
			const added = await api.call('POST', `/conversations/${id}/items`, {
				items: [{ type: 'function_call', call_id: 'call_orphan', name: 'probe', arguments: '{}' }],
			});
			const orphan = added.body?.data?.[0]?.id;
			if (typeof orphan !== 'string')
				return inconclusive(`the call could not be added (${said(added)})`);
			const ask = async () =>
				await api.call('POST', '/responses', {
					model,
					conversation: id,
					input: 'Say yes.',
					max_output_tokens: 16,
				});
			const broken = await ask();
			await api.call('DELETE', `/conversations/${id}/items/${orphan}`);
			const mended = await ask();
			return {
				found: `with the orphan: ${said(broken)}; without: ${said(mended)}`,
				holds: broken.status === 400 && mended.status === 200,
				node: 'Trim removes orphans unless it is told not to',
			};
		},
	},
];

/**
 * Waits until a background response has ended, for at most 20 s, so that its conversation can be deleted.
 *
 * @param {Api} api
 * @param {string} id
 */
async function ended(api, id) {
	for (let tries = 0; tries < 40; tries++) {
		const { body } = await api.call('GET', `/responses/${id}`);
		if (body?.status !== 'queued' && body?.status !== 'in_progress') return;
		await new Promise((resolve) => setTimeout(resolve, 500));
	}
}
