/** `npm start`: n8n with this node in it, and an API to talk to. Runs on a machine with only Node 20 and npm. */
import { bootstrap } from './lib/bootstrap.mjs';

await bootstrap(async (toldToEnd) => {
	const { launch } = await import('./lib/start/launch.mjs');
	return await launch(process.argv.slice(2), toldToEnd);
});
