/*
 * Holds what our code assumes of the API against the official SDK's types. Nothing here runs: when
 * the SDK changes, `npm run typecheck` fails at the line that says what changed.
 */
import type {
	Conversation as SdkConversation,
	ConversationCreateParams,
	ConversationDeletedResource,
	ConversationUpdateParams,
} from 'openai/resources/conversations/conversations';
import type {
	ConversationItem,
	ConversationItemList,
	ItemCreateParams,
	ItemListParams,
} from 'openai/resources/conversations/items';
import type {
	EasyInputMessage,
	ResponseIncludable,
	ResponseInputItem,
} from 'openai/resources/responses/responses';

import type {
	KEEPS_ID_AND_STATUS,
	KEEPS_NULL,
	KEEPS_STATUS,
} from '../../nodes/shared/api/carryOver';
import type { Conversation } from '../../nodes/shared/api/conversations';
import type { ListOptions } from '../../nodes/shared/api/items';
import type { Include, ItemType, ROLES } from '../../nodes/shared/api/schema';

type IsSame<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type IsTrue<T extends true> = T;

/** A key that must be there. */
type IsRequired<T, K extends keyof T> = Record<never, never> extends Pick<T, K> ? false : true;

/** The types of the items for which `K` is required on input, and not null. */
type TypesThatNeed<K extends string, T = ResponseInputItem> = T extends { type?: unknown }
	? K extends keyof T
		? IsRequired<T, K> extends true
			? null extends T[K]
				? never
				: T['type']
			: never
		: never
	: never;

/** Fields that are required on input and may be null. */
type NullableNeeds<T> = {
	[K in keyof T]-?: IsRequired<T, K> extends true ? (null extends T[K] ? K : never) : never;
}[keyof T];

type TypesWithNullableNeeds<T = ResponseInputItem> = T extends { type?: unknown }
	? NullableNeeds<T> extends never
		? never
		: T['type']
	: never;

type InputOfType<Type extends string> = Extract<ResponseInputItem, { type: Type }>;

/** Known by other means: a message in the easy form, reasoning by its encrypted content. */
type NeedsNoId = 'message' | 'reasoning' | 'item_reference' | null | undefined;

export type Checks = [
	// Words of the API.
	IsTrue<IsSame<Include, ResponseIncludable>>,
	IsTrue<IsSame<(typeof ROLES)[number], EasyInputMessage['role']>>,
	IsTrue<IsSame<ItemType, ConversationItem['type']>>,
	IsTrue<IsSame<ListOptions['order'], NonNullable<ItemListParams['order']>>>,

	// Where these are keys, our code reads or writes them.
	IsTrue<IsSame<keyof ConversationCreateParams, 'items' | 'metadata'>>,
	IsTrue<IsSame<keyof ConversationUpdateParams, 'metadata'>>,
	IsTrue<IsSame<keyof ItemCreateParams, 'items' | 'include'>>,
	IsTrue<IsSame<keyof ItemListParams, 'after' | 'include' | 'limit' | 'order'>>,
	IsTrue<IsSame<keyof SdkConversation, 'created_at' | 'id' | 'metadata' | 'object'>>,
	IsTrue<
		IsSame<keyof ConversationItemList, 'data' | 'first_id' | 'has_more' | 'last_id' | 'object'>
	>,
	IsTrue<IsSame<ConversationDeletedResource['object'], 'conversation.deleted'>>,
	IsTrue<IsSame<Conversation['id'], SdkConversation['id']>>,

	// What a copied item keeps of what the server made.
	IsTrue<IsSame<(typeof KEEPS_ID_AND_STATUS)[number], Exclude<TypesThatNeed<'id'>, NeedsNoId>>>,
	IsTrue<
		IsSame<
			(typeof KEEPS_STATUS)[number],
			Exclude<TypesThatNeed<'status'>, NeedsNoId | (typeof KEEPS_ID_AND_STATUS)[number]>
		>
	>,
	IsTrue<IsSame<keyof typeof KEEPS_NULL, TypesWithNullableNeeds>>,
	IsTrue<
		IsSame<
			(typeof KEEPS_NULL)['code_interpreter_call'][number],
			NullableNeeds<InputOfType<'code_interpreter_call'>>
		>
	>,
	IsTrue<
		IsSame<
			(typeof KEEPS_NULL)['image_generation_call'][number],
			NullableNeeds<InputOfType<'image_generation_call'>>
		>
	>,
	IsTrue<
		IsSame<
			(typeof KEEPS_NULL)['tool_search_call'][number],
			NullableNeeds<InputOfType<'tool_search_call'>>
		>
	>,
];

/** The easy message form that the Messages field gives. */
export const easyMessage = {
	type: 'message',
	role: 'user',
	content: 'Hello',
} as const satisfies EasyInputMessage;
