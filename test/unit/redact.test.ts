import fc from 'fast-check';

import type { JsonValue } from '../../nodes/shared/values/json';
import {
	createRedactor,
	isMasked,
	REDACTED,
	secretPart,
} from '../../nodes/shared/transport/redact';
import { anyJson, KEY, RUNS, runsOf, SECRET } from '../support/unit';

const character = fc.constantFrom(
	...Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)),
);
const letter = fc.constantFrom(...'abcXYZ0189_-');

/** Keys as a credential may hold them: of any printable character, also ones with meaning in patterns and replacements. */
const anySecret = fc.oneof(
	fc.string({ unit: letter, minLength: 5, maxLength: 60 }),
	fc.string({ unit: character, minLength: 5, maxLength: 60 }),
	fc.constantFrom(
		'$&$&$&$&',
		'$1$2$3',
		'.*.*.*.*',
		'(((((',
		'[redacted]',
		'redacted',
		'[[[[[[]]]]]]',
		'xx[redacted]yy',
		'\\u0041\\u0042',
		'aaaaaaaaaa',
	),
);
const anyPrefix = fc.constantFrom('', 'sk-', 'sk-proj-', 'sk-svcacct-', 'sk-admin-', 'key_');

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
		['sk-ant-api03-abc', 'api03-abc'],
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
		fc.assert(
			fc.property(anySecret, fc.string(), (secret, given) => {
				fc.pre(!runsOf(secretPart(secret), 5).some((run) => given.includes(run)));
				expect(createRedactor(secret).text(given)).toBe(given);
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

	it.each([
		['sk-1234', 'with sk-1234 in sk-12345 and 1234', 'with [redacted] in sk-12345 and 1234'],
		[' sk-1234\n', 'with sk-1234.', 'with [redacted].'],
		['x', 'exceeds x', 'exceeds [redacted]'],
		['none', 'none of "none" is nonetheless', '[redacted] of "[redacted]" is nonetheless'],
		['sk-proj-', 'sk-proj- stays', 'sk-proj- stays'],
		['', 'everything stays', 'everything stays'],
	])('should, for a key as short as "%s", hide it only as a word', (key, given, expected) => {
		expect(createRedactor(key).text(given)).toBe(expected);
	});

	it('should use another mark where the key looks like the usual one', () => {
		const shown = createRedactor('redacted-key').text('the redacted-key is redacted');
		expect(shown).toBe('the ••• is •••');
	});
});

describe('Other secrets', () => {
	const secret = (text: string, inData = true) => ({ text, inData });

	it('should be hidden where they appear whole', () => {
		const { text } = createRedactor(KEY, [
			secret('gateway-secret'),
			secret('abcd'),
			secret('12345'),
		]);
		expect(text('has gateway-secret, gateway-, abcd and 12345')).toBe(
			'has [redacted], gateway-, abcd and [redacted]',
		);
	});

	it('should be hidden whole where one begins with another', () => {
		const { text } = createRedactor(KEY, [secret('abcdef'), secret('abcdef-ghijkl')]);
		expect(text('abcdef-ghijkl abcdef')).toBe('[redacted] [redacted]');
	});

	it('should be hidden in data only where they are no ordinary words', () => {
		const { data, text } = createRedactor(KEY, [
			secret('production', false),
			secret('s3cret-value'),
		]);
		expect(data({ stage: 'production', echo: 's3cret-value' })).toEqual({
			stage: 'production',
			echo: '[redacted]',
		});
		expect(text('production')).toBe('[redacted]');
	});

	it('should in data be hidden as words only where they are short', () => {
		const { data } = createRedactor(KEY, [secret('team-7'), secret('0123456789-gateway')]);
		expect(data(['team-7!', 'steam-75', 'x0123456789-gatewayx'])).toEqual([
			'[redacted]!',
			'steam-75',
			'x[redacted]x',
		]);
	});

	it('should be known by their mark', () => {
		expect(['a [redacted]', { a: ['•••'] }, 'a'].map(isMasked)).toEqual([true, true, false]);
	});

	it('should be taken literally', () => {
		const { text } = createRedactor(KEY, [secret('.*.*.'), secret('$&$&$&')]);
		expect(text('any text .*.*. and $&$&$&')).toBe('any text [redacted] and [redacted]');
	});

	it('should be hidden by another mark where they are part of the usual one', () => {
		const { text } = createRedactor(KEY, [secret('redacted')]);
		expect(text(`redacted ${KEY}`)).toBe('••• sk-proj-•••');
	});
});

describe('Data without the key', () => {
	const { data } = createRedactor(KEY);

	it.each<[string, JsonValue, JsonValue]>([
		['the key in a text', `Bearer ${KEY}!`, 'Bearer [redacted]!'],
		['its secret part alone', SECRET, '[redacted]'],
		['a piece of 8', `x${SECRET.slice(4, 12)}y`, 'x[redacted]y'],
		['a piece of 5 as a word of its own', `key "${SECRET.slice(0, 5)}…"`, 'key "[redacted]…"'],
		['a piece of 5 behind a mask', `sk-proj-***${SECRET.slice(-5)}`, 'sk-proj-***[redacted]'],
		[
			'a piece of 7 beside one of 8',
			`a${SECRET.slice(0, 7)}b${SECRET.slice(8, 16)}`,
			'a[redacted]b[redacted]',
		],
		['a key of an object', { [KEY]: 1, a: 2 }, { [REDACTED]: 1, a: 2 }],
		['deep inside', { a: [{ b: [KEY] }] }, { a: [{ b: ['[redacted]'] }] }],
		['a piece under __proto__', { ['__proto__']: KEY }, { ['__proto__']: '[redacted]' }],
	])('should hide %s', (_what, given, expected) => {
		const before = structuredClone(given);
		expect(data(given)).toEqual(expected);
		expect(given).toEqual(before);
	});

	it.each<[string, JsonValue]>([
		['a chance piece of 7 within a longer word', `ab${SECRET.slice(4, 11)}cd`],
		['a piece of 4', SECRET.slice(0, 4)],
		['numbers, booleans and null', [1, true, null]],
		['an empty object', {}],
		['an empty text', ''],
	])('should be the very same value for %s', (_what, given) => {
		expect(data(given)).toBe(given);
	});

	it.each([
		['EMPTY', { state: 'EMPTY', text: 'EMPTY and empty' }],
		['none', { state: 'none' }],
		['anything', { text: 'anything goes' }],
		['not-needed', { text: 'not-needed' }],
		['x', { x: 'x' }],
		['a1b2', { text: 'a1b2' }],
		['sk-1', { text: 'sk-1' }],
		['sk-1234', { text: 'task-12345', more: 'desk-1234' }],
		['abcdefghijklmno', { text: 'xabcdefghijklmnox' }],
		['12345', { zip: '12345' }],
		['sk-company-marketing-production', { team: 'marketing', stage: 'production' }],
	])('should be left alone where %s, a word for a key, is a word like any other', (key, given) => {
		expect(createRedactor(key).data(given)).toBe(given);
	});

	it.each([
		['sk-company-marketing-production', 'sk-company-marketing-production', '[redacted]'],
		['sk-company-marketing-production', 'marketing-production', '[redacted]'],
		['sk-1234', 'has sk-1234 in it', 'has [redacted] in it'],
		['sk-12', 'has sk-12 in it', 'has [redacted] in it'],
		['abcdefghijklmnop', 'xabcdefghijklmnopx', 'x[redacted]x'],
		['sk-proj-abcdefghijklmnop', 'xabcdefghijklmnopx', 'x[redacted]x'],
		['abc12', 'has abc12 in it', 'has [redacted] in it'],
		['0123456789abcdef0123456789abcdef', 'x0123456789abcdef0123456789abcdefx', 'x[redacted]x'],
	])('should hide %s, which is a key, in "%s"', (key, given, expected) => {
		expect(createRedactor(key).data(given)).toBe(expected);
	});

	it('should be the very same value where no piece of the key is in it', () => {
		fc.assert(
			fc.property(anyJson, anySecret, (value, secret) => {
				const text = JSON.stringify(value);
				fc.pre(!runsOf(secretPart(secret), 5).some((run) => text.includes(run)));
				fc.pre(!/[\\"[\]{}:,]/.test(secret));
				expect(createRedactor(secret).data(value)).toBe(value);
			}),
			RUNS,
		);
	});

	it('should have no run of 8 characters of a key made at random, and not change when it is cleaned again', () => {
		const random = fc.string({
			unit: fc.constantFrom(...'aZ0bY1cX2dW3'),
			minLength: 16,
			maxLength: 40,
		});
		const given = random.chain((secret) =>
			fc.tuple(fc.constant(secret), textAround(secret), textAround(secret)),
		);
		fc.assert(
			fc.property(given, ([secret, name, text]) => {
				fc.pre(!runsOf(secret, 8).some((run) => /^(?:[a-z]+|[A-Z]+|[0-9]+)$/.test(run)));
				const redactor = createRedactor(`sk-proj-${secret}`);
				const once = redactor.data({ [name]: [text] });
				const shown = Object.entries(once ?? {})
					.flat(2)
					.join('\n');
				expect(runsOf(secret, 8).find((run) => shown.includes(run))).toBeUndefined();
				expect(redactor.data(once)).toBe(once);
			}),
			RUNS,
		);
	});

	it('should be there soon for 20 MB', () => {
		const given = { text: 'The quick brown fox jumps over the lazy dog. '.repeat(450_000) };
		const startedAt = performance.now();
		expect(data(given)).toBe(given);
		expect(performance.now() - startedAt).toBeLessThan(2_000);
	});
});
