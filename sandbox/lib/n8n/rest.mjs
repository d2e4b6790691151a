import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../failure.mjs';
import { at, field } from '../values.mjs';
import { unflatten } from './executionData.mjs';

/**
 * @typedef {object} Owner
 * @property {string} email
 * @property {string} password
 */

/**
 * @typedef {object} Workflow
 * @property {string} id
 * @property {string} name
 * @property {unknown[]} nodes
 * @property {Record<string, unknown>} connections
 * @property {Record<string, unknown>} [settings]
 */

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {unknown} body JSON where it is that, else text
 */

/** @typedef {{ id: string, status: string, workflowId: string }} ExecutionSummary */

/** @typedef {import('n8n-workflow').IRunExecutionData} IRunExecutionData */

/** How long n8n may take to know a webhook after its workflow was published. */
const WEBHOOK_DEADLINE_MS = 15_000;

/**
 * @param {unknown} value
 * @returns {value is IRunExecutionData}
 */
const isExecutionData = (value) => field(value, 'resultData') !== undefined;

/**
 * @param {unknown} value
 * @returns {value is ExecutionSummary}
 */
const isExecution = (value) =>
	typeof field(value, 'id') === 'string' && typeof field(value, 'status') === 'string';

/**
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<Answer>}
 */
async function request(url, init) {
	const response = await fetch(url, init);
	const text = await response.text();
	try {
		return { status: response.status, body: JSON.parse(text) };
	} catch {
		return { status: response.status, body: text };
	}
}

/**
 * What n8n's editor says to its server, said as its owner.
 *
 * @param {string} url of n8n
 * @param {Owner} owner
 */
