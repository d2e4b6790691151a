/** `npm run bench`: the node beside what users would pick instead, in a real n8n. Writes bench/results.*. */
import { bootstrap } from '../sandbox/lib/bootstrap.mjs';

await bootstrap(async () => {
	const { bench } = await import('./lib/bench.mjs');
	return await bench(process.argv.slice(2));
});
