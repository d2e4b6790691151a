import fc from 'fast-check';

import type { JsonValue } from '../../nodes/shared/values/json';
import { createRedactor, REDACTED, secretPart } from '../../nodes/shared/values/redact';
import { anyJson, KEY, RUNS, runsOf, SECRET } from '../support/unit';

const character = fc.constantFrom(
	...Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)),
);
const letter = fc.constantFrom(...'abcXYZ0189_-');

/** What is secret in a key, of any printable character, also ones with meaning in patterns and replacements. */
const anySecret = fc.oneof(
	fc.string({ unit: letter, minLength: 20, maxLength: 60 }),
	fc.string({ unit: character, minLength: 20, maxLength: 60 }),
	fc.constantFrom(
		'$&$&$&$&$&$&$&$&$&$&$&',
		'$1$2$3$1$2$3$1$2$3$1$2$3',
		'.*.*.*.*.*.*.*.*.*.*.*',
		'(((((((((((((((((((((',
		'redacted-redacted-redacted',
		'[[[[[[]]]]]][[[[[[]]]]]]',
		'xxxxx[redacted]yyyyyyyyyy',
		'\\u0041\\u0042\\u0043\\u0044',
		'aaaaaaaaaaaaaaaaaaaaaaaa',
		'sk-proj-sk-proj-sk-proj-sk-proj-',
	),
);
const anyPrefix = fc.constantFrom('', 'sk-', 'sk-proj-', 'sk-svcacct-', 'sk-admin-');

/** A text with pieces of a secret in it. */
const textAround = (secret: string): fc.Arbitrary<string> =>
	fc
		.array(
			fc.oneof(
				fc.string({ maxLength: 10 }),
				fc.string({ unit: letter, maxLength: 10 }),
				fc.constantFrom(
					secret,
					secret.slice(1),
					secret.slice(0, 5),
					secret.slice(-6),
					secret.slice(2, 7),
					REDACTED,
					' ',
					'"',
				),
				fc
					.tuple(fc.nat(secret.length), fc.nat(secret.length))
					.map(([from, to]) => secret.slice(from, to)),
			),
			{ maxLength: 12 },
		)
		.map((pieces) => pieces.join(''));

const aSecretAndText = anySecret.chain((secret) =>
	fc.tuple(fc.constant(secret), anyPrefix, textAround(secret)),
);

describe('The secret part of a key', () => {
	it.each([
		[KEY, SECRET],
		['sk-abcdefgh', 'abcdefgh'],
		['sk-svcacct-abc', 'abc'],
		['  sk-proj-abc \n', 'abc'],
		['sk-admin-abc', 'abc'],
		['sk-ant-api03-abc', 'ant-api03-abc'],
		['sk-QwErTyUiOp-8fj3', 'QwErTyUiOp-8fj3'],
		['sk-proj-sk-proj-abc', 'sk-proj-abc'],
		['abc-def', 'abc-def'],
		['sk-wordsthatarenoprefix-1', 'wordsthatarenoprefix-1'],
		['sk-proj-', ''],
		['', ''],
	])('should for %j be %j', (key, expected) => {
		expect(secretPart(key)).toBe(expected);
	});
});

