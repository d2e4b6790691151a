import type { Resource } from '../../properties';
import { set } from './set';

export const conversation: Resource = {
	value: 'conversation',
	name: 'Conversation',
	description: 'A conversation and its metadata',
	operations: [set],
};
