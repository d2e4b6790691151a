import { startServer } from '../../server/index.mjs';
import { API_KEY, searchModels } from '../support/engine';

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;
beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
afterAll(async () => await server.close());
beforeEach(() => server.reset());

const ids = async (filter?: string) =>
	(await searchModels(server.url, filter === undefined ? {} : { filter })).results.map(
		({ value }) => value,
	);

/** The error with which the form is told that there is no list. */
async function failure(baseUrl: string, credential = {}) {
	const error: unknown = await searchModels(baseUrl, { credential }).catch(
		(thrown: unknown) => thrown,
	);
	if (error instanceof Error && 'description' in error) {
		return { message: error.message, description: String(error.description) };
	}
	throw new Error('There was a list, or an error without words', { cause: error });
}

describe('The list of models', () => {
	it('should have those that can reply, and no others, in alphabetical order', async () => {
		expect(await ids()).toEqual([
			'chatgpt-4o-latest',
			'gpt-3.5-turbo',
			'gpt-4.1',
			'gpt-4.1-mini',
			'gpt-4o',
			'gpt-4o-2024-08-06',
			'gpt-4o-mini',
			'gpt-5',
			'gpt-5-codex',
			'gpt-5-mini',
			'gpt-5-nano',
			'gpt-5-pro',
			'o3',
			'o4-mini',
		]);
		expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
			'GET /v1/models',
		]);
		expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${API_KEY}`);
	});

	it('should be searched without regard to case', async () => {
		expect(await ids('5-MINI ')).toEqual(['gpt-5-mini']);
		expect(await ids('nothing like it')).toEqual([]);
	});

	it('should judge a fine-tuned model by what it was made of', async () => {
		const data = ['ft:gpt-4.1-mini:acme:image-captions:1', 'ft:babbage-002:acme::2', 7].map(
			(id) => ({ id }),
		);
		server.fault({ status: 200, body: { object: 'list', data: [...data, null] } });
		expect(await ids()).toEqual(['ft:gpt-4.1-mini:acme:image-captions:1']);
	});
});

describe('A list that can not be loaded', () => {
	it.each([
		['a wrong key', { apiKey: 'sk-wrong' }, 'Incorrect API key provided'],
		['no key', { apiKey: '' }, 'API Key in the credential is empty'],
		['an address that is none', { baseUrl: 'nowhere' }, 'Base URL in the credential'],
		['a port where nothing listens', { baseUrl: 'http://127.0.0.1:9/v1' }, '127.0.0.1:9'],
		[
			'an address that the credential forbids',
			{ allowedHttpRequestDomains: 'domains', allowedDomains: 'example.com' },
			'which the credential does not allow',
		],
	])('should be explained for %s', async (_what, credential, message) => {
		const told = await failure(server.url, credential);
		expect(told.message).toContain(message);
		expect(told.description).toMatch(
			/^Set Model to By ID and enter the ID, or open the list again later\./,
		);
		expect(JSON.stringify(told)).not.toContain(API_KEY);
	});

	it.each<[string, Parameters<Server['fault']>[0], string]>([
		['a server that knows no models', { status: 404 }, ''],
		['a web page', { status: 200, body: '<html></html>' }, 'a web page (HTML)'],
		['something else', { status: 200, body: { models: [] } }, 'not with a list of models'],
		['a redirect', { status: 302, headers: { location: 'https://example.com' } }, 'redirected'],
		['a connection that breaks', { reset: 'before-headers' }, 'broke'],
	])('should be explained for %s', async (_what, rule, message) => {
		server.fault(rule);
		const told = await failure(server.url);
		expect(told.message).toContain(message);
		expect(told.description).toContain('By ID');
		expect(server.requestCount).toBe(1);
	});
});
