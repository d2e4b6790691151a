import { textAt } from '../values/json';
import type { Item } from './items';

/** What an output names of the call that it belongs to. */
export const linkOf = (item: Item): string | undefined =>
	textAt(item, 'call_id') ?? textAt(item, 'approval_request_id');

/** Names under which the outputs of a call look it up. */
export const anchorsOf = (item: Item): string[] =>
	[textAt(item, 'call_id'), textAt(item, 'id')].filter((anchor) => anchor !== undefined);

/** Whether an item is what came of a call: its output, or the response to a request. */
export const isOutput = (item: Item): boolean =>
	/_(?:output|response)$/.test(textAt(item, 'type') ?? '');

/** Reasoning leads to something of the model's own. */
export const isFromUser = (item: Item): boolean =>
	isOutput(item) || (item.type === 'message' && item.role !== 'assistant');

export const isUserMessage = ({ type, role }: Item): boolean =>
	type === 'message' && role === 'user';
