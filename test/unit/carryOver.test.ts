import fc from 'fast-check';

import { createIds } from '../../server/ids.mjs';
import { buildItem, readItems } from '../../server/items.mjs';
import { chunksOf } from '../../nodes/shared/api/append';
import { carryOver } from '../../nodes/shared/api/carryOver';
import { itemLabel } from '../../nodes/shared/api/itemText';
import type { JsonObject } from '../../nodes/shared/values/json';
import { everyItem } from '../types/items';
import { anyJson, RUNS } from '../support/unit';

const asJson = (item: unknown): JsonObject => {
	const copy: JsonObject = JSON.parse(JSON.stringify(item));
	return copy;
};

/** Items as a server gives them, with their calls and answers in any order. */
const anyConversation = fc
	.array(
		fc.oneof(
			fc.constantFrom(...Object.values(everyItem)).map(asJson),
			fc.constant<JsonObject>({ type: 'reasoning', id: 'rs_x', summary: [] }),
			fc.constant<JsonObject>({
				type: 'message',
				role: 'assistant',
				content: [{ type: 'output_text', text: 'ok' }],
			}),
			fc.constant<JsonObject>({
				type: 'message',
				role: 'user',
				content: [{ type: 'input_image', image_url: null }],
			}),
		),
		{ maxLength: 70 },
	)
	.map((items) =>
		items.map(
			(item, place): JsonObject => ({ ...item, id: `${String(item.id ?? 'msg')}_${place}` }),
		),
	);

describe('carryOver', () => {
	it('should give what the API takes, in chunks that it takes, whatever a conversation holds', () => {
		const ids = createIds(undefined);
		fc.assert(
			fc.property(anyConversation, (items) => {
				const stored = items.map((item) => asJson(buildItem(item, ids)));
				const { sent } = carryOver(stored);
				for (const chunk of chunksOf(sent)) {
					expect(chunk.length).toBeLessThanOrEqual(20);
					readItems(chunk, { ids, param: 'items', known: () => undefined, taken: () => false });
				}
			}),
			RUNS,
		);
	});

	it('should keep the order, and lose no item without naming it', () => {
		fc.assert(
			fc.property(anyConversation, (items) => {
				const before = structuredClone(items);
				const { sent, leftOut } = carryOver(items);
				expect(sent.length + leftOut.length).toBe(items.length);
				const kept = items.filter((item) => !leftOut.includes(item));
				expect(sent.map(({ type }) => type)).toEqual(kept.map(({ type }) => type));
				expect(items).toEqual(before);
			}),
			RUNS,
		);
	});

	it('should take whatever a server sends', () => {
		const item = fc.dictionary(
			fc.constantFrom('type', 'id', 'role', 'content', 'call_id', 'encrypted_content', 'status'),
			fc.oneof(
				anyJson,
				fc.constantFrom('message', 'reasoning', 'computer_call', 'computer_call_output', 'user'),
			),
		);
		fc.assert(
			fc.property(fc.array(item, { maxLength: 8 }), (items) => {
				const { sent, leftOut } = carryOver(items);
				expect(sent.length + leftOut.length).toBe(items.length);
				for (const each of leftOut) expect(itemLabel(each)).not.toBe('');
			}),
			RUNS,
		);
	});

	it('should pass a type that does not exist yet on, without its ID', () => {
		const { sent, leftOut } = carryOver([
			{ type: 'hologram', id: 'h_1', status: 'done', size: 3, depth: null },
		]);
		expect(sent).toEqual([{ type: 'hologram', size: 3 }]);
		expect(leftOut).toEqual([]);
	});
});

describe('itemLabel', () => {
	it.each<[JsonObject, string]>([
		[{ type: 'computer_call', id: 'cu_1' }, 'computer call (cu_1)'],
		[{ type: 'message' }, 'message'],
		[{ id: 'x' }, 'item (x)'],
		[{}, 'item'],
	])('should name %j', (item, name) => {
		expect(itemLabel(item)).toBe(name);
	});
});
