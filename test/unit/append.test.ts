import fc from 'fast-check';

import { chunksOf } from '../../nodes/shared/api/append';
import type { JsonObject } from '../../nodes/shared/values/json';
import { RUNS } from '../support/unit';

const message: JsonObject = { type: 'message' };
const reasoning: JsonObject = { type: 'reasoning' };

/** `m` for a message, `r` for reasoning. */
const itemsOf = (letters: string) =>
	Array.from(letters, (letter) => (letter === 'r' ? reasoning : message));
const sizes = (letters: string) => chunksOf(itemsOf(letters)).map(({ length }) => length);

describe('chunksOf', () => {
	it.each<[string, string, number[]]>([
		['nothing', '', []],
		['one item', 'm', [1]],
		['20 items', 'm'.repeat(20), [20]],
		['21 items', 'm'.repeat(21), [20, 1]],
		['45 items', 'm'.repeat(45), [20, 20, 5]],
		['reasoning where the cut would be', `${'m'.repeat(19)}rm`, [19, 2]],
		['a row of reasoning where the cut would be', `${'m'.repeat(17)}rrrm`, [17, 4]],
		['reasoning at the very end', `${'m'.repeat(19)}r`, [20]],
		['a row of reasoning that is too long to keep together', `m${'r'.repeat(20)}m`, [1, 20, 1]],
		['nothing but reasoning', 'r'.repeat(41), [20, 20, 1]],
	])('should cut %s', (_what, letters, expected) => {
		expect(sizes(letters)).toEqual(expected);
	});

	it('should lose no item, keep the order, and never hold more than 20', () => {
		fc.assert(
			fc.property(fc.array(fc.constantFrom('m', 'r'), { maxLength: 120 }), (letters) => {
				const items = letters.map((letter, place) => ({
					type: letter === 'r' ? 'reasoning' : 'message',
					place,
				}));
				const chunks = chunksOf(items);
				expect(chunks.flat()).toEqual(items);
				for (const chunk of chunks) {
					expect(chunk.length).toBeGreaterThan(0);
					expect(chunk.length).toBeLessThanOrEqual(20);
				}
			}),
			RUNS,
		);
	});

	it('should never cut between reasoning and what it led to when fewer than 20 stand in a row', () => {
		const row = fc
			.tuple(fc.nat({ max: 18 }), fc.integer({ min: 1, max: 25 }))
			.map(([r, m]) => 'r'.repeat(r) + 'm'.repeat(m));
		fc.assert(
			fc.property(fc.array(row, { maxLength: 10 }), (rows) => {
				const chunks = chunksOf(itemsOf(rows.join('')));
				for (const chunk of chunks) expect(chunk.at(-1)).toBe(message);
			}),
			RUNS,
		);
	});
});
