import type { INodeProperties, INodePropertyCollection, INodePropertyOptions } from 'n8n-workflow';

import { OpenAIConversation } from '../../nodes/OpenAIConversation/OpenAIConversation.node';
import { buildProperties } from '../../nodes/OpenAIConversation/properties';
import { resources } from '../../nodes/OpenAIConversation/resources';

const { description } = new OpenAIConversation();
const { properties } = description;

const isField = (
	value: INodeProperties | INodePropertyOptions | INodePropertyCollection,
): value is INodeProperties => 'type' in value;
const isCollection = (
	value: INodeProperties | INodePropertyOptions | INodePropertyCollection,
): value is INodePropertyCollection => 'values' in value;
const isChoice = (
	value: INodeProperties | INodePropertyOptions | INodePropertyCollection,
): value is INodePropertyOptions => 'value' in value;

/** A field and all fields inside of it. */
function withInner(field: INodeProperties): INodeProperties[] {
	const inner = (field.options ?? []).flatMap((option) => {
		if (isCollection(option)) return option.values;
		return isField(option) ? [option] : [];
	});
	return [field, ...inner.flatMap(withInner)];
}

const everyField = properties.flatMap(withInner);
const choicesOf = (field: INodeProperties): INodePropertyOptions[] =>
	(field.options ?? []).filter(isChoice);

/** The labels and the texts of a field, with those of its options. */
const texts = everyField
	.filter(({ type }) => type !== 'notice')
	.flatMap((field) => [
		{ of: field.displayName, label: field.displayName, text: field.description },
		...choicesOf(field).map(({ name, description: text }) => ({
			of: `${field.displayName}: ${name}`,
			label: name,
			text,
		})),
	]);

/** The field of a name that belongs to the chosen operation. */
const fieldFor = (name: string, values: Record<string, unknown>): INodeProperties | undefined =>
	properties.find(
		(field) =>
			field.name === name &&
			['resource', 'operation'].every(
				(key) => field.displayOptions?.show?.[key]?.some((value) => value === values[key]) ?? true,
			),
	);

const optionNamed = (name: string): INodeProperties | undefined =>
	everyField.find((field) => field.name === name);

/** Whether a field is shown when these values are chosen, and all others are at their default. */
function isShown(
	field: INodeProperties,
	values: Record<string, unknown>,
	inOptions = false,
): boolean {
	return Object.entries(field.displayOptions?.show ?? {}).every(([name, wanted]) => {
		const isOuter = name.startsWith('/');
		const key = isOuter ? name.slice(1) : name;
		// An option names another one without the slash.
		const isSibling = inOptions && !isOuter;
		const fallback = (isSibling ? optionNamed(key) : fieldFor(key, values))?.default;
		return (wanted ?? []).some((value) => value === (values[key] ?? fallback));
	});
}

const shown = (resource: string, operation: string, more: Record<string, unknown> = {}) =>
	properties
		.filter((field) => isShown(field, { resource, operation, ...more }))
		.map(({ name }) => name);

function optionsShown(resource: string, operation: string): string[] {
	const [field, ...others] = properties.filter(({ name }) => name === 'options');
	if (field === undefined || others.length > 0)
		throw new Error('There is not exactly one options field');
	const options = (field.options ?? []).filter(isField);
	return options
		.filter((option) => isShown(option, { resource, operation }, true))
		.map(({ name }) => name);
}

const METADATA = ['metadataInput', 'metadata'];
const ITEMS = ['itemsInput', 'messages'];
const LIMIT = ['returnAll', 'limit'];
const COMMON = [
	'additionalHeaders',
	'additionalQuery',
	'baseUrl',
	'maxConcurrency',
	'maxRequestsPerMinute',
	'maxRetries',
	'retryNetworkErrors',
	'timeout',
];

interface Expected {
	fields: string[];
	options: string[];
}

