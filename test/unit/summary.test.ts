import { duration, summary } from '../../nodes/shared/n8n/summary';

describe('A duration', () => {
	it.each([
		[0, '0.0 s'],
		[49, '0.0 s'],
		[50, '0.1 s'],
		[400, '0.4 s'],
		[9_949, '9.9 s'],
		[9_950, '10 s'],
		[12_345, '12 s'],
		[59_499, '59 s'],
		[59_500, '1 min 0 s'],
		[60_000, '1 min 0 s'],
		[185_000, '3 min 5 s'],
		[3_600_000, '60 min 0 s'],
	])('of %d ms should be said as %s', (ms, expected) => {
		expect(duration(ms)).toBe(expected);
	});
});

describe('The summary of a run', () => {
	const sumUp = (
		items: number,
		requests: number,
		retries: Array<['rate limit' | 'server error', number]> = [],
		waitedMs = 0,
	) => summary(items, { requests, retries: new Map(retries) }, { ranMs: 5_000, waitedMs })?.message;

	it('should be none where nothing is worth a word', () => {
		expect(sumUp(99, 99, [], 999)).toBeUndefined();
	});

	it('should tell the retries and why', () => {
		expect(sumUp(1, 3, [['rate limit', 2]])).toBe(
			'3 requests for 1 input item, 2 retries (rate limit: 2).',
		);
		expect(
			sumUp(2, 1_003, [
				['rate limit', 1],
				['server error', 1_000],
			]),
		).toBe('1,003 requests for 2 input items, 1,001 retries (rate limit: 1, server error: 1,000).');
		expect(sumUp(1, 1, [['rate limit', 1]])).toContain('1 request for 1 input item, 1 retry (');
	});

	it('should be there for 100 items and more', () => {
		expect(
			summary(100, { requests: 100, retries: new Map() }, { ranMs: 5_000, waitedMs: 0 }),
		).toEqual({
			message: '100 requests for 100 input items, no retries.',
			type: 'info',
			location: 'outputPane',
		});
	});

	it('should tell a wait of a second and more', () => {
		expect(sumUp(1, 1, [], 1_000)).toMatch(
			/^1 request for 1 input item, no retries, 1\.0 s of 5\.0 s spent waiting\.$/,
		);
		expect(sumUp(100, 100, [], 999)).not.toMatch(/1\.0 s/);
	});
});
