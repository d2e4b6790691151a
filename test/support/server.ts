/* eslint-disable @n8n/community-nodes/no-restricted-imports, @n8n/community-nodes/no-restricted-globals */
import { connect } from 'node:net';
import OpenAI, { type ClientOptions } from 'openai';
import { startServer } from '../../server/index.mjs';

export const ACCEPTED = 'sk-test-0123456789abcdef';

type ServerOptions = NonNullable<Parameters<typeof startServer>[0]>;
export type Server = Awaited<ReturnType<typeof startServer>>;

/** Starts a server before each test of the file and ends it afterwards. */
export function useServer(options: ServerOptions = {}): () => Server {
	let server: Server | undefined;
	beforeEach(async () => {
		server = await startServer({ apiKeys: [ACCEPTED], ...options });
	});
	afterEach(async () => await server?.close());
	return () => {
		if (!server) throw new Error('No server outside a test');
		return server;
	};
}

/** The official SDK, without retries unless asked for. */
export function sdk(server: Server, options: ClientOptions = {}): OpenAI {
	return new OpenAI({ apiKey: ACCEPTED, baseURL: server.url, maxRetries: 0, ...options });
}

/** @param ms milliseconds */
export const sleep = async (ms: number) =>
	await new Promise<void>((resolve) => setTimeout(resolve, ms));

export { until } from './until.mjs';

/** What the promise is rejected with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
	return await promise.then(
		() => {
			throw new Error('It should have been refused');
		},
		(error: unknown) => error,
	);
}

export interface RawAnswer {
	head: string;
	body: string;
	/** The body as it came. */
	bytes: Buffer;
	/** Milliseconds from the request to each piece of the answer. */
	arrivals: number[];
	/** `end`: the server said FIN; `open`: nothing more came; else the socket's error code. */
	ending: string;
}

/**
 * Sends one request over a bare socket and waits until the server ends the connection, or until
 * `quietMs` have passed without a byte. The connection is to be kept alive only on request.
 */
export async function raw(
	server: Server,
	path: string,
	{
		method = 'GET',
		body = '',
		headers = [`authorization: Bearer ${ACCEPTED}`],
		keepAlive = false,
		quietMs = 4000,
	} = {},
): Promise<RawAnswer> {
	const { hostname, port } = new URL(server.origin);
	const contents =
		body === ''
			? []
			: ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`];
	const connection = keepAlive ? 'keep-alive' : 'close';
	const lines = [
		`${method} ${path} HTTP/1.1`,
		'host: sandbox',
		`connection: ${connection}`,
		...headers,
		...contents,
	];
	return await new Promise((resolve) => {
		const pieces: Buffer[] = [];
		const arrivals: number[] = [];
		const socket = connect(Number(port), hostname);
		const start = performance.now();
		const finish = (ending: string) => {
			socket.destroy();
			const answer = Buffer.concat(pieces);
			const split = answer.indexOf('\r\n\r\n');
			const bytes = split < 0 ? Buffer.alloc(0) : answer.subarray(split + 4);
			const head = answer.toString('latin1', 0, split < 0 ? answer.length : split);
			resolve({ head, bytes, body: bytes.toString(), arrivals, ending });
		};
		socket.setTimeout(quietMs, () => finish('open'));
		socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
		socket.on('end', () => finish('end'));
		socket.on('data', (piece) => {
			pieces.push(piece);
			arrivals.push(performance.now() - start);
		});
		socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
	});
}
