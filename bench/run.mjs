/**
 * `npm run bench`: the node beside what users would pick instead, in a real n8n. Writes bench/results.*.
 *
 * --only=trim,send   only these parts; the results of the others stay as they are
 * --rounds=N         default 3
 * --quick            a tenth of the items, one round: shows that it runs, and leaves bench/results.* alone
 */
import { runCommand } from '../sandbox/index.mjs';
import { bench } from './lib/bench.mjs';

await runCommand(async () => await bench(process.argv.slice(2)));
