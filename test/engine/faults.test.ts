/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createRunExecutionData } from 'n8n-workflow';
import type { INodeParameters } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import type { RequestRecord } from '../../server/types.mjs';
import type { Failure, Place, Row } from './faults.rows';
import { TABLE } from './faults.rows';
import { API_KEY, pairs, pause, runNode, until } from '../support/engine';
import type { RunResult } from '../support/engine';

/** Rows that run at a time: most of them only wait. */
const SIDE_BY_SIDE = 6;

const BEFORE = { old: '1' };
const AFTER = { topic: 'x' };

interface Seen {
	/** As in the row. */
	requests: string;
	/** When each came, in ms. */
	arrivals: number[];
	/** The conversation's metadata in the end. */
	stored: Record<string, string> | undefined;
	/** Connections that are still open on the server's side. */
	open: number;
}

interface Run {
	result: RunResult;
	seen: Seen;
	tookMs: number;
	/** From the stop to the end, in ms. */
	stoppedAfterMs: number;
	/** What the server elsewhere was asked. */
	elsewhere: number;
}

/** A server as a row needs it. */
interface Target {
	url: string;
	conversation: string;
	requests(): readonly RequestRecord[];
	seen(): Seen;
	close(): Promise<unknown>;
}

const described = ({ status, applied }: RequestRecord): string =>
	`${status ?? '-'}${applied ? '+' : ''}`;

async function sandboxFor(row: Row, elsewhere: string): Promise<Target> {
	const server = await startServer({ apiKeys: [API_KEY] });
	const { id } = server.store.createConversation({ metadata: BEFORE });
	const { faults = [] } = row;
	server.faults(
		typeof faults === 'function'
			? faults({ url: server.url, elsewhere, conversation: id })
			: faults,
	);
	return {
		url: server.url,
		conversation: id,
		requests: () => server.requests,
		seen: () => ({
			requests: server.requests.map(described).join(' '),
			arrivals: server.requests.map(({ receivedAt }) => receivedAt),
			stored: server.store.getConversation(id)?.metadata,
			open: server.openSockets,
		}),
		close: async () => await server.close(),
	};
}

