import { randomInt } from 'node:crypto';
import getPort, { portNumbers } from 'get-port';

/**
 * Any free port is one below those that systems give to outgoing connections: of those, one that is free now may be
 * taken before the program that is to listen on it has started.
 *
 * @param {number} [wanted]
 * @returns {Promise<number>} the wanted port when it is free on this machine's loopback address, else another one
 */
export async function freePort(wanted) {
	const others = portNumbers(randomInt(20_000, 31_000), 32_000);
	return await getPort({
		host: '127.0.0.1',
		port: wanted === undefined ? others : [wanted, ...others],
	});
}
