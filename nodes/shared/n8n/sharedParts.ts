import type { IExecuteFunctions, ILoadOptionsFunctions, ISupplyDataFunctions } from 'n8n-workflow';

import type { SharedParts } from '../transport/client';
import { createRateLimiter } from '../transport/rateLimiter';
import { systemClock } from './clock';
import type { Credential } from './credential';
import { createSend } from './requestHelper';

interface Choices {
	/** Fires when the execution is stopped. Left out: there is no stop. */
	cancelled?: AbortSignal;
	/** Left out: only the API sets the pace. */
	limiter?: SharedParts['limiter'];
}

/** What the requests of a run share: they go out through n8n, and time is the system's. */
export const createSharedParts = (
	context: IExecuteFunctions | ISupplyDataFunctions | ILoadOptionsFunctions,
	credential: Credential,
	{
		cancelled = new AbortController().signal,
		limiter = createRateLimiter({ maxRequestsPerMinute: 0, clock: systemClock }),
	}: Choices,
): SharedParts => ({
	send: createSend(context, credential),
	limiter,
	statistics: { requests: 0, retries: new Map() },
	cancelled,
	clock: systemClock,
	random: Math.random,
});
