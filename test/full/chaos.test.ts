/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { setTimeout as pause } from 'node:timers/promises';
import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { startServer } from '../../server/index.mjs';
import { API_KEY, detailsOf, isFailed, runNode } from '../support/engine';
import { draw, FAULTS, seededFaults } from './support/chaos';
import { activeResources, watchSignals } from './support/leftovers.mjs';
import { report } from './support/report.mjs';

/**
 * 20,000 requests over 500 conversations, 15 % of them disturbed in a way that depends on the seed alone. What the
 * node's outputs claim is held against what the server has.
 */

const SEED = 'chaos-1';
const CONVERSATIONS = 500;
const REQUESTS = 20_000;

type Server = Awaited<ReturnType<typeof startServer>>;
let server: Server;
beforeAll(async () => {
	server = await startServer({ apiKeys: [API_KEY] });
});
afterAll(async () => await server?.close());

/** What became of one input item, as the node's output tells it. */
interface Outcome {
	input: IDataObject;
	/** The output items' JSON; undefined for a failure. */
	outputs: IDataObject[] | undefined;
	/** What the failure says of itself. */
	failure: IDataObject | undefined;
}

const options: INodeParameters = {
	maxRetries: 3,
	retryNetworkErrors: true,
	timeout: 2,
	maxConcurrency: 30,
};

/** Runs the node once, and tells what became of each item, in input order. */
async function outcomesOf(
	inputs: readonly IDataObject[],
	parameters: INodeParameters,
): Promise<Outcome[]> {
	const { items, error } = await runNode(server.url, {
		items: inputs.map((json): INodeExecutionData => ({ json })),
		parameters: { conversationId: '={{ $json.id }}', ...parameters, options },
		settings: { onError: 'continueRegularOutput' },
	});
	expect(error).toBeUndefined();
	const byInput = new Map<number, INodeExecutionData[]>();
	for (const item of items) {
		const { pairedItem } = item;
		if (typeof pairedItem !== 'object' || Array.isArray(pairedItem))
			throw new Error('An output item is not paired');
		byInput.set(pairedItem.item, [...(byInput.get(pairedItem.item) ?? []), item]);
	}
	return inputs.map((input, index) => {
		const own = byInput.get(index) ?? [];
		const [first] = own;
		if (first === undefined || !isFailed(first))
			return { input, outputs: own.map(({ json }) => json), failure: undefined };
		expect(own).toHaveLength(1);
		return { input, outputs: undefined, failure: detailsOf(first) };
	});
}

/** Runs the node once for each batch, one after the other. */
async function inBatches(
	inputs: readonly IDataObject[],
	size: number,
	parameters: INodeParameters,
): Promise<Outcome[]> {
	const outcomes: Outcome[] = [];
	for (let start = 0; start < inputs.length; start += size) {
		outcomes.push(...(await outcomesOf(inputs.slice(start, start + size), parameters)));
	}
	return outcomes;
}

const byConversation = (outcomes: readonly Outcome[]): Map<string, Outcome[]> => {
	const groups = new Map<string, Outcome[]>();
	for (const outcome of outcomes) {
		const id = String(outcome.input['id']);
		groups.set(id, [...(groups.get(id) ?? []), outcome]);
	}
	return groups;
};

/** Whether a failure says that nothing was changed: it was refused, at the first attempt. */
const isRefusal = ({ failure }: Outcome): boolean => {
	const status = Number(failure?.['status'] ?? 0);
	return failure?.['attempts'] === 1 && status >= 400 && status < 500;
};

const storedMetadata = (id: string): Record<string, string> =>
	server.store.getConversation(id)?.metadata ?? {};

const counted = (outcomes: readonly Outcome[]) => ({
	items: outcomes.length,
	succeeded: outcomes.filter(({ outputs }) => outputs !== undefined).length,
	failed: outcomes.filter(({ failure }) => failure !== undefined).length,
	mayHaveHappened: outcomes.filter(({ failure }) => failure?.['may_have_happened'] === true).length,
});

