import { add } from './add.mjs';
import { bucket } from './bucket.mjs';
import { deleteItems } from './deleteItems.mjs';
import { heap } from './heap.mjs';
import { loading } from './loading.mjs';
import { send } from './send.mjs';
import { single } from './single.mjs';
import { time } from './time.mjs';
import { trim } from './trim.mjs';
import { update } from './update.mjs';

/**
 * By the names that --only takes, in the order of the report.
 *
 * @type {Record<string, import('../lib/part.mjs').Part>}
 */
export const parts = {
	update,
	single,
	add,
	trim,
	delete: deleteItems,
	send,
	time,
	heap,
	bucket,
	loading,
};