describe('A message without the key', () => {
	const { text } = createRedactor(KEY);

	it('should show the prefix of the key and nothing of what follows', () => {
		expect(text(`Incorrect API key provided: ${KEY}. Look here.`)).toBe(
			'Incorrect API key provided: sk-proj-[redacted]. Look here.',
		);
	});

	it.each([
		['a piece of 5', `see ${SECRET.slice(3, 8)}!`, 'see [redacted]!'],
		[
			'a piece of 4, which may be shown',
			`see ${SECRET.slice(3, 7)}!`,
			`see ${SECRET.slice(3, 7)}!`,
		],
		["OpenAI's own masking", `sk-proj-****${SECRET.slice(-4)}`, `sk-proj-****${SECRET.slice(-4)}`],
		['a longer end than that', `sk-proj-****${SECRET.slice(-5)}`, 'sk-proj-****[redacted]'],
		['two pieces side by side', SECRET.slice(0, 9) + SECRET.slice(20), '[redacted][redacted]'],
		['a piece inside of a word', `ab${SECRET.slice(5, 12)}cd`, 'ab[redacted]cd'],
		['nothing of it', 'nothing here', 'nothing here'],
		['an empty text', '', ''],
		['a text shorter than a piece', SECRET.slice(0, 3), SECRET.slice(0, 3)],
	])('should hide %s', (_what, given, expected) => {
		expect(text(given)).toBe(expected);
	});

	it('should have no run of more than 4 characters of the secret, whatever key and text', () => {
		fc.assert(
			fc.property(aSecretAndText, ([secret, prefix, given]) => {
				const key = prefix + secret;
				const shown = createRedactor(key).text(given);
				expect(runsOf(secretPart(key), 5).find((run) => shown.includes(run))).toBeUndefined();
			}),
			RUNS,
		);
	});

	it('should be the text itself where no piece of the key is in it', () => {
		const given = anySecret.chain((secret) => fc.tuple(fc.constant(secret), textAround(secret)));
		fc.assert(
			fc.property(given, anyPrefix, ([secret, text], prefix) => {
				const runs = runsOf(secretPart(prefix + secret), 5);
				fc.pre(!runs.some((run) => text.includes(run)));
				expect(createRedactor(prefix + secret).text(text)).toBe(text);
			}),
			RUNS,
		);
	});

	it('should not change when it is cleaned again', () => {
		fc.assert(
			fc.property(aSecretAndText, ([secret, prefix, given]) => {
				const redactor = createRedactor(prefix + secret);
				const once = redactor.text(given);
				expect(redactor.text(once)).toBe(once);
			}),
			RUNS,
		);
	});

	it('should not show the letters before a hyphen, which are no public beginning', () => {
		const key = ['sk', 'QwErTyUiOp', '8fj3Zx81Qv72Lm63'].join('-');
		expect(createRedactor(key).text(`Incorrect API key provided: ${key}.`)).toBe(
			'Incorrect API key provided: sk-[redacted].',
		);
	});

	it.each([
		[
			'a short key as a word',
			'sk-1234',
			'sk-1234 in task-12345, 1234',
			'[redacted] in task-12345, 1234',
		],
		['a short key twice', 'sk-1234', 'sk-1234, sk-1234', '[redacted], [redacted]'],
		[
			'a piece of words that are long in all',
			'sk-abcdefghi-abcdefghij',
			'key ghi-abc',
			'key [redacted]',
		],
		['one with white space', ' sk-1234\n', 'with sk-1234.', 'with [redacted].'],
		['a longer one in pieces', 'abc12', 'has abc12x in it', 'has [redacted]x in it'],
		['words with a number', 'sk-litellm-prod-2025', 'see prod-2025', 'see [redacted]'],
	])('should hide %s: %s', (_what, key, given, expected) => {
		expect(createRedactor(key).text(given)).toBe(expected);
	});

	it.each([
		['test', 'This is a test of the latest test.'],
		['ollama', 'ollama is not running at ollama:11434'],
		['none', 'none of "none" is nonetheless'],
		['EMPTY', 'The text is EMPTY'],
		['not-needed', 'A second answer is not needed'],
		['sk-no-key-required', 'Missing required parameter: a key is required'],
		['x', 'exceeds x'],
		['sk-proj-', 'sk-proj- stays'],
		['', 'everything stays'],
	])('should keep ordinary words where the key is "%s"', (key, given) => {
		expect(createRedactor(key).text(given)).toBe(given);
	});

	it('should hide a key of plain words as a whole', () => {
		const { text } = createRedactor('sk-no-key-required');
		expect(text('key sk-no-key-required, required')).toBe('key [redacted], required');
	});

	it('should use another mark where the key looks like the usual one', () => {
		const shown = createRedactor('redacted-key-1').text('the redacted-key-1 is redacted');
		expect(shown).toBe('the ••• is •••');
	});
});

