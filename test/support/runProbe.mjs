import { spawn } from 'node:child_process';

/**
 * Runs `scripts/probe.mjs` as a person would.
 *
 * @param {{ file: string, key: string, baseUrl: string, isTimeToInterrupt: () => boolean }} options
 *   file: where the report goes; isTimeToInterrupt: asked every 20 ms
 * @returns {Promise<{ code: number | null, output: string }>}
 */
export async function runProbe({ file, key, baseUrl, isTimeToInterrupt }) {
	const child = spawn(process.execPath, ['scripts/probe.mjs', file], {
		env: { PATH: '', OPENAI_API_KEY: key, OPENAI_API_BASE: baseUrl },
	});
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.on('data', (chunk) => (output += String(chunk)));
	}
	const watch = setInterval(() => {
		if (!isTimeToInterrupt()) return;
		clearInterval(watch);
		// A terminal tells npm as well, which passes it on.
		child.kill('SIGINT');
		child.kill('SIGINT');
	}, 20);
	const code = await new Promise((resolve) => child.once('close', resolve));
	clearInterval(watch);
	return { code, output };
}