/** What the form shows for an operation at first, between Operation and Options. */
const EXPECTED: Record<string, Expected> = {
	'conversation set': {
		fields: ['conversationId', 'updateMode', 'replaceNotice', ...METADATA],
		options: ['additionalBody'],
	},
	'conversation create': { fields: [...METADATA, ...ITEMS], options: ['additionalBody'] },
	'conversation get': { fields: ['conversationId'], options: [] },
	'conversation delete': { fields: ['conversationId', 'deleteItems', 'deleteNotice'], options: [] },
	'conversation copy': {
		fields: ['conversationId', 'throughItemId', ...METADATA],
		options: ['additionalBody'],
	},
	'conversation export': {
		fields: ['conversationId', 'returnAll', 'exportFormat', 'exportTo'],
		options: ['includeMetadata'],
	},
	'conversation send': {
		fields: ['conversationId', 'model', 'itemsInput', 'text', 'simplify'],
		options: [
			'additionalBody',
			'background',
			'instructions',
			'lockWait',
			'maxOutputTokens',
			'outputFormat',
			'reasoningEffort',
			'temperature',
		],
	},
	'conversation trim': {
		fields: ['conversationId', 'keepTurns', 'removeIncomplete', 'trimNotice'],
		options: [],
	},
	'item add': { fields: ['conversationId', ...ITEMS], options: ['additionalBody', 'include'] },
	'item get': { fields: ['conversationId', 'itemId', 'simplify'], options: ['include'] },
	'item getMany': {
		fields: ['conversationId', ...LIMIT, 'simplify'],
		options: ['after', 'include', 'order'],
	},
	'item delete': { fields: ['conversationId', 'itemId', 'deleteNotice'], options: [] },
};

const operations = resources.flatMap((resource) =>
	resource.operations.map((operation) => ({ resource, operation })),
);

