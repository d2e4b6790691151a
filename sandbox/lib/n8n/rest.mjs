import { setTimeout as wait } from 'node:timers/promises';
import { parse } from 'flatted';
import { Failure } from '../failure.mjs';
import { at, field } from '../values.mjs';

/** @typedef {{ email: string, password: string }} Owner */

/**
 * @typedef {{ id: string, name: string, nodes: unknown[], connections: object, settings?: object }} Workflow
 */

/** @typedef {{ id: string, status: string, workflowId: string }} ExecutionSummary */

/** @typedef {import('n8n-workflow').IRunExecutionData} IRunExecutionData */

/** How long n8n may take to know a webhook after its workflow was published. */
const WEBHOOK_DEADLINE_MS = 15_000;

/** @param {unknown} value @returns {value is IRunExecutionData} */
const isExecutionData = (value) => field(value, 'resultData') !== undefined;

/** @param {unknown} value @returns {value is ExecutionSummary} */
const isExecution = (value) =>
	typeof field(value, 'id') === 'string' && typeof field(value, 'status') === 'string';

/** @param {string} text @returns {unknown} JSON where it is that, else the text */
function parsed(text) {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

/**
 * Posts to a production webhook; waits for n8n to know it, if it was only just published.
 *
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<{ status: number, text: string }>}
 */
export async function postToWebhook(url, init) {
	const deadline = Date.now() + WEBHOOK_DEADLINE_MS;
	for (;;) {
		const response = await fetch(url, { method: 'POST', ...init });
		const text = await response.text();
		const isUnknown = response.status === 404 && text.includes('is not registered');
		if (!isUnknown || Date.now() > deadline) return { status: response.status, text };
		await wait(200);
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

	/** @param {string} method @param {string} path @param {unknown} [body] */
	const send = async (method, path, body) =>
		await fetch(`${url}${path}`, {
			method,
			headers: {
				'content-type': 'application/json',
				// n8n ties a login to the browser it was made in.
				'browser-id': 'sandbox',
				cookie,
			},
			...(body !== undefined && { body: JSON.stringify(body) }),
		});

	async function logIn() {
		const settings = await (await send('GET', '/rest/settings')).json();
		const isNew = at(settings, 'data', 'userManagement', 'showSetupOnFirstLoad') === true;
		const [path, body] = isNew
			? ['/rest/owner/setup', { ...owner, firstName: 'Sandbox', lastName: 'Owner' }]
			: ['/rest/login', { emailOrLdapLoginId: owner.email, password: owner.password }];
		const response = await send('POST', path, body);
		if (!response.ok) {
			const text = (await response.text()).slice(0, 300);
			throw new Failure(`n8n did not let its owner in (${response.status} for ${path}): ${text}`, {
				todo: 'Was the password changed in the editor? `npm run sandbox:reset` begins anew.',
			});
		}
		cookie = response.headers
			.getSetCookie()
			.map((each) => each.split(';')[0])
			.join('; ');
	}

	/** @param {string} method @param {string} path such as /rest/workflows @param {unknown} [body] */
	async function ask(method, path, body) {
		if (!cookie) await logIn();
		const response = await send(method, path, body);
		return { status: response.status, body: parsed(await response.text()) };
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

	/** @param {string} path @param {unknown} body @returns {Promise<string>} the ID that n8n gave it */
	async function create(path, body) {
		const id = field(await rest('POST', path, body), 'id');
		if (typeof id !== 'string') throw new Failure(`n8n answered POST ${path} without an ID.`);
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

		/** @param {{ name: string, type: string, data: Record<string, unknown> }} credential */
		createCredential: async (credential) => await create('/rest/credentials', credential),

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

		/** @param {Omit<Workflow, 'id'> & { id?: string }} workflow */
		createWorkflow: async (workflow) => await create('/rest/workflows', workflow),

		/** @param {string} id */
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
		 */
		async callWebhook(path, body, { signal } = {}) {
			const { status, text } = await postToWebhook(`${url}/webhook/${path}`, {
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify(body),
				...(signal && { signal }),
			});
			return { status, body: parsed(text) };
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
			/** @type {unknown} */
			const data = typeof stored === 'string' ? parse(stored) : undefined;
			if (typeof stored !== 'string' || !isExecutionData(data)) {
				throw new Failure(`n8n has no data of the execution ${id}.`);
			}
			return { status: String(field(execution, 'status')), stored, data };
		},

		/** @param {string} id */
		stopExecution: async (id) => await rest('POST', `/rest/executions/${id}/stop`),
	};
}
