import type { INodeProperties } from 'n8n-workflow';

import type { GivenOptions } from '../../shared/values/field';
import { adviceFor, FieldError, isNothing, kindOf, quote } from '../../shared/values/field';
import { checkTexts, listed } from '../../shared/values/text';
import type { JsonObject, JsonValue } from '../../shared/values/json';
import { isJsonObject } from '../../shared/values/json';
import { parseJsonText } from '../../shared/values/jsonText';

const outputFormatOption: INodeProperties = {
	displayName: 'Output Format',
	name: 'outputFormat',
	type: 'options',
	options: [
		{
			name: 'JSON',
			value: 'json',
			description: 'JSON that follows the schema in the option JSON Schema',
		},
		{ name: 'Text', value: 'text' },
	],
	default: 'text',
	description:
		'The form of the reply. For JSON, also add the option JSON Schema; the parsed reply is then in the field "data" of the output.',
};

const EXAMPLE =
	'{ "type": "object", "properties": { "category": { "type": "string" } }, "required": ["category"], "additionalProperties": false }';

const jsonSchemaOption: INodeProperties = {
	displayName: 'JSON Schema',
	name: 'jsonSchema',
	type: 'json',
	typeOptions: { rows: 6 },
	displayOptions: { show: { outputFormat: ['json'] } },
	default: '',
	placeholder: `e.g. ${EXAMPLE}`,
	hint: `e.g. ${EXAMPLE}`,
	description:
		'What the reply contains. Every object in it lists all its properties in "required" and has "additionalProperties": false.',
};

export const structuredOutputOptions = [jsonSchemaOption, outputFormatOption];

const LABEL = jsonSchemaOption.displayName;

/** Most faults of a schema that an error names. */
const MAX_FAULTS = 5;

/** The name that the schema goes by at the API. */
const NAME = 'reply';

const namesIn = (value: JsonValue | undefined): string[] =>
	Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];

const isObjectSchema = ({ type, properties }: JsonObject): boolean =>
	type === 'object' || (Array.isArray(type) && type.includes('object')) || properties !== undefined;

/** What strict mode finds wrong with one object of a schema. */
function faultsOfObject(schema: JsonObject, path: string): string[] {
	const properties = isJsonObject(schema.properties) ? Object.keys(schema.properties) : [];
	const required = namesIn(schema.required);
	const missing = properties.filter((name) => !required.includes(name));
	const unknown = required.filter((name) => !properties.includes(name));
	return [
		...(schema.additionalProperties === false
			? []
			: [`${path} lacks "additionalProperties": false`]),
		...(missing.length === 0 ? [] : [`${path} does not list ${listed(missing)} in "required"`]),
		...(unknown.length === 0
			? []
			: [`${path} requires ${listed(unknown)}, which its "properties" do not have`]),
	];
}

const OUTERMOST = 'the outermost object';

/** What strict mode finds wrong with a schema and all that it contains. */
function faultsOf(schema: JsonValue | undefined, path: string): string[] {
	if (!isJsonObject(schema)) return [];
	const within = path === OUTERMOST ? '' : `${path}.`;
	const named = ['properties', '$defs', 'definitions'].flatMap((group) => {
		const parts = schema[group];
		if (!isJsonObject(parts)) return [];
		return Object.entries(parts).flatMap(([name, part]) =>
			faultsOf(part, `${within}${group}.${name}`),
		);
	});
	const choices = Array.isArray(schema.anyOf) ? schema.anyOf : [];
	return [
		...(isObjectSchema(schema) ? faultsOfObject(schema, path) : []),
		...named,
		...faultsOf(schema.items, `${within}items`),
		...choices.flatMap((choice, place) => faultsOf(choice, `${within}anyOf[${place}]`)),
	];
}

function parseSchema(value: unknown): JsonObject {
	if (isNothing(value)) {
		throw new FieldError(
			`${LABEL} is empty`,
			`Add the option ${LABEL} with a schema such as ${EXAMPLE}, or set ${outputFormatOption.displayName} to Text.`,
		);
	}
	const schema = parseJsonText(value, LABEL, EXAMPLE);
	checkTexts(schema, LABEL);
	if (!isJsonObject(schema) || schema.type !== 'object') {
		const isWrapped = isJsonObject(schema) && isJsonObject(schema.schema);
		throw new FieldError(
			isJsonObject(schema)
				? `${LABEL} does not describe an object: its "type" is ${schema.type === undefined ? 'missing' : quote(schema.type)}`
				: `${LABEL} is ${kindOf(schema)}, not a schema`,
			isWrapped
				? 'Enter only what is under "schema"; the node adds the rest.'
				: `The API replies with an object, so the schema begins with "type": "object", such as ${EXAMPLE}.`,
		);
	}
	const faults = faultsOf(schema, OUTERMOST);
	if (faults.length === 0) return schema;
	const shown = faults.slice(0, MAX_FAULTS);
	const more = faults.length - shown.length;
	throw new FieldError(
		`${LABEL} breaks the rules of strict mode: ${shown.join('; ')}${more === 0 ? '' : `; and ${more} more`}`,
		'Every object in the schema needs "additionalProperties": false and all its properties in "required". To make a property optional, let it be null as well, such as "type": ["string", "null"].',
	);
}

/**
 * The body's `text.format`; undefined for a reply in plain text.
 * @throws {FieldError} when the schema is none that the API takes
 */
export function parseFormat(options: GivenOptions): JsonObject | undefined {
	const format = options[outputFormatOption.name];
	if (isNothing(format) || format === 'text') return undefined;
	if (format !== 'json') {
		throw new FieldError(
			`${outputFormatOption.displayName} is ${quote(format)}`,
			adviceFor(format, 'Use text or json.'),
		);
	}
	const schema = parseSchema(options[jsonSchemaOption.name]);
	return { type: 'json_schema', name: NAME, strict: true, schema };
}
