import pWaitFor from 'p-wait-for';

/**
 * Waits until something is there.
 *
 * @template T
 * @param {() => T | false | undefined | Promise<T | false | undefined>} look
 * @param {string} [what] is waited for, for the message when it never comes
 * @param {number} [milliseconds] how long at most
 * @returns {Promise<T>} the first thing seen
 */
export const until = async (look, what = String(look), milliseconds = 5_000) =>
	await pWaitFor(
		async () => {
			const seen = await look();
			return seen ? pWaitFor.resolveWith(seen) : false;
		},
		{ interval: 5, timeout: { milliseconds, message: `It never came: ${what}` } },
	);
