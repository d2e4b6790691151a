/** @import { Ids } from '../ids.mjs' */
/** @import { Locks } from '../locks.mjs' */
/** @import { Model } from '../model/model.mjs' */
/** @import { Store } from '../store.mjs' */
/** @import { Timers } from '../timers.mjs' */
/** @import { Answer, RequestRecord, Settings } from '../types.mjs' */
/** @import { ResponseRecord } from './records.mjs' */
import { json, undefinedMethod } from '../answers.mjs';
import { ApiError, badRequest } from '../errors.mjs';
import { outputItems, withinTokens } from './output.mjs';
import { createRecords } from './records.mjs';
import { readRequest } from './request.mjs';
import { finalStatus, responseObject, usageOf } from './responseObject.mjs';
import { streamed } from './stream.mjs';

/**
 * `POST /responses`, whole, streamed or in the background; `GET` and `DELETE /responses/{id}`;
 * `POST /responses/{id}/cancel`.
 *
 * @param {{
 *   model: Model, ids: Ids, store: Store, locks: Locks, settings: Settings, later: Timers,
 *   now: () => number,
 * }} parts `later`: for the time that the model takes; `now`: milliseconds
 */
export function createResponses({ model, ids, store, locks, settings, later, now }) {
	const records = createRecords(settings, now);
	/** @type {Set<() => void>} Finish the responses that are being made. */
	const unfinished = new Set();
	/** @type {Set<() => void>} End the waits of requests whose response is being made. */
	const waits = new Set();

	/**
	 * @param {RequestRecord} request
	 * @param {boolean} atOnce
	 * @returns {ResponseRecord}
	 */
	function begin(request, atOnce) {
		const wanted = readRequest(request, {
			settings,
			store,
			ids,
			locks,
			findResponse: records.find,
		});
		const { body, conversation, previous, input } = wanted;
		const reply = withinTokens(model.reply(wanted.turn), wanted.maxOutputTokens);
		const output = outputItems(reply, ids);
		const modelMs = typeof settings.modelMs === 'function' ? settings.modelMs() : settings.modelMs;
		/** @type {ResponseRecord} */
		const record = {
			id: ids.next('resp'),
			body,
			conversation,
			previous,
			input,
			output,
			reply,
			usage: usageOf(wanted.context, body['instructions'], output),
			background: body['background'] === true,
			createdAt: Math.floor(Date.now() / 1000),
			completedAt: undefined,
			startedMs: now(),
			ms: atOnce ? 0 : (reply.ms ?? modelMs),
			ended: undefined,
			endedMs: 0,
			stop: () => {},
		};
		if (body['store'] !== false) records.add(record);
		return record;
	}

	/**
	 * @param {ResponseRecord} record
	 * @param {NonNullable<ResponseRecord['ended']>} status
	 */
	function end(record, status) {
		record.ended = status;
		record.endedMs = now();
		record.stop = () => {};
	}

	/**
	 * @param {ResponseRecord} record
	 * @param {RequestRecord} request
	 */
	function complete(record, request) {
		end(record, finalStatus(record.reply));
		if (record.ended === 'failed') return;
		record.completedAt = Math.floor(Date.now() / 1000);
		if (!record.conversation) return;
		store.addItems(record.conversation, [...record.input, ...record.output]);
		request.applied = true;
	}

	/**
	 * @param {RequestRecord} request
	 * @param {boolean} atOnce
	 * @returns {Answer | Promise<Answer>}
	 */
	function createResponse(request, atOnce) {
		const record = begin(request, atOnce);
		const present = () => {
			const object = responseObject(record, records.statusOf(record));
			return record.body['stream'] === true ? streamed(object) : json(object);
		};
		if (record.ms === 0 && !record.background) {
			complete(record, request);
			return present();
		}
		const unlock = record.conversation ? locks.take(record.conversation.id) : () => {};
		/** @param {() => void} done */
		const work = (done) => {
			const finish = () => {
				record.stop();
				complete(record, request);
				done();
			};
			const callOff = later.after(record.ms, finish);
			unfinished.add(finish);
			record.stop = () => {
				callOff();
				unfinished.delete(finish);
				unlock();
			};
		};
		if (record.background) {
			work(() => {});
			request.applied = record.conversation !== undefined && !record.reply.failed;
			return json(responseObject(record, 'queued'));
		}
		return new Promise((resolve, reject) => {
			const giveUp = () => {
				record.stop();
				reject(new ApiError(500, 'The server was reset.', { type: 'server_error' }));
			};
			waits.add(giveUp);
			work(() => {
				waits.delete(giveUp);
				resolve(present());
			});
		});
	}

	/** @param {string} id */
	function findResponse(id) {
		const record = records.find(id);
		if (record) return record;
		throw new ApiError(404, `Response with id '${id}' not found.`);
	}

	/** @param {ResponseRecord} record */
	function cancel(record) {
		if (!record.background)
			throw badRequest('Cannot cancel a synchronous response.', 'response_id');
		if (!record.ended) {
			record.stop();
			end(record, 'cancelled');
		}
		return json(responseObject(record, records.statusOf(record)));
	}

	return {
		/** Finishes the responses that are being made, at once. */
		finish() {
			for (const finish of unfinished) finish();
		},

		/** Forgets every response and ends the work on those that are being made. */
		clear() {
			for (const giveUp of waits) giveUp();
			waits.clear();
			records.clear();
			unfinished.clear();
		},

		/**
		 * @param {RequestRecord} request
		 * @param {string[]} segments the path's, after the base path, decoded
		 * @param {boolean} atOnce without the model's time
		 * @returns {Answer | Promise<Answer> | undefined} undefined when the path is none of these calls'
		 * @throws {ApiError}
		 */
		answer(request, segments, atOnce) {
			const [resource, id, action, ...rest] = segments;
			const { method } = request;
			if (resource !== 'responses' || id === '' || rest.length > 0) return undefined;
			if (id === undefined)
				return method === 'POST' ? createResponse(request, atOnce) : undefinedMethod(request);
			if (action === 'cancel')
				return method === 'POST' ? cancel(findResponse(id)) : undefinedMethod(request);
			if (action !== undefined) return undefined;
			if (method === 'GET') {
				const record = findResponse(id);
				return json(responseObject(record, records.statusOf(record)));
			}
			if (method !== 'DELETE') return undefinedMethod(request);
			findResponse(id).stop();
			records.remove(id);
			return json({ id, object: 'response', deleted: true });
		},
	};
}
