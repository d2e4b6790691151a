import { randomBytes } from 'node:crypto';

/** ID prefixes by item type. Those OpenAI has shown are its own; the rest are plausible. */
const PREFIXES = new Map([
	['message', 'msg'],
	['function_call', 'fc'],
	['function_call_output', 'fco'],
	['file_search_call', 'fs'],
	['web_search_call', 'ws'],
	['image_generation_call', 'ig'],
	['computer_call', 'cu'],
	['computer_call_output', 'cuo'],
	['tool_search_call', 'tsc'],
	['tool_search_output', 'tso'],
	['additional_tools', 'at'],
	['configuration_update', 'cfu'],
	['reasoning', 'rs'],
	['program', 'prog'],
	['program_output', 'progo'],
	['compaction', 'cmp'],
	['code_interpreter_call', 'ci'],
	['local_shell_call', 'lsh'],
	['local_shell_call_output', 'lsho'],
	['shell_call', 'sh'],
	['shell_call_output', 'sho'],
	['apply_patch_call', 'apc'],
	['apply_patch_call_output', 'apco'],
	['mcp_list_tools', 'mcpl'],
	['mcp_approval_request', 'mcpr'],
	['mcp_approval_response', 'mcpa'],
	['mcp_call', 'mcp'],
	['custom_tool_call', 'ctc'],
	['custom_tool_call_output', 'ctco'],
]);

/**
 * A maker of OpenAI-like IDs.
 *
 * @param {(() => number) | undefined} random numbers from 0 up to 1, for IDs that repeat from run
 *   to run; without it they are random
 */
export function createIds(random) {
	/** @param {number} length hex digits, an even number */
	const hex = (length) => {
		if (!random) return randomBytes(length / 2).toString('hex');
		let digits = '';
		while (digits.length < length) digits += Math.floor(random() * 16).toString(16);
		return digits;
	};
	return {
		/** @param {string} prefix */
		next: (prefix) => `${prefix}_${hex(48)}`,
		/** @param {string} type an item's type */
		item: (type) => `${PREFIXES.get(type) ?? 'item'}_${hex(48)}`,
		request: () => `req_${hex(32)}`,
		call: () => `call_${hex(24)}`,
	};
}

/** @typedef {ReturnType<typeof createIds>} Ids */
