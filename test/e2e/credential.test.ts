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
