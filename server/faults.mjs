/** @import { FaultHandle, FaultMatch, FaultRule, RequestRecord } from './types.mjs' */
import { breaksOff } from './wire.mjs';
import { WRONG_LISTS } from './wrongLists.mjs';

/**
 * The queue of fault rules. A request goes to the first rule, in the order they were queued, that
 * matches it and still has `times` left. `nth` and `skip` count every request that fits the rule's
 * match, also those that another rule takes.
 *
 * @param {string} basePath such as `/v1`; a rule's path may leave it out
 */
export function createFaults(basePath) {
	/** @type {QueuedRule[]} */
	let queue = [];

	return {
		/**
		 * @param {FaultRule} rule
		 * @returns {FaultHandle}
		 */
		add(rule) {
			checkRule(rule);
			const queued = {
				rule,
				hits: 0,
				seen: 0,
				remove: () => void (queue = queue.filter((each) => each !== queued)),
			};
			queue.push(queued);
			return queued;
		},

		/**
		 * @param {RequestRecord} request
		 * @returns {FaultRule | undefined} the rule that takes the request
		 */
		take(request) {
			/** @type {QueuedRule | undefined} */
			let taker;
			for (const queued of queue) {
				const { rule } = queued;
				if (rule.match && !fits(rule.match, request, basePath)) continue;
				queued.seen += 1;
				if (taker || queued.hits >= (rule.times ?? 1) || queued.seen <= (rule.skip ?? 0)) continue;
				if (rule.match?.nth !== undefined && queued.seen !== rule.match.nth) continue;
				taker = queued;
			}
			if (!taker) return undefined;
			taker.hits += 1;
			request.fault = taker.rule.name ?? describeRule(taker.rule);
			return taker.rule;
		},

		clear() {
			queue = [];
		},
	};
}

/** @typedef {ReturnType<typeof createFaults>} Faults */
/** @typedef {FaultHandle & { seen: number }} QueuedRule */

/**
 * @param {FaultMatch} match
 * @param {RequestRecord} request
 * @param {string} basePath
 */
function fits(match, request, basePath) {
	if (match.method !== undefined && match.method.toUpperCase() !== request.method) return false;
	if (match.path instanceof RegExp) {
		// A sticky or global expression would remember where it stopped.
		match.path.lastIndex = 0;
		if (!match.path.test(request.path)) return false;
	} else if (
		match.path !== undefined &&
		match.path !== request.path &&
		basePath + match.path !== request.path
	) {
		return false;
	}
	return match.predicate?.(request) ?? true;
}

const TRANSPORT = /** @type {const} */ ([
	'reset',
	'close',
	'hang',
	'dripHeaders',
	'dripBody',
	'chunked',
	'contentLength',
	'truncate',
	'bodySize',
	'closeKeepAlive',
	'invalidUtf8',
]);

/** @param {FaultRule} rule */
function describeRule(rule) {
	const parts = TRANSPORT.filter((kind) => rule[kind] !== undefined && rule[kind] !== false).map(
		(kind) => {
			const value = rule[kind];
			return typeof value === 'string' ? `${kind} ${value}` : kind;
		},
	);
	if (rule.status !== undefined) parts.unshift(`status ${rule.status}`);
	if (rule.delayMs !== undefined) parts.push(`delay ${rule.delayMs} ms`);
	if (rule.applyAfterMs !== undefined) parts.push(`applied ${rule.applyAfterMs} ms later`);
	if (rule.list) parts.push(`list ${rule.list}`);
	if (rule.gateway) parts.unshift('gateway');
	return parts.join(', ') || 'answer';
}

const FIELDS = new Set([
	...TRANSPORT,
	'name',
	'match',
	'times',
	'skip',
	'apply',
	'applyAfterMs',
	'gateway',
	'delayMs',
	'status',
	'headers',
	'body',
	'respond',
	'list',
]);
const MATCH_FIELDS = new Set(['method', 'path', 'nth', 'predicate']);
const CUTS = ['before-headers', 'after-headers', 'mid-body', undefined];

/**
 * A slip in a rule would be a fault that never happens, and a test that proves nothing.
 *
 * @param {FaultRule} rule
 */
function checkRule(rule) {
	const unknown =
		Object.keys(rule).find((field) => !FIELDS.has(field)) ??
		Object.keys(rule.match ?? {}).find((field) => !MATCH_FIELDS.has(field));
	if (unknown !== undefined) throw new TypeError(`Fault rule: there is no field '${unknown}'`);
	if (!CUTS.includes(rule.reset) || !CUTS.includes(rule.close)) {
		throw new TypeError(
			`Fault rule: reset and close are one of ${CUTS.filter(Boolean).join(', ')}`,
		);
	}
	if (![undefined, true, 'headers', 'body'].includes(rule.hang)) {
		throw new TypeError("Fault rule: hang is true, 'headers' or 'body'");
	}
	if (![undefined, false, true, 'forwarding'].includes(rule.gateway)) {
		throw new TypeError("Fault rule: gateway is true or 'forwarding'");
	}
	if (rule.list !== undefined && !WRONG_LISTS.includes(rule.list))
		throw new TypeError(`Fault rule: list is one of ${WRONG_LISTS.join(', ')}`);
	if (rule.applyAfterMs !== undefined) checkLateWrite(rule);
	/** @type {[string, unknown, number][]} */
	const numbers = [
		['times', rule.times, 0],
		['skip', rule.skip, 0],
		['match.nth', rule.match?.nth, 1],
		['delayMs', rule.delayMs, 0],
		['applyAfterMs', rule.applyAfterMs, 0],
		['status', rule.status, 200],
		['contentLength', rule.contentLength, 0],
		['truncate', rule.truncate, 0],
		['bodySize', rule.bodySize, 0],
		['dripHeaders.bytes', rule.dripHeaders?.bytes, 1],
		['dripHeaders.everyMs', rule.dripHeaders?.everyMs, 0],
		['dripBody.bytes', rule.dripBody?.bytes, 1],
		['dripBody.everyMs', rule.dripBody?.everyMs, 0],
	];
	for (const [name, value, minimum] of numbers) {
		if (value === undefined || (typeof value === 'number' && value >= minimum)) continue;
		throw new RangeError(`Fault rule: ${name} must be a number of at least ${minimum}`);
	}
}

/** @param {FaultRule} rule */
function checkLateWrite(rule) {
	if (rule.apply) throw new TypeError('Fault rule: apply and applyAfterMs exclude each other');
	const hasAnswer =
		rule.status !== undefined || rule.body !== undefined || rule.respond !== undefined;
	if (!hasAnswer && !breaksOff(rule)) {
		throw new TypeError(
			'Fault rule: applyAfterMs needs a status, a body, respond, or a connection that breaks off',
		);
	}
}
