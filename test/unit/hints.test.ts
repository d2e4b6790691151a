import type { Note } from '../../nodes/shared/n8n/hints';
import { duration, Notes, plural, summary } from '../../nodes/shared/n8n/hints';
import { createRedactor } from '../../nodes/shared/transport/redact';
import { KEY } from '../support/unit';

const kind: Note = { type: 'warning', text: (count, names) => `${count}: ${names.join(', ')}` };
const other: Note = { type: 'info', text: (count) => `other ${count}` };

const unchanged = (text: string) => text;

const hintsOf = (notes: Notes) =>
	notes.hints(unchanged).map(({ message, type, location }) => [message, type, location]);

describe('Notes', () => {
	it('should be none where nothing happened', () => {
		expect(new Notes().hints(unchanged)).toEqual([]);
	});

	it('should become one hint of each kind, with every name once', () => {
		const notes = new Notes();
		notes.add(kind, ['b', 'a']);
		notes.add(other);
		notes.add(kind, ['a', 'c']);
		notes.add(kind);
		expect(hintsOf(notes)).toEqual([
			['3: b, a, c', 'warning', 'outputPane'],
			['other 1', 'info', 'outputPane'],
		]);
	});

	it.each([
		[10, false],
		[11, true],
		[500, true],
	])('should list 10 names of %d', (count, isMore) => {
		const notes = new Notes();
		for (let n = 0; n < count; n++) notes.add(kind, [`n${n}`]);
		const names = Array.from({ length: 10 }, (_, n) => `n${n}`).join(', ');
		expect(notes.hints(unchanged)[0]?.message).toBe(
			`${count}: ${names}${isMore ? ', and more' : ''}`,
		);
	});

	it('should be without what looks like a key, which a user may have put anywhere', () => {
		const notes = new Notes();
		notes.add(kind, [KEY, 'sk-learn', 'task-1234567890']);
		expect(notes.hints(unchanged)[0]?.message).toBe('1: [redacted], sk-learn, task-1234567890');
	});

	it('should be without the key itself, whatever it looks like', () => {
		const notes = new Notes();
		notes.add(kind, ['has 0123456789abcdef in it']);
		expect(notes.hints(createRedactor('0123456789abcdef').text)[0]?.message).toBe(
			'1: has [redacted] in it',
		);
	});
});

describe('A count', () => {
	it.each([
		[0, '0 items'],
		[1, '1 item'],
		[2_000, '2,000 items'],
	])('of %d should be said as %s', (count, expected) => {
		expect(plural(count, 'item', 'items')).toBe(expected);
	});
});

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