describe('The form', () => {
	it('should have every operation of the contract and no other', () => {
		expect(
			operations
				.map(({ resource, operation }) => `${resource.value} ${operation.value}`)
				.toSorted(),
		).toEqual(Object.keys(EXPECTED).toSorted());
	});

	it.each(Object.entries(EXPECTED))(
		'should show for %s what the contract says',
		(name, { fields, options }) => {
			const [resource = '', operation = ''] = name.split(' ');
			expect(shown(resource, operation).toSorted()).toEqual(
				['resource', 'operation', ...fields, 'options'].toSorted(),
			);
			expect(optionsShown(resource, operation).toSorted()).toEqual(
				[...COMMON, ...options].toSorted(),
			);
		},
	);

	it.each<[string, string, Record<string, unknown>, string, string]>([
		['conversation', 'set', { metadataInput: 'json' }, 'metadata', 'metadataJson'],
		['conversation', 'create', { metadataInput: 'json' }, 'metadata', 'metadataJson'],
		['conversation', 'copy', { metadataInput: 'json' }, 'metadata', 'metadataJson'],
		['conversation', 'create', { itemsInput: 'json' }, 'messages', 'itemsJson'],
		['item', 'add', { itemsInput: 'json' }, 'messages', 'itemsJson'],
	])(
		'should swap a field for another in %s %s with %j',
		(resource, operation, chosen, gone, come) => {
			const before = shown(resource, operation);
			const after = shown(resource, operation, chosen);
			expect(before).toContain(gone);
			expect(before).not.toContain(come);
			expect(after).toContain(come);
			expect(after).not.toContain(gone);
		},
	);

	it.each<[string, string, Record<string, unknown>, string]>([
		['conversation', 'set', { updateMode: 'merge' }, 'keysToRemove'],
		['conversation', 'export', { exportTo: 'file' }, 'binaryPropertyName'],
	])('should show one more field in %s %s with %j', (resource, operation, chosen, come) => {
		expect(shown(resource, operation)).not.toContain(come);
		expect(shown(resource, operation, chosen)).toContain(come);
	});

	it.each([
		['conversation', 'export'],
		['item', 'getMany'],
	])('should hide Limit in %s %s with Return All', (resource, operation) => {
		expect(shown(resource, operation, { returnAll: true })).not.toContain('limit');
		expect(shown(resource, operation, { returnAll: false })).toContain('limit');
	});

	it('should return all of a transcript by default, and the first 50 of many items', () => {
		const defaultOf = (resource: string, operation: string) =>
			fieldFor('returnAll', { resource, operation })?.default;
		expect(defaultOf('conversation', 'export')).toBe(true);
		expect(defaultOf('item', 'getMany')).toBe(false);
	});

	it('should start with a timeout and retries, both of which can be removed', () => {
		const options = properties.find(({ name }) => name === 'options');
		expect(options?.default).toEqual({ timeout: 120, maxRetries: 3 });
	});

	it('should begin with a pair or a message to fill in where there must be one', () => {
		const defaultOf = (name: string, resource: string, operation: string) =>
			fieldFor(name, { resource, operation })?.default;
		expect(defaultOf('metadata', 'conversation', 'set')).toEqual({
			pairs: [{ key: '', value: '' }],
		});
		expect(defaultOf('messages', 'item', 'add')).toEqual({ values: [{ role: 'user', text: '' }] });
		for (const operation of ['create', 'copy']) {
			expect(defaultOf('metadata', 'conversation', operation)).toEqual({});
		}
		expect(defaultOf('messages', 'conversation', 'create')).toEqual({});
	});

	it('should say beside what is lost: of the two modes, of a copy, and of a deletion', () => {
		const mode = fieldFor('updateMode', { resource: 'conversation', operation: 'set' });
		const [replace, merge] = mode === undefined ? [] : choicesOf(mode);
		expect(replace?.description).toBe("Overwrites all metadata. Keys you don't list are lost.");
		expect(merge?.description).toBe('Keeps other keys. Adds or overwrites the ones you list.');
		expect(shown('conversation', 'set')).toContain('replaceNotice');
		expect(shown('conversation', 'set', { updateMode: 'merge' })).not.toContain('replaceNotice');
		const copied = fieldFor('metadata', { resource: 'conversation', operation: 'copy' });
		expect(copied?.description).toContain("Leave empty to keep the original's metadata");
		const notice = fieldFor('deleteNotice', { resource: 'conversation', operation: 'delete' });
		expect(notice).toMatchObject({ type: 'notice' });
		expect(notice?.displayName).toContain('OpenAI keeps its messages and other items unless');
	});

	it('should ask how to update before it asks for metadata', () => {
		const names = shown('conversation', 'set', { updateMode: 'merge' });
		expect(names.indexOf('updateMode')).toBeLessThan(names.indexOf('metadataInput'));
		expect(names.indexOf('metadata')).toBeLessThan(names.indexOf('keysToRemove'));
	});

	it('should start with Set', () => {
		expect(properties.slice(0, 2)).toMatchObject([
			{ name: 'resource', default: 'conversation' },
			{ name: 'operation', default: 'set' },
		]);
		const set = operations.find(({ operation }) => operation.value === 'set')?.operation;
		expect(set).toMatchObject({ name: 'Set', action: 'Set conversation metadata' });
	});

	it('should begin with Resource and Operation, and end with the options', () => {
		for (const { resource, operation } of operations) {
			const names = shown(resource.value, operation.value);
			expect(names.slice(0, 2)).toEqual(['resource', 'operation']);
			expect(names.at(-1)).toBe('options');
			// The conversation comes first wherever there is one.
			if (names.includes('conversationId')) expect(names[2]).toBe('conversationId');
		}
	});

	it('should keep to the order in which an operation lists its fields', () => {
		for (const { resource, operation } of operations) {
			const names = operation.properties.map(({ name }) => name);
			const values = { resource: resource.value, operation: operation.value };
			const inForm = properties
				.filter(({ displayOptions }) =>
					Object.entries(values).every(([key, value]) =>
						displayOptions?.show?.[key]?.some((shownFor) => shownFor === value),
					),
				)
				.map(({ name }) => name);
			expect(inForm).toEqual(names);
		}
	});

	it('should be built from the resources alone', () => {
		expect(buildProperties(resources)).toEqual(properties);
	});

	it('should make the conversation and the item required', () => {
		for (const field of everyField) {
			expect([field.name, field.required === true]).toEqual([
				field.name,
				field.name === 'itemId' ||
					field.name === 'model' ||
					(field.name === 'conversationId' &&
						field.displayOptions?.show?.operation?.[0] !== 'send'),
			]);
		}
	});

	it('should have a valid default for every choice', () => {
		for (const field of everyField.filter(({ type }) => type === 'options')) {
			expect(choicesOf(field).map(({ value }) => value)).toContain(field.default);
		}
	});
});

