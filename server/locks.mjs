import { conversationLocked } from './errors.mjs';

/** The conversations that somebody is writing to, so that every other writer is refused. */
export function createLocks() {
	/** @type {Map<string, symbol>} */
	const holders = new Map();
	return {
		/** @param {string} conversationId */
		isLocked: (conversationId) => holders.has(conversationId),

		/**
		 * @param {string} conversationId
		 * @throws {import('./errors.mjs').ApiError} 400 `conversation_locked`
		 */
		refuseLocked(conversationId) {
			if (holders.has(conversationId)) throw conversationLocked();
		},

		/**
		 * @param {string} conversationId
		 * @returns {() => void} gives the lock back; harmless when called again
		 */
		take(conversationId) {
			const holder = Symbol(conversationId);
			holders.set(conversationId, holder);
			return () => {
				if (holders.get(conversationId) === holder) holders.delete(conversationId);
			};
		},

		clear: () => holders.clear(),
	};
}

/** @typedef {ReturnType<typeof createLocks>} Locks */
