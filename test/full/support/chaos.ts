import { conversationLocked } from '../../../server/index.mjs';
import type { FaultRule, RequestRecord } from '../../../server/types.mjs';

/**
 * A number from 0 up to 1 that depends on nothing but the text: FNV-1a, then Murmur3's finalizer, since texts that
 * differ in their last letter would else give neighbours.
 */
export function draw(text: string): number {
	let hash = 0x811c9dc5;
	for (let index = 0; index < text.length; index++) {
		hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
	}
	hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
	hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
	return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

const HTML = {
	status: 502,
	headers: { 'content-type': 'text/html' },
	body: '<html><h1>Bad Gateway</h1></html>',
};

/** Each fault with its share of all requests. `apply`, and a broken genuine answer: the write was carried out. */
export const FAULTS: ReadonlyArray<{ share: number; rule: FaultRule & { name: string } }> = [
	{ share: 0.012, rule: { name: '400', status: 400 } },
	{ share: 0.006, rule: { name: '403', status: 403 } },
	{ share: 0.006, rule: { name: '404', status: 404 } },
	{
		share: 0.012,
		rule: { name: 'conversation locked', status: 400, body: conversationLocked().body },
	},
	// The node takes the wait for the time in which the server regains one request.
	{ share: 0.006, rule: { name: '429', status: 429, headers: { 'retry-after-ms': '4' } } },
	{ share: 0.015, rule: { name: '500', status: 500, headers: { 'retry-after-ms': '30' } } },
	{
		share: 0.015,
		rule: { name: '500, applied', status: 500, apply: true, headers: { 'retry-after-ms': '30' } },
	},
	{ share: 0.01, rule: { name: '502 of a proxy', ...HTML } },
	{ share: 0.01, rule: { name: '502 of a proxy, applied', apply: true, ...HTML } },
	{ share: 0.01, rule: { name: '503', status: 503 } },
	{ share: 0.01, rule: { name: 'reset', reset: 'before-headers' } },
	{ share: 0.01, rule: { name: 'reset, applied', reset: 'before-headers', apply: true } },
	{ share: 0.005, rule: { name: 'reset after the headers, applied', reset: 'after-headers' } },
	{ share: 0.01, rule: { name: 'half a body, applied', close: 'mid-body' } },
	{ share: 0.005, rule: { name: 'truncated, applied', truncate: 20 } },
	{ share: 0.002, rule: { name: '200 with a web page', status: 200, body: '<!doctype html>' } },
	{
		share: 0.002,
		rule: {
			name: '200 with a web page, applied',
			status: 200,
			body: '<!doctype html>',
			apply: true,
		},
	},
	{ share: 0.002, rule: { name: 'hang', hang: true } },
	{ share: 0.002, rule: { name: 'hang, applied', hang: true, apply: true } },
];

/**
 * Fault rules that take a seeded share of all requests. Which ones depends only on the seed and on the
 * request's number among those of its kind to its conversation, not on which conversation is faster.
 */
export function seededFaults(seed: string): FaultRule[] {
	const counts = new Map<string, number>();
	const chosen = new WeakMap<RequestRecord, string | undefined>();

	const choose = ({ method, path }: RequestRecord): string | undefined => {
		const kind = `${method} ${path}`;
		const count = (counts.get(kind) ?? 0) + 1;
		counts.set(kind, count);
		let left = draw(`${seed} ${kind} ${count}`);
		return FAULTS.find(({ share }) => (left -= share) < 0)?.rule.name;
	};
	return FAULTS.map(({ rule }) => ({
		...rule,
		times: Infinity,
		match: {
			predicate(request) {
				if (!chosen.has(request)) chosen.set(request, choose(request));
				return chosen.get(request) === rule.name;
			},
		},
	}));
}
