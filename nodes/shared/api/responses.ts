import type { ApiClient } from '../transport/client';
import type { ApiRequest } from '../transport/request';
import type { JsonObject } from '../values/json';
import { textAt } from '../values/json';

const ROOT = 'responses';

/** A response of the model, as it came: `{ id, status, model, output, usage, … }`. */
export type ModelResponse = JsonObject;

const checkResponse = (answer: JsonObject): string | undefined =>
	textAt(answer, 'id') !== undefined &&
	(textAt(answer, 'status') !== undefined || Array.isArray(answer.output))
		? undefined
		: 'not with a response';

/** Whether the API is still at work on a response. */
export const isRunning = ({ status }: ModelResponse): boolean =>
	status === 'queued' || status === 'in_progress';

/**
 * POST /responses, at most once: it is repeated only where the API certainly has not carried it out.
 * @param safeguards how to find out what came of it, and how to wait for a locked conversation
 */
export const postResponse = async (
	api: ApiClient,
	body: JsonObject,
	safeguards: Required<Pick<ApiRequest, 'verify' | 'lockWait' | 'afterLock'>>,
): Promise<ModelResponse> =>
	await api.call({
		method: 'POST',
		path: [ROOT],
		body,
		idempotent: false,
		verifyAlways: true,
		check: checkResponse,
		hasWritten: ({ status }) => status !== 'failed' && status !== 'cancelled',
		...(body.background === true
			? {
					afterStop: async ({ id }) => {
						await cancelResponse(api, String(id));
					},
				}
			: {}),
		...safeguards,
	});

/** GET /responses/{id} */
export const getResponse = async (api: ApiClient, id: string): Promise<ModelResponse> =>
	await api.call({ method: 'GET', path: [ROOT, id], idempotent: true, check: checkResponse });

/**
 * POST /responses/{id}/cancel, once, also when the execution was stopped. Sending it twice does no harm.
 * @returns whether the API confirmed that the response is cancelled, rather than complete or still running
 */
export async function cancelResponse(api: ApiClient, id: string): Promise<boolean> {
	const path = [ROOT, id, 'cancel'];
	const answer = await api.cleanUp({ method: 'POST', path, idempotent: true });
	return answer?.status === 'cancelled';
}
