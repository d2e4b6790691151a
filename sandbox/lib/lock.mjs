import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { hasCode } from './failure.mjs';

/**
 * @param {string} address
 * @returns {Promise<number | undefined>} the process that listens there
 */
async function listenerAt(address) {
	try {
		let text = '';
		for await (const part of connect(address)) text += part;
		return Number(text);
	} catch {
		return undefined;
	}
}

/**
 * A lock that cannot outlive the process that has it: a local socket on which that process tells its number.
 *
 * @param {string} name the file or folder that is to be kept for oneself
 * @returns {Promise<{ release: () => void } | { heldBy: number }>}
 */
export async function tryLock(name) {
	// A socket's path may have 100 characters.
	const digest = createHash('sha256').update(name).digest('hex').slice(0, 24);
	const address = join(tmpdir(), `n8n-sandbox-${digest}`);
	for (;;) {
		const server = createServer((socket) => socket.end(String(process.pid)));
		try {
			server.listen(address);
			await once(server, 'listening');
			server.unref();
			return { release: () => void server.close() };
		} catch (error) {
			if (!hasCode(error, 'EADDRINUSE')) throw error;
		}
		const heldBy = await listenerAt(address);
		if (heldBy !== undefined) return { heldBy };
		// A process that was killed left it.
		await rm(address, { force: true });
	}
}

/**
 * Does the work while no other process does work under the same name.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {(pid: number) => void} [onWait] called when another process is at it
 * @returns {Promise<T>}
 */
export async function withLock(name, work, onWait) {
	for (;;) {
		const lock = await tryLock(name);
		if ('release' in lock) return await work().finally(lock.release);
		onWait?.(lock.heldBy);
		await wait(500);
	}
}
