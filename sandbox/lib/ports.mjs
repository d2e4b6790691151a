import { createServer } from 'node:net';
import { Failure } from './failure.mjs';

/**
 * @param {number} port 0: any free one
 * @returns {Promise<number | undefined>} the port, if it is free on this machine's loopback address
 */
async function listenOnce(port) {
	return await new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(undefined));
		server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
			const address = server.address();
			server.close(() => resolve(address && typeof address === 'object' ? address.port : undefined));
		});
	});
}

/**
 * @param {number} [wanted]
 * @returns {Promise<number>} the wanted port when it is free, else another one
 */
export async function freePort(wanted = 0) {
	const port = (await listenOnce(wanted)) ?? (await listenOnce(0));
	if (port === undefined) {
		throw new Failure('No free port was found on 127.0.0.1.', {
			todo: 'Check that this machine lets programs listen on its loopback address, then start again.',
		});
	}
	return port;
}