describe("n8n's guidelines", () => {
	/** Words that stay small inside of a label. */
	const SMALL = new Set(['a', 'an', 'and', 'in', 'of', 'or', 'per', 'the', 'to']);

	it.each(texts.map(({ label }) => label))('should have the label "%s" in Title Case', (label) => {
		for (const [place, word] of label.split(' ').entries()) {
			if (place > 0 && SMALL.has(word)) continue;
			expect(word).toMatch(/^\(?[A-Z0-9]/);
		}
	});

	it.each(texts.flatMap(({ of, text }) => (text === undefined ? [] : [[of, text]])))(
		'should describe %s in sentence case, with a period only between sentences: "%s"',
		(_of, text) => {
			expect(text).toMatch(/^[A-Z{]/);
			expect(text).not.toMatch(/\s$|\s{2}|!$/);
			const isSeveral = /[.!?] [A-Z{0-9]/.test(text);
			expect(text.endsWith('.')).toBe(isSeveral);
		},
	);

	it.each(
		everyField.flatMap(({ displayName, type, placeholder }) =>
			placeholder === undefined ? [] : [[displayName, type, placeholder]],
		),
	)('should give an example in %s (%s): "%s"', (_name, type, placeholder) => {
		const isButton = type === 'collection' || type === 'fixedCollection';
		expect(placeholder).toMatch(isButton ? /^Add [A-Z]/ : /^e\.g\. ./);
	});

	it('should say what a switch decides with "Whether"', () => {
		const switches = everyField.filter(({ type }) => type === 'boolean');
		expect(switches).toHaveLength(9);
		for (const field of switches) expect(field.description).toMatch(/^Whether /);
	});

	it("should have n8n's own words for its standard fields", () => {
		const words = (name: string) =>
			new Set(
				everyField.filter((field) => field.name === name).map(({ description: text }) => text),
			);
		expect(words('returnAll')).toEqual(
			new Set(['Whether to return all results or only up to a given limit']),
		);
		expect(words('limit')).toEqual(new Set(['Max number of results to return']));
		expect(words('simplify')).toEqual(
			new Set(['Whether to return a simplified version of the response instead of the raw data']),
		);
		for (const field of everyField.filter(({ name }) => name === 'limit')) {
			expect(field).toMatchObject({ default: 50, typeOptions: { minValue: 1 } });
		}
	});

	it('should list resources, operations and options in alphabetical order', () => {
		const isSorted = (names: readonly string[]) => {
			expect(names).toEqual(names.toSorted((a, b) => a.localeCompare(b)));
		};
		for (const field of everyField) {
			const names = (field.options ?? []).map((option) =>
				'displayName' in option ? option.displayName : option.name,
			);
			// From the least effort to the most, which no alphabet tells.
			if (field.name === 'reasoningEffort') continue;
			if (field.name === 'resource' || field.name === 'operation' || names.length >= 5)
				isSorted(names);
		}
	});

	it('should have a name, an action and a description for every operation, all different', () => {
		for (const field of properties.filter(({ name }) => name === 'operation')) {
			expect(field.noDataExpression).toBe(true);
			for (const choice of choicesOf(field)) {
				expect(choice.action).toMatch(/^[A-Z][a-z]+( [a-z]+)+$/);
				expect(choice.description).toBeTruthy();
			}
		}
		for (const key of ['action', 'description'] as const) {
			const all = operations.map(({ operation }) => operation[key]);
			expect(new Set(all).size).toBe(all.length);
		}
	});

	it('should describe every field that is not plain from its label', () => {
		const plain = new Set(['resource', 'operation', 'options', 'key', 'value', 'name', 'text']);
		for (const { name, type, hint, description: text = hint } of everyField) {
			if (!plain.has(name) && type !== 'notice')
				expect([name, text]).toEqual([name, expect.stringMatching(/./)]);
		}
	});

	it('should use no field for a secret', () => {
		for (const { name, type } of everyField.filter((field) => field.type === 'string')) {
			expect([name, type]).not.toEqual([
				expect.stringMatching(/token|secret|password|apiKey/i),
				type,
			]);
		}
	});
});

describe('What a model reads of the node as a tool', () => {
	it('should name the conversation in every action, so that the tool is told from others', () => {
		// The contract gives Send Message its words.
		for (const { operation } of operations.filter((each) => each.operation.value !== 'send'))
			expect(operation.action.toLowerCase()).toContain('conversation');
	});

	it('should say of an ID what it is an ID of, and what it looks like', () => {
		for (const name of ['conversationId', 'itemId', 'throughItemId', 'after']) {
			const fields = everyField.filter((field) => field.name === name);
			expect(fields.length).toBeGreaterThan(0);
			for (const { placeholder, description: text } of fields) {
				expect(placeholder).toMatch(/^e\.g\. (conv|msg)_[0-9a-f]+$/);
				expect(text).toMatch(/conversation|item/);
			}
		}
	});

	it('should show the shape of what is entered as JSON', () => {
		for (const { displayName, placeholder = '', hint } of everyField.filter(
			({ type }) => type === 'json',
		)) {
			expect(displayName).toMatch(/ \(JSON\)$|^JSON /);
			// The editor shows no placeholder in a JSON field.
			expect(hint).toBe(placeholder);
			expect(() => void JSON.parse(placeholder.replace(/^e\.g\. /, ''))).not.toThrow();
		}
	});
});
