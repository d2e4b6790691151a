import type { Note } from '../../nodes/shared/n8n/hints';
import { Notes, plural } from '../../nodes/shared/n8n/hints';
import { createRedactor } from '../../nodes/shared/values/redact';
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
