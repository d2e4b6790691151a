/** @import { INodeProperties, INodePropertyCollection, INodePropertyOptions, INodeTypeDescription } from 'n8n-workflow' */

/** @typedef {INodeProperties | INodePropertyCollection | INodePropertyOptions} Entry */

/**
 * @param {Entry} entry
 * @returns {entry is INodeProperties}
 */
const isField = (entry) => 'type' in entry;

/**
 * @param {Entry} entry
 * @returns {entry is INodePropertyCollection}
 */
const isGroup = (entry) => 'values' in entry;

/**
 * @param {Entry} entry
 * @returns {entry is INodePropertyOptions}
 */
const isChoice = (entry) => 'value' in entry;

/** @param {string} text for a cell of a table */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** @param {string} text */
const sentence = (text) => (text === '' || /[.!?]$/.test(text) ? text : `${text}.`);

/** @param {INodeProperties} field */
const entriesOf = (field) => field.options ?? [];

const TYPES = {
	boolean: 'on or off',
	collection: 'collection',
	fixedCollection: 'rows',
	json: 'JSON',
	multiOptions: 'any of',
	number: 'number',
	options: 'one of',
	string: 'text',
};

/** @param {INodeProperties} field */
function kindOf(field) {
	const { minValue: min, maxValue: max } = field.typeOptions ?? {};
	const range =
		min === undefined ? '' : max === undefined ? `, ${min} or more` : `, ${min} to ${max}`;
	const name = Object.hasOwn(TYPES, field.type) ? Reflect.get(TYPES, field.type) : field.type;
	return `${name}${range}`;
}

/** @param {INodeProperties} field */
function defaultOf({ default: value, required }) {
	if (required) return 'required';
	if (typeof value === 'object' || value === '' || value === undefined) return 'none';
	return `\`${String(value)}\``;
}

/** @param {INodeProperties} field */
function meaningOf(field) {
	const hint = field.hint === field.description ? '' : sentence(field.hint ?? '');
	const parts = [sentence(field.description ?? ''), hint];
	const entries = entriesOf(field);
	const choices = entries.filter(isChoice);
	if (choices.length > 0) {
		const listed = choices.map(({ name, value, description }) => {
			const more = description ? `: ${description.replace(/\.$/, '')}` : '';
			return `\`${String(value)}\` (${name}${more})`;
		});
		parts.push(`${listed.join('; ')}.`);
	}
	for (const group of entries.filter(isGroup)) {
		const inner = group.values.map(({ displayName, name }) => `\`${name}\` (${displayName})`);
		parts.push(`Rows under \`${group.name}\`: ${inner.join(', ')}.`);
	}
	return parts.filter(Boolean).join(' ');
}

/** @param {INodeProperties} field */
const ownConditions = (field) =>
	Object.entries(field.displayOptions?.show ?? {}).filter(
		([name]) => !['resource', 'operation', '/resource', '/operation'].includes(name),
	);

/** @param {INodeProperties} field */
function shownWhen(field) {
	const conditions = ownConditions(field).map(
		([name, values]) =>
			`\`${name}\` is ${(values ?? []).map((value) => `\`${String(value)}\``).join(' or ')}`,
	);
	return conditions.length === 0 ? '' : ` Shown when ${conditions.join(' and ')}.`;
}

/** @param {INodeProperties} field */
const row = (field) =>
	`| ${[field.displayName, `\`${field.name}\``, kindOf(field), defaultOf(field), `${meaningOf(field)}${shownWhen(field)}`].map(cell).join(' | ')} |`;

const HEAD = [
	'| Field | Parameter | Kind | Default | Meaning |',
	'| --- | --- | --- | --- | --- |',
];

/**
 * @param {INodeProperties} field
 * @param {string} resource
 * @param {string} operation
 */
function isShownFor(field, resource, operation) {
	const show = field.displayOptions?.show ?? {};
	/**
	 * @param {string} name
	 * @param {string} value
	 */
	const allows = (name, value) => {
		const values = show[name] ?? show[`/${name}`];
		return values === undefined || value === '' || values.some((each) => each === value);
	};
	return allows('resource', resource) && allows('operation', operation);
}

/**
 * The reference of all operations and fields, as Markdown.
 *
 * @param {INodeTypeDescription} description the node's own
 * @returns {string}
 */
export function operationsPage({ displayName, properties }) {
	const resource = properties.find(({ name }) => name === 'resource');
	const options = properties.find(({ name }) => name === 'options');
	if (!resource || !options) throw new Error('The node has no resources or no options.');
	const optionFields = entriesOf(options).filter(isField);
	const common = optionFields.filter((field) => !field.displayOptions?.show);
	const special = optionFields.filter((field) => field.displayOptions?.show);

	const lines = [
		`# ${displayName}: operations`,
		'',
		'All operations, fields and options. *Parameter* is the name in a workflow’s JSON.',
		'',
	];
	for (const { name: resourceName, value: resourceValue, description } of entriesOf(
		resource,
	).filter(isChoice)) {
		const operation = properties.find(
			(field) => field.name === 'operation' && isShownFor(field, String(resourceValue), ''),
		);
		lines.push(
			`## ${resourceName}`,
			'',
			`${sentence(description ?? '')} \`resource\`: \`${String(resourceValue)}\`.`,
			'',
		);
		for (const choice of operation ? entriesOf(operation).filter(isChoice) : []) {
			/** @param {INodeProperties} field */
			const isShown = (field) => isShownFor(field, String(resourceValue), String(choice.value));
			const shown = properties.filter(
				(field) => !['resource', 'operation', 'options'].includes(field.name) && isShown(field),
			);
			const fields = shown.filter(({ type }) => type !== 'notice');
			const notices = shown.filter(({ type }) => type === 'notice');
			lines.push(
				`### ${resourceName}: ${choice.name}`,
				'',
				`${sentence(choice.description ?? '')} \`operation\`: \`${String(choice.value)}\`.`,
				'',
			);
			for (const { displayName: text } of notices) lines.push(sentence(text), '');
			if (fields.length > 0) lines.push(...HEAD, ...fields.map(row), '');
			const more = special.filter(isShown).map(({ displayName: label }) => label);
			if (more.length > 0) lines.push(`Further options: ${more.join(', ')}.`, '');
		}
	}
	lines.push(
		'## Options',
		'',
		'All operations have these, under `options`. A new node starts with a timeout of 120 seconds and 3 retries; the defaults below apply where an option is not set. Max Output Tokens, Reasoning Effort and Temperature are sent only if you add them.',
		'',
		...HEAD,
		...common.map(row),
		'',
	);
	lines.push('Single operations also have these:', '', ...HEAD, ...special.map(row), '');
	return lines.join('\n');
}
