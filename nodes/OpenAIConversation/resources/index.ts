import { FieldError } from '../../shared/values/field';
import type { Operation } from '../operation';
import type { Resource } from '../properties';
import { conversation } from './conversation';
import { item } from './item';

/** The resources in the order in which the form lists them. */
export const resources: Resource[] = [conversation, item];

/** In the place of one that a workflow of another version of this node names. */
export const unknownOperation: Operation = {
	value: '',
	name: '',
	action: '',
	description: '',
	properties: [],
	parse() {
		throw new FieldError(
			'Operation is not one that this node has',
			'Choose Resource and Operation again, then save the workflow.',
		);
	},
	run: async () => [],
};