describe('Chaos', () => {
	const ids = Array.from(
		{ length: CONVERSATIONS },
		(_, index) => `conv_${String(index).padStart(4, '0')}`,
	);
	/** A conversation that the seed chooses. */
	const pick = (from: readonly string[], text: string) =>
		from[Math.floor(draw(`${SEED} ${text}`) * from.length)] ?? '';
	const [setIds, mergeIds] = [ids.slice(0, CONVERSATIONS / 2), ids.slice(CONVERSATIONS / 2)];

	const sets = Array.from({ length: 5_000 }, (_, n) => ({
		id: pick(setIds, `set ${n}`),
		metadata: { n: String(n) },
	}));
	const merges = Array.from({ length: 3_000 }, (_, n) => ({
		id: pick(mergeIds, `merge ${n}`),
		key: `key_${Math.floor(draw(`${SEED} key ${n}`) * 8)}`,
		// Every fifth one removes the key.
		value: n % 5 === 0 ? null : String(n),
	}));
	const adds = Array.from({ length: 7_300 }, (_, n) => ({
		id: pick(ids, `add ${n}`),
		texts: Array.from({ length: 1 + (n % 3) }, (_each, part) => `message ${n}.${part}`),
	}));

	let results: { set: Outcome[]; merge: Outcome[]; add: Outcome[] };
	let before: Record<string, number>;
	let signals: ReturnType<typeof watchSignals>;

	beforeAll(async () => {
		// n8n keeps what it starts with its first run.
		const { id } = server.store.createConversation();
		await outcomesOf([{ id }], { metadata: { pairs: [{ key: 'a', value: 'b' }] } });
		server.reset();
		for (const each of setIds)
			server.store.createConversation({ id: each, metadata: { old: '1' } });
		for (const each of mergeIds)
			server.store.createConversation({ id: each, metadata: { kept: each } });
		server.faults(seededFaults(SEED));
		await pause(500);
		before = activeResources();
		signals = watchSignals();
		const startedAt = Date.now();
		const json = { metadataInput: 'json' };
		const [set, merge, add] = await Promise.all([
			inBatches(sets, 1_000, { ...json, metadataJson: '={{ $json.metadata }}' }),
			inBatches(merges, 500, {
				...json,
				updateMode: 'merge',
				metadataJson: '={{ ({ [$json.key]: $json.value }) }}',
			}),
			inBatches(adds, 1_000, {
				resource: 'item',
				operation: 'add',
				itemsInput: 'json',
				itemsJson:
					'={{ $json.texts.map((content) => ({ type: "message", role: "user", content })) }}',
			}),
		]);
		results = { set, merge, add };
		const disturbed = server.requests.filter(({ fault }) => fault !== undefined);
		const faults: Record<string, number> = {};
		for (const { fault } of disturbed)
			if (fault !== undefined) faults[fault] = (faults[fault] ?? 0) + 1;
		report('chaos', {
			seconds: (Date.now() - startedAt) / 1_000,
			requests: server.requestCount,
			disturbed: disturbed.length,
			faults,
			set: counted(set),
			merge: counted(merge),
			add: counted(add),
		});
	}, 1_200_000);
	afterAll(() => signals?.stop());

	it('should have been as it is called', () => {
		expect(server.requestCount).toBeGreaterThanOrEqual(REQUESTS);
		expect(new Set(server.requests.map(({ path }) => path.split('/')[3])).size).toBe(CONVERSATIONS);
		const disturbed = server.requests.filter(({ fault }) => fault !== undefined);
		expect(disturbed.length / server.requestCount).toBeCloseTo(0.15, 1);
		expect(new Set(disturbed.map(({ fault }) => fault))).toEqual(
			new Set(FAULTS.map(({ rule }) => rule.name)),
		);
		expect(server.maxInFlightPerConversation).toBeLessThanOrEqual(2); // one run for metadata, one for items
	});

	it('should end every item as a success or as a reported failure', () => {
		for (const outcomes of [results.set, results.merge, results.add]) {
			for (const { outputs, failure } of outcomes) {
				if (outputs === undefined)
					expect(failure).toMatchObject({
						advice: expect.any(String),
						attempts: expect.any(Number),
					});
				else expect(outputs.length).toBeGreaterThan(0);
			}
		}
		expect(counted(results.set).succeeded).toBeGreaterThan(sets.length * 0.9);
		expect(counted(results.merge).succeeded).toBeGreaterThan(merges.length * 0.9);
		expect(counted(results.add).succeeded).toBeGreaterThan(adds.length * 0.85);
	});

	it('should leave the metadata that Set claims to have set', () => {
		for (const [id, outcomes] of byConversation(results.set)) {
			let possible: unknown[] = [{ old: '1' }];
			for (const outcome of outcomes) {
				const { metadata } = outcome.input;
				if (outcome.outputs === undefined)
					possible = isRefusal(outcome) ? possible : [...possible, metadata];
				else {
					expect(outcome.outputs).toEqual([expect.objectContaining({ id, metadata })]);
					possible = [metadata];
				}
			}
			expect(possible).toContainEqual(storedMetadata(id));
		}
	});

	it('should leave the metadata that merging claims to have set, and lose no other key', () => {
		for (const [id, outcomes] of byConversation(results.merge)) {
			/** What each key may have; null: it is not there. */
			const possible = new Map<string, unknown[]>([['kept', [id]]]);
			for (const outcome of outcomes) {
				const key = String(outcome.input['key']);
				const { value } = outcome.input;
				if (outcome.outputs === undefined) {
					if (!isRefusal(outcome)) possible.set(key, [...(possible.get(key) ?? [null]), value]);
					continue;
				}
				possible.set(key, [value]);
				const [output] = outcome.outputs;
				expect(output).toMatchObject({
					id,
					metadata: value === null ? { kept: id } : { kept: id, [key]: value },
				});
				if (value === null) expect(output?.['metadata']).not.toHaveProperty(key);
			}
			const stored = storedMetadata(id);
			expect(possible.has(id)).toBe(false);
			for (const [key, values] of possible) expect(values).toContainEqual(stored[key] ?? null);
			for (const key of Object.keys(stored)) expect([...possible.keys()]).toContain(key);
		}
	});

	it('should have added each message that it says it added exactly once, in order, and no other', () => {
		for (const [id, outcomes] of byConversation(results.add)) {
			const stored = (server.store.getConversation(id)?.items ?? []).map((item) => ({
				id: item.id,
				text: textOf(item),
			}));
			const place = new Map(stored.map(({ text }, index) => [text, index]));
			expect(place.size).toBe(stored.length);
			const claimed = new Set<string>();
			let last = -1;
			for (const { input, outputs, failure } of outcomes) {
				const texts = Array.isArray(input['texts']) ? input['texts'].map(String) : [];
				for (const text of texts) claimed.add(text);
				const places = texts.map((text) => place.get(text));
				if (outputs !== undefined) {
					expect(outputs.map((output) => output['id'])).toEqual(
						places.map((each) => stored[each ?? -1]?.id),
					);
					for (const each of places) {
						expect(each).toBeGreaterThan(last);
						last = each ?? last;
					}
				} else if (failure?.['may_have_happened'] !== true) {
					expect(places.filter((each) => each !== undefined)).toEqual([]);
				} else {
					// All of a request's items or none.
					expect([0, texts.length]).toContain(places.filter((each) => each !== undefined).length);
				}
			}
			for (const { text } of stored) expect(claimed).toContain(text);
		}
	});

	it('should leave no socket, timer or listener behind', async () => {
		const deadline = Date.now() + 15_000;
		const isClean = () =>
			server.openSockets === 0 &&
			server.inFlight === 0 &&
			Object.entries(activeResources()).every(([kind, count]) => count <= (before[kind] ?? 0));
		while (!isClean() && Date.now() < deadline) await pause(100);
		expect({ sockets: server.openSockets, inFlight: server.inFlight }).toEqual({
			sockets: 0,
			inFlight: 0,
		});
		expect(activeResources()).toEqual(before);
		expect(signals.listening()).toEqual([]);
	}, 30_000);
});

/** The text of a message of one part. */
function textOf({ content }: { [field: string]: unknown }): string {
	const part: unknown = Array.isArray(content) ? content[0] : undefined;
	return typeof part === 'object' && part !== null && 'text' in part ? String(part.text) : '';
}
