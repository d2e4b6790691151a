import { defineOperation } from '../../nodes/OpenAIConversation/operation';
import type { Tools } from '../../nodes/OpenAIConversation/operation';
import { bodyOptions, readOptions } from '../../nodes/OpenAIConversation/parameters/options';
import { buildProperties } from '../../nodes/OpenAIConversation/properties';
import type { Resource } from '../../nodes/OpenAIConversation/properties';
import { reading } from '../support/unit';

const options = readOptions(() => ({}));
const tools: Tools = {
	api: {
		call: async () => {
			throw new Error('No request belongs to this test');
		},
	},
	note() {},
};

const field = (name: string) => ({ displayName: name, name, type: 'string' as const, default: '' });

/** An operation that gives back the text of its input, by itself or in a batch. */
const echo = (
	value: string,
	more: { fields?: ReturnType<typeof field>[]; isBatch?: boolean } = {},
) =>
	defineOperation<{ text: string }>({
		value,
		name: value,
		action: `Do ${value}`,
		description: value,
		properties: more.fields ?? [],
		read: (read) => ({ text: String(read('text', '')) }),
		conversation: ({ text }) => text.slice(0, 1),
		run: async ({ text }) => [{ json: { text, by: 'run' } }],
		...(more.isBatch === true
			? {
					batch: {
						size: ({ text }) => text.length,
						limit: 20,
						run: async (inputs) => inputs.map(({ text }) => [{ json: { text, by: 'batch' } }]),
					},
				}
			: {}),
	});

describe('defineOperation', () => {
	const prepared = (operation: ReturnType<typeof echo>, text: string) =>
		operation.prepare(reading({ text }), options);

	it('should read a job, with its conversation and its size', () => {
		expect(prepared(echo('a'), 'xyz')).toMatchObject({ conversation: 'x', size: 1 });
		expect(prepared(echo('a', { isBatch: true }), 'xyz')).toMatchObject({
			conversation: 'x',
			size: 3,
		});
	});

	it('should run a job by itself, and several in one batch', async () => {
		const operation = echo('a', { isBatch: true });
		const [x, y] = ['x', 'y'].map((text) => prepared(operation, text));
		if (x === undefined || y === undefined) throw new Error('There are two');
		expect(await operation.run([], tools)).toEqual([]);
		expect(await operation.run([x], tools)).toEqual([[{ json: { text: 'x', by: 'run' } }]]);
		expect(await operation.run([y, x], tools)).toEqual([
			[{ json: { text: 'y', by: 'batch' } }],
			[{ json: { text: 'x', by: 'batch' } }],
		]);
	});

	it('should have no limit to share where it has no batch', () => {
		expect(echo('a').batchLimit).toBe(1);
		expect(echo('a', { isBatch: true }).batchLimit).toBe(20);
	});

	it("should refuse another operation's job", async () => {
		await expect(echo('a').run([prepared(echo('b'), 'x')], tools)).rejects.toThrow(
			'A job of another operation was given to a',
		);
	});
});

describe('buildProperties', () => {
	const [shared, first, second] = ['shared', 'first', 'second'].map(field);
	if (shared === undefined || first === undefined || second === undefined)
		throw new Error('There are three');

	const resource = (value: string, operations: Resource['operations']): Resource => ({
		value,
		name: value,
		description: value,
		operations,
	});

	it('should show a field that several operations share once, for all of them', () => {
		const operations = [
			echo('b', { fields: [shared, first] }),
			echo('a', { fields: [second, shared] }),
		];
		const fields = buildProperties([resource('r', operations)]);
		expect(fields.map(({ name, displayOptions }) => [name, displayOptions?.show])).toEqual([
			['resource', undefined],
			['operation', { resource: ['r'] }],
			['second', { resource: ['r'], operation: ['a'] }],
			['shared', { resource: ['r'], operation: ['b', 'a'] }],
			['first', { resource: ['r'], operation: ['b'] }],
			['options', undefined],
		]);
	});

	it('should sort operations by name, with the first of the list as the default', () => {
		const fields = buildProperties([resource('r', [echo('b'), echo('a')])]);
		expect(fields[1]).toMatchObject({ default: 'b', options: [{ value: 'a' }, { value: 'b' }] });
	});

	it('should keep the conditions that a field has of its own', () => {
		const conditional = { ...first, displayOptions: { show: { shared: ['x'] } } };
		const fields = buildProperties([resource('r', [echo('a', { fields: [shared, conditional] })])]);
		expect(fields.find(({ name }) => name === 'first')?.displayOptions).toEqual({
			show: { resource: ['r'], operation: ['a'], shared: ['x'] },
		});
	});

	it('should show an option for the operations that bring it', () => {
		const withBody = defineOperation<object>({
			...echo('a'),
			options: bodyOptions,
			read: () => ({}),
			run: async () => [],
		});
		const fields = buildProperties([resource('r', [withBody, echo('b')])]);
		const all = fields.at(-1)?.options ?? [];
		const additionalBody = all.find(({ name }) => name === 'additionalBody');
		expect(additionalBody).toMatchObject({
			displayOptions: { show: { '/resource': ['r'], '/operation': ['a'] } },
		});
	});
});
