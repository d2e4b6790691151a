import type { ApiClient } from '../transport/client';
import { isJsonObject, textAt } from '../values/json';

/** Parts of the names of models that can't reply to a message, at OpenAI and at gateways. */
const NOT_FOR_REPLIES =
	/embed|moderation|whisper|transcri|tts|audio|realtime|speech|image|dall-e|sora|video|babbage|davinci|curie|instruct|search-preview|rerank/i;

/** The model that one was made of: `ft:gpt-4.1-mini:acme::id` comes of `gpt-4.1-mini`. */
const baseModel = (id: string): string => (id.startsWith('ft:') ? (id.split(':')[1] ?? id) : id);

/** GET /models: the IDs of those that can reply to a message, in alphabetical order. */
export async function listModels(api: ApiClient): Promise<string[]> {
	const { data } = await api.call({
		method: 'GET',
		path: ['models'],
		idempotent: true,
		check: (answer) => (Array.isArray(answer.data) ? undefined : 'not with a list of models'),
	});
	const ids = (Array.isArray(data) ? data : []).flatMap((model) =>
		isJsonObject(model) ? [textAt(model, 'id')] : [],
	);
	return ids
		.filter((id) => id !== undefined)
		.filter((id) => !NOT_FOR_REPLIES.test(baseModel(id)))
		.sort();
}
