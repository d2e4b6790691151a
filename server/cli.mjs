import { parseArgs } from 'node:util';
import { startServer } from './index.mjs';

const USAGE = `Usage: node cli.mjs [--port 0] [--host 127.0.0.1] [--key sk-…]… [--latency MS]
  [--update-semantics replace|merge] [--record true|light|false] [--model-ms MS] [--data FILE]
Prints {"url":…,"origin":…} on one line and runs until SIGINT or SIGTERM.
With --data, conversations are kept in that file.`;

const { values } = parseArgs({
	options: {
		port: { type: 'string', default: '0' },
		host: { type: 'string', default: '127.0.0.1' },
		key: { type: 'string', multiple: true },
		latency: { type: 'string', default: '0' },
		'update-semantics': { type: 'string', default: 'replace' },
		'model-ms': { type: 'string', default: '0' },
		data: { type: 'string' },
		record: { type: 'string', default: 'true' },
		help: { type: 'boolean', short: 'h' },
	},
});

if (values.help) {
	process.stdout.write(`${USAGE}\n`);
} else {
	const server = await startServer({
		port: Number(values.port),
		host: values.host,
		latencyMs: Number(values.latency),
		modelMs: Number(values['model-ms']),
		updateSemantics: values['update-semantics'] === 'merge' ? 'merge' : 'replace',
		record: values.record === 'light' ? 'light' : values.record !== 'false',
		...(values.data === undefined ? {} : { persistTo: values.data }),
		...(values.key ? { apiKeys: values.key } : {}),
	});
	const stop = () => void server.close();
	process.once('SIGINT', stop);
	process.once('SIGTERM', stop);
	process.stdout.write(`${JSON.stringify({ url: server.url, origin: server.origin })}\n`);
}
