import type { INodeProperties } from 'n8n-workflow';

import type { ReadParameter } from '../../shared/values/field';
import { adviceFor, FieldError, isNothing, kindOf } from '../../shared/values/field';
import { checkText, trimPasted } from '../../shared/values/text';
import { isPlainObject } from '../../shared/values/json';

export const modelField: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'resourceLocator',
	required: true,
	default: { mode: 'list', value: '' },
	description: 'The model that replies',
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			typeOptions: { searchListMethod: 'searchModels', searchable: true },
		},
		{ displayName: 'By ID', name: 'id', type: 'string', placeholder: 'e.g. gpt-5-mini' },
	],
};

const LABEL = modelField.displayName;

/**
 * The ID of the model.
 * @throws {FieldError} when there is none
 */
export function parseModel(read: ReadParameter): string {
	const given = read(modelField.name, '');
	const value = isPlainObject(given) ? (given.value ?? given.id) : given;
	const id = typeof value === 'string' ? trimPasted(value) : value;
	if (isNothing(id)) {
		throw new FieldError(
			`${LABEL} is empty`,
			'Choose a model from the list, or enter its ID. An expression that finds nothing also leaves the field empty.',
		);
	}
	if (typeof id !== 'string') {
		throw new FieldError(
			`${LABEL} is ${kindOf(id)}, not the ID of a model`,
			adviceFor(id, 'Enter an ID such as gpt-5-mini.'),
		);
	}
	checkText(id, LABEL);
	return id;
}
