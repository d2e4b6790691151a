import { median } from './statistics.mjs';

/** @import { fiveHundred, loading, memoryAtScale, messages, oneAtATime, timeAtScale, tokenBucket } from './measure.mjs' */

/**
 * @typedef {object} Measured
 * @property {Awaited<ReturnType<typeof fiveHundred>>} fiveHundred
 * @property {Awaited<ReturnType<typeof oneAtATime>>} oneAtATime
 * @property {Awaited<ReturnType<typeof messages>>} messages
 * @property {Awaited<ReturnType<typeof timeAtScale>>} timeAtScale
 * @property {Awaited<ReturnType<typeof memoryAtScale>>} memoryAtScale
 * @property {Awaited<ReturnType<typeof tokenBucket>>} tokenBucket
 * @property {Awaited<ReturnType<typeof loading>>} loading
 */

/** @typedef {{ goal: string, wanted: string, measured: string, met: boolean }} Goal */

/** @param {number} ratio */
const times = (ratio) => `${ratio.toFixed(ratio < 3 ? 2 : 1)} ×`;

/**
 * The median of what one took, divided by what the other took in the same round: a machine that is slower for a while
 * is so for both.
 *
 * @param {readonly number[]} [one]
 * @param {readonly number[]} [other]
 */
const ratio = (one = [], other = []) => median(one.map((ms, round) => ms / (other[round] ?? NaN)));

/**
 * @param {Measured} measured
 * @returns {Goal[]}
 */
export function goalsOf({
	fiveHundred,
	oneAtATime,
	messages,
	timeAtScale,
	memoryAtScale,
	tokenBucket,
	loading,
}) {
	/** @param {string} slow @param {string} fast */
	const faster = (slow, fast) => ratio(fiveHundred[slow]?.ms, fiveHundred[fast]?.ms);
	/** @type {Goal[]} */
	const goals = [];
	/** @param {string} goal @param {number} value @param {number} limit @param {(value: number) => string} [say] */
	const atLeast = (goal, value, limit, say = times) =>
		goals.push({
			goal,
			wanted: `at least ${say(limit)}`,
			measured: say(value),
			met: value >= limit,
		});
	/** @param {string} goal @param {number} value @param {number} limit @param {(value: number) => string} [say] */
	const atMost = (goal, value, limit, say = times) =>
		goals.push({
			goal,
			wanted: `at most ${say(limit)}`,
			measured: say(value),
			met: value <= limit,
		});

	const job = '500 items, 50 ms:';
	atLeast(`${job} 32 in flight, faster than n8n’s OpenAI node`, faster('openAi', 'ours32'), 15);
	atLeast(
		`${job} 32 in flight, faster than the HTTP Request node`,
		faster('httpRequest', 'ours32'),
		1.3,
	);
	atMost(`${job} 32 in flight, the time of the bare loop`, faster('ours32', 'bare32'), 1.25);
	atLeast(`${job} default options, faster than n8n’s OpenAI node`, faster('openAi', 'ours10'), 9);
	atMost(
		'0 ms, one at a time: the time of n8n’s OpenAI node',
		ratio(oneAtATime['ours1']?.ms, oneAtATime['openAi']?.ms),
		0.5,
	);
	atLeast(
		'1,000 messages to one conversation, 50 ms: faster than one call per message',
		messages.oneCallEachMs / messages.ours.median,
		40,
	);

	const perItem = timeAtScale.map(({ msPerItem }) => msPerItem.median);
	const spread = Math.max(...perItem) / Math.min(...perItem) - 1;
	/** @param {number} share */
	const percent = (share) => `${(100 * share).toFixed(1)} %`;
	atMost('1,000, 5,000, 20,000 items: spread of the time per item', spread, 0.15, percent);
	const largest = memoryAtScale.at(-1);
	atMost(
		'20,000 items: the node’s own memory per item',
		largest?.ownBytesPerItem ?? NaN,
		1_000,
		(bytes) => `${Math.round(bytes).toLocaleString('en-US')} bytes`,
	);
	for (const { concurrency, hasLimitHeaders, times: ofIdeal, share } of tokenBucket.results) {
		const what = `token bucket of 60 a second, ${concurrency} in flight, ${hasLimitHeaders ? 'with' : 'without'} x-ratelimit headers:`;
		atMost(`${what} the ideal time`, ofIdeal, 1.15);
		atMost(`${what} requests refused`, share, 0.03, percent);
	}
	atMost(
		'loading the node, on top of n8n-workflow',
		loading.nodeMs.median,
		15,
		(value) => `${value.toFixed(1)} ms`,
	);
	return goals;
}
