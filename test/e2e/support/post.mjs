import { setTimeout as wait } from 'node:timers/promises';

/** How long n8n may take to know a webhook after its workflow was published. */
const DEADLINE_MS = 15_000;

/**
 * @param {string} url of a webhook
 * @param {() => RequestInit} init
 * @returns {Promise<{ status: number, text: string }>}
 */
async function post(url, init) {
	const deadline = Date.now() + DEADLINE_MS;
	for (;;) {
		const response = await fetch(url, { method: 'POST', ...init() });
		const text = await response.text();
		const isUnknown = response.status === 404 && text.includes('is not registered');
		if (!isUnknown || Date.now() > deadline) return { status: response.status, text };
		await wait(200);
	}
}

/**
 * @param {string} url
 * @param {unknown} body
 */
export const postJson = async (url, body) =>
	await post(url, () => ({
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	}));

/**
 * @param {string} url
 * @param {string} field
 * @param {string} name of the file
 * @param {string} content
 */
export const postFile = async (url, field, name, content) =>
	await post(url, () => {
		const form = new FormData();
		form.append(field, new Blob([content], { type: 'text/csv' }), name);
		return { body: form };
	});
