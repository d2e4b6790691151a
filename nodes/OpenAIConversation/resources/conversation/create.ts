import { createConversation } from '../../../shared/api/createConversation';
import type { Item } from '../../../shared/api/items';
import type { Operation } from '../../operation';
import { noteMetadata } from '../../metadataNote';
import { itemsFields, parseOptionalItems } from '../../parameters/items';
import type { Metadata } from '../../parameters/metadata';
import { metadataFields, parseOptionalMetadata } from '../../parameters/metadata';
import { bodyOptions, parseAdditionalBody } from '../../parameters/options';
import type { JsonObject } from '../../../shared/values/json';

interface Input {
	metadata: Metadata | undefined;
	items: Item[];
	additionalBody: JsonObject;
}

/** Creates a conversation: POST /conversations, then POST /conversations/{id}/items for more than 20 items. */
export const create: Operation<Input> = {
	value: 'create',
	name: 'Create',
	action: 'Create conversation',
	description: 'Create a conversation, optionally with metadata and initial messages',
	properties: [...metadataFields, ...itemsFields],
	options: bodyOptions,

	parse(read, options) {
		return {
			metadata: parseOptionalMetadata(read),
			items: parseOptionalItems(read),
			additionalBody: parseAdditionalBody(options, {
				items: 'Enter items under Messages or Items (JSON).',
				metadata: 'Enter it under Metadata.',
			}),
		};
	},

	async run(input, { api, note }) {
		const conversation = await createConversation(api, input);
		noteMetadata(note, conversation, input.metadata ?? {});
		return [{ json: conversation }];
	},
};
