/**
 * The top-level fields of each item type on input, from the official SDK's `ResponseInputItem`.
 *
 * @typedef {Object} ItemShape
 * @property {readonly string[]} required
 * @property {readonly string[]} optional `id` and `type` go without saying
 * @property {readonly string[]} nullable fields that may be null; null elsewhere is refused
 * @property {boolean} hasStatus whether the item comes back with a status
 */

/**
 * @param {string} required names, separated by spaces
 * @param {string} [optional]
 * @param {string} [nullable]
 * @returns {ItemShape}
 */
function shape(required, optional = '', nullable = '') {
	const names = (/** @type {string} */ list) => list.split(' ').filter((name) => name !== '');
	return {
		required: names(required),
		optional: names(optional),
		nullable: names(nullable),
		hasStatus: names(optional).includes('status'),
	};
}

/** @type {ReadonlyMap<string, ItemShape>} */
export const ITEM_SHAPES = new Map([
	['message', shape('role content', 'status phase')],
	['function_call', shape('arguments call_id name', 'async caller namespace status')],
	['function_call_output', shape('output', 'call_id caller name namespace status')],
	['file_search_call', shape('queries', 'results status', 'results')],
	['web_search_call', shape('', 'action results status')],
	[
		'image_generation_call',
		shape(
			'result',
			'action background error output_format quality revised_prompt size svg_usage status',
			'result',
		),
	],
	['computer_call', shape('call_id', 'action actions pending_safety_checks status')],
	['computer_call_output', shape('call_id output', 'acknowledged_safety_checks status')],
	['tool_search_call', shape('arguments', 'call_id execution status', 'call_id')],
	['tool_search_output', shape('tools', 'call_id execution status', 'call_id')],
	['additional_tools', shape('role tools')],
	['configuration_update', shape('', 'reasoning text')],
	['reasoning', shape('summary', 'content encrypted_content status', 'encrypted_content')],
	['program', shape('call_id code fingerprint')],
	['program_output', shape('call_id result', 'status')],
	['compaction', shape('encrypted_content')],
	['code_interpreter_call', shape('code container_id', 'outputs status', 'code outputs')],
	['local_shell_call', shape('action call_id', 'status')],
	['local_shell_call_output', shape('output', 'status')],
	['shell_call', shape('action call_id', 'caller environment status', 'environment')],
	[
		'shell_call_output',
		shape('call_id output', 'caller max_output_length status', 'max_output_length'),
	],
	['apply_patch_call', shape('call_id operation', 'caller status')],
	['apply_patch_call_output', shape('call_id', 'caller output status', 'output')],
	['mcp_list_tools', shape('server_label tools', 'error', 'error')],
	['mcp_approval_request', shape('arguments name server_label')],
	['mcp_approval_response', shape('approval_request_id approve', 'reason', 'reason')],
	[
		'mcp_call',
		shape(
			'arguments name server_label',
			'approval_request_id error output status',
			'approval_request_id error output',
		),
	],
	['custom_tool_call', shape('call_id input name', 'async caller namespace')],
	['custom_tool_call_output', shape('call_id output', 'caller')],
]);

export const ITEM_TYPES = Object.freeze([...ITEM_SHAPES.keys()].sort());
