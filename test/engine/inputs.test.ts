/* eslint-disable @n8n/community-nodes/no-restricted-imports, @n8n/community-nodes/no-restricted-globals */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import fc from 'fast-check';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { API_KEY, runNode } from '../support/engine';
import type { RunResult } from '../support/engine';

const RUNS = { numRuns: Number(process.env.PROPERTY_RUNS ?? 150) };
const TIME_LIMIT_MS = 600_000;

/** A request as it came over the wire, byte for byte. */
interface Wire {
	line: string;
	headers: Array<[name: string, value: string]>;
	body: string;
	/** Bytes behind the request, where a second one would have been smuggled in. */
	rest: string;
}

let server: Server;
let origin = '';
const sockets = new Set<Socket>();
const wires: Wire[] = [];
/** Connections that sent something else than one whole request. */
let unfinished = 0;

const ANSWER = JSON.stringify({
	id: 'conv_raw',
	object: 'conversation',
	created_at: 1,
	metadata: {},
	deleted: true,
	type: 'message',
});

function parsed(bytes: Buffer): Wire | undefined {
	const end = bytes.indexOf('\r\n\r\n');
	if (end < 0) return undefined;
	const [line = '', ...rows] = bytes.subarray(0, end).toString('latin1').split('\r\n');
	const headers = rows.map((row): [string, string] => {
		const colon = row.indexOf(':');
		return [row.slice(0, colon).toLowerCase(), row.slice(colon + 1).trim()];
	});
	const length = Number(headers.find(([name]) => name === 'content-length')?.[1] ?? 0);
	const from = end + 4;
	if (bytes.length < from + length) return undefined;
	return {
		line,
		headers,
		body: bytes.subarray(from, from + length).toString('utf8'),
		rest: bytes.subarray(from + length).toString('latin1'),
	};
}

function receive(socket: Socket): void {
	sockets.add(socket);
	unfinished++;
	let bytes: Buffer = Buffer.alloc(0);
	socket.on('close', () => sockets.delete(socket));
	socket.on('error', () => socket.destroy());
	socket.on('data', (piece) => {
		bytes = Buffer.concat([bytes, piece]);
		const wire = parsed(bytes);
		if (wire === undefined) return;
		unfinished--;
		wires.push(wire);
		socket.end(
			`HTTP/1.1 200 OK\r\ncontent-length: ${ANSWER.length}\r\nconnection: close\r\n\r\n${ANSWER}`,
		);
	});
}

beforeAll(async () => {
	server = createServer(receive);
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
	for (const socket of sockets) socket.destroy();
	server.close();
	await once(server, 'close');
});

/** Headers that the node sends by itself. */
const OWN = [
	'accept',
	'accept-encoding',
	'authorization',
	'connection',
	'content-length',
	'content-type',
	'host',
	'user-agent',
];

/** Runs the node on one item; every parameter comes by expression from it. */
async function run(json: IDataObject, parameters: INodeParameters): Promise<RunResult> {
	wires.length = 0;
	unfinished = 0;
	return await runNode(`http://${origin}/base/v1`, { items: [{ json }], parameters });
}

/** What left must be whole, go to the conversations and carry what it should; what did not leave must be refused in our own words. */
function check(
	{ error }: RunResult,
	path: RegExp,
	header?: readonly [name: string, value: string],
): void {
	expect(unfinished).toBe(0);
	if (error !== undefined) {
		expect(error.name).toBe('NodeOperationError');
		expect(error.message).toMatch(/Conversation ID|Item ID|Metadata|Additional|Base URL/);
		expect(error.description).toBeTruthy();
		expect(wires).toEqual([]);
		return;
	}
	expect(wires.length).toBeGreaterThan(0);
	for (const { line, headers, rest, body } of wires) {
		expect(line).toMatch(/^(?:GET|POST|DELETE) \S+ HTTP\/1\.1$/);
		expect(line.split(' ')[1]).toMatch(path);
		expect(headers.filter(([name]) => name === 'host')).toEqual([['host', origin]]);
		expect(headers.filter(([name]) => name === 'authorization')).toEqual([
			['authorization', `Bearer ${API_KEY}`],
		]);
		const names = headers.map(([name]) => name);
		expect(new Set(names).size).toBe(names.length);
		const more = headers.filter(([name]) => !OWN.includes(name));
		expect(more).toEqual(header === undefined ? [] : [[header[0].toLowerCase(), header[1]]]);
		expect(rest).toBe('');
		if (line.startsWith('POST')) expect(typeof JSON.parse(body)).toBe('object');
		else expect(body).toBe('');
	}
}

