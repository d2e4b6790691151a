import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { listModels } from '../../shared/api/models';
import {
	allowedDomainsFor,
	CREDENTIAL_TYPE,
	parseCredential,
	redactorFor,
} from '../../shared/n8n/credential';
import { describeFailure } from '../../shared/n8n/errors';
import { createSharedParts } from '../../shared/n8n/sharedParts';
import { createClient } from '../../shared/transport/client';
import { RequestFailure } from '../../shared/transport/failures';
import { sentences } from '../../shared/values/text';

const WAY_ROUND =
	'Set Model to By ID and enter the ID, or open the list again later. The list uses only the credential, not the options below.';

/** Statuses whose advice is about the credential. */
const FITTING: ReadonlySet<number | undefined> = new Set([401, 403, 404]);

/** Seconds after which the form stops waiting for the list. */
const TIMEOUT = 20;

/**
 * The models that can reply, for the form: GET /models at the credential's own address.
 * @throws {NodeApiError | NodeOperationError} in the words of the node, with the way round it
 */
export async function searchModels(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const node = this.getNode();
	const data = await this.getCredentials(CREDENTIAL_TYPE);
	try {
		const credential = parseCredential(data);
		const { signal } = new AbortController();
		const api = createClient(
			createSharedParts(this, credential, {}),
			{
				baseUrl: credential.baseUrl,
				allowedDomains: allowedDomainsFor(node, credential, credential.baseUrl),
				timeout: TIMEOUT,
				maxRetries: 0,
				retryNetworkErrors: false,
			},
			signal,
		);
		const words = filter.trim().toLowerCase();
		const models = (await listModels(api)).filter((id) => id.toLowerCase().includes(words));
		return { results: models.map((id) => ({ name: id, value: id })) };
	} catch (cause) {
		const redactor = redactorFor(data);
		const { error } = describeFailure(node, cause, { item: 0, several: false, redactor });
		// Other advice speaks of options and of running the workflow, neither of which the list has.
		const isFitting = !(cause instanceof RequestFailure) || FITTING.has(cause.details.status);
		error.description = sentences(WAY_ROUND, isFitting ? (error.description ?? '') : '');
		throw error;
	}
}
