/** @import { JsonObject } from '../types.mjs' */
import { badRequest, invalidType, unsupportedValue } from '../errors.mjs';
import { checkInclude, isObject } from '../validate.mjs';

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
const MIN_OUTPUT_TOKENS = 16;
const MAX_TEMPERATURE = 2;

/**
 * Checks what a request may leave out.
 *
 * @param {JsonObject} body
 * @param {readonly string[]} unknownIncludes
 * @throws {import('../errors.mjs').ApiError} 400, naming the parameter
 */
export function checkOptions(body, unknownIncludes) {
	checkIncludes(body['include'], unknownIncludes);
	const { instructions, max_output_tokens: tokens, temperature, reasoning } = body;
	if (isGiven(instructions) && typeof instructions !== 'string' && !Array.isArray(instructions))
		throw invalidType(instructions, 'instructions', 'a string');
	if (isGiven(tokens)) {
		if (typeof tokens !== 'number' || !Number.isInteger(tokens))
			throw invalidType(tokens, 'max_output_tokens', 'an integer');
		if (tokens < MIN_OUTPUT_TOKENS) {
			throw badRequest(
				`Invalid 'max_output_tokens': integer below minimum value. Expected a value >= ${MIN_OUTPUT_TOKENS}, but got ${tokens} instead.`,
				'max_output_tokens',
				'integer_below_min_value',
			);
		}
	}
	if (isGiven(temperature)) {
		if (typeof temperature !== 'number') throw invalidType(temperature, 'temperature', 'a decimal');
		if (temperature < 0 || temperature > MAX_TEMPERATURE) {
			const [side, code, sign, limit] =
				temperature < 0
					? ['below minimum', 'decimal_below_min_value', '>=', 0]
					: ['above maximum', 'decimal_above_max_value', '<=', MAX_TEMPERATURE];
			throw badRequest(
				`Invalid 'temperature': decimal ${side} value. Expected a value ${sign} ${limit}, but got ${temperature} instead.`,
				'temperature',
				String(code),
			);
		}
	}
	if (isGiven(reasoning)) {
		if (!isObject(reasoning)) throw invalidType(reasoning, 'reasoning', 'an object');
		const { effort } = reasoning;
		if (isGiven(effort) && !EFFORTS.includes(String(effort)))
			throw unsupportedValue(String(effort), 'reasoning.effort', EFFORTS);
	}
	if (body['background'] === true && body['store'] === false)
		throw badRequest("Background mode requires 'store' to be true.", 'background');
	if (body['background'] === true && body['stream'] === true)
		throw badRequest('This server does not stream what is made in the background.', 'stream');
}

/**
 * @param {unknown} values
 * @param {readonly string[]} unknown
 */
function checkIncludes(values, unknown) {
	if (!isGiven(values)) return;
	if (!Array.isArray(values)) throw invalidType(values, 'include', 'an array');
	values.forEach((value, index) => checkInclude(String(value), index, unknown));
}

/** @param {unknown} value */
export const isGiven = (value) => value !== undefined && value !== null;
