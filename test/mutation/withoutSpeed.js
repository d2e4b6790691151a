/**
 * Leaves out the tests of how long something takes: the code under mutation counts what it runs, and is many times
 * slower for it.
 */
const SPEED = /20 MB|megabytes|20,000 tasks|other work run between/;

for (const name of ['it', 'test']) {
	const original = globalThis[name];
	const chosen = (title, ...rest) => (SPEED.test(title) ? original.skip : original)(title, ...rest);
	const each = (...table) => {
		const bound = original.each(...table);
		const skipped = original.skip.each(...table);
		return (title, ...rest) => (SPEED.test(title) ? skipped : bound)(title, ...rest);
	};
	globalThis[name] = Object.assign(chosen, original, { each });
}
