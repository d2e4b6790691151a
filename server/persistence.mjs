/** @import { Store } from './store.mjs' */
/** @import { Item, StoredConversation } from './types.mjs' */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isObject } from './validate.mjs';

/** How long a change waits for others to be written with it, in ms. */
const PAUSE_MS = 200;

/**
 * Conversations and items in a file, so that they outlive the process. Responses are not in it.
 *
 * @param {string} file
 */
export function createPersistence(file) {
	/** @type {NodeJS.Timeout | undefined} */
	let timer;
	/** @type {Promise<void>} */
	let writing = Promise.resolve();

	/** @param {Store} store */
	async function write(store) {
		const text = JSON.stringify(snapshotOf(store));
		// A process that is killed meanwhile leaves the old file or the new one, never half of one.
		const draft = `${file}.${process.pid}.tmp`;
		await mkdir(dirname(file), { recursive: true });
		await writeFile(draft, text);
		await rename(draft, file);
	}

	/** @param {Store} store */
	function save(store) {
		clearTimeout(timer);
		timer = undefined;
		writing = writing.then(() => write(store));
		return writing;
	}

	return {
		/**
		 * Fills the store from the file, if there is one.
		 *
		 * @param {Store} store
		 * @throws {Error} when the file holds something else
		 */
		async load(store) {
			const text = await readFile(file, 'utf8').catch(
				(/** @type {NodeJS.ErrnoException} */ error) => {
					if (error.code === 'ENOENT') return undefined;
					throw error;
				},
			);
			if (text === undefined) return;
			const { conversations, items } = parseSnapshot(text, file);
			for (const item of items) store.items.set(item.id, item);
			for (const conversation of conversations) {
				store.conversations.set(conversation.id, conversation);
				for (const item of conversation.items) store.items.set(item.id, item);
			}
		},

		/**
		 * Writes the store soon.
		 *
		 * @param {Store} store
		 */
		schedule(store) {
			timer ??= setTimeout(() => {
				save(store).catch((/** @type {Error} */ error) => process.emitWarning(error));
			}, PAUSE_MS);
		},

		/**
		 * Writes the store now.
		 *
		 * @param {Store} store
		 */
		save,
	};
}

/** @param {Store} store */
function snapshotOf(store) {
	const conversations = [...store.conversations.values()];
	const held = new Set(conversations.flatMap(({ items }) => items));
	// Items that lost their conversation can still be referred to.
	return { conversations, items: [...store.items.values()].filter((item) => !held.has(item)) };
}

/**
 * @param {string} text
 * @param {string} file
 * @returns {{ conversations: StoredConversation[], items: Item[] }}
 */
function parseSnapshot(text, file) {
	/** @type {unknown} */
	let snapshot;
	try {
		snapshot = JSON.parse(text);
	} catch {
		snapshot = undefined;
	}
	const { conversations, items } = isObject(snapshot) ? snapshot : {};
	if (isListOf(conversations, isConversation) && isListOf(items, isItem))
		return { conversations, items };
	throw new Error(`${file} does not hold conversations. Remove it to start without any.`);
}

/**
 * @template T
 * @param {unknown} value
 * @param {(each: unknown) => each is T} check
 * @returns {value is T[]}
 */
const isListOf = (value, check) => Array.isArray(value) && value.every(check);

/**
 * @param {unknown} value
 * @returns {value is Item}
 */
const isItem = (value) =>
	isObject(value) && typeof value['id'] === 'string' && typeof value['type'] === 'string';

/**
 * @param {unknown} value
 * @returns {value is StoredConversation}
 */
const isConversation = (value) =>
	isObject(value) &&
	typeof value['id'] === 'string' &&
	isObject(value['metadata']) &&
	isListOf(value['items'], isItem);
