import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { startServer } from '../../server/index.mjs';
import type { FaultRule, Item, RequestRecord } from '../../server/types.mjs';
import { API_KEY, pause, runNode } from '../support/engine';
import { draw, FAULTS } from './support/chaos';
import { report } from './support/report.mjs';

/**
 * 2,000 messages to 100 conversations from two runs at once, with 15 % of all requests disturbed.
 * What the outputs claim is held against what the conversations hold.
 */

const SEED = 'send-1';
const CONVERSATIONS = 100;
const MESSAGES_PER_RUN = 1_000;
const RUNS = 2;
/** ms that the model takes. */
const MODEL_MS = 10;

/** Beside the usual faults: a gateway that gives up on a request which is carried out all the same. */
const LATE = {
	share: 0.01,
	rule: { name: '504 of a gateway, applied later', status: 504, gateway: true, applyAfterMs: 150 },
} as const;

/**
 * Each request meets the fault that the seed gives it. Which one depends only on the
 * request's number among those of its kind in its conversation.
 */
function seededFaults(): FaultRule[] {
	// A 429 that comes by chance would only slow the run down to what it happens to do.
	const faults = [...FAULTS.filter(({ rule }) => rule.name !== '429'), LATE];
	const counts = new Map<string, number>();
	const chosen = new WeakMap<RequestRecord, string | undefined>();
	const choose = ({ method, path, conversation }: RequestRecord): string | undefined => {
		const kind = `${method} ${path} ${conversation ?? ''}`;
		const count = (counts.get(kind) ?? 0) + 1;
		counts.set(kind, count);
		let left = draw(`${SEED} ${kind} ${count}`);
		return faults.find(({ share }) => (left -= share) < 0)?.rule.name;
	};
	return faults.map(({ rule }) => ({
		...rule,
		times: Infinity,
		match: {
			predicate(request) {
				// What comes late can't be a look.
				if (rule.name === LATE.rule.name && request.method === 'GET') return false;
				if (!chosen.has(request)) chosen.set(request, choose(request));
				return chosen.get(request) === rule.name;
			},
		},
	}));
}

interface Outcome {
	id: string;
	text: string;
	output: IDataObject | undefined;
	/** What the failure says of itself. */
	failure: IDataObject | undefined;
}

function textOf({ content }: Item): string {
	const part: unknown = Array.isArray(content) ? content[0] : undefined;
	return typeof part === 'object' && part !== null && 'text' in part ? String(part.text) : '';
}

describe('2,000 messages over 100 conversations, 15 % of the requests disturbed', () => {
	const ids = Array.from({ length: CONVERSATIONS }, (_, n) => `conv_${String(n).padStart(4, '0')}`);
	let server: Awaited<ReturnType<typeof startServer>>;
	let runs: Outcome[][];

	const sendAll = async (run: number): Promise<Outcome[]> => {
		const inputs = Array.from({ length: MESSAGES_PER_RUN }, (_, n) => ({
			id: ids[Math.floor(draw(`${SEED} ${run} ${n}`) * CONVERSATIONS)] ?? '',
			text: `<${run}.${n}>`,
		}));
		const { items } = await runNode(server.url, {
			items: inputs.map((json): INodeExecutionData => ({ json })),
			parameters: {
				operation: 'send',
				model: 'gpt-5-mini',
				conversationId: '={{ $json.id }}',
				text: '={{ $json.text }}',
				options: { maxRetries: 3, retryNetworkErrors: true, timeout: 2, maxConcurrency: 50 },
			},
			settings: { onError: 'continueRegularOutput' },
		});
		expect(items).toHaveLength(inputs.length);
		return inputs.map((input, n) => {
			const { json = {} } = items[n] ?? {};
			const details: unknown = json['details'];
			return typeof details === 'object' && details !== null
				? { ...input, output: undefined, failure: { ...details } }
				: { ...input, output: json, failure: undefined };
		});
	};

	beforeAll(async () => {
		server = await startServer({ apiKeys: [API_KEY], modelMs: MODEL_MS, record: 'light' });
		for (const id of ids) server.store.createConversation({ id });
		server.faults(seededFaults());
		const startedAt = Date.now();
		runs = await Promise.all(Array.from({ length: RUNS }, async (_, run) => await sendAll(run)));
		// What a gateway has carried out late.
		await pause(500);
		report('send chaos', {
			seconds: (Date.now() - startedAt) / 1_000,
			requests: server.requestCount,
			disturbed: server.requests.filter(({ fault }) => fault !== undefined).length,
			...counted(),
		});
	}, 180_000);
	afterAll(async () => await server.close());

	const stored = (id: string) => server.store.getConversation(id)?.items ?? [];
	const uncertain = ({ failure }: Outcome) => failure?.['may_have_happened'] === true;
	const counted = () => {
		const all = runs.flat();
		const failed = all.filter(({ failure }) => failure !== undefined);
		return {
			messages: all.length,
			answered: all.length - failed.length,
			found: all.filter(({ output }) => output?.['response'] === null).length,
			notSent: failed.filter((outcome) => !uncertain(outcome)).length,
			uncertain: failed.filter(uncertain).length,
		};
	};

	it('should have been as it is called', () => {
		const disturbed = server.requests.filter(({ fault }) => fault !== undefined);
		expect(disturbed.length / server.requestCount).toBeCloseTo(0.15, 1);
		expect(new Set(disturbed.map(({ fault }) => fault)).size).toBe(FAULTS.length);
		expect(server.maxInFlightPerConversation).toBeLessThanOrEqual(RUNS);
	});

	it('should answer nearly all, and report the others', () => {
		for (const { failure } of runs.flat()) {
			if (failure !== undefined) expect(failure).toMatchObject({ attempts: expect.any(Number) });
		}
		const { messages, answered, found, uncertain: open } = counted();
		expect(answered).toBeGreaterThan(messages * 0.85);
		expect(found).toBeGreaterThan(50);
		expect(open).toBeLessThan(messages * 0.06);
	});

	it('should have said none twice and lost none, each with its reply behind it', () => {
		const known = new Set(runs.flat().map(({ text }) => text));
		for (const outcome of runs.flat()) {
			const { id, text, output } = outcome;
			const items = stored(id);
			const places = items.flatMap((item, place) =>
				item['role'] === 'user' && textOf(item) === text ? [place] : [],
			);
			expect(places.length).toBeLessThanOrEqual(1);
			const [place] = places;
			if (place !== undefined) {
				const reply = items[place + 1];
				expect(reply?.['role']).toBe('assistant');
				expect(textOf(reply ?? { id: '', type: '' })).toBe(`You said: ${text}`);
			}
			if (output !== undefined) {
				expect(place).toBeDefined();
				expect(output).toMatchObject({ conversation: id, text: `You said: ${text}` });
			} else if (!uncertain(outcome)) {
				expect(place).toBeUndefined();
			}
		}
		for (const id of ids) {
			for (const item of stored(id)) {
				if (item['role'] === 'user') expect(known).toContain(textOf(item));
			}
		}
	});

	it('should have kept the order of each run in each conversation', () => {
		for (const [run, outcomes] of runs.entries()) {
			for (const id of ids) {
				const answered = outcomes
					.filter((outcome) => outcome.id === id && outcome.output !== undefined)
					.map(({ text }) => text);
				const said = stored(id)
					.map(textOf)
					.filter((text) => text.startsWith(`<${run}.`) && answered.includes(text));
				expect(said).toEqual(answered);
			}
		}
	});

	it('should leave nothing in flight', () => {
		expect(server.inFlight).toBe(0);
	});
});
