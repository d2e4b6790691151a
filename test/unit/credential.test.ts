import fc from 'fast-check';
import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IHttpRequestOptions,
} from 'n8n-workflow';
import * as n8n from 'n8n-workflow';

import { OpenAIConversationApi } from '../../credentials/OpenAIConversationApi.credentials';
import type { Credential } from '../../nodes/shared/n8n/credential';
import { allowedDomainsFor, parseCredential, redactorFor } from '../../nodes/shared/n8n/credential';
import {
	anyJson,
	anyText,
	anyValue,
	KEY,
	NODE,
	refusal,
	refused,
	RUNS,
	runsOf,
	SECRET,
} from '../support/unit';

const credential = new OpenAIConversationApi();

async function headersFor(
	fields: ICredentialDataDecryptedObject,
	given?: IDataObject,
): Promise<Record<string, unknown>> {
	const request: IHttpRequestOptions = {
		url: 'https://x.example',
		...(given === undefined ? {} : { headers: given }),
	};
	const { headers } = await credential.authenticate({ apiKey: KEY, ...fields }, request);
	return { ...headers };
}

const custom = (...headers: IDataObject[]): ICredentialDataDecryptedObject => ({
	customHeaders: { headers },
});

describe('The credential', () => {
	it.each<[string, ICredentialDataDecryptedObject, Record<string, unknown>]>([
		['as a bearer token', { authentication: 'bearer' }, { Authorization: `Bearer ${KEY}` }],
		['as a bearer token where nothing is chosen', {}, { Authorization: `Bearer ${KEY}` }],
		['as an API key header', { authentication: 'apiKeyHeader' }, { 'api-key': KEY }],
		[
			'without the white space that pasting leaves',
			{ apiKey: ` ${KEY}\n` },
			{ Authorization: `Bearer ${KEY}` },
		],
	])('should send the key %s', async (_what, fields, expected) => {
		expect(await headersFor(fields)).toEqual(expected);
	});

	it.each<[string, ICredentialDataDecryptedObject, Record<string, unknown>]>([
		[
			'both when filled',
			{ organizationId: 'org-1', projectId: 'proj_1' },
			{ 'OpenAI-Organization': 'org-1', 'OpenAI-Project': 'proj_1' },
		],
		[
			'one when filled',
			{ organizationId: ' org-1 ', projectId: '' },
			{ 'OpenAI-Organization': 'org-1' },
		],
		['none when empty', { organizationId: '', projectId: ' ' }, {}],
		['none when they are no texts', { organizationId: 5, projectId: { a: 1 } }, {}],
	])('should send organization and project: %s', async (_what, fields, expected) => {
		expect(await headersFor(fields)).toEqual({ Authorization: `Bearer ${KEY}`, ...expected });
	});

	it.each<[string, ICredentialDataDecryptedObject, Record<string, unknown>]>([
		[
			'with names and values',
			custom({ name: 'x-a', value: '1' }, { name: 'x-b', value: '2' }),
			{ 'x-a': '1', 'x-b': '2' },
		],
		['without white space around them', custom({ name: ' x-a ', value: '\t1\n' }), { 'x-a': '1' }],
		['without rows that have no name', custom({ name: ' ', value: '1' }, { value: '2' }), {}],
		[
			'the last of a name that stands there twice',
			custom({ name: 'x-a', value: '1' }, { name: 'X-A', value: '2' }),
			{ 'X-A': '2' },
		],
		['none where the field was never touched', {}, {}],
		['none where it is empty', { customHeaders: {} }, {}],
		['none where it is null', JSON.parse('{ "customHeaders": null }'), {}],
		['none where it is something else', { customHeaders: 'x' }, {}],
	])('should send custom headers: %s', async (_what, fields, expected) => {
		expect(await headersFor(fields)).toEqual({ Authorization: `Bearer ${KEY}`, ...expected });
	});

	it.each(['authorization', 'Authorization', 'AUTHORIZATION'])(
		'should let the custom header %s take the place of the key',
		async (name) => {
			expect(await headersFor(custom({ name, value: 'Basic abc' }))).toEqual({
				[name]: 'Basic abc',
			});
		},
	);

	it('should let a custom header take the place of the organization and of one that the request brings', async () => {
		const fields = {
			organizationId: 'org-1',
			...custom(
				{ name: 'openai-organization', value: 'org-2' },
				{ name: 'accept', value: 'text/plain' },
			),
		};
		expect(await headersFor(fields, { Accept: 'application/json' })).toEqual({
			Authorization: `Bearer ${KEY}`,
			'openai-organization': 'org-2',
			accept: 'text/plain',
		});
	});

	it('should let the key take the place of what the request brings, and keep the other headers', async () => {
		expect(await headersFor({}, { authorization: 'Basic abc', 'X-Trace': '1' })).toEqual({
			Authorization: `Bearer ${KEY}`,
			'X-Trace': '1',
		});
	});

	it('should keep the rest of the request', async () => {
		const request: IHttpRequestOptions = {
			url: 'https://x.example',
			method: 'POST',
			body: { a: 1 },
			disableFollowRedirect: true,
		};
		expect(await credential.authenticate({ apiKey: KEY }, { ...request })).toEqual({
			...request,
			headers: { Authorization: `Bearer ${KEY}` },
		});
	});

	it('should never send a header in two spellings, whatever rows there are', async () => {
		const row = fc.record({
			name: fc.oneof(anyText, fc.constantFrom('Authorization', 'api-key', 'X-A', 'x-a')),
			value: anyText,
		});
		await fc.assert(
			fc.asyncProperty(
				fc.array(row),
				fc.constantFrom('bearer', 'apiKeyHeader'),
				async (rows, authentication) => {
					const names = Object.keys(await headersFor({ authentication, ...custom(...rows) })).map(
						(name) => name.toLowerCase(),
					);
					expect(new Set(names).size).toBe(names.length);
				},
			),
			RUNS,
		);
	}, 60_000);

	it('should have a test that follows no redirect and looks for what the API answers', () => {
		const { request, rules = [] } = credential.test;
		expect(request).toMatchObject({ url: '/models', disableFollowRedirect: true });
		expect(rules.at(-1)).toMatchObject({
			type: 'responseSuccessBody',
			properties: { key: 'data', value: undefined },
		});
	});

	it('should have words for every status that a wrong credential is answered with', () => {
		const messages = new Map(
			(credential.test.rules ?? []).flatMap(({ type, properties }) =>
				type === 'responseCode' ? [[properties.value, properties.message] as const] : [],
			),
		);
		expect([...messages.keys()]).toEqual([
			301, 302, 303, 307, 308, 401, 403, 404, 405, 429, 500, 502, 503, 504,
		]);
		for (const message of messages.values()) expect(message).toMatch(/^[A-Z].+\.$/);
		expect(messages.get(401)).toContain('Check API Key');
		expect(messages.get(302)).toContain('Redirects are never followed');
	});

	describe('when it is tested', () => {
		/** What n8n hands over for the test: the only request with an address of its own to build on. */
		const testing = async (fields: ICredentialDataDecryptedObject) =>
			await credential.authenticate(
				{ apiKey: KEY, ...fields },
				{ baseURL: 'https://x.example', url: '/models' },
			);

		it('should be sent when it can be', async () => {
			const { headers } = await testing({ baseUrl: ' https://x.example/v1// ' });
			expect(headers).toEqual({ Authorization: `Bearer ${KEY}` });
		});

		it.each<[string, ICredentialDataDecryptedObject, string]>([
			[
				'no key',
				{ apiKey: ' ' },
				'API Key in the credential is empty. Enter the key again in the credential',
			],
			[
				'an address that is none',
				{ baseUrl: 'api.example.com/v1' },
				'Base URL in the credential is "api.example.com/v1", which is not an http or https URL. Enter an address such as https://api.openai.com/v1.',
			],
			[
				'a header that can not be one',
				custom({ name: 'x y', value: 'v' }),
				'Custom Headers in the credential has the name "x y"',
			],
		])("should be refused in the node's own words for %s", async (_what, fields, message) => {
			await expect(testing(fields)).rejects.toThrow(message);
		});

		it('should not show a key that was pasted into another field', async () => {
			const error: unknown = await testing({ baseUrl: KEY }).catch((reason: unknown) => reason);
			const shown = error instanceof Error ? error.message : '';
			expect(shown).toContain('Base URL in the credential is');
			for (const run of runsOf(SECRET, 5)) expect(shown).not.toContain(run);
		});

		it('should not hinder other nodes, which bring an address of their own', async () => {
			const request = { url: 'https://x.example/v1/models' };
			await expect(
				credential.authenticate({ apiKey: KEY, baseUrl: 'nonsense' }, request),
			).resolves.toMatchObject(request);
		});
	});

	it('should lead to this package, and say where to get a key', () => {
		expect(credential.documentationUrl).toBe(
			'https://www.npmjs.com/package/n8n-nodes-openai-conversation',
		);
		const apiKey = credential.properties.find(({ name }) => name === 'apiKey');
		expect(apiKey?.description).toContain('https://platform.openai.com/api-keys');
		expect(apiKey?.description).toContain("the key that n8n's own OpenAI credential uses");
	});
});

