/** @import { JsonObject, RequestRecord, Settings } from './types.mjs' */
import { withTreatedText } from './malformedText.mjs';
import { parseBody, refuseUnknownParameters } from './validate.mjs';

/**
 * A request's JSON body, refused or changed as the settings want it.
 *
 * @param {RequestRecord} request
 * @param {Settings} settings
 * @param {readonly string[]} known the parameters that the call has
 * @returns {JsonObject}
 * @throws {import('./errors.mjs').ApiError} 400
 */
export function readBody(request, settings, known) {
	const body = parseBody(request.bodyText, request.headers['content-type']);
	if (settings.unknownParameters === 'refuse') refuseUnknownParameters(body, known);
	return withTreatedText(body, request.bodyText, settings.malformedText);
}
