/** `node scripts/generate-operations.mjs`: writes docs/operations.md from the node's own description. */
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { operationsPage } from './operations-page.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
// Inside the checkout, so that n8n-workflow is found from there.
const built = join(root, '.sandbox', `docs-${process.pid}`);

try {
	await mkdir(built, { recursive: true });
	await promisify(execFile)(join(root, 'node_modules', '.bin', 'tsc'), [
		'-p',
		root,
		'--outDir',
		built,
	]);
	/** @type {{ OpenAIConversation: new () => import('n8n-workflow').INodeType }} */
	const { OpenAIConversation } = createRequire(import.meta.url)(
		join(built, 'nodes', 'OpenAIConversation', 'OpenAIConversation.node.js'),
	);
	await writeFile(
		join(root, 'docs', 'operations.md'),
		operationsPage(new OpenAIConversation().description),
	);
} finally {
	await rm(built, { recursive: true, force: true });
}
