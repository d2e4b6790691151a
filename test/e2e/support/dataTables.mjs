import { at, field } from '../../../sandbox/index.mjs';

/** @import { n8nUnderTest } from './underTest.mjs' */
/** @typedef {Record<string, unknown>} Row */

/** @param {unknown} value @returns {value is Row} */
const isRow = (value) => typeof value === 'object' && value !== null;

/**
 * n8n's Data Tables, as its editor sees them.
 *
 * @param {Pick<ReturnType<typeof n8nUnderTest>, 'rest'>} n8n
 */
export function dataTables({ rest }) {
	const project = async () =>
		`/rest/projects/${String(field(await rest('GET', '/rest/projects/personal'), 'id'))}/data-tables`;

	/** @param {string} name */
	async function address(name) {
		const found = await rest(
			'GET',
			`/rest/data-tables-global?${new URLSearchParams({ filter: JSON.stringify({ name }) })}`,
		);
		return `${await project()}/${String(at(found, 'data', '0', 'id'))}`;
	}

	return {
		/**
		 * @param {string} name
		 * @param {Record<string, 'string' | 'number' | 'boolean' | 'date'>} columns
		 */
		async create(name, columns) {
			const list = Object.entries(columns).map(([column, type]) => ({ name: column, type }));
			await rest('POST', await project(), { name, columns: list });
		},

		/**
		 * @param {string} name
		 * @param {Row[]} data
		 */
		insert: async (name, data) =>
			await rest('POST', `${await address(name)}/insert`, { data, returnType: 'count' }),

		/**
		 * @param {string} name
		 * @returns {Promise<Row[]>}
		 */
		async rows(name) {
			const rows = at(await rest('GET', `${await address(name)}/rows`), 'data');
			return Array.isArray(rows) ? rows.filter(isRow) : [];
		},
	};
}
