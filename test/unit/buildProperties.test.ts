import type { Operation, Resource } from '../../nodes/OpenAIConversation/operation';
import { bodyOptions } from '../../nodes/OpenAIConversation/parameters/options';
import { buildProperties, buildSubtitle } from '../../nodes/OpenAIConversation/properties';

const field = (name: string) => ({ displayName: name, name, type: 'string' as const, default: '' });

const operation = (value: string, fields: Operation['properties'] = []): Operation => ({
	value,
	name: value,
	action: `Do ${value} to conversation`,
	description: value,
	properties: fields,
	parse: () => ({}),
	run: async () => [],
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
		const operations = [operation('b', [shared, first]), operation('a', [second, shared])];
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
		const fields = buildProperties([resource('r', [operation('b'), operation('a')])]);
		expect(fields[1]).toMatchObject({ default: 'b', options: [{ value: 'a' }, { value: 'b' }] });
	});

	it('should keep the conditions that a field has of its own', () => {
		const conditional = { ...first, displayOptions: { show: { shared: ['x'] } } };
		const fields = buildProperties([resource('r', [operation('a', [shared, conditional])])]);
		expect(fields.find(({ name }) => name === 'first')?.displayOptions).toEqual({
			show: { resource: ['r'], operation: ['a'], shared: ['x'] },
		});
	});

	it('should show an option for the operations that bring it', () => {
		const withBody = { ...operation('a'), options: bodyOptions };
		const fields = buildProperties([resource('r', [withBody, operation('b')])]);
		const all = fields.at(-1)?.options ?? [];
		const additionalBody = all.find(({ name }) => name === 'additionalBody');
		expect(additionalBody).toMatchObject({
			displayOptions: { show: { '/resource': ['r'], '/operation': ['a'] } },
		});
	});
});

describe('buildSubtitle', () => {
	it('should look up the operation in words, without the end that all of a resource share', () => {
		const resource = { value: 'r', name: 'R', description: 'r', operations: [operation('a')] };
		expect(buildSubtitle([resource])).toBe(
			'={{ ({"r a":"Do a"})[$parameter["resource"] + " " + $parameter["operation"]] }}',
		);
	});
});
