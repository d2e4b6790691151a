import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import type { Resource } from './operation';
import { commonOptions, OPTIONS_NAME } from './parameters/options';

/** Labels are plain English; `localeCompare` would first load a language's rules, which adds 10 ms to n8n's start. */
const alphabetical = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

type Show = Record<string, string[]>;

function withShow(field: INodeProperties, show: Show): INodeProperties {
	return {
		...field,
		displayOptions: { ...field.displayOptions, show: { ...show, ...field.displayOptions?.show } },
	};
}

function resourceField(resources: readonly Resource[]): INodeProperties {
	const options = resources.map(({ value, name, description }) => ({ value, name, description }));
	const first = options[0]?.value ?? '';
	return {
		displayName: 'Resource',
		name: 'resource',
		type: 'options',
		noDataExpression: true,
		options,
		default: first,
	};
}

function operationField({ value: resource, operations }: Resource): INodeProperties {
	const options = operations
		.map(
			({ value, name, action, description }): INodePropertyOptions => ({
				value,
				name,
				action,
				description,
			}),
		)
		.sort((a, b) => alphabetical(a.name, b.name));
	const first = operations[0]?.value ?? '';
	return {
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: [resource] } },
		options,
		default: first,
	};
}

/**
 * The fields of a resource, each once: a field is shown for the operations that list it, behind the
 * field that precedes it there.
 */
function fieldsOf({ value: resource, operations }: Resource): INodeProperties[] {
	const order: INodeProperties[] = [];
	const users = new Map<INodeProperties, string[]>();
	for (const { value, properties } of operations) {
		let place = 0;
		for (const field of properties) {
			const known = users.get(field);
			if (known === undefined) {
				order.splice(place, 0, field);
				users.set(field, [value]);
			} else {
				known.push(value);
			}
			place = order.indexOf(field) + 1;
		}
	}
	return order.map((field) =>
		withShow(field, { resource: [resource], operation: users.get(field) ?? [] }),
	);
}

/** The options collection: the common fields, and those of single operations, in alphabetical order. */
function optionsField(resources: readonly Resource[]): INodeProperties {
	const special = new Map<INodeProperties, Show>();
	for (const { value: resource, operations } of resources) {
		for (const { value, options = [] } of operations) {
			for (const field of options) {
				const show = special.get(field) ?? { '/resource': [], '/operation': [] };
				for (const [name, entry] of [
					['/resource', resource],
					['/operation', value],
				] as const) {
					const list = show[name];
					if (list !== undefined && !list.includes(entry)) list.push(entry);
				}
				special.set(field, show);
			}
		}
	}
	const fields = [...commonOptions, ...[...special].map(([field, show]) => withShow(field, show))];
	return {
		displayName: 'Options',
		name: OPTIONS_NAME,
		type: 'collection',
		placeholder: 'Add Option',
		default: { maxRetries: 3, timeout: 120 },
		options: fields.sort((a, b) => alphabetical(a.displayName, b.displayName)),
	};
}

/**
 * An expression for the line under the node on the canvas: the operation in words, such as
 * "Set conversation metadata" or "Get many items".
 */
export function buildSubtitle(resources: readonly Resource[]): string {
	const words = resources.flatMap(({ value: resource, operations }) =>
		operations.map(({ value, action }) => [
			`${resource} ${value}`,
			action.replace(/ (?:from|to) conversation$/, ''),
		]),
	);
	const table = JSON.stringify(Object.fromEntries(words));
	return `={{ (${table})[$parameter["resource"] + " " + $parameter["operation"]] }}`;
}

/** All fields of the node, in the order of the form. */
export const buildProperties = (resources: readonly Resource[]): INodeProperties[] => [
	resourceField(resources),
	...resources.map(operationField),
	...resources.flatMap(fieldsOf),
	optionsField(resources),
];
