/** @import { FaultRule, HeaderPair, JsonObject } from './types.mjs' */
import { randomUUID } from 'node:crypto';

/**
 * The headers of an answer that a gateway such as LiteLLM gives itself. OpenAI's own headers are
 * not among them: at most they come under a prefix, as the gateway forwards them.
 *
 * @param {NonNullable<FaultRule['gateway']>} kind 'forwarding': the upstream API had answered
 * @param {HeaderPair[]} upstream OpenAI's own
 * @returns {HeaderPair[]}
 */
export const gatewayHeaders = (kind, upstream) => [
	['x-litellm-call-id', randomUUID()],
	['x-litellm-version', '1.80.0'],
	...(kind === 'forwarding' ? upstream : []).map(
		/** @returns {HeaderPair} */
		([name, value]) => [`llm_provider-${name}`, value],
	),
];

/** @type {ReadonlyMap<number, string>} */
const EXCEPTIONS = new Map([
	[400, 'BadRequestError'],
	[401, 'AuthenticationError'],
	[403, 'PermissionDeniedError'],
	[404, 'NotFoundError'],
	[408, 'Timeout'],
	[429, 'RateLimitError'],
	[503, 'ServiceUnavailableError'],
]);

/**
 * The body of a gateway's own error: OpenAI's form, the gateway's words.
 *
 * @param {number} status
 * @returns {JsonObject}
 */
export function gatewayErrorBody(status) {
	const name = EXCEPTIONS.get(status) ?? 'APIConnectionError';
	const message = `litellm.${name}: ${name}: OpenAIException - Connection error.`;
	return { error: { message, type: null, param: null, code: String(status) } };
}
