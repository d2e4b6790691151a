import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: the folder with the node's package.json. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where n8n's own pinned package.json and lockfile are. */
export const n8nFolder = join(root, 'sandbox', 'n8n');

/** Everything that belongs to this checkout whatever sandbox runs from it: locks, install logs, the packed node. */
export const checkoutState = join(root, '.sandbox');

/** The running sandbox's state. A second sandbox beside the first takes a folder of its own by SANDBOX_FOLDER. */
export const stateFolder = process.env['SANDBOX_FOLDER']
	? resolve(process.env['SANDBOX_FOLDER'])
	: checkoutState;

export const node24 = join(root, 'node_modules', '.bin', 'node');