describe('The fields of a credential', () => {
	const parse = (fields: ICredentialDataDecryptedObject = {}) =>
		parseCredential({ apiKey: KEY, ...fields });

	it('should be taken without the white space that came along with pasting', () => {
		const data = { apiKey: ` ${KEY}\n`, baseUrl: ' https://x.example/v1/ ' };
		expect(parseCredential(data)).toEqual({
			data,
			key: KEY,
			baseUrl: 'https://x.example/v1',
		});
	});

	it.each([undefined, ''])("should have the API's own address where Base URL is %j", (baseUrl) => {
		const fields: ICredentialDataDecryptedObject = baseUrl === undefined ? {} : { baseUrl };
		expect(parse(fields).baseUrl).toBe('https://api.openai.com/v1');
	});

	it.each<[string, string, string, string]>([
		['a word', 'x-route', ' secret-1 ', 'secret-1'],
		['a key behind its scheme', 'x-authorization', 'Bearer  secret-1', 'secret-1'],
		['a key behind its scheme in another case', 'x-authorization', 'basic secret-1', 'secret-1'],
	])(
		'should be kept out of texts, those of custom headers too: %s',
		(_what, name, value, secret) => {
			const { text } = redactorFor({ apiKey: KEY, ...custom({ name, value }) });
			expect(text(`a ${secret} b ${KEY} c`)).toMatch(/^a \[redacted\] b \S*\[redacted\] c$/);
		},
	);

	it.each<[string, ICredentialDataDecryptedObject]>([
		['no rows', custom()],
		['a row without a name', custom({ value: 'value-1' })],
		['a row whose name is empty', custom({ name: ' ', value: 'value-1' })],
		['no list', { customHeaders: { headers: 'value-1' } }],
		['no collection', { customHeaders: 'value-1' }],
		['no key', { apiKey: 5 }],
	])('should leave texts as they are for %s', (_what, fields) => {
		expect(redactorFor({ apiKey: KEY, ...fields }).text('a value-1 b')).toBe('a value-1 b');
	});

	const API_KEYS =
		'Enter the key again in the credential. OpenAI shows a key only once: if you no longer have it, create a new one on the API keys page of its dashboard.';

	it.each<[string, ICredentialDataDecryptedObject, string, string]>([
		['no key', { apiKey: '' }, 'API Key in the credential is empty', API_KEYS],
		['a key of white space', { apiKey: ' \n' }, 'API Key in the credential is empty', API_KEYS],
		['a key that is no text', { apiKey: 5 }, 'API Key in the credential is empty', API_KEYS],
		[
			'a key with white space in it',
			{ apiKey: 'sk-a b' },
			"API Key in the credential contains characters that can't be part of a key",
			API_KEYS,
		],
		[
			'a key with an ending that no key has',
			{ apiKey: 'sk-a…' },
			"API Key in the credential contains characters that can't be part of a key",
			API_KEYS,
		],
		[
			'a key with a beginning that no key has',
			{ apiKey: '“sk-a' },
			"API Key in the credential contains characters that can't be part of a key",
			API_KEYS,
		],
		[
			'a base URL that is none',
			{ baseUrl: 'x' },
			'Base URL in the credential is "x"',
			'https://api.openai.com/v1',
		],
		[
			'a base URL that is no text',
			{ baseUrl: 5 },
			'Base URL in the credential is a number, not text',
			'https://api.openai.com/v1',
		],
		[
			'a base URL that has no text',
			{ baseUrl: JSON.parse('{ "toString": null }') },
			'Base URL in the credential is an object, not text',
			'https://api.openai.com/v1',
		],
		[
			'a header that can not be one',
			custom({ name: 'x y', value: 'v' }),
			'Custom Headers in the credential has the name "x y"',
			'Use letters, digits and hyphens, such as x-gateway-route.',
		],
		[
			'a header of the connection',
			custom({ name: 'TE', value: 'v' }),
			"Custom Headers in the credential can't set TE",
			'Remove it from the credential.',
		],
		[
			'a value with a line break',
			custom({ name: 'x-a', value: 'a\nb' }),
			'The value of x-a in Custom Headers in the credential has characters',
			'Remove line breaks',
		],
	])('should be refused for %s', (_what, fields, message, advice) => {
		const error = refused(() => parse(fields));
		expect(error.message).toContain(message);
		expect(error.advice).toContain(advice);
	});

	it('should be such as can be used, or be refused with a text, whatever they hold', () => {
		const fields = fc.dictionary(
			fc.constantFrom('apiKey', 'baseUrl', 'customHeaders', 'organizationId'),
			fc.oneof(anyJson, anyText),
		);
		fc.assert(
			fc.property(fields, (given) => {
				const error = refusal(() => {
					const { key, baseUrl } = parseCredential(JSON.parse(JSON.stringify(given)));
					expect(new Headers({ authorization: `Bearer ${key}` }).get('authorization')).toBe(
						`Bearer ${key}`,
					);
					expect(new URL(baseUrl).protocol).toMatch(/^https?:$/);
				});
				if (error !== undefined) expect(error.message).toContain('in the credential');
			}),
			RUNS,
		);
	});
});

