import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { postToWebhook } from '../../../sandbox/index.mjs';

/**
 * @param {string} url of a webhook
 * @param {unknown} body
 */
export const postJson = async (url, body) =>
	await postToWebhook(url, {
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});

/**
 * @param {string} url
 * @param {string} field
 * @param {string} name of the file
 * @param {string} content
 */
export async function postFile(url, field, name, content) {
	const form = new FormData();
	form.append(field, new Blob([content], { type: 'text/csv' }), name);
	return await postToWebhook(url, { body: form });
}

/**
 * @param {string} command as a note of an example gives it, for a shell
 * @returns {Promise<string>} what it prints
 */
export async function runCommand(command) {
	const { stdout } = await promisify(execFile)('sh', ['-c', command]);
	return stdout;
}
