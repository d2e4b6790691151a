import type { Operation } from '../../nodes/OpenAIConversation/operation';
import type { Resource } from '../../nodes/OpenAIConversation/properties';
import { buildProperties } from '../../nodes/OpenAIConversation/properties';

const field = (name: string) => ({ displayName: name, name, type: 'string' as const, default: '' });

const operationNamed = (
	value: string,
	more: Partial<Pick<Operation, 'properties' | 'options'>> = {},
): Operation => ({
	value,
	name: value,
	action: `Do ${value}`,
	description: value,
	properties: [],
	parse: () => ({}),
	run: async () => [],
	...more,
});

describe('The form', () => {
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
			operationNamed('b', { properties: [shared, first] }),
			operationNamed('a', { properties: [second, shared] }),
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
		const fields = buildProperties([resource('r', [operationNamed('b'), operationNamed('a')])]);
		expect(fields[1]).toMatchObject({ default: 'b', options: [{ value: 'a' }, { value: 'b' }] });
	});

	it('should keep the conditions that a field has of its own', () => {
		const conditional = { ...first, displayOptions: { show: { shared: ['x'] } } };
		const fields = buildProperties([
			resource('r', [operationNamed('a', { properties: [shared, conditional] })]),
		]);
		expect(fields.find(({ name }) => name === 'first')?.displayOptions).toEqual({
			show: { resource: ['r'], operation: ['a'], shared: ['x'] },
		});
	});

	it('should show an option for the operations that bring it, of any resource', () => {
		const special = { ...first, displayName: 'A Special Option' };
		const withIt = { options: [special] };
		const fields = buildProperties([
			resource('r', [operationNamed('a', withIt), operationNamed('b')]),
			resource('s', [operationNamed('c', withIt), operationNamed('a', withIt)]),
		]);
		const options = fields.at(-1)?.options ?? [];
		const shown = options.find(({ name }) => name === first.name);
		expect(shown).toMatchObject({
			displayOptions: { show: { '/resource': ['r', 's'], '/operation': ['a', 'c'] } },
		});
	});

	it('should sort the options by their labels, the common ones among them', () => {
		const special = { ...first, displayName: 'N' };
		const fields = buildProperties([resource('r', [operationNamed('a', { options: [special] })])]);
		const labels = (fields.at(-1)?.options ?? []).map((option) =>
			'displayName' in option ? option.displayName : '',
		);
		expect(labels).toEqual(labels.toSorted());
		expect(labels).toEqual(expect.arrayContaining(['N', 'Max Retries', 'Timeout (Seconds)']));
	});
});
