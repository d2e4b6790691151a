import { inspect } from 'node:util';

/**
 * Says what was measured, for whoever reads along.
 *
 * @param {string} what
 * @param {Record<string, unknown>} facts
 */
export function report(what, facts) {
	process.stdout.write(
		`${what}: ${inspect(facts, { depth: 4, breakLength: 120, maxArrayLength: 50 })}\n`,
	);
}
