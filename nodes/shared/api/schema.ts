/**
 * What the API's documents fix, as of the official SDK 7.57. test/types/ compares it with the
 * SDK's types at compile time, so it can't fall behind unseen.
 */

/** Maximum number of items in one write, and in one page of a listing. */
export const MAX_ITEMS_PER_WRITE = 20;
export const MAX_ITEMS_PER_PAGE = 100;

/** Who a message that is sent can come from. */
export const ROLES = ['user', 'assistant', 'system', 'developer'] as const;

export const SENDABLE_ROLES: ReadonlySet<string> = new Set(ROLES);

/** What can be asked for beyond an item's usual fields. */
export const INCLUDES = [
	'code_interpreter_call.outputs',
	'computer_call_output.output.image_url',
	'file_search_call.results',
	'message.input_image.image_url',
	'message.output_text.logprobs',
	'reasoning.encrypted_content',
	'web_search_call.action.sources',
	'web_search_call.results',
] as const;

export type Include = (typeof INCLUDES)[number];

/** Types of items that come back. More will come: these are for lists that speak of some of them. */
export const ITEM_TYPES = [
	'additional_tools',
	'apply_patch_call',
	'apply_patch_call_output',
	'code_interpreter_call',
	'compaction',
	'computer_call',
	'computer_call_output',
	'configuration_update',
	'custom_tool_call',
	'custom_tool_call_output',
	'file_search_call',
	'function_call',
	'function_call_output',
	'image_generation_call',
	'local_shell_call',
	'local_shell_call_output',
	'mcp_approval_request',
	'mcp_approval_response',
	'mcp_call',
	'mcp_list_tools',
	'message',
	'program',
	'program_output',
	'reasoning',
	'shell_call',
	'shell_call_output',
	'tool_search_call',
	'tool_search_output',
	'web_search_call',
] as const;

export type ItemType = (typeof ITEM_TYPES)[number];
