import { createConversation } from '../../../shared/api/append';
import type { Item } from '../../../shared/api/items';
import { defineOperation } from '../../operation';
import { refuseItems } from '../../parameters/additionalBody';
import { itemsFields, readOptionalItems } from '../../parameters/items';
import type { Metadata } from '../../parameters/metadata';
import { metadataFields, readOptionalMetadata } from '../../parameters/metadata';
import { bodyOptions } from '../../parameters/options';

interface Input {
	metadata: Metadata | undefined;
	items: Item[];
}

/** Creates a conversation: POST /conversations, then POST /conversations/{id}/items for more than 20 items. */
export const create = defineOperation<Input>({
	value: 'create',
	name: 'Create',
	action: 'Create conversation',
	description: 'Start a new conversation, with metadata and first messages if you like',
	properties: [...metadataFields, ...itemsFields],
	options: bodyOptions,

	read(read, options) {
		refuseItems(options);
		return { metadata: readOptionalMetadata(read), items: readOptionalItems(read) };
	},

	async run({ metadata, items }, { api }) {
		return [{ json: await createConversation(api, metadata, items) }];
	},
});
