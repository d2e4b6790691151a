import type { INode } from 'n8n-workflow';

import { parseRequestOptions } from '../fields/requestOptions';
import type { RequestSettings } from '../transport/request';
import { isUnprotected, parseBaseUrl } from '../values/baseUrl';
import type { GivenOptions } from '../values/field';
import type { Credential } from './credential';
import { allowedDomainsFor } from './credential';
import type { Note } from './hints';

/** For the hint that the API key crosses the internet without encryption; the names are hosts. */
const plainHttp: Note = {
	type: 'warning',
	text: (_count, names) =>
		`Requests to ${names.join(', ')} are not encrypted, so anyone between n8n and the server can read the API key. Use https in Base URL.`,
};

/**
 * Turns the options of one item into settings, with each address checked once.
 * @param note takes the notes about the settings
 */
export function createSettingsParser(
	node: INode,
	credential: Credential,
	note: (note: Note, names: readonly string[]) => void,
): (options: GivenOptions) => RequestSettings {
	const checked = new Map<string, string | undefined>();
	return (options) => {
		const { baseUrl: given, ...rest } = parseRequestOptions(options);
		const baseUrl = given === undefined ? credential.baseUrl : parseBaseUrl(given, 'Base URL');
		if (!checked.has(baseUrl)) {
			checked.set(baseUrl, allowedDomainsFor(node, credential, baseUrl));
			if (isUnprotected(baseUrl)) note(plainHttp, [new URL(baseUrl).host]);
		}
		return { ...rest, baseUrl, allowedDomains: checked.get(baseUrl) };
	};
}
