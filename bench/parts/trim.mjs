import { measureRemoval, removalGoals, removalTable } from '../lib/removal.mjs';

/** @import { Part } from '../lib/part.mjs' */
/** @import { RemovalResults } from '../lib/removal.mjs' */

const removal = {
	operation: 'trim',
	parameters: { keepTurns: 1, removeIncomplete: true },
	turnsKept: 1,
	conversationsKept: 1,
};

/** @type {Part<RemovalResults>} */
export const trim = {
	title: 'Trim, 1,000 items',
	measure: async (stage, scale, say) => await measureRemoval(stage, removal, scale, say),
	goals: (results) => removalGoals('Trim', results),
	section: (results) => `## Trim: 1,000 items of one conversation removed, 50 ms per answer

${removalTable(results)}

500 turns go and the last one stays. The conversation is read first, 100 items per page and one page after the other.`,
};
