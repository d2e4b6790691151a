/** @import { Reply } from '../model/model.mjs' */
/** @import { Item, JsonObject, Settings, StoredConversation } from '../types.mjs' */
/** @import { ResponseStatus } from './responseObject.mjs' */

/** The part of its time for which a response in the background waits in the queue. */
const QUEUED_PART = 0.25;

/**
 * @typedef {Object} ResponseRecord
 * @property {string} id
 * @property {JsonObject} body the request's
 * @property {StoredConversation | undefined} conversation
 * @property {ResponseRecord | undefined} previous
 * @property {Item[]} input
 * @property {Item[]} output
 * @property {Reply} reply
 * @property {JsonObject} usage
 * @property {boolean} background
 * @property {number} createdAt Unix seconds
 * @property {number | undefined} completedAt Unix seconds
 * @property {number} startedMs milliseconds on the server's clock
 * @property {number} ms milliseconds that it takes
 * @property {ResponseStatus | undefined} ended its final status, once it has one
 * @property {number} endedMs milliseconds on the same clock
 * @property {() => void} stop ends the work on it
 */

/**
 * The responses that can still be asked for.
 *
 * @param {Settings} settings
 * @param {() => number} now milliseconds
 */
export function createRecords(settings, now) {
	/** @type {Map<string, ResponseRecord>} */
	const records = new Map();
	return {
		/** @param {ResponseRecord} record */
		add: (record) => void records.set(record.id, record),

		/**
		 * @param {string} id
		 * @returns {ResponseRecord | undefined} also when it was kept long enough
		 */
		find(id) {
			const record = records.get(id);
			const isOver =
				record?.background === true &&
				record.ended !== undefined &&
				now() - record.endedMs >= settings.keepResponsesMs;
			if (!isOver) return record;
			records.delete(id);
			return undefined;
		},

		/**
		 * @param {ResponseRecord} record
		 * @returns {ResponseStatus} its status now
		 */
		statusOf(record) {
			if (record.ended) return record.ended;
			const isQueued = record.background && now() - record.startedMs <= record.ms * QUEUED_PART;
			return isQueued ? 'queued' : 'in_progress';
		},

		/** @param {string} id */
		remove: (id) => records.delete(id),

		clear() {
			for (const record of records.values()) record.stop();
			records.clear();
		},
	};
}
