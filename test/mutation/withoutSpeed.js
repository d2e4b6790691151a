/**
 * Leaves out the tests of how long something takes: the code under mutation counts what it runs, and is many times
 * slower for it. They are emptied, not skipped, because Stryker takes what loads after a skipped test for its work.
 */
const SPEED =
	/20,000 tasks|as soon as one ends|other work run between|from other work while they are read/;

const forTitle = (title, [action, ...rest]) => [
	title,
	SPEED.test(title) ? () => {} : action,
	...rest,
];

for (const name of ['it', 'test']) {
	const original = globalThis[name];
	const chosen = (title, ...rest) => original(...forTitle(title, rest));
	const each = (...table) => {
		const bound = original.each(...table);
		return (title, ...rest) => bound(...forTitle(title, rest));
	};
	globalThis[name] = Object.assign(chosen, original, { each });
}
