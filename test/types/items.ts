import type { ConversationItem } from 'openai/resources/conversations/items';

type Type = ConversationItem['type'];

/** What a conversation can hold: one item of each type that the official SDK knows. */
export const everyItem: { [T in Type]: Extract<ConversationItem, { type: T }> } = {
	message: {
		type: 'message',
		id: 'msg_1',
		role: 'user',
		status: 'completed',
		content: [
			{ type: 'input_text', text: 'What is in this picture? 🐈' },
			{
				type: 'input_image',
				detail: 'auto',
				file_id: null,
				image_url: 'https://example.com/cat.png',
			},
		],
	},
	file_search_call: {
		type: 'file_search_call',
		id: 'fs_1',
		queries: ['warranty', 'return policy'],
		status: 'completed',
		results: [
			{
				file_id: 'file_1',
				filename: 'terms.pdf',
				score: 0.9,
				text: 'Two years.',
				attributes: { page: 2 },
			},
		],
	},
	web_search_call: {
		type: 'web_search_call',
		id: 'ws_1',
		status: 'completed',
		action: {
			type: 'search',
			query: 'cats',
			queries: ['cats'],
			sources: [{ type: 'url', url: 'https://example.com' }],
		},
	},
	image_generation_call: {
		type: 'image_generation_call',
		id: 'ig_1',
		status: 'completed',
		result: 'iVBORw0KGgo=',
		revised_prompt: 'A cat on a mat',
	},
	computer_call: {
		type: 'computer_call',
		id: 'cu_1',
		call_id: 'call_computer',
		pending_safety_checks: [],
		status: 'completed',
		action: { type: 'click', button: 'left', x: 1, y: 2 },
	},
	computer_call_output: {
		type: 'computer_call_output',
		id: 'cuo_1',
		call_id: 'call_computer',
		status: 'completed',
		output: { type: 'computer_screenshot', image_url: 'https://example.com/screen.png' },
	},
	reasoning: {
		type: 'reasoning',
		id: 'rs_1',
		summary: [{ type: 'summary_text', text: 'Looking up the weather' }],
		encrypted_content: 'gAAAAencrypted',
	},
	function_call: {
		type: 'function_call',
		id: 'fc_1',
		call_id: 'call_weather',
		name: 'get_weather',
		arguments: '{"city":"Köln"}',
		status: 'completed',
	},
	function_call_output: {
		type: 'function_call_output',
		id: 'fco_1',
		call_id: 'call_weather',
		output: '{"celsius":21}',
		status: 'completed',
	},
	tool_search_call: {
		type: 'tool_search_call',
		id: 'tsc_1',
		arguments: { query: 'weather' },
		call_id: 'call_search',
		execution: 'client',
		status: 'completed',
	},
	tool_search_output: {
		type: 'tool_search_output',
		id: 'tso_1',
		call_id: 'call_search',
		execution: 'client',
		status: 'completed',
		tools: [{ type: 'function', name: 'get_weather', parameters: { default: null }, strict: null }],
	},
	additional_tools: {
		type: 'additional_tools',
		id: 'at_1',
		role: 'developer',
		tools: [{ type: 'function', name: 'get_time', parameters: null, strict: null }],
	},
	configuration_update: { type: 'configuration_update', id: 'cfu_1' },
	program: {
		type: 'program',
		id: 'prog_1',
		call_id: 'call_program',
		code: 'print(1)',
		fingerprint: 'f1',
	},
	program_output: {
		type: 'program_output',
		id: 'progo_1',
		call_id: 'call_program',
		result: '1',
		status: 'completed',
	},
	compaction: { type: 'compaction', id: 'cmp_1', encrypted_content: 'gAAAAcompacted' },
	code_interpreter_call: {
		type: 'code_interpreter_call',
		id: 'ci_1',
		code: 'print(6 * 7)',
		container_id: 'cntr_1',
		outputs: [{ type: 'logs', logs: '42' }],
		status: 'completed',
	},
	local_shell_call: {
		type: 'local_shell_call',
		id: 'lsh_1',
		call_id: 'call_local',
		action: { type: 'exec', command: ['ls', '-l'], env: {}, timeout_ms: null },
		status: 'completed',
	},
	local_shell_call_output: {
		type: 'local_shell_call_output',
		id: 'lsho_1',
		output: 'total 0',
		status: 'completed',
	},
	shell_call: {
		type: 'shell_call',
		id: 'sh_1',
		call_id: 'call_shell',
		action: { commands: ['cd /tmp', 'ls'], max_output_length: null, timeout_ms: null },
		environment: null,
		status: 'completed',
	},
	shell_call_output: {
		type: 'shell_call_output',
		id: 'sho_1',
		call_id: 'call_shell',
		max_output_length: null,
		output: [
			{
				stdout: 'notes.txt',
				stderr: 'a warning',
				outcome: { type: 'exit', exit_code: 0 },
				created_by: 'server',
			},
		],
		status: 'completed',
	},
	apply_patch_call: {
		type: 'apply_patch_call',
		id: 'apc_1',
		call_id: 'call_patch',
		operation: { type: 'update_file', path: 'notes.txt', diff: '+1' },
		status: 'completed',
	},
	apply_patch_call_output: {
		type: 'apply_patch_call_output',
		id: 'apco_1',
		call_id: 'call_patch',
		output: 'Done!',
		status: 'completed',
	},
	mcp_list_tools: {
		type: 'mcp_list_tools',
		id: 'mcpl_1',
		server_label: 'bank',
		tools: [{ name: 'pay', input_schema: { properties: { note: { default: null } } } }],
	},
	mcp_approval_request: {
		type: 'mcp_approval_request',
		id: 'mcpr_1',
		arguments: '{"amount":5}',
		name: 'pay',
		server_label: 'bank',
	},
	mcp_approval_response: {
		type: 'mcp_approval_response',
		id: 'mcpa_1',
		approval_request_id: 'mcpr_1',
		approve: true,
	},
	mcp_call: {
		type: 'mcp_call',
		id: 'mcp_1',
		arguments: '{"amount":5}',
		name: 'pay',
		server_label: 'bank',
		approval_request_id: 'mcpr_1',
		output: 'paid',
		error: null,
		status: 'completed',
	},
	custom_tool_call: {
		type: 'custom_tool_call',
		id: 'ctc_1',
		call_id: 'call_custom',
		name: 'run_sql',
		input: 'SELECT 1',
	},
	custom_tool_call_output: {
		type: 'custom_tool_call_output',
		id: 'ctco_1',
		call_id: 'call_custom',
		output: [{ type: 'input_text', text: '1 row' }],
	},
};

/** The same as plain objects, in the order above. */
export const everyItemOnce: Array<Record<string, unknown>> = Object.values(everyItem).map(
	(item) => ({ ...item }),
);

/** A table with one entry for each type of item: a new type in the SDK asks for a new entry. */
export type ForEveryType<T> = Record<Type, T>;
