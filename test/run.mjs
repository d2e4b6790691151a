/**
 * `npm test`: the checks, one after the other or side by side, and on its last line how many passed and failed.
 *
 * --fast         leaves out what needs a real n8n or waits for long
 * --full         only what takes long
 * --only=a,b     only the named layers
 */
import { bootstrap } from '../sandbox/lib/bootstrap.mjs';

await bootstrap(async () => {
	const { runLayers } = await import('./runner/runLayers.mjs');
	return await runLayers(process.argv.slice(2));
});
