import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { Failure } from './failure.mjs';

/**
 * Below the ports that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): of those, one that
 * is free now may be taken a second later, when the program that is to listen on it has started.
 */
const CHOICE = { from: 20_000, to: 32_000 };
const ATTEMPTS = 50;

/** @param {number} port */
const isFree = async (port) =>
	await new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen({ port, host: '127.0.0.1', exclusive: true }, () =>
			server.close(() => resolve(true)),
		);
	});

/**
 * @param {number} [wanted]
 * @returns {Promise<number>} the wanted port when it is free on this machine's loopback address, else another one
 */
export async function freePort(wanted) {
	if (wanted !== undefined && (await isFree(wanted))) return wanted;
	for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
		const port = randomInt(CHOICE.from, CHOICE.to);
		if (await isFree(port)) return port;
	}
	throw new Failure('No free port was found on 127.0.0.1.', {
		todo: 'Check that this machine lets programs listen on its loopback address, then start again.',
	});
}
