/** @import { FaultHandle, FaultMatch, FaultRule, RequestRecord } from './types.mjs' */
import { isObject } from './validate.mjs';
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

/** @typedef {(value: unknown) => string | undefined} Check what a value must be, if it isn't */

const anything = () => undefined;

/** @param {number} minimum @returns {Check} */
const atLeast = (minimum) => (value) =>
	typeof value === 'number' && value >= minimum ? undefined : `a number of at least ${minimum}`;

/** @param {readonly unknown[]} values @param {string} words @returns {Check} */
const among = (values, words) => (value) => (values.includes(value) ? undefined : words);

const CUTS = ['before-headers', 'after-headers', 'mid-body'];
const cut = among(CUTS, `one of ${CUTS.join(', ')}`);

/** @type {Check} */
const drip = (value) => {
	const { bytes, everyMs } = isObject(value) ? value : {};
	return atLeast(1)(bytes) === undefined && atLeast(0)(everyMs) === undefined
		? undefined
		: 'an object with bytes, at least 1, and everyMs, at least 0';
};

/** @satisfies {Record<keyof FaultMatch, Check>} */
const MATCH_FIELDS = { method: anything, path: anything, nth: atLeast(1), predicate: anything };

/** What happens to the connection, whatever the answer is. */
const TRANSPORT_FIELDS = /** @satisfies {Partial<Record<keyof FaultRule, Check>>} */ ({
	reset: cut,
	close: cut,
	hang: among([true, 'headers', 'body'], "true, 'headers' or 'body'"),
	dripHeaders: drip,
	dripBody: drip,
	chunked: anything,
	contentLength: atLeast(0),
	truncate: atLeast(0),
	bodySize: atLeast(0),
	closeKeepAlive: anything,
	invalidUtf8: anything,
});

/** @satisfies {Record<keyof FaultRule, Check>} */
const FIELDS = {
	...TRANSPORT_FIELDS,
	name: anything,
	match: anything,
	times: atLeast(0),
	skip: atLeast(0),
	apply: anything,
	applyAfterMs: atLeast(0),
	gateway: among([false, true, 'forwarding'], "true or 'forwarding'"),
	delayMs: atLeast(0),
	status: atLeast(200),
	headers: anything,
	body: anything,
	respond: anything,
	list: among(WRONG_LISTS, `one of ${WRONG_LISTS.join(', ')}`),
};

/** @param {FaultRule} rule */
function describeRule(rule) {
	const parts = Object.entries(rule)
		.filter(([name, value]) => name in TRANSPORT_FIELDS && value !== undefined && value !== false)
		.map(([name, value]) => (typeof value === 'string' ? `${name} ${value}` : name));
	if (rule.status !== undefined) parts.unshift(`status ${rule.status}`);
	if (rule.delayMs !== undefined) parts.push(`delay ${rule.delayMs} ms`);
	if (rule.applyAfterMs !== undefined) parts.push(`applied ${rule.applyAfterMs} ms later`);
	if (rule.list) parts.push(`list ${rule.list}`);
	if (rule.gateway) parts.unshift('gateway');
	return parts.join(', ') || 'answer';
}

/**
 * A slip in a rule would be a fault that never happens, and a test that proves nothing.
 *
 * @param {FaultRule} rule
 */
function checkRule(rule) {
	checkFields(rule, FIELDS);
	checkFields(rule.match ?? {}, MATCH_FIELDS);
	if (rule.applyAfterMs !== undefined) checkLateWrite(rule);
}

/**
 * @param {object} given
 * @param {Record<string, Check>} checks
 */
function checkFields(given, checks) {
	for (const [name, value] of Object.entries(given)) {
		const check = checks[name];
		if (check === undefined) throw new TypeError(`Fault rule: there is no field '${name}'`);
		const words = value === undefined ? undefined : check(value);
		if (words !== undefined) throw new TypeError(`Fault rule: ${name} must be ${words}`);
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
