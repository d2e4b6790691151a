/** @import { RateLimit, Settings } from './types.mjs' */
import { isObject } from './validate.mjs';

/** @type {Settings} As OpenAI's API is known or assumed to be. */
const DEFAULTS = {
	latencyMs: 0,
	updateSemantics: 'replace',
	rateLimit: undefined,
	unknownParameters: 'refuse',
	unknownIncludes: [],
	malformedText: 'replace',
	emptyUpdate: 'clear',
	lockMetadata: true,
	modelMs: 0,
	keepResponsesMs: 600_000,
};

/**
 * @param {Partial<Settings>} changes anything else in it is left out
 * @returns {Settings}
 */
export function settingsFrom(changes) {
	const settings = { ...DEFAULTS };
	for (const name of Object.keys(DEFAULTS)) {
		if (name in changes) Object.assign(settings, { [name]: Reflect.get(changes, name) });
	}
	return settings;
}

/** @type {Record<keyof Settings, (value: unknown) => unknown>} How each is read from JSON. */
const READERS = {
	latencyMs: milliseconds,
	updateSemantics: oneOf('replace', 'merge'),
	rateLimit: readRateLimit,
	unknownParameters: oneOf('refuse', 'ignore'),
	unknownIncludes: readTexts,
	malformedText: oneOf('keep', 'replace', 'refuse'),
	emptyUpdate: oneOf('clear', 'refuse'),
	lockMetadata: oneOf(true, false),
	modelMs: milliseconds,
	keepResponsesMs: milliseconds,
};

/**
 * Settings as they come in JSON.
 *
 * @param {unknown} values
 * @returns {Partial<Settings>}
 * @throws {TypeError} naming a setting that does not exist or cannot have that value
 */
export function readSettings(values) {
	if (!isObject(values)) throw new TypeError('Expected a JSON object');
	/** @type {Partial<Settings>} */
	const changes = {};
	for (const [name, value] of Object.entries(values)) {
		if (!isSettingName(name)) throw new TypeError(`No such setting: ${name}`);
		try {
			Object.assign(changes, { [name]: READERS[name](value) });
		} catch (error) {
			throw new TypeError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
		}
	}
	return changes;
}

/**
 * @param {string} name
 * @returns {name is keyof Settings}
 */
const isSettingName = (name) => Object.hasOwn(READERS, name);

/** @param {unknown} value */
function milliseconds(value) {
	if (typeof value === 'number' && value >= 0) return value;
	throw new TypeError('expected a number of milliseconds');
}

/** @param {unknown[]} choices */
function oneOf(...choices) {
	return (/** @type {unknown} */ value) => {
		if (choices.includes(value)) return value;
		throw new TypeError(`expected one of ${choices.join(', ')}`);
	};
}

/** @param {unknown} value */
function readTexts(value) {
	if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
	throw new TypeError('expected a list of texts');
}

/**
 * @param {unknown} value null: no limit
 * @returns {RateLimit | undefined}
 */
function readRateLimit(value) {
	if (value === null) return undefined;
	if (!isObject(value)) throw new TypeError('expected an object or null');
	const { perSecond, burst, retryAfter } = value;
	const form = retryAfter === 'seconds' || retryAfter === 'none' ? retryAfter : 'ms';
	return { perSecond: Number(perSecond), burst: Number(burst), retryAfter: form };
}
