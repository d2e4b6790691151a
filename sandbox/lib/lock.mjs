import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { hasCode } from './failure.mjs';

const RETRY_MS = 500;

/**
 * @param {number} pid
 * @returns {Promise<string>} what tells this process from a later one with the same number, where the system says it
 */
async function birthOf(pid) {
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
	return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** @param {number} pid */
export function isAlive(pid) {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return hasCode(error, 'EPERM');
	}
}

/** @param {string} file */
async function holderOf(file) {
	const text = await readFile(file, 'utf8').catch(() => '');
	const [pid = '', birth = ''] = text.split(' ');
	return {
		text,
		pid: Number(pid),
		alive: isAlive(Number(pid)) && (await birthOf(Number(pid))) === birth,
	};
}

/**
 * @typedef {{ release(): Promise<void> }} Lock
 */

/**
 * @param {string} folder
 * @param {string} name
 * @returns {Promise<Lock | { heldBy: number }>} the lock, or the number of the living process that has it
 */
export async function tryLock(folder, name) {
	const file = join(folder, `${name}.lock`);
	await mkdir(dirname(file), { recursive: true });
	const mine = `${file}.${randomUUID()}`;
	await writeFile(mine, `${process.pid} ${await birthOf(process.pid)}`);
	try {
		for (;;) {
			try {
				await link(mine, file);
				return { release: async () => await rm(file, { force: true }) };
			} catch (error) {
				if (!hasCode(error, 'EEXIST')) throw error;
			}
			const holder = await holderOf(file);
			if (holder.text === '') continue;
			if (holder.alive) return { heldBy: holder.pid };
			// A dead process left it. Only one of those who see that can rename it; should the winner have locked anew
			// in between, its lock is put back.
			const left = `${mine}.left`;
			await rename(file, left).catch(() => {});
			const moved = await holderOf(left);
			if (moved.alive) await link(left, file).catch(() => {});
			await rm(left, { force: true });
		}
	} finally {
		await rm(mine, { force: true });
	}
}

/**
 * Does the work while no other process does work under the same name.
 *
 * @template T
 * @param {string} folder
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {(pid: number) => void} [onWait] called once when another process is at it
 * @returns {Promise<T>}
 */
export async function withLock(folder, name, work, onWait) {
	let told = false;
	for (;;) {
		const lock = await tryLock(folder, name);
		if ('release' in lock) {
			try {
				return await work();
			} finally {
				await lock.release();
			}
		}
		if (!told) onWait?.(lock.heldBy);
		told = true;
		await wait(RETRY_MS);
	}
}
