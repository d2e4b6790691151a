import { NodeOperationError } from 'n8n-workflow';

import { ItemResults } from '../../nodes/OpenAIConversation/execution/itemResults';
import type { ItemFailure } from '../../nodes/shared/n8n/errors';
import { createRedactor } from '../../nodes/shared/values/redact';
import { KEY, NODE, SECRET } from '../support/unit';

const failureOf = (message: string): ItemFailure => ({
	error: new NodeOperationError(NODE, message, { description: `${message}, advice.` }),
	message,
	details: { advice: `${message}, advice.` },
	text: `${message}. ${message}, advice.`,
});

type ToRow = ConstructorParameters<typeof ItemResults>[3];

/** A row as n8n 2.x takes it. */
const toRow: ToRow = ({ message, details }) => ({ error: message, details });

function outcomesOf(count: number, { row = toRow, key = KEY } = {}) {
	const stored: Array<[text: string, name: string | undefined, type: string | undefined]> = [];
	const lines: Array<[message: string, details: object | undefined]> = [];
	const results = new ItemResults(
		{
			getNode: () => NODE,
			logger: { info: (message, details) => lines.push([message, details]) },
			helpers: {
				async prepareBinaryData(data, name, mimeType = '') {
					if (!Buffer.isBuffer(data)) throw new Error('A buffer was expected');
					stored.push([data.toString('utf8'), name, mimeType]);
					return { data: `kept ${stored.length}`, mimeType };
				},
			},
		},
		count,
		createRedactor(key),
		row,
	);
	return { results, stored, lines };
}

describe('What became of items', () => {
	it('should be in input order, whichever ended first', async () => {
		const { results } = outcomesOf(4);
		await results.succeeded(3, [{ json: { n: 3 } }]);
		results.failed(1, failureOf('No'));
		await results.succeeded(0, [{ json: { n: 0 } }, { json: { n: 0.5 } }]);
		expect(results.items()).toEqual([
			{ json: { n: 0 }, pairedItem: { item: 0 } },
			{ json: { n: 0.5 }, pairedItem: { item: 0 } },
			{ json: { error: 'No', details: { advice: 'No, advice.' } }, pairedItem: { item: 1 } },
			{ json: { n: 3 }, pairedItem: { item: 3 } },
		]);
	});

	it("should be nothing but JSON and pairing for a failed item, so that n8n keeps the row's own fields", () => {
		const { results } = outcomesOf(1);
		results.failed(0, failureOf('No'));
		expect(results.items().map((item) => Object.keys(item))).toEqual([['json', 'pairedItem']]);
	});

	it('should be one text where a row has no room for details', () => {
		const row: ToRow = ({ message, text }) => ({ error: message, message: text });
		const { results } = outcomesOf(1, { row });
		results.failed(0, failureOf('No'));
		expect(results.items()).toStrictEqual([
			{ json: { error: 'No', message: 'No. No, advice.' }, pairedItem: { item: 0 } },
		]);
	});

	it('should be the very same data, whatever words it holds', async () => {
		const { results } = outcomesOf(1);
		const json = { id: 'conv_1', metadata: { note: `${SECRET} [redacted]` } };
		await results.succeeded(0, [{ json }]);
		expect(results.items()[0]?.json).toBe(json);
	});

	it('should be without the whole key, in data and in files', async () => {
		const { results, stored } = outcomesOf(1);
		const json = { metadata: { echo: KEY } };
		const file = { property: 'data', content: `x ${KEY}`, fileName: 'a', mimeType: 'text/plain' };
		await results.succeeded(0, [{ json, file }]);
		expect(results.items()[0]?.json).toEqual({ metadata: { echo: '[redacted]' } });
		expect(json).toEqual({ metadata: { echo: KEY } });
		expect(stored[0]?.[0]).toBe('x [redacted]');
	});

	it('should stay undone when n8n can not store its file', async () => {
		const results = new ItemResults(
			{
				getNode: () => NODE,
				logger: { info() {} },
				helpers: { prepareBinaryData: async () => await Promise.reject(new Error('disk full')) },
			},
			2,
			createRedactor(KEY),
			toRow,
		);
		const file = { property: 'data', content: 'x', fileName: 'a', mimeType: 'text/plain' };
		await expect(results.succeeded(0, [{ json: {}, file }])).rejects.toThrow('disk full');
		expect(results.items()).toEqual([]);
		expect(results.progress()).toBe('0 of 2 input items were done.');
	});

	it('should hand a file over to n8n, as UTF-8', async () => {
		const { results, stored } = outcomesOf(1);
		const file = {
			property: 'data',
			content: 'Grüße 😀',
			fileName: 'a.md',
			mimeType: 'text/markdown',
		};
		await results.succeeded(0, [{ json: {}, file }]);
		expect(stored).toEqual([['Grüße 😀', 'a.md', 'text/markdown']]);
		expect(results.items()).toEqual([
			{
				json: {},
				pairedItem: { item: 0 },
				binary: { data: { data: 'kept 1', mimeType: 'text/markdown' } },
			},
		]);
	});

	it('should have no binary data without a file', async () => {
		const { results } = outcomesOf(1);
		await results.succeeded(0, [{ json: {} }]);
		expect(results.items()).toStrictEqual([{ json: {}, pairedItem: { item: 0 } }]);
	});
});

