import type { INode } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import type { ItemFailure } from '../../nodes/shared/n8n/errors';
import { Outcomes } from '../../nodes/OpenAIConversation/execution/outcomes';

const NODE: INode = {
	id: '1',
	name: 'My Node',
	type: 'x.node',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

const failureOf = (text: string): ItemFailure => ({
	error: new NodeOperationError(NODE, text, { description: `${text}, advice.` }),
	json: { error: text },
});

function outcomesOf(count: number) {
	const stored: Array<[text: string, name: string | undefined, type: string | undefined]> = [];
	const lines: Array<[message: string, details: object | undefined]> = [];
	const outcomes = new Outcomes(
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
		(cause) => (cause === 'undone' ? undefined : failureOf(String(cause))),
	);
	return { outcomes, stored, lines };
}

describe('What became of items', () => {
	it('should be in input order, whichever ended first', async () => {
		const { outcomes } = outcomesOf(4);
		await outcomes.succeeded(3, [{ json: { n: 3 } }]);
		outcomes.failed(1, 'No');
		await outcomes.succeeded(0, [{ json: { n: 0 } }, { json: { n: 0.5 } }]);
		expect(outcomes.items()).toEqual([
			{ json: { n: 0 }, pairedItem: { item: 0 } },
			{ json: { n: 0.5 }, pairedItem: { item: 0 } },
			{ json: { error: 'No' }, error: expect.any(NodeOperationError), pairedItem: { item: 1 } },
			{ json: { n: 3 }, pairedItem: { item: 3 } },
		]);
	});

	it('should be nothing for an item that was left undone', () => {
		const { outcomes } = outcomesOf(2);
		outcomes.failed(0, 'undone');
		expect(outcomes.items()).toEqual([]);
		expect(outcomes.firstFailure()).toBeUndefined();
	});

	it('should hand a file over to n8n, as UTF-8', async () => {
		const { outcomes, stored } = outcomesOf(1);
		const file = {
			property: 'data',
			content: 'Grüße 😀',
			fileName: 'a.md',
			mimeType: 'text/markdown',
		};
		await outcomes.succeeded(0, [{ json: {}, file }]);
		expect(stored).toEqual([['Grüße 😀', 'a.md', 'text/markdown']]);
		expect(outcomes.items()).toEqual([
			{
				json: {},
				pairedItem: { item: 0 },
				binary: { data: { data: 'kept 1', mimeType: 'text/markdown' } },
			},
		]);
	});

	it('should have no binary data without a file', async () => {
		const { outcomes } = outcomesOf(1);
		await outcomes.succeeded(0, [{ json: {} }]);
		expect(outcomes.items()).toStrictEqual([{ json: {}, pairedItem: { item: 0 } }]);
	});
});

describe('The first failure', () => {
	it('should be the first in input order, and say how many items had been done', async () => {
		const { outcomes } = outcomesOf(5);
		outcomes.failed(3, 'Third');
		outcomes.failed(1, 'First');
		outcomes.failed(2, 'Second');
		await outcomes.succeeded(4, []);
		const failure = outcomes.firstFailure();
		expect(failure?.message).toBe('First');
		expect(failure?.description).toBe('First, advice. 1 of 5 items had already been done.');
	});

	it('should of two for one item be the one that came first', () => {
		const { outcomes } = outcomesOf(2);
		outcomes.failed(1, 'Once');
		outcomes.failed(1, 'Twice');
		expect(outcomes.firstFailure()?.message).toBe('Once');
	});

	it('should say nothing of the others where there is one item', () => {
		const { outcomes } = outcomesOf(1);
		outcomes.failed(0, 'No');
		expect(outcomes.firstFailure()?.description).toBe('No, advice.');
		expect(outcomes.progress()).toBe('');
	});

	it('should do without advice of its own', () => {
		const outcomes = new Outcomes(
			{
				getNode: () => NODE,
				logger: { info() {} },
				helpers: { prepareBinaryData: async () => ({ data: '', mimeType: '' }) },
			},
			2,
			() => ({ error: new NodeOperationError(NODE, 'No'), json: {} }),
		);
		outcomes.failed(0, 'No');
		expect(outcomes.firstFailure()?.description).toBe('0 of 2 items had already been done.');
	});
});

describe('The log', () => {
	beforeEach(() => jest.useFakeTimers({ now: 1_000_000 }));
	afterEach(() => jest.useRealTimers());

	it('should tell every five seconds how far the run is', async () => {
		const { outcomes, lines } = outcomesOf(10);
		await outcomes.succeeded(0, []);
		jest.setSystemTime(1_004_999);
		outcomes.failed(1, 'No');
		expect(lines).toEqual([]);
		jest.setSystemTime(1_005_000);
		await outcomes.succeeded(2, []);
		await outcomes.succeeded(3, []);
		jest.setSystemTime(1_009_999);
		await outcomes.succeeded(4, []);
		jest.setSystemTime(1_010_000);
		outcomes.failed(5, 'No');
		expect(lines).toEqual([
			['My Node: 3 of 10 items ended, 0.6 per second', { done: 2, failed: 1, total: 10 }],
			['My Node: 6 of 10 items ended, 0.6 per second', { done: 4, failed: 2, total: 10 }],
		]);
	});

	it('should not speak of items that were left undone', () => {
		const { outcomes, lines } = outcomesOf(2);
		jest.setSystemTime(1_060_000);
		outcomes.failed(0, 'undone');
		expect(lines).toEqual([]);
	});
});
