/** `npm run bench`: the node beside what users would pick instead, in a real n8n. Writes bench/results.*. */
import { runCommand } from '../sandbox/index.mjs';
import { bench } from './lib/bench.mjs';

await runCommand(async () => await bench(process.argv.slice(2)));
