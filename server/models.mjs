/** @import { Answer, RequestRecord } from './types.mjs' */
import { ApiError } from './errors.mjs';
import { json, undefinedMethod } from './answers.mjs';

/** As in OpenAI's own list, most of which cannot answer a message. */
const MODELS = [
	'gpt-5',
	'gpt-5-mini',
	'gpt-5-nano',
	'gpt-5-pro',
	'gpt-5-codex',
	'gpt-4.1',
	'gpt-4.1-mini',
	'gpt-4o',
	'gpt-4o-mini',
	'gpt-4o-2024-08-06',
	'o3',
	'o4-mini',
	'chatgpt-4o-latest',
	'gpt-3.5-turbo',
	'gpt-3.5-turbo-instruct',
	'gpt-4o-search-preview',
	'gpt-4o-audio-preview',
	'gpt-4o-realtime-preview',
	'gpt-realtime',
	'gpt-audio',
	'gpt-4o-transcribe',
	'gpt-4o-mini-transcribe',
	'gpt-4o-mini-tts',
	'gpt-image-1',
	'chatgpt-image-latest',
	'dall-e-2',
	'dall-e-3',
	'sora-2',
	'sora-2-pro',
	'tts-1',
	'tts-1-hd',
	'whisper-1',
	'text-embedding-3-small',
	'text-embedding-3-large',
	'text-embedding-ada-002',
	'omni-moderation-latest',
	'davinci-002',
	'babbage-002',
];

/** `GET /models` and `GET /models/{id}`. */
export function createModels() {
	/**
	 * @param {RequestRecord} request
	 * @param {string[]} segments the path's, after the base path, decoded
	 * @returns {Answer | undefined}
	 * @throws {ApiError}
	 */
	return function answer(request, segments) {
		const [resource, id, ...rest] = segments;
		if (resource !== 'models' || id === '' || rest.length > 0) return undefined;
		if (request.method !== 'GET') return undefinedMethod(request);
		if (id === undefined) return json({ object: 'list', data: MODELS.map(presentModel) });
		if (MODELS.includes(id)) return json(presentModel(id));
		throw new ApiError(404, `The model '${id}' does not exist or you do not have access to it.`, {
			param: 'model',
			code: 'model_not_found',
		});
	};
}

/** @param {string} id */
const presentModel = (id) => ({ id, object: 'model', created: 1754073306, owned_by: 'system' });
