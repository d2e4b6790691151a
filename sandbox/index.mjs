/** What tests, scripts and the benchmark use of the sandbox: a pinned n8n with the packed node in it. */
export { exampleCredentials, exampleNames, readExample } from './lib/examples.mjs';
export { explain, Failure, messageOf, runCommand } from './lib/failure.mjs';
export { ensureInstalled, ensureN8n, n8nVersion } from './lib/install.mjs';
export { n8nCli } from './lib/n8n/cli.mjs';
export { makeN8nFolder, n8nEnvironment, packageFolder } from './lib/n8n/environment.mjs';
export { connectN8n, installNode, newOwner, startN8n, untilUp } from './lib/n8n/instance.mjs';
export { postToWebhook } from './lib/n8n/rest.mjs';
export { packNode, unpack } from './lib/package.mjs';
export { checkoutState, n8n1Folder, n8nFolder, node24, root } from './lib/paths.mjs';
export { freePort } from './lib/ports.mjs';
export { run, start } from './lib/processes.mjs';
export { createProgress } from './lib/progress.mjs';
export { at, field } from './lib/values.mjs';

/** @typedef {import('./lib/n8n/instance.mjs').N8n} N8n */
/** @typedef {import('./lib/n8n/rest.mjs').Owner} Owner */
/** @typedef {import('./lib/n8n/rest.mjs').Workflow} Workflow */
/** @typedef {import('./lib/progress.mjs').Progress} Progress */