export function n8nRest(url, owner) {
	let cookie = '';

	/**
	 * @param {string} method
	 * @param {string} path
	 * @param {unknown} [body]
	 */
	async function send(method, path, body) {
		return await request(`${url}${path}`, {
			method,
			headers: {
				'content-type': 'application/json',
				// n8n ties a login to the browser it was made in.
				'browser-id': 'sandbox',
				...(cookie && { cookie }),
			},
			...(body !== undefined && { body: JSON.stringify(body) }),
		});
	}

	async function logIn() {
		const { body: settings } = await send('GET', '/rest/settings');
		const isNew = at(settings, 'data', 'userManagement', 'showSetupOnFirstLoad') === true;
		const [path, body] = isNew
			? ['/rest/owner/setup', { ...owner, firstName: 'Sandbox', lastName: 'Owner' }]
			: ['/rest/login', { emailOrLdapLoginId: owner.email, password: owner.password }];
		const response = await fetch(`${url}${path}`, {
			method: 'POST',
			headers: { 'content-type': 'application/json', 'browser-id': 'sandbox' },
			body: JSON.stringify(body),
		});
		const text = await response.text();
		if (!response.ok) {
			throw new Failure(
				`n8n did not let its owner in (${response.status} for ${path}): ${text.slice(0, 300)}`,
				{
					todo: 'Was the password changed in the editor? `npm run sandbox:reset` begins anew.',
				},
			);
		}
		cookie = response.headers
			.getSetCookie()
			.map((each) => each.split(';')[0])
			.join('; ');
	}

	/**
	 * @param {string} method
	 * @param {string} path such as /rest/workflows
	 * @param {unknown} [body]
	 * @returns {Promise<Answer>}
	 */
	async function ask(method, path, body) {
		if (!cookie) await logIn();
		return await send(method, path, body);
	}

	/**
	 * @param {string} method
	 * @param {string} path
	 * @param {unknown} [body]
	 * @returns {Promise<unknown>} what n8n answers under `data`
	 */
	async function rest(method, path, body) {
		const answer = await ask(method, path, body);
		if (answer.status >= 400) {
			throw new Failure(
				`n8n answered ${method} ${path} with ${answer.status}: ${JSON.stringify(answer.body).slice(0, 500)}`,
			);
		}
		return field(answer.body, 'data');
	}

	/**
	 * @param {string} method
	 * @param {string} path
	 * @param {unknown} body
	 */
	async function create(method, path, body) {
		const id = field(await rest(method, path, body), 'id');
		if (typeof id !== 'string') throw new Failure(`n8n answered ${method} ${path} without an ID.`);
		return id;
	}

	/** @param {string} id */
	async function publishWorkflow(id) {
		const workflow = await rest('GET', `/rest/workflows/${id}`);
		if (field(workflow, 'activeVersionId')) return;
		await rest('POST', `/rest/workflows/${id}/activate`, {
			versionId: field(workflow, 'versionId'),
		});
	}

	return {
		ask,
		rest,

		/** Makes the owner's account, or logs in to it. */
		logIn,

		/**
		 * @param {{ name: string, type: string, data: Record<string, unknown> }} credential
		 * @returns {Promise<string>} its ID
		 */
		createCredential: async (credential) => await create('POST', '/rest/credentials', credential),

		/**
		 * @param {import('./cli.mjs').Credential} credential its data in plain
		 * @returns {Promise<boolean>} false when n8n has no credential with that ID
		 */
		async updateCredential({ id, ...changes }) {
			const path = `/rest/credentials/${id}`;
			if ((await ask('GET', path)).status === 404) return false;
			await rest('PATCH', path, changes);
			return true;
		},

		/**
		 * @param {Omit<Workflow, 'id'> & { id?: string }} workflow
		 * @returns {Promise<string>} its ID
		 */
		createWorkflow: async (workflow) => await create('POST', '/rest/workflows', workflow),

		/**
		 * @param {string} id
		 * @returns {Promise<boolean>}
		 */
		async hasWorkflow(id) {
			const { status, body } = await ask('GET', `/rest/workflows/${id}`);
			return status === 200 && at(body, 'data', 'isArchived') !== true;
		},

		publishWorkflow,

		/**
		 * Calls a production webhook; waits for n8n to know it, if it was only just published.
		 *
		 * @param {string} path
		 * @param {unknown} body
		 * @param {{ signal?: AbortSignal }} [options]
		 * @returns {Promise<Answer>}
		 */
		async callWebhook(path, body, { signal } = {}) {
			const deadline = Date.now() + WEBHOOK_DEADLINE_MS;
			for (;;) {
				const answer = await request(`${url}/webhook/${path}`, {
					method: 'POST',
					headers: { 'content-type': 'application/json' },
					body: JSON.stringify(body),
					...(signal && { signal }),
				});
				const isUnknown =
					answer.status === 404 && /is not registered/.test(String(field(answer.body, 'message')));
				if (!isUnknown || Date.now() > deadline) return answer;
				await wait(200);
			}
		},

		/**
		 * @param {{ workflowId: string, status?: string[] }} filter
		 * @returns {Promise<ExecutionSummary[]>} newest first
		 */
		async executions(filter) {
			const query = new URLSearchParams({ filter: JSON.stringify(filter), limit: '100' });
			const results = field(await rest('GET', `/rest/executions?${query}`), 'results');
			return Array.isArray(results) ? results.filter(isExecution) : [];
		},

		/**
		 * @param {string} id
		 * @returns {Promise<{ status: string, stored: string, data: IRunExecutionData }>} stored: as n8n keeps it
		 */
		async execution(id) {
			const execution = await rest('GET', `/rest/executions/${id}`);
			const stored = field(execution, 'data');
			const data = typeof stored === 'string' ? unflatten(stored) : undefined;
			if (typeof stored !== 'string' || !isExecutionData(data)) {
				throw new Failure(`n8n has no data of the execution ${id}.`);
			}
			return { status: String(field(execution, 'status')), stored, data };
		},

		/** @param {string} id */
		stopExecution: async (id) => await rest('POST', `/rest/executions/${id}/stop`),
	};
}
