import type {
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	Icon,
	IDataObject,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';

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

export class OpenAIConversationApi implements ICredentialType {
	name = 'openAIConversationApi';

	displayName = 'OpenAI Conversation API';

	documentationUrl = 'https://platform.openai.com/docs/api-reference/authentication';

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
			description: 'From the API keys page of the OpenAI dashboard, or from your gateway',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.openai.com/v1',
			placeholder: 'e.g. https://my-resource.openai.azure.com/openai/v1',
			description: 'Change it only for Azure OpenAI or a gateway. The path usually ends in /v1.',
		},
		{
			displayName: 'Authentication',
			name: 'authentication',
			type: 'options',
			options: [
				{
					name: 'Bearer Token',
					value: 'bearer',
					description: 'Sends the key as "Authorization: Bearer …", for OpenAI and most gateways',
				},
				{
					name: 'API Key Header',
					value: 'apiKeyHeader',
					description: 'Sends the key as "api-key: …", for Azure OpenAI',
				},
			],
			default: 'bearer',
			description: 'How the key is sent',
		},
		{
			displayName: 'Organization ID',
			name: 'organizationId',
			type: 'string',
			default: '',
			placeholder: 'e.g. org-abc123',
			description: 'Only needed when your key belongs to several organizations',
		},
		{
			displayName: 'Project ID',
			name: 'projectId',
			type: 'string',
			default: '',
			placeholder: 'e.g. proj_abc123',
			description: 'Only needed when your key can act for several projects',
		},
		{
			displayName: 'Custom Headers',
			name: 'customHeaders',
			type: 'fixedCollection',
			typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Header' },
			default: {},
			placeholder: 'Add Header',
			description: 'Headers that your gateway needs with every request',
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
		rules: [
			{
				type: 'responseSuccessBody',
				properties: {
					key: 'data',
					value: undefined,
					message:
						'The server answered, but not as the OpenAI API does. Check the Base URL: its path usually ends in /v1.',
				},
			},
		],
	};
}