describe('The first failure', () => {
	it('should be the first in input order, and say how many items had been done', async () => {
		const { results } = outcomesOf(5);
		results.failed(3, failureOf('Third'));
		results.failed(1, failureOf('First'));
		results.failed(2, failureOf('Second'));
		await results.succeeded(4, []);
		expect(results.firstFailedItem).toBe(1);
		const failure = results.firstFailure();
		expect(failure?.message).toBe('First');
		expect(failure?.description).toBe(
			'First, advice. This was input item 2 of 5; n8n calls it item 1, because it counts from 0. 1 of 5 input items was done. To go on with the others when one fails, set On Error in the Settings tab of the node.',
		);
	});

	it('should not be there where nothing failed', async () => {
		const { results } = outcomesOf(1);
		await results.succeeded(0, []);
		expect([results.firstFailure(), results.firstFailedItem]).toEqual([undefined, Infinity]);
	});

	it('should of two for one item be the one that came first', () => {
		const { results } = outcomesOf(2);
		results.failed(1, failureOf('Once'));
		results.failed(1, failureOf('Twice'));
		expect(results.firstFailure()?.message).toBe('Once');
	});

	it('should say nothing of the others where there is one item', () => {
		const { results } = outcomesOf(1);
		results.failed(0, failureOf('No'));
		expect(results.firstFailure()?.description).toBe('No, advice.');
		expect(results.progress()).toBe('');
	});

	it('should do without advice of its own', () => {
		const results = new ItemResults(
			{
				getNode: () => NODE,
				logger: { info() {} },
				helpers: { prepareBinaryData: async () => ({ data: '', mimeType: '' }) },
			},
			2,
			createRedactor(KEY),
			toRow,
		);
		results.failed(0, { ...failureOf('No'), error: new NodeOperationError(NODE, 'No') });
		expect(results.firstFailure()?.description).toBe(
			'This was input item 1 of 2; n8n calls it item 0, because it counts from 0. 0 of 2 input items were done. To go on with the others when one fails, set On Error in the Settings tab of the node.',
		);
	});
});

describe('The log', () => {
	beforeEach(() => jest.useFakeTimers({ now: 1_000_000 }));
	afterEach(() => jest.useRealTimers());

	it('should tell every five seconds how far the run is', async () => {
		const { results, lines } = outcomesOf(10);
		await results.succeeded(0, []);
		jest.setSystemTime(1_004_999);
		results.failed(1, failureOf('No'));
		expect(lines).toEqual([]);
		jest.setSystemTime(1_005_000);
		await results.succeeded(2, []);
		await results.succeeded(3, []);
		jest.setSystemTime(1_009_999);
		await results.succeeded(4, []);
		jest.setSystemTime(1_010_000);
		results.failed(5, failureOf('No'));
		expect(lines).toEqual([
			['My Node: 3 of 10 input items ended, 0.6 per second', { done: 2, failed: 1, total: 10 }],
			['My Node: 6 of 10 input items ended, 0.6 per second', { done: 4, failed: 2, total: 10 }],
		]);
	});
});