const hostile = fc.constantFrom(
	'../models',
	'..',
	'.',
	'/',
	'//evil.example',
	'conv_1/../../models',
	'conv_1?x=1',
	'conv_1#x',
	'conv_1/items',
	'conv_%2e%2e',
	'conv_1%2f..%2f..',
	'conv_1\r\nHost: evil.example',
	'conv_1 HTTP/1.1\r\nHost: evil.example\r\n\r\nGET /x',
	'conv_1\\..\\x',
	'@evil.example',
	'https://evil.example/conv_1',
	'https://evil.example/conv_1?a=conv_2',
	'javascript:conv_1',
	'conv_\u0000',
	'conv_😀',
	'conv_１',
	'conv_1\u200b',
	'conv_1;x',
	'conv_1:80',
	'conv_1&x',
	'conv_1=x',
	'CONV_1',
	'conv_',
	'__proto__',
	'constructor',
	'[object Object]',
	'\ud800',
	'{{ 1 }}',
	'={{ 1 }}',
);
const text = fc.oneof(
	hostile,
	fc.string(),
	fc.string({ unit: 'binary' }),
	fc.string({ unit: 'grapheme' }),
);
const id = fc
	.string({ unit: fc.constantFrom(...'abcXYZ019_-'), minLength: 1, maxLength: 40 })
	.map((letters) => `conv_${letters}`);
/** IDs, what looks like them, and things that may hold one. */
const anyId = fc.oneof(
	id,
	text,
	fc.tuple(id, text).map((parts) => parts.join('')),
	fc.record({ id: fc.oneof(id, text) }),
	fc.record({ conversation: fc.oneof(id, text, fc.record({ id: fc.oneof(id, text) })) }),
	fc.jsonValue({ maxDepth: 2 }),
);

const PATH = /^\/base\/v1\/conversations\/conv_[A-Za-z0-9_-]{1,256}(?:%3D){0,2}$/;

