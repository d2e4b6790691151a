/**
 * `npm run mutation`: changes the code in thousands of small ways and looks whether a test notices. Writes report.md
 * beside this file. Takes more than an hour on four processors.
 *
 * npm run mutation -- transport execution    only these rooms
 */
import { bootstrap } from '../../sandbox/lib/bootstrap.mjs';

await bootstrap(async () => {
	const { mutate } = await import('./mutate.mjs');
	return await mutate(process.argv.slice(2));
});
