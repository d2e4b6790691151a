import fc from 'fast-check';

import { isUnprotected, parseBaseUrl } from '../../nodes/shared/values/baseUrl';
import { anyText, refusal, refused, RUNS } from '../support/unit';

const parse = (value: string) => parseBaseUrl(value, 'Base URL');

describe('A base URL', () => {
	it.each([
		['https://api.openai.com/v1', 'https://api.openai.com/v1'],
		['https://api.openai.com/v1/', 'https://api.openai.com/v1'],
		['https://api.openai.com/v1///', 'https://api.openai.com/v1'],
		['https://api.openai.com', 'https://api.openai.com'],
		['https://api.openai.com/', 'https://api.openai.com'],
		['HTTPS://API.OpenAI.com/V1', 'https://api.openai.com/V1'],
		[' \u200bhttps://x.example/v1\n', 'https://x.example/v1'],
		['http://127.0.0.1:8080/v1', 'http://127.0.0.1:8080/v1'],
		['http://localhost:8080', 'http://localhost:8080'],
		['http://[::1]:8080/v1', 'http://[::1]:8080/v1'],
		['https://[2001:DB8::1]/v1', 'https://[2001:db8::1]/v1'],
		['https://x.example:443/v1', 'https://x.example/v1'],
		['https://bücher.example/v1', 'https://xn--bcher-kva.example/v1'],
		['https://x.example/a b/v1', 'https://x.example/a%20b/v1'],
		['https://x.example/v1/../v2', 'https://x.example/v2'],
		['https://x.example/openai/deployments/d-1/', 'https://x.example/openai/deployments/d-1'],
		['http://127.1/v1', 'http://127.0.0.1/v1'],
	])('should for %j be %s', (value, expected) => {
		expect(parse(value)).toBe(expected);
	});

	it.each([
		['', 'is "", which is not an http or https URL'],
		[' ', 'is "", which is not an http or https URL'],
		['api.openai.com/v1', 'which is not an http or https URL'],
		['//api.openai.com/v1', 'which is not an http or https URL'],
		['ftp://x.example/v1', 'which is not an http or https URL'],
		['file:///etc/passwd', 'which is not an http or https URL'],
		['javascript:alert(1)', 'which is not an http or https URL'],
		['data:text/html,x', 'which is not an http or https URL'],
		['unix:/var/run/docker.sock', 'which is not an http or https URL'],
		['https://', 'which is not an http or https URL'],
		['https://x.example:99999/v1', 'which is not an http or https URL'],
		['https://exa mple.com/v1', 'which is not an http or https URL'],
		['https://[::1/v1', 'which is not an http or https URL'],
		['https://me@x.example/v1', 'contains a user name or a password'],
		['https://me:pw@x.example/v1', 'contains a user name or a password'],
		['https://:pw@x.example/v1', 'contains a user name or a password'],
		['https://x.example/v1?a=b', 'contains a query string or a fragment'],
		['https://x.example/v1?', 'contains a query string or a fragment'],
		['https://x.example/v1#a', 'contains a query string or a fragment'],
		['https://x.example/v1#', 'contains a query string or a fragment'],
	])('should be refused: %j', (value, message) => {
		const error = refused(() => parse(value));
		expect(error.message).toContain(
			`Base URL ${message.startsWith('which') ? '' : message}`.trim(),
		);
		expect(error.message).toContain(message);
		expect(error.advice).toMatch(/^\S.*\.$/);
	});

	it('should not repeat a password', () => {
		const { message, advice } = refused(() => parse('https://me:hunter2@x.example/v1'));
		expect(message + advice).not.toMatch(/hunter2|me:/);
	});

	it('should bear the name of the field it was given', () => {
		expect(refused(() => parseBaseUrl('x', 'Base URL in the credential')).message).toMatch(
			/^Base URL in the credential is "x"/,
		);
	});

	it('should stay the start of every address that is made of it, or be refused with a text, whatever is given', () => {
		const part = fc.oneof(
			anyText,
			fc.constantFrom(
				'https://',
				'http://',
				'x.example',
				'/',
				'//',
				'\\',
				'..',
				'%2e%2e',
				'@',
				':',
				'?',
				'#',
				'[::1]',
				':8080',
				'\t',
			),
		);
		fc.assert(
			fc.property(
				fc.oneof(
					fc.webUrl({ withQueryParameters: true, withFragments: true }),
					fc.array(part).map((parts) => parts.join('')),
				),
				(text) => {
					const error = refusal(() => {
						const base = parse(text);
						expect(parse(base)).toBe(base);
						const url = new URL(`${base}/conversations/conv_1?x=1`);
						expect(url.href).toBe(`${base}/conversations/conv_1?x=1`);
						expect(url.protocol).toMatch(/^https?:$/);
						expect(url.username + url.password + url.hash).toBe('');
					});
					if (error !== undefined) expect(error.message).toMatch(/^Base URL (?:is|contains) /);
				},
			),
			RUNS,
		);
	});
});

describe('An address whose key can be read on the way', () => {
	it.each([
		['http://api.example.com/v1', true],
		['http://8.8.8.8/v1', true],
		['http://172.32.0.1', true],
		['http://172.15.0.1', true],
		['http://11.0.0.1', true],
		['http://192.169.0.1', true],
		['http://[2001:db8::1]', true],
		['http://10.0.0.1.example.com', true],
		['http://localhost.example.com', true],
		['http://notlocal', false],
		['https://api.example.com/v1', false],
		['http://localhost:8080', false],
		['http://localhost.', false],
		['http://api.internal.', false],
		['http://api.example.com.', true],
		['http://litellm:4000', false],
		['http://api.internal', false],
		['http://box.local', false],
		['http://app.localhost', false],
		['http://127.0.0.1', false],
		['http://127.9.9.9', false],
		['http://10.1.2.3', false],
		['http://192.168.1.1', false],
		['http://172.16.0.1', false],
		['http://172.31.255.255', false],
		['http://169.254.1.1', false],
		['http://[::1]', false],
		['http://[fd00::1]', false],
		['http://[fc00::1]', false],
		['http://[fe80::1]', false],
	])('should for %s be: %s', (url, expected) => {
		expect(isUnprotected(parse(url))).toBe(expected);
	});

	it('should never be one with https', () => {
		fc.assert(
			fc.property(fc.webUrl({ validSchemes: ['https'] }), (url) =>
				expect(isUnprotected(url)).toBe(false),
			),
			RUNS,
		);
	});
});
