/**
 * The practical limit: an n8n node that reads the same parameters as ours for each item and then calls `fetch`, whose
 * connections stay open. It checks nothing, retries nothing and keeps no order.
 *
 * @import { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow'
 */
// Not from sandbox/index.mjs: n8n would load the whole sandbox with it.
import { field } from '../../sandbox/lib/values.mjs';

/** What our node reads for each item of Set. */
const READ = ['options', 'conversationId', 'metadataInput', 'metadata', 'updateMode'];

/** @param {string} name */
const text = (name) =>
	/** @type {const} */ ({ displayName: name, name, type: 'string', default: '' });

/** @param {string} name */
const anything = (name) =>
	/** @type {const} */ ({ displayName: name, name, type: 'json', default: {} });

/** @implements {INodeType} */
export class BareLoop {
	/** @type {INodeTypeDescription} */
	description = {
		displayName: 'Bare Loop',
		name: 'bareLoop',
		group: ['transform'],
		version: 1,
		description: 'Calls fetch in a loop',
		defaults: { name: 'Bare Loop' },
		inputs: ['main'],
		outputs: ['main'],
		properties: [
			text('url'),
			text('apiKey'),
			text('conversationId'),
			text('metadataInput'),
			text('updateMode'),
			anything('metadata'),
			anything('options'),
			{ displayName: 'Concurrency', name: 'concurrency', type: 'number', default: 10 },
		],
	};

	/**
	 * @this {IExecuteFunctions}
	 * @returns {Promise<INodeExecutionData[][]>}
	 */
	async execute() {
		const items = this.getInputData();
		const url = String(this.getNodeParameter('url', 0));
		const headers = {
			authorization: `Bearer ${String(this.getNodeParameter('apiKey', 0))}`,
			'content-type': 'application/json',
		};
		/** @type {INodeExecutionData[]} */
		const outputs = new Array(items.length);
		let next = 0;

		const work = async () => {
			while (next < items.length) {
				const item = next++;
				const [, id, , metadata] = READ.map((name) => this.getNodeParameter(name, item, ''));
				const rows = field(metadata, 'pairs');
				const pairs = Array.isArray(rows)
					? rows.map((row) => [field(row, 'key'), field(row, 'value')])
					: [];
				const answer = await fetch(`${url}/conversations/${String(id)}`, {
					method: 'POST',
					headers,
					body: JSON.stringify({ metadata: Object.fromEntries(pairs) }),
				});
				if (!answer.ok) throw new Error(`Status ${answer.status}`);
				outputs[item] = {
					json: /** @type {INodeExecutionData['json']} */ (await answer.json()),
					pairedItem: { item },
				};
			}
		};
		await Promise.all(
			Array.from({ length: Number(this.getNodeParameter('concurrency', 0)) }, work),
		);
		return [outputs];
	}
}
