import type { Resource } from '../../operation';
import { add } from './add';
import { remove } from './delete';
import { get } from './get';
import { getMany } from './getMany';

export const item: Resource = {
	value: 'item',
	name: 'Conversation Item',
	description: 'A message, a tool call or another part of a conversation',
	operations: [add, get, getMany, remove],
};
