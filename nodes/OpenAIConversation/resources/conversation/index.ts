import type { Resource } from '../../operation';
import { copy } from './copy';
import { create } from './create';
import { remove } from './delete';
import { exportTranscript } from './export';
import { get } from './get';
import { send } from './send';
import { set } from './set';
import { trim } from './trim';

export const conversation: Resource = {
	value: 'conversation',
	name: 'Conversation',
	description: 'A conversation and its metadata',
	operations: [set, create, get, remove, copy, exportTranscript, send, trim],
};