const OWN = 'https://api.example/v1';

const domains = (
	fields: ICredentialDataDecryptedObject,
	url: string,
	decide = allowedDomainsFor,
): string | undefined => {
	const read: Credential = { data: fields, key: KEY, baseUrl: OWN };
	return decide(NODE, read, url);
};

describe('The addresses that a credential allows', () => {
	const cases: Array<
		[string, ICredentialDataDecryptedObject, string, string | undefined | 'refused']
	> = [
		['no restriction', {}, 'https://any.example', undefined],
		[
			'all',
			{ allowedHttpRequestDomains: 'all', allowedDomains: 'x.example' },
			'https://any.example',
			undefined,
		],
		['none, its own', { allowedHttpRequestDomains: 'none' }, OWN, undefined],
		['none, another', { allowedHttpRequestDomains: 'none' }, 'https://any.example', 'refused'],
		[
			'none, its own on another path',
			{ allowedHttpRequestDomains: 'none' },
			'https://api.example/v2',
			'refused',
		],
		[
			'a list with the host',
			{ allowedHttpRequestDomains: 'domains', allowedDomains: ' a.example , B.example. ' },
			'https://b.EXAMPLE/v1',
			'a.example , B.example.',
		],
		[
			'a list with the host, which ends with a dot',
			{ allowedHttpRequestDomains: 'domains', allowedDomains: 'a.example' },
			'https://a.example./v1',
			'a.example',
		],
		[
			'a list with a wildcard',
			{ allowedHttpRequestDomains: 'domains', allowedDomains: '*.example' },
			'https://a.b.example',
			'*.example',
		],
		[
			'a list whose wildcard is for subdomains only',
			{ allowedHttpRequestDomains: 'domains', allowedDomains: '*.b.example' },
			'https://b.example',
			'refused',
		],
		[
			'a list without the host',
			{ allowedHttpRequestDomains: 'domains', allowedDomains: 'a.example' },
			'https://aa.example',
			'refused',
		],
		[
			'a list with something that only ends alike',
			{ allowedHttpRequestDomains: 'domains', allowedDomains: '*.example' },
			'https://notexample',
			'refused',
		],
		[
			'an empty list',
			{ allowedHttpRequestDomains: 'domains', allowedDomains: ' ' },
			OWN,
			'refused',
		],
		[
			'a list of commas',
			{ allowedHttpRequestDomains: 'domains', allowedDomains: ', ,' },
			OWN,
			'refused',
		],
		[
			'a list with a bare wildcard',
			{ allowedHttpRequestDomains: 'domains', allowedDomains: '*.' },
			'https://any.example',
			'refused',
		],
		['no list at all', { allowedHttpRequestDomains: 'domains' }, OWN, 'refused'],
		[
			'its own, which is not in the list',
			{ allowedHttpRequestDomains: 'domains', allowedDomains: 'b.example' },
			OWN,
			'refused',
		],
		[
			'a mode that n8n does not know',
			{ allowedHttpRequestDomains: 'some' },
			'https://any.example',
			undefined,
		],
	];

	/** As it is on the first line of n8n, which has the fields but not the function that decides. */
	function onOlder(): typeof allowedDomainsFor {
		jest.resetModules();
		jest.doMock('n8n-workflow', () => ({
			...jest.requireActual<typeof n8n>('n8n-workflow'),
			assertCredentialAllowsUrl: undefined,
		}));
		const module = jest.requireActual<{ allowedDomainsFor: typeof allowedDomainsFor }>(
			'../../nodes/shared/n8n/credential',
		);
		jest.dontMock('n8n-workflow');
		return module.allowedDomainsFor;
	}

	const older = onOlder();

	const outcome = (action: () => string | undefined): string | undefined => {
		try {
			return action();
		} catch (error) {
			const message = error instanceof Error ? error.message : '';
			return /^Base URL points to \S+, which the credential does not allow$/.test(message)
				? 'refused'
				: message;
		}
	};

	it.each(cases)('should be the same on both lines of n8n: %s', (_what, fields, url, expected) => {
		expect(outcome(() => domains(fields, url))).toBe(expected);
		expect(outcome(() => domains(fields, url, older))).toBe(expected);
	});

	it.each([
		['the options', 'https://b.example/v1', 'Remove Base URL from the options'],
		[
			'the credential itself',
			OWN,
			'Allowed Domains in the credential does not list its own Base URL',
		],
	])('should say who can put it right when the address comes from %s', (_where, url, advice) => {
		const fields = { allowedHttpRequestDomains: 'domains', allowedDomains: 'c.example' };
		expect(refusal(() => domains(fields, url))?.advice).toContain(advice);
	});

	it('should be the same on both lines of n8n, whatever the list', () => {
		const host = fc.constantFrom(
			'a.example',
			'b.a.example',
			'example',
			'api.example',
			'x',
			'A.Example',
			'a.example.',
			'localhost',
			'127.0.0.1',
			'[::1]',
		);
		const entry = fc.oneof(
			host,
			host.map((name) => `*.${name}`),
			fc.constantFrom('*', '*.', '', ' ', '.', '*.*', '*example'),
		);
		fc.assert(
			fc.property(
				fc.constantFrom('all', 'domains', 'none', '', 'other'),
				fc.array(entry, { maxLength: 3 }).map((entries) => entries.join(', ')),
				fc.oneof(
					host.map((name) => `https://${name}/v1`),
					fc.constant(OWN),
				),
				(mode, allowedDomains, url) => {
					const fields = { allowedHttpRequestDomains: mode, allowedDomains };
					expect(outcome(() => domains(fields, url, older))).toBe(
						outcome(() => domains(fields, url)),
					);
				},
			),
			RUNS,
		);
	});

	it('should never crash, whatever the fields hold', () => {
		fc.assert(
			fc.property(
				fc.oneof(anyText, anyValue),
				fc.constantFrom('domains', 'none'),
				(allowedDomains, mode) => {
					const fields: ICredentialDataDecryptedObject = JSON.parse(
						JSON.stringify({ allowedHttpRequestDomains: mode }),
					);
					Object.assign(fields, { allowedDomains });
					expect(refusal(() => domains(fields, 'https://any.example')) === undefined).toBe(
						mode === 'domains' &&
							typeof allowedDomains === 'string' &&
							allowedDomains.includes('any.example'),
					);
				},
			),
			RUNS,
		);
	});
});
