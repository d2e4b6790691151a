import { readFile } from 'node:fs/promises';
import { at, Failure } from '../../sandbox/index.mjs';

/** Makes Node offer its inspector on any free port, whose address it prints to the log. */
export const INSPECT = '--inspect=127.0.0.1:0';

/**
 * Looks into n8n's main process.
 *
 * @param {string} log of an n8n that was started with `INSPECT`
 */
export async function connectInspector(log) {
	// The process that keeps n8n and n8n's task runner offer an inspector, too.
	for (const [, address = ''] of (await readFile(log, 'utf8')).matchAll(
		/Debugger listening on (ws:\S+)/g,
	)) {
		const inspector = await connect(address, log);
		if (await inspector.isN8n()) return inspector;
		inspector.close();
	}
	throw new Failure('n8n did not say where its inspector is.', { log });
}

/**
 * @param {string} address
 * @param {string} log
 */
async function connect(address, log) {
	const socket = new WebSocket(address);
	/** @type {Map<number, { resolve: (result: unknown) => void, reject: (error: Error) => void }>} */
	const asked = new Map();
	let last = 0;
	await new Promise((resolve, reject) => {
		socket.addEventListener('open', resolve, { once: true });
		socket.addEventListener(
			'error',
			() => reject(new Failure('n8n’s inspector could not be reached.', { log })),
			{ once: true },
		);
	});
	socket.addEventListener('message', ({ data }) => {
		/** @type {unknown} */
		const message = JSON.parse(String(data));
		const waiting = asked.get(Number(at(message, 'id')));
		if (waiting === undefined) return;
		asked.delete(Number(at(message, 'id')));
		const error = at(message, 'error', 'message');
		if (error === undefined) waiting.resolve(at(message, 'result'));
		else waiting.reject(new Error(String(error)));
	});

	/**
	 * @param {string} method
	 * @param {Record<string, unknown>} [params]
	 * @returns {Promise<unknown>}
	 */
	async function send(method, params = {}) {
		const id = ++last;
		return await new Promise((resolve, reject) => {
			asked.set(id, { resolve, reject });
			socket.send(JSON.stringify({ id, method, params }));
		});
	}

	return {
		/** @returns {Promise<boolean>} */
		async isN8n() {
			const answer = await send('Runtime.evaluate', {
				expression: 'process.argv.slice(1).join(" ")',
			});
			return /^\S*\/n8n\/bin\/n8n start$/.test(String(at(answer, 'result', 'value')));
		},

		/** @returns {Promise<number>} bytes in use once all garbage is gone */
		async usedHeap() {
			for (let times = 0; times < 3; times++) await send('HeapProfiler.collectGarbage');
			return Number(at(await send('Runtime.getHeapUsage'), 'usedSize'));
		},

		/**
		 * @template T
		 * @param {() => Promise<T>} action
		 * @returns {Promise<{ result: T, profile: unknown }>} with where the processor's time went, as Chrome's DevTools read it
		 */
		async profiled(action) {
			await send('Profiler.enable');
			await send('Profiler.setSamplingInterval', { interval: 500 });
			await send('Profiler.start');
			const result = await action();
			return { result, profile: at(await send('Profiler.stop'), 'profile') };
		},

		close: () => socket.close(),
	};
}

/** @typedef {Awaited<ReturnType<typeof connectInspector>>} Inspector */