/** A bare socket: answers each request with the next text. It knows no conversation. */
async function socketFor(answers: ReadonlyArray<string | Buffer>): Promise<Target> {
	const sockets = new Set<Socket>();
	const requests: RequestRecord[] = [];
	const arrivals: number[] = [];
	const server = createServer((socket) => {
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket));
		socket.on('error', () => socket.destroy());
		socket.once('data', () => {
			const answer = answers[Math.min(arrivals.length, answers.length - 1)] ?? '';
			arrivals.push(performance.now());
			requests.push(nothingOf(arrivals.length));
			if (answer.length > 0) socket.end(answer);
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}/v1`,
		conversation: 'conv_raw',
		requests: () => requests,
		seen: () => ({
			requests: '.'.repeat(arrivals.length),
			arrivals,
			stored: undefined,
			open: sockets.size,
		}),
		async close() {
			for (const socket of sockets) socket.destroy();
			server.close();
			await once(server, 'close');
		},
	};
}

const nothingOf = (index: number): RequestRecord => ({
	index,
	receivedAt: 0,
	method: '',
	path: '',
	query: '',
	rawUrl: '',
	headers: {},
	rawHeaders: [],
	bodyText: '',
	body: undefined,
	status: undefined,
	applied: false,
	fault: undefined,
	aborted: false,
	endedAt: undefined,
});

function parametersOf(row: Row, place: Place): INodeParameters {
	const { options = {} } = row;
	return {
		...(row.parameters?.(place.conversation) ?? {
			conversationId: place.conversation,
			metadata: pairs(AFTER),
		}),
		options: typeof options === 'function' ? options(place) : options,
	};
}

async function play(row: Row): Promise<Run> {
	const elsewhere = await startServer({ apiKeys: [API_KEY] });
	const target =
		row.raw === undefined ? await sandboxFor(row, elsewhere.url) : await socketFor(row.raw);
	const stop = new AbortController();
	try {
		const place: Place = {
			url: target.url,
			elsewhere: elsewhere.url,
			conversation: target.conversation,
		};
		const startedAt = performance.now();
		const running = runNode(target.url, {
			parameters: parametersOf(row, place),
			stop: stop.signal,
		});
		let stoppedAt = Infinity;
		if (row.stopWhen !== undefined) {
			await until(() => row.stopWhen?.(target.requests()) === true);
			// The engine hands the signal on while it starts the node.
			if (target.requests().length > 0) await pause(20);
			stoppedAt = performance.now();
			stop.abort();
		}
		const result = await running.catch((error: unknown) => {
			if (row.gets === 'canceled') return undefined;
			throw error;
		});
		const endedAt = performance.now();
		// A retry that should not be would come now; and what is left of connections goes.
		await pause(row.gets === 'canceled' ? 60 : 30);
		// On a crowded machine a moment later.
		for (let tries = 0; target.seen().open > 0 && tries < 50; tries++) await pause(20);
		return {
			result: result ?? NOT_RUN,
			seen: target.seen(),
			tookMs: endedAt - startedAt,
			stoppedAfterMs: endedAt - stoppedAt,
			elsewhere: elsewhere.requestCount,
		};
	} finally {
		await Promise.all([target.close(), elsewhere.close()]);
	}
}

/** Stopped before the node began. */
const NOT_RUN: RunResult = {
	run: {
		mode: 'cli',
		startedAt: new Date(0),
		status: 'canceled',
		storedAt: 'db',
		data: createRunExecutionData(),
	},
	task: { startTime: 0, executionTime: 0, executionIndex: 0, source: [] },
	outputs: [],
	items: [],
	json: [],
	hints: [],
	error: undefined,
	decrypted: 0,
};

/** So long a row may take: more than any of them needs, and less than a test may. */
const DEADLINE_MS = 20_000;

async function playInTime(row: Row): Promise<Run> {
	const deadline = pause(DEADLINE_MS, undefined, { ref: false }).then(() => {
		throw new Error('The row did not end');
	});
	return await Promise.race([play(row), deadline]);
}

function expectFailure({ result }: Run, expected: Failure): void {
	const { error } = result;
	expect(error?.name).toBe('NodeApiError');
	if (typeof expected.message === 'string') expect(error?.message).toBe(expected.message);
	else expect(error?.message).toMatch(expected.message);
	const {
		status,
		code,
		param,
		type,
		attempts,
		advice,
		may_have_happened: mayHaveHappened,
	} = error?.context ?? {};
	expect({ status, param, type, attempts, mayHaveHappened }).toEqual({
		status: expected.status,
		param: expected.param,
		type: expected.type,
		attempts: expected.attempts,
		mayHaveHappened: expected.mayHaveHappened,
	});
	// A few codes depend on the machine and on the version of OpenSSL.
	if (expected.code === 'E*') expect(code).toMatch(/^E\w+$/);
	else if (expected.code?.includes('\\') === true)
		expect(code).toMatch(new RegExp(`^${expected.code}$`));
	else expect(code).toBe(expected.code);
	expect(advice).toContain(expected.advice ?? '');
	expect(error?.description).toContain(String(advice));
	expect(error?.description).toContain(`${expected.attempts} attempt`);
	expect(error).toMatchObject({
		httpCode: expected.status === undefined ? null : String(expected.status),
	});
}

function check(row: Row, run: Run): void {
	const { result, seen, tookMs, elsewhere } = run;
	expect(seen.requests).toBe(row.seen);
	expect(elsewhere).toBe(0);
	expect(seen.open).toBe(0);
	if (row.gets === 'success') {
		expect(result.error?.message).toBeUndefined();
		expect(result.json).toHaveLength(1);
	} else if (row.gets === 'canceled') {
		expect(result.run.status).toBe('canceled');
		expect(run.stoppedAfterMs).toBeLessThan(200);
	} else {
		expectFailure(run, row.gets);
	}
	if (row.parameters === undefined && row.raw === undefined) {
		expect(seen.stored).toEqual(row.seen.includes('+') ? AFTER : BEFORE);
	}
	for (const [index, [atLeast, atMost]] of (row.pauses ?? []).entries()) {
		const gap = (seen.arrivals[index + 1] ?? 0) - (seen.arrivals[index] ?? 0);
		expect(gap).toBeGreaterThan(atLeast);
		expect(gap).toBeLessThan(atMost);
	}
	const [atLeast, atMost] = row.took ?? [0, Infinity];
	expect(tookMs).toBeGreaterThan(atLeast);
	expect(tookMs).toBeLessThan(atMost);
	if (row.hint !== undefined) expect(result.hints.join('\n')).toContain(row.hint);
}

/** What became of each row: they run side by side, and every test waits for its own. */
const runs = new Map<Row, Promise<Run>>();

beforeAll(async () => {
	// The first run loads what the engine needs, and would be late for its row.
	await play({ what: 'nothing', seen: '200+', gets: 'success' });
	const rows = TABLE.flatMap(([, group]) => group);
	const slots: Array<Promise<unknown>> = Array.from(
		{ length: SIDE_BY_SIDE },
		async () => await Promise.resolve(),
	);
	let next = 0;
	const enqueue = (row: Row): void => {
		const slot = next++ % SIDE_BY_SIDE;
		const run = (slots[slot] ?? Promise.resolve()).then(async () => await playInTime(row));
		slots[slot] = run.catch(() => undefined);
		runs.set(row, run);
	};
	rows.filter(({ alone }) => alone !== true).forEach(enqueue);
	let last: Promise<unknown> = Promise.all(slots);
	for (const row of rows.filter(({ alone }) => alone === true)) {
		const run = last.then(async () => await playInTime(row));
		last = run.catch(() => undefined);
		runs.set(row, run);
	}
	for (const run of runs.values()) run.catch(() => undefined);
	await last;
}, 120_000);

it('should be a table of at least 150 rows, each with a name of its own', () => {
	const names = TABLE.flatMap(([title, rows]) => rows.map(({ what }) => `${title}: ${what}`));
	expect(new Set(names).size).toBe(names.length);
	expect(names.length).toBeGreaterThanOrEqual(150);
});

describe.each(TABLE)('%s', (_title, rows) => {
	it.each(rows.map((row): [string, Row] => [row.what, row]))('%s', async (_what, row) => {
		const run = await runs.get(row);
		if (run === undefined) throw new Error('The row did not run');
		check(row, run);
	});
});