describe('Values of custom headers', () => {
	it('should be hidden where they appear whole', () => {
		const { text } = createRedactor(KEY, ['gateway-secret', 'abcd', '12345']);
		expect(text('has gateway-secret, gateway-, abcd and 12345')).toBe(
			'has [redacted], gateway-, abcd and [redacted]',
		);
	});

	it('should be hidden whole where one begins with another', () => {
		const { text } = createRedactor(KEY, ['abcdef-1', 'abcdef-1-ghijkl']);
		expect(text('abcdef-1-ghijkl abcdef-1')).toBe('[redacted] [redacted]');
	});

	it('should, where they are a word, not be hidden in other words, addresses and names', () => {
		const { text } = createRedactor(KEY, ['openai']);
		expect(text('"openai": ask openai, api.openai.com, openai_org or openais')).toBe(
			'"[redacted]": ask [redacted], api.openai.com, openai_org or openais',
		);
	});

	it('should be taken literally', () => {
		const { text } = createRedactor(KEY, ['.*.*.', '$&$&$&']);
		expect(text('any text .*.*. and $&$&$&')).toBe('any text [redacted] and [redacted]');
	});

	it('should be hidden by another mark where they are part of the usual one', () => {
		const { text } = createRedactor(KEY, ['redacted']);
		expect(text(`redacted ${KEY}`)).toBe('••• sk-proj-•••');
	});

	it('should stay in outputs', () => {
		const given = { team: 'openai', note: 'Ask openai first', role: 'assistant' };
		expect(createRedactor(KEY, ['openai', 'assistant']).output(given)).toBe(given);
	});

	it('should never stand whole in a text, whatever they are', () => {
		const value = fc
			.string({ unit: character, minLength: 5, maxLength: 20 })
			.filter((text) => /[^A-Za-z]/.test(text) && !'•••'.includes(text));
		fc.assert(
			fc.property(fc.array(value, { maxLength: 3 }), fc.string(), (values, given) => {
				const text = values.map((each) => `${given}${each}`).join('');
				const shown = createRedactor(KEY, values).text(text);
				for (const each of values) expect(shown).not.toContain(each);
			}),
			RUNS,
		);
	});
});

describe('An output', () => {
	const { output } = createRedactor(KEY);

	it.each<[string, JsonValue, JsonValue]>([
		['in a text', `Bearer ${KEY}!`, 'Bearer [redacted]!'],
		['twice in a text', `${KEY}${KEY}`, '[redacted][redacted]'],
		['as a name', { [KEY]: 1, a: 2 }, { [REDACTED]: 1, a: 2 }],
		['deep inside', { a: [{ b: [KEY] }] }, { a: [{ b: ['[redacted]'] }] }],
		['beside others', ['a', KEY, 1], ['a', '[redacted]', 1]],
		['under __proto__', { ['__proto__']: KEY }, { ['__proto__']: '[redacted]' }],
	])('should be without the whole key: %s', (_what, given, expected) => {
		const before = structuredClone(given);
		expect(output(given)).toEqual(expected);
		expect(given).toEqual(before);
	});

	it.each<[string, string, JsonValue]>([
		['the secret part alone', KEY, SECRET],
		['a key but for its last character', KEY, KEY.slice(0, -1)],
		['a piece of it', KEY, { text: SECRET.slice(4, 20) }],
		['a key of 19 characters', 'sk-0123456789abcdef', 'sk-0123456789abcdef'],
		['a word for a key', 'test', ['test', { test: 'test' }]],
		['a mark', KEY, '[redacted] •••'],
		['a part of a key of words', 'sk-litellm-prod-2025', { stage: 'prod-2025', team: 'litellm' }],
		['nothing of it', KEY, [1, true, null, {}, '']],
	])('should be the very same value with %s', (_what, key, given) => {
		expect(createRedactor(key).output(given)).toBe(given);
	});

	it('should be without a key of 20 characters, and of white space around it', () => {
		const shortest = ['sk', '0123456789abcdefg'].join('-');
		const redactor = createRedactor(` ${shortest}\n`);
		expect(redactor.output(`x${shortest}x`)).toBe('x[redacted]x');
	});

	it('should be the very same value unless it holds the whole key, whatever value, key and headers', () => {
		const key = fc.oneof(
			fc.tuple(anyPrefix, anySecret).map((parts) => parts.join('')),
			fc.string({ maxLength: 25 }),
			fc.constantFrom('test', 'ollama', 'id', 'a', ' ', ''),
		);
		const given = key.chain((secret) =>
			fc.tuple(
				fc.constant(secret),
				fc.oneof(
					anyJson,
					fc.dictionary(textAround(secret), fc.oneof(anyJson, textAround(secret)), { maxKeys: 4 }),
				),
			),
		);
		const textsOf = (value: JsonValue): string[] => {
			if (typeof value === 'string') return [value];
			if (typeof value !== 'object' || value === null) return [];
			return [...Object.keys(value), ...Object.values(value).flatMap(textsOf)];
		};
		fc.assert(
			fc.property(given, fc.array(fc.string()), ([secret, value], headers) => {
				const whole = secret.trim();
				const before = JSON.stringify(value);
				const result = createRedactor(secret, headers).output(value);
				expect(JSON.stringify(value)).toBe(before);
				const holdsKey = whole.length >= 20 && textsOf(value).some((text) => text.includes(whole));
				if (!holdsKey) expect(result).toBe(value);
				else expect(textsOf(result).some((text) => text.includes(whole))).toBe(false);
			}),
			RUNS,
		);
	});
});
