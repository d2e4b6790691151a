/**
 * Where each room's code is.
 *
 * @type {Map<string, string>}
 */
export const ROOMS = new Map([
	...['transport', 'execution', 'parameters', 'api', 'resources'].map(
		(room) => /** @type {[string, string]} */ ([room, `nodes/OpenAIConversation/${room}/**/*.ts`]),
	),
	['node', 'nodes/OpenAIConversation/*.ts'],
	['credentials', 'credentials/*.ts'],
]);

/**
 * @typedef {object} RoomOutcome
 * @property {string} room
 * @property {number} caught mutants that a test noticed
 * @property {Array<{ place: string, change: string, isRun: boolean }>} survivors isRun: whether any test runs that code
 */

/**
 * @param {string} file from the root
 * @returns {string} its room
 */
export function roomOf(file) {
	const [top = '', , room = ''] = file.split('/');
	if (top === 'credentials') return top;
	return ROOMS.has(room) ? room : 'node';
}

/**
 * @param {RoomOutcome} outcome
 * @returns {number} percent of the mutants that a test noticed
 */
export const score = ({ caught, survivors }) => (100 * caught) / Math.max(1, caught + survivors.length);

/** @param {string} text */
const oneLine = (text) => text.replace(/\s+/g, ' ').slice(0, 120).replaceAll('`', '’').replaceAll('|', '\\|');

/**
 * @param {RoomOutcome[]} outcomes
 * @param {{ commit: string, minutes: number, date?: Date }} run
 * @returns {string} Markdown
 */
export function reportOf(outcomes, { commit, minutes, date = new Date() }) {
	const rows = outcomes.map(({ room, caught, survivors }) => {
		const notRun = survivors.filter(({ isRun }) => !isRun).length;
		const all = caught + survivors.length;
		return `| ${room} | ${all} | ${caught} | ${survivors.length - notRun} | ${notRun} | ${score({ room, caught, survivors }).toFixed(1)} % |`;
	});
	const lists = outcomes
		.filter(({ survivors }) => survivors.length > 0)
		.map(({ room, survivors }) => {
			const lines = survivors.map(({ place, change }) => `- ${place} \`${oneLine(change)}\``);
			return `\n## Survivors in ${room}\n\n${lines.join('\n')}\n`;
		});
	return `# Mutation report

Commit ${commit}, ${date.toISOString().slice(0, 10)}, ${Math.round(minutes)} minutes, by \`npm run mutation\`. Mutants of what only runs while a module loads (texts and defaults of fields) are left out.

| Room | Mutants | Noticed | Survived | In code that no test runs | Score |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
${lists.join('')}`;
}
