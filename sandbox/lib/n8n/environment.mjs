import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../failure.mjs';

/** What n8n may know of this machine. Keys in the shell and n8n settings for another instance stay out. */
const PASSED_ON =
	/^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|(https?|all|no)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR))$/i;

/**
 * @param {object} settings
 * @param {string} settings.folder n8n's own folder, `N8N_USER_FOLDER`
 * @param {number} settings.port
 * @param {number} settings.brokerPort where n8n's task runner finds it
 * @param {NodeJS.ProcessEnv} [settings.env] further settings, such as those of the queue mode
 * @returns {NodeJS.ProcessEnv} n8n on loopback only, asking nothing of anybody else
 */
export function n8nEnvironment({ folder, port, brokerPort, env = {} }) {
	const machine = Object.fromEntries(
		Object.entries(process.env).filter(([name]) => PASSED_ON.test(name)),
	);
	const noProxy = [machine['NO_PROXY'] ?? machine['no_proxy'], '127.0.0.1', 'localhost']
		.filter(Boolean)
		.join(',');
	return {
		...machine,
		NO_PROXY: noProxy,
		no_proxy: noProxy,
		N8N_USER_FOLDER: folder,
		N8N_PORT: String(port),
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_HOST: '127.0.0.1',
		N8N_EDITOR_BASE_URL: `http://127.0.0.1:${port}`,
		WEBHOOK_URL: `http://127.0.0.1:${port}/`,
		// The editor is served over plain http here, where browsers drop secure cookies.
		N8N_SECURE_COOKIE: 'false',
		N8N_RESTRICT_FILE_ACCESS_TO: filesFolder(folder),
		N8N_RUNNERS_BROKER_PORT: String(brokerPort),
		N8N_RUNNERS_BROKER_LISTEN_ADDRESS: '127.0.0.1',
		N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '5',
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
		N8N_DYNAMIC_BANNERS_ENABLED: 'false',
		N8N_VERIFIED_PACKAGES_ENABLED: 'false',
		// Asks n8n's servers for a list at every start.
		N8N_DISABLED_MODULES: 'mcp-registry',
		N8N_LOG_OUTPUT: 'console',
		...env,
	};
}

/**
 * @param {string} folder n8n's own folder
 * @returns {string} where workflows may read and write files
 */
const filesFolder = (folder) => join(folder, 'files');

/**
 * @param {string} folder n8n's own folder
 * @returns {string} where n8n keeps this package when it is installed as a community package
 */
export const packageFolder = (folder) =>
	join(folder, '.n8n', 'nodes', 'node_modules', 'n8n-nodes-openai-conversation');

/**
 * Makes n8n's own folder. n8n puts 50 MB of its editor into `.cache` there, which `npm run lint` would look through for
 * half a minute: linters spare only folders named node_modules, and n8n's strict mode takes no exception of ours.
 *
 * @param {string} folder
 */
export async function makeN8nFolder(folder) {
	const cache = join('.n8n', 'nodes', 'node_modules', '.cache');
	await mkdir(folder, { recursive: true, mode: 0o700 });
	await mkdir(join(folder, cache), { recursive: true });
	await mkdir(filesFolder(folder), { recursive: true });
	await symlink(cache, join(folder, '.cache')).catch((error) => {
		if (!hasCode(error, 'EEXIST')) throw error;
	});
}
