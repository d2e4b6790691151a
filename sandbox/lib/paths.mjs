import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: the folder with the node's package.json. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where the n8n that the sandbox runs is pinned, and the last n8n 1.x, which only tests run. */
export const n8nFolder = join(root, 'sandbox', 'n8n');
export const n8n1Folder = join(root, 'sandbox', 'n8n-1');

/** What every sandbox of this checkout shares: install logs and the packed node. */
export const checkoutState = join(root, '.sandbox');

/** The running sandbox's state. A second sandbox beside the first takes a folder of its own by SANDBOX_FOLDER. */
export const stateFolder = process.env['SANDBOX_FOLDER']
	? resolve(process.env['SANDBOX_FOLDER'])
	: checkoutState;

/** The Node that the project brings. n8n 2.41 needs 24 or newer. */
export const node24 = join(root, 'node_modules', '.bin', 'node');
