import { leakOf } from './support/leaks.mjs';
import { setStage, type Stage } from './support/stage.mjs';
import { CREDENTIAL_TYPE, newKey } from './support/workflows.mjs';

let stage: Stage;

beforeAll(async () => {
	stage = await setStage();
});
afterAll(async () => await stage.close());

/** What the editor does when a user saves a credential. */
async function test(data: Record<string, unknown>) {
	const credential = { name: 'Tried', type: CREDENTIAL_TYPE, data };
	const id = await stage.n8n.createCredential(credential);
	return await stage.n8n.rest('POST', '/rest/credentials/test', {
		credentials: { id, ...credential },
	});
}

describe.each([
	{ authentication: 'bearer', header: 'authorization', value: (key: string) => `Bearer ${key}` },
	{ authentication: 'apiKeyHeader', header: 'api-key', value: (key: string) => key },
])('the credential test with $authentication', ({ authentication, header, value }) => {
	it('passes with a good key, which it sends in the right header to {baseUrl}/models', async () => {
		const { api, apiKey } = stage;
		const before = api.requestCount;

		const result = await test({ apiKey, baseUrl: `${api.url}//`, authentication });

		expect(result).toMatchObject({ status: 'OK' });
		expect(api.requests.slice(before).map(({ method, path }) => `${method} ${path}`)).toEqual([
			'GET /v1/models',
		]);
		expect(api.requests[before]?.headers[header]).toBe(value(apiKey));
	});

	it('fails with a bad key and does not show it, although the API repeats it', async () => {
		const { api } = stage;
		const apiKey = newKey();

		const result = await test({ apiKey, baseUrl: api.url, authentication });

		expect(result).toMatchObject({ status: 'Error' });
		expect(leakOf(JSON.stringify(result), apiKey)).toBeUndefined();
	});
});

describe('the credential test', () => {
	it.each([
		['Base URL is no address', { baseUrl: 'api.example.com/v1' }, /^Base URL in the credential is/],
		[
			'there is no key',
			{ apiKey: ' ' },
			/^API Key in the credential is empty\. Enter the key again/,
		],
	])('says in words that %s, before any request', async (_what, fields, message) => {
		const { api, apiKey } = stage;
		const before = api.requestCount;
		expect(await test({ apiKey, baseUrl: api.url, ...fields })).toEqual({
			status: 'Error',
			message: expect.stringMatching(message),
		});
		expect(api.requestCount).toBe(before);
	});

	it.each([
		[401, 'The API did not accept the key. Check API Key'],
		[403, 'The key is not allowed to list models'],
		[404, 'The server does not know this address. Check Base URL'],
		[429, 'its rate limit or your credit is used up'],
		[503, 'The server could not answer. Try again later.'],
	])('says in words what a %d means', async (status, message) => {
		const { api, apiKey } = stage;
		// n8n sends a request that is answered with 401 a second time.
		api.fault({ match: { path: '/v1/models' }, status, times: status === 401 ? 2 : 1 });
		const result = await test({ apiKey, baseUrl: api.url });
		expect(result).toEqual({ status: 'Error', message: expect.stringContaining(message) });
	});

	it('follows no redirect, and says so', async () => {
		const { api, apiKey } = stage;
		const before = api.requestCount;
		api.fault({
			match: { path: '/v1/models' },
			status: 302,
			headers: { location: `${api.url}/elsewhere` },
		});
		expect(await test({ apiKey, baseUrl: api.url })).toEqual({
			status: 'Error',
			message: expect.stringMatching(/^The server redirected the request\./),
		});
		expect(api.requestCount).toBe(before + 1);
	});

	it('says that a server which answers otherwise is not the API', async () => {
		const { api, apiKey } = stage;
		api.fault({ match: { path: '/v1/models' }, status: 200, body: '<!doctype html><p>Welcome' });
		expect(await test({ apiKey, baseUrl: api.url })).toEqual({
			status: 'Error',
			message: expect.stringMatching(/^The server answered, but not as the OpenAI API does\./),
		});
	});
});