describe('Whatever is given,', () => {
	it(
		'as Conversation ID, every request should go to that conversation and no other address',
		async () => {
			await fc.assert(
				fc.asyncProperty(anyId, fc.constantFrom('replace', 'merge'), async (given, updateMode) => {
					const parameters = {
						conversationId: '={{ $json.given }}',
						updateMode,
						metadata: { pairs: [{ key: 'a', value: 'b' }] },
					};
					check(await run({ given: given as IDataObject }, parameters), PATH);
				}),
				RUNS,
			);
		},
		TIME_LIMIT_MS,
	);

	it.each(['get', 'delete'])(
		'as Item ID, every request of Item: %s should go to an item of the conversation',
		async (operation) => {
			const path =
				/^\/base\/v1\/conversations\/conv_1\/items\/[A-Za-z0-9][A-Za-z0-9_-]{0,255}(?:%3D){0,2}$/;
			const given = fc.oneof(
				id.map((each) => each.replace('conv', 'msg')),
				text,
				fc.record({ id: text }),
				fc.jsonValue({ maxDepth: 1 }),
			);
			await fc.assert(
				fc.asyncProperty(given, async (itemId) => {
					const parameters = {
						resource: 'item',
						operation,
						conversationId: 'conv_1',
						itemId: '={{ $json.given }}',
					};
					check(await run({ given: itemId as IDataObject }, parameters), path);
				}),
				RUNS,
			);
		},
		TIME_LIMIT_MS,
	);

	it(
		'as Metadata, it should be in the body and nowhere else',
		async () => {
			await fc.assert(
				fc.asyncProperty(
					fc.array(fc.tuple(text, fc.oneof(text, fc.double(), fc.boolean())), {
						minLength: 1,
						maxLength: 4,
					}),
					async (rows) => {
						const pairs = rows.map((_row, index) => ({
							key: `={{ $json.rows[${index}][0] }}`,
							value: `={{ $json.rows[${index}][1] }}`,
						}));
						const result = await run({ rows }, { conversationId: 'conv_1', metadata: { pairs } });
						check(result, /^\/base\/v1\/conversations\/conv_1$/);
						if (result.error === undefined) {
							const expected = {
								metadata: Object.fromEntries(rows.map(([key, value]) => [key, String(value)])),
							};
							expect(wires.map(({ body }) => body)).toEqual([JSON.stringify(expected)]);
						}
					},
				),
				RUNS,
			);
		},
		TIME_LIMIT_MS,
	);

	it(
		'as metadata in JSON, it should be in the body and nowhere else',
		async () => {
			const given = fc.oneof(
				fc.dictionary(text, fc.oneof(text, fc.jsonValue({ maxDepth: 1 }))),
				fc.json(),
				text,
			);
			await fc.assert(
				fc.asyncProperty(given, async (metadata) => {
					const parameters = {
						conversationId: 'conv_1',
						metadataInput: 'json',
						metadataJson: '={{ $json.given }}',
					};
					check(
						await run({ given: metadata as IDataObject }, parameters),
						/^\/base\/v1\/conversations\/conv_1$/,
					);
				}),
				RUNS,
			);
		},
		TIME_LIMIT_MS,
	);

	it(
		'as an additional header, it should be that one header, or none',
		async () => {
			const name = fc.oneof(
				text,
				fc.constantFrom(
					'x-a',
					'X-Trace',
					'host',
					'Content-Length',
					'transfer-encoding',
					'authorization',
					'x-a: 1\r\nhost',
					'set',
					'get',
					'POST',
					'common',
					'toString',
					'__proto__',
				),
			);
			const value = fc.oneof(
				text,
				fc.constantFrom(
					'v',
					'v\r\nhost: evil.example',
					'v\nx-b: 1',
					'v\u0000',
					'v\u010ahost: evil',
					'ü',
				),
			);
			await fc.assert(
				fc.asyncProperty(name, value, async (given, content) => {
					const result = await run(
						{ name: given, value: content },
						{
							conversationId: 'conv_1',
							metadata: { pairs: [{ key: 'a', value: 'b' }] },
							options: {
								additionalHeaders: {
									headers: [{ name: '={{ $json.name }}', value: '={{ $json.value }}' }],
								},
							},
						},
					);
					const isOwn = OWN.includes(given.trim().toLowerCase());
					check(
						result,
						/^\/base\/v1\/conversations\/conv_1$/,
						isOwn ? undefined : [given.trim().replace(/^\u200b+|\u200b+$/g, ''), content.trim()],
					);
				}),
				RUNS,
			);
		},
		TIME_LIMIT_MS,
	);

	it(
		'as a query parameter, it should be in the query, encoded',
		async () => {
			await fc.assert(
				fc.asyncProperty(text, text, async (name, value) => {
					const result = await run(
						{ name, value },
						{
							conversationId: 'conv_1',
							metadata: { pairs: [{ key: 'a', value: 'b' }] },
							options: {
								additionalQuery: {
									parameters: [{ name: '={{ $json.name }}', value: '={{ $json.value }}' }],
								},
							},
						},
					);
					check(result, /^\/base\/v1\/conversations\/conv_1\?[^?#\s]*$/);
					if (result.error !== undefined) return;
					const [, query = ''] = wires[0]?.line.split(' ')[1]?.split('?') ?? [];
					const pieces = query.split('=').map(decodeURIComponent);
					expect(pieces).toHaveLength(2);
					expect(pieces[1]).toBe(value);
					expect(name).toContain(pieces[0]);
				}),
				RUNS,
			);
		},
		TIME_LIMIT_MS,
	);

	it(
		'as the item to start after, it should be in the query, encoded',
		async () => {
			await fc.assert(
				fc.asyncProperty(text, async (after) => {
					const parameters = {
						resource: 'item',
						operation: 'getMany',
						conversationId: 'conv_1',
						options: { after: '={{ $json.after }}' },
					};
					const { error } = await run({ after }, parameters);
					expect(unfinished).toBe(0);
					for (const { line, rest } of wires) {
						expect(line).toMatch(
							/^GET \/base\/v1\/conversations\/conv_1\/items\?[^?#\s]* HTTP\/1\.1$/,
						);
						expect(rest).toBe('');
					}
					// The bare server knows no lists, so whatever leaves ends as an answer that is none.
					if (error?.name !== 'NodeApiError') expect(wires).toEqual([]);
				}),
				RUNS,
			);
		},
		TIME_LIMIT_MS,
	);

	it(
		'behind the base URL, every request should go to what stands there, and to that server',
		async () => {
			const end = fc.oneof(
				fc.constantFrom(
					'',
					'/',
					'//',
					'/v1',
					'/../x',
					'/a b',
					'/%2e%2e/x',
					'/..%2f',
					'\\x',
					'?a=b',
					'#x',
					'@evil.example',
					':80',
					'/ü',
					'/\t',
					'/a\r\nb',
					'/;x',
					'/\u0000',
				),
				fc.webPath(),
				text,
			);
			await fc.assert(
				fc.asyncProperty(end, async (suffix) => {
					const base = `http://${origin}${suffix}`;
					const result = await run(
						{ base },
						{
							conversationId: 'conv_1',
							metadata: { pairs: [{ key: 'a', value: 'b' }] },
							options: { baseUrl: '={{ $json.base }}', timeout: 5 },
						},
					);
					// Where the suffix goes on with the host or the port, the address is another one, and may not exist.
					const url = URL.canParse(base.trim()) ? new URL(base.trim()) : undefined;
					if (url !== undefined && url.host !== origin) return expect(wires).toEqual([]);
					check(result, /^\/\S*conversations\/conv_1$/);
					for (const { line } of wires) {
						expect(line).toBe(
							`POST ${url?.pathname.replace(/\/+$/, '') ?? ''}/conversations/conv_1 HTTP/1.1`,
						);
					}
				}),
				{ numRuns: Math.min(RUNS.numRuns, 2_000) },
			);
		},
		TIME_LIMIT_MS,
	);
});
