import { measureRemoval, removalGoals, removalTable } from '../lib/removal.mjs';

/** @import { Part } from '../lib/part.mjs' */
/** @import { RemovalResults } from '../lib/removal.mjs' */

const removal = {
	operation: 'delete',
	parameters: { deleteItems: true },
	turnsKept: 0,
	conversationsKept: 0,
};

/** @type {Part<RemovalResults>} */
export const deleteItems = {
	title: 'Delete with items, 1,000 items',
	measure: async (stage, scale, say) => await measureRemoval(stage, removal, scale, say),
	goals: (results) => removalGoals('Delete with its items', results),
	section: (results) => `## Delete: a conversation deleted with its 1,000 items, 50 ms per answer

${removalTable(results)}

The conversation is read first, read once more when its items are gone, and then deleted.`,
};
