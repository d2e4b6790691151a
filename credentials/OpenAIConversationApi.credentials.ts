import type {
	IAuthenticateRuleResponseCode,
	IAuthenticateRuleResponseSuccessBody,
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	Icon,
	IDataObject,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';

import { parseCredential, redactorFor } from '../nodes/shared/n8n/credential';
import { FieldError } from '../nodes/shared/values/field';

/** The text of a credential field, without the white space that pasting leaves around it. */
const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

/** The rows of the Custom Headers field; n8n leaves the whole field out when nobody added a row. */
function customHeaders(credentials: ICredentialDataDecryptedObject): Array<[string, string]> {
	const field = credentials.customHeaders;
	const rows =
		typeof field === 'object' && field !== null && 'headers' in field ? field.headers : [];
	return (Array.isArray(rows) ? rows : [])
		.map((row: IDataObject): [string, string] => [text(row.name), text(row.value)])
		.filter(([name]) => name !== '');
}

const NOT_THE_API =
	'The server answered, but not as the OpenAI API does. Check Base URL: it usually ends in /v1.';

/** What the credential test says about an answer, by its status. */
const MESSAGES: ReadonlyArray<readonly [statuses: readonly number[], message: string]> = [
	[
		[301, 302, 303, 307, 308],
		'The server redirected the request. Redirects are never followed, because that would hand the key to another address. In Base URL, enter the address that your provider gives you.',
	],
	[
		[401],
		"The API did not accept the key. Check API Key, and Base URL if you don't use OpenAI's own address. Azure OpenAI needs Authentication set to API Key Header.",
	],
	[
		[403],
		'The key is not allowed to list models. It can still work in the nodes if it may use conversations and responses. Otherwise check its permissions, Organization ID and Project ID.',
	],
	[[404, 405], 'The server does not know this address. Check Base URL: it usually ends in /v1.'],
	[
		[429],
		'The API accepted the key, but its rate limit or your credit is used up. Wait a minute, or check the billing page of the OpenAI dashboard.',
	],
	[[500, 502, 503, 504], 'The server could not answer. Try again later.'],
];

const byStatus: IAuthenticateRuleResponseCode[] = MESSAGES.flatMap(([statuses, message]) =>
	statuses.map((value) => ({ type: 'responseCode', properties: { value, message } })),
);

const byBody: IAuthenticateRuleResponseSuccessBody = {
	type: 'responseSuccessBody',
	properties: { key: 'data', value: undefined, message: NOT_THE_API },
};

/** Both kinds at once, which n8n's test applies by their `type`, although its declaration names one kind. */
const testRules = [...byStatus, byBody] as IAuthenticateRuleResponseCode[];

/**
 * Refuses a credential that no request can be made with, in the node's own words.
 * @throws {Error} whose message says what is wrong and how to put it right
 */
function checkCredential(credentials: ICredentialDataDecryptedObject): void {
	try {
		parseCredential(credentials);
	} catch (error) {
		if (error instanceof FieldError) {
			// The key may have been pasted into another field.
			error.message = redactorFor(credentials).text(`${error.message}. ${error.advice}`);
		}
		throw error;
	}
}

export class OpenAIConversationApi implements ICredentialType {
	name = 'openAIConversationApi';

	displayName = 'OpenAI Conversation API';

	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-openai-conversation';

	icon: Icon = {
		light: 'file:../nodes/OpenAIConversation/openAIConversation.svg',
		dark: 'file:../nodes/OpenAIConversation/openAIConversation.dark.svg',
	};

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			description:
				'Create one on the <a href="https://platform.openai.com/api-keys">API keys page</a> of the OpenAI dashboard. You can also paste the key that n8n\'s own OpenAI credential uses: a community node needs a credential of its own.',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.openai.com/v1',
			placeholder: 'e.g. https://my-resource.openai.azure.com/openai/v1',
			description: 'Change it only for Azure OpenAI or a gateway. The address usually ends in /v1.',
		},
		{
			displayName: 'Authentication',
			name: 'authentication',
			type: 'options',
			options: [
				{
					name: 'Bearer Token',
					value: 'bearer',
					description: 'For OpenAI and most gateways: sends the key as "Authorization: Bearer …"',
				},
				{
					name: 'API Key Header',
					value: 'apiKeyHeader',
					description: 'For Azure OpenAI: sends the key as "api-key: …"',
				},
			],
			default: 'bearer',
			description: 'How to send the key',
		},
		{
			displayName: 'Organization ID',
			name: 'organizationId',
			type: 'string',
			default: '',
			placeholder: 'e.g. org-abc123',
			description: 'Only needed if your key belongs to several organizations',
		},
		{
			displayName: 'Project ID',
			name: 'projectId',
			type: 'string',
			default: '',
			placeholder: 'e.g. proj_abc123',
			description: 'Only needed if your key has access to several projects',
		},
		{
			displayName: 'Custom Headers',
			name: 'customHeaders',
			type: 'fixedCollection',
			typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Header' },
			default: {},
			placeholder: 'Add Header',
			description: 'Headers to send with every request, such as those that your gateway needs',
			options: [
				{
					displayName: 'Header',
					name: 'headers',
					values: [
						{
							displayName: 'Name',
							name: 'name',
							type: 'string',
							default: '',
							placeholder: 'e.g. x-gateway-route',
						},
						{
							displayName: 'Value',
							name: 'value',
							type: 'string',
							typeOptions: { password: true },
							default: '',
						},
					],
				},
			],
		},
	];

	/**
	 * Adds the key, the organization and the project (only when filled) and the custom headers.
	 * A custom header wins over one of the same name, so that a gateway can take the key's place.
	 */
	authenticate = async (
		credentials: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> => {
		// Only the test below sets it. For what fails in a request it shows nothing but a code.
		if (requestOptions.baseURL !== undefined) checkCredential(credentials);
		const key = text(credentials.apiKey);
		const own: Array<[string, string]> = [
			credentials.authentication === 'apiKeyHeader'
				? ['api-key', key]
				: ['Authorization', `Bearer ${key}`],
			['OpenAI-Organization', text(credentials.organizationId)],
			['OpenAI-Project', text(credentials.projectId)],
		];
		const headers = new Map<string, [string, unknown]>();
		for (const [name, value] of [
			...Object.entries(requestOptions.headers ?? {}),
			...own.filter(([, value]) => value !== ''),
			...customHeaders(credentials),
		]) {
			headers.set(name.toLowerCase(), [name, value]);
		}
		requestOptions.headers = Object.fromEntries(headers.values()) as IDataObject;
		return requestOptions;
	};

	test: ICredentialTestRequest = {
		request: {
			baseURL:
				'={{ ($credentials.baseUrl || "https://api.openai.com/v1").trim().replace(/\\/+$/, "") }}',
			url: '/models',
			disableFollowRedirect: true,
		},
		rules: testRules,
	};
}
